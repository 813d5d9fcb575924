"""Give a job class one more keyword, or a list or mapping that it has as a keyword one more item.

It gives splices only; who calls it proves them.
"""

import ast

from dartian_cli.edits.brackets import Brackets, append, read_brackets
from dartian_cli.edits.source import Source, Splice
from dartian_cli.errors import NotUnderstood, shown_path

__all__ = ["class_called", "classes_called", "header_of", "keyword_of", "keyword_splices"]


def classes_called(tree: ast.Module, class_name: str) -> list[ast.ClassDef]:
    """Return the classes of that name at the top level: one, unless somebody made it anew."""
    return [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name]


def class_called(source: Source, class_name: str) -> ast.ClassDef:
    """Return the class at the top level of a file; NotUnderstood where there is none, or two."""
    found = classes_called(source.tree, class_name)
    if len(found) == 1:
        return found[0]
    count = "no class" if not found else "more than one class"
    raise NotUnderstood(f"{shown_path(source.path)}: {count} {class_name} at the top level")


def keyword_of(node: ast.ClassDef, keyword: str) -> ast.expr | None:
    """Return the value of a class keyword, or None."""
    return next((given.value for given in node.keywords if given.arg == keyword), None)


def keyword_splices(source: Source, class_name: str, keyword: str, item: str, length: int) -> list[Splice]:
    """Return what adds ``item`` to the list or mapping that is the value of a class keyword.

    ``item`` is the text of an expression, or of ``key: value`` for a mapping; ``length`` is how long a line may be.
    NotUnderstood: the value is no literal that could be added to.
    """
    node = class_called(source, class_name)
    value = keyword_of(node, keyword)
    if value is None:
        opening, closing = ("{", "}") if ": " in item else ("[", "]")
        return _added(source, node, f"{keyword}={opening}{item}{closing}", length)
    start = source.span_of(value)[0]
    if isinstance(value, ast.List | ast.Tuple | ast.Dict) and source.text[start] in "([{":
        return append(source, read_brackets(source, start), item)
    raise NotUnderstood(
        f"{shown_path(source.path)}:{value.lineno}: {keyword} is computed, so it is not changed by guesswork\n"
        f"Nothing was changed. Add this to it, and run the command again:\n{item}"
    )


def _added(source: Source, node: ast.ClassDef, argument: str, length: int) -> list[Splice]:
    """Write one more argument behind the last, and break the line where it has become too long."""
    header = header_of(source, node)
    line = source.line_end(header.opening) - source.line_start(header.opening)
    if header.items and not header.spans_lines(source) and line + len(argument) + 2 > length:
        return [_spread(source, header, argument, length)]
    return append(source, header, argument)


def header_of(source: Source, node: ast.ClassDef) -> Brackets:
    """Return the arguments of a class that has some: what it extends, and its keywords."""
    return read_brackets(source, source.text.index("(", source.text.index("class", source.start_of(node.lineno))))


def _spread(source: Source, header: Brackets, argument: str, length: int) -> Splice:
    """Break a line as a formatter would: the arguments on a line of their own, else on one each."""
    arguments = [*(source.text[start:end] for start, end in header.items), argument]
    newline, joined = source.newline_after(header.opening), ", ".join(arguments)
    if len(joined) + 4 <= length:
        inside = f"{newline}    {joined}{newline}"
    else:
        inside = newline + "".join(f"    {each},{newline}" for each in arguments)
    return Splice(header.opening + 1, inside, taken=header.closing - header.opening - 1)
