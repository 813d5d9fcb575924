"""Write a field into the body of a job class, or take one out, with what belongs to it. Methods are left alone."""

import ast
import re

from dartian_cli.edits.brackets import Brackets, append, read_brackets, take_out
from dartian_cli.edits.class_keywords import classes_called
from dartian_cli.edits.job_fields import Declared, JobSource
from dartian_cli.edits.scope import is_docstring
from dartian_cli.edits.source import Source, Splice
from dartian_cli.edits.trees import is_grown
from dartian_cli.errors import NotUnderstood

__all__ = ["with_field", "without_field_splices"]


def with_field(job: JobSource, declaration: str, name: str) -> bytes:
    """Return the file with one more field behind the last one, in the style of its neighbours.

    ``declaration`` is a line as ``quality: str = "high"``. NotUnderstood holds the line to paste.
    """
    if job.init is not None:
        return _with_parameter(job, job.init, declaration, name)
    source, last, filler = job.source, job.fields[-1].node if job.fields else None, _filler(job)
    if last is not None:
        splice = Splice(*_behind(job, last, declaration))
    elif filler is not None:
        splice = _in_place_of(job, filler, declaration)
    else:
        splice = Splice(*_first(job, declaration))

    def proves(old: ast.Module, new: ast.Module) -> bool:
        body = _class(new, job).body
        added = [node for node in body if isinstance(node, ast.AnnAssign) and _is(node, name)]
        if len(added) == 1 and filler is not None:
            body.insert(body.index(added[0]), filler)
        return len(added) == 1 and is_grown(old, new, added)

    return source.spliced([splice], proves)


def _filler(job: JobSource) -> ast.stmt | None:
    """Return the ``pass`` or ``...`` of a class that has nothing else but a docstring."""
    body = job.node.body[1:] if is_docstring(job.node.body[0]) else job.node.body
    if len(body) != 1:
        return None
    is_dots = isinstance(body[0], ast.Expr) and ast.unparse(body[0]) == "..."
    return body[0] if is_dots or isinstance(body[0], ast.Pass) else None


def _in_place_of(job: JobSource, filler: ast.stmt, declaration: str) -> Splice:
    """Stand where nothing had to stand, on a line below the class's if that was the same one."""
    source, (start, end) = job.source, job.source.span_of(filler)
    line, header = source.line_start(start), source.text[source.line_start(start) : start]
    if not header.strip() or filler.lineno != job.node.lineno or source.text[end : source.line_end(end)].strip():
        _own_line(job, filler, _to_paste(declaration))
        return Splice(start, declaration, taken=end - start)
    outer, colon = header[: len(header) - len(header.lstrip())], line + len(header.rstrip())
    return Splice(colon, f"{source.newline_after(line)}{outer}    {declaration}", taken=end - colon)


def _class(tree: ast.Module, job: JobSource) -> ast.ClassDef:
    return classes_called(tree, job.node.name)[0]


def _is(node: ast.AnnAssign, name: str) -> bool:
    return isinstance(node.target, ast.Name) and node.target.id == name


def _behind(job: JobSource, last: ast.AnnAssign | ast.arg, declaration: str) -> tuple[int, str]:
    """Follow the last field and its docstring, with an empty line between if the fields have one."""
    source, body = job.source, job.node.body
    assert isinstance(last, ast.AnnAssign)
    index = body.index(last)
    start = source.span_of(last)[0]
    indent = _own_line(job, last, _to_paste(declaration))
    end_node: ast.stmt = last
    if index + 1 < len(body) and is_docstring(body[index + 1]):
        end_node = body[index + 1]
    end = source.line_end(source.span_of(end_node)[1])
    newline = source.newline_after(start)
    apart = newline if len(job.fields) > 1 and source.is_blank_above(start) else ""
    return end, f"{newline}{apart}{indent}{declaration}"


def _own_line(job: JobSource, node: ast.stmt, advice: str) -> str:
    """Return the indentation of a statement that has its lines for itself."""
    source = job.source
    start, end = source.span_of(node)
    indent = source.text[source.line_start(start) : start]
    rest = source.text[end : source.line_end(end)].strip()
    if indent.strip() or (rest and not rest.startswith("#")):
        raise _not_understood(job, node.lineno, "shares its line", advice)
    return indent


def _not_understood(job: JobSource, line: int, why: str, advice: str) -> NotUnderstood:
    return NotUnderstood(
        f"{job.place(line)}: the body of {job.node.name} {why}, so it is not edited by guesswork\n"
        f"Nothing was changed. {advice}"
    )


def _to_paste(declaration: str) -> str:
    return f"Paste this into the class:\n{declaration}"


def _by_hand(name: str) -> str:
    return f"Take {name} out by hand."


def _first(job: JobSource, declaration: str) -> tuple[int, str]:
    """Stand below the docstring, or else on top of the body."""
    source, body = job.source, job.node.body
    own = _own_line(job, body[0], _to_paste(declaration))
    newline = source.newline_after(source.span_of(body[0])[0])
    if is_docstring(body[0]):
        return source.line_end(source.span_of(body[0])[1]), f"{newline}{newline}{own}{declaration}"
    at = source.above_comments(source.first_line_of(body[0]))
    return at, f"{own}{declaration}{newline}{newline}"


def _with_parameter(job: JobSource, init: ast.FunctionDef | ast.AsyncFunctionDef, declaration: str, name: str) -> bytes:
    """Give an own ``__init__`` one more parameter, and let it keep the value."""
    source, last = job.source, init.body[-1]
    indent = _own_line(job, last, _to_paste(declaration))
    if isinstance(last, ast.Return | ast.Raise) or last.lineno == init.lineno:
        raise _not_understood(job, last.lineno, "ends its __init__ early", _to_paste(declaration))
    receiver = (init.args.posonlyargs + init.args.args)[0].arg
    end = source.line_end(source.span_of(last)[1])
    keeps = Splice(end, f"{source.newline_after(end)}{indent}{receiver}.{name} = {name}")

    def proves(old: ast.Module, new: ast.Module) -> bool:
        now = next(each for each in _class(new, job).body if isinstance(each, type(init)) and each.name == "__init__")
        was = next(each for each in _class(old, job).body if isinstance(each, type(init)) and each.name == "__init__")
        arguments = [*now.args.args, *now.args.kwonlyargs]
        added: list[ast.AST] = [each for each in arguments if each.arg == name]
        added += now.body[len(was.body) :]
        if now.args.kwonlyargs:
            added.append(now.args.kw_defaults[-1] or now)
        else:
            added.append(now.args.defaults[-1])
        return is_grown(old, new, added)

    return source.spliced([*append(source, _parameters(source, init), declaration), keeps], proves)


def _parameters(source: Source, init: ast.FunctionDef | ast.AsyncFunctionDef) -> Brackets:
    start = source.span_of(init)[0]
    return read_brackets(source, source.text.index("(", source.text.index("__init__", start)))


def without_field_splices(job: JobSource, field: Declared) -> tuple[list[Splice], list[ast.AST]]:
    """Return what takes a field's declaration out, and the nodes that go; NotUnderstood where it shares its line."""
    if job.init is not None:
        return _without_parameter(job, job.init, field)
    source, body, node = job.source, job.node.body, field.node
    assert isinstance(node, ast.AnnAssign)
    _own_line(job, node, _by_hand(field.name))
    index = body.index(node)
    gone: list[ast.AST] = [node]
    end = source.next_line(source.span_of(node)[1])
    if index + 1 < len(body) and is_docstring(body[index + 1]):
        gone.append(body[index + 1])
        end = source.next_line(source.span_of(body[index + 1])[1])
    start = _with_comments(source, source.span_of(node)[0], end)
    if len(gone) == len(body):  # nothing would be left
        indent = source.text[source.line_start(source.span_of(node)[0]) : source.span_of(node)[0]]
        text = f"{indent}pass{source.newline_after(start)}"
        return [Splice(start, text, taken=end - start)], gone
    if source.is_blank_above(start) and (end == len(source.text) or _is_blank(source, end)):
        start = source.line_above(start)
    return [Splice(start, "", taken=end - start)], gone


def _is_blank(source: Source, at: int) -> bool:
    return not source.text[at : source.line_end(at)].strip()


def _with_comments(source: Source, start: int, end: int) -> int:
    """Begin with the comments right above, unless they are a heading of the fields below too."""
    line = source.line_start(start)
    top = source.above_comments(start)
    if top == line:
        return line
    heads = source.is_blank_above(top) or source.text[: max(top - 1, 0)].rstrip().endswith((":", '"""'))
    following = source.text[end : source.line_end(end)]
    indent = source.text[line:start]
    goes_on = following.startswith(indent) and bool(re.match(r"\w+\s*:", following[len(indent) :]))
    return line if heads and goes_on else top


def _without_parameter(
    job: JobSource, init: ast.FunctionDef | ast.AsyncFunctionDef, field: Declared
) -> tuple[list[Splice], list[ast.AST]]:
    source, node = job.source, field.node
    assert isinstance(node, ast.arg)
    brackets = _parameters(source, init)
    names = [_name(source.text[start:end]) for start, end in brackets.items]
    arguments = init.args
    declared = [each.arg for each in (*arguments.args, *arguments.kwonlyargs)]
    if [name for name in names if name != "*"] != declared:
        raise _not_understood(job, init.lineno, "has parameters of its own kind", _by_hand(field.name))
    taken = [names.index(field.name)]
    gone: list[ast.AST] = [node]
    if node in arguments.kwonlyargs:
        index = arguments.kwonlyargs.index(node)
        default = arguments.kw_defaults[index] or ast.Constant(None)  # a node stands for none, so that it can be gone
        arguments.kw_defaults[index] = default
        gone.append(default)
        if len(arguments.kwonlyargs) == 1:
            taken.append(names.index("*"))
    else:
        late = arguments.args.index(node) - len(arguments.args) + len(arguments.defaults)
        gone += arguments.defaults[late : late + 1] if late >= 0 else []
    return take_out(source, brackets, taken), gone


def _name(parameter: str) -> str:
    found = re.match(r"\w+|\*", parameter)
    return found[0] if found else ""
