"""Let a job class remember the names that its fields had, so that jobs which were queued by these still load."""

import ast
from collections.abc import Collection, Mapping

from dartian_cli.edits.brackets import read_brackets, take_out
from dartian_cli.edits.class_keywords import class_called, classes_called, header_of, keyword_of, keyword_splices
from dartian_cli.edits.scope import text_of
from dartian_cli.edits.source import Source, Splice
from dartian_cli.errors import NotUnderstood, shown_path
from dartian_cli.literals import quoted
from dartian_cli.style import Style

__all__ = ["REMOVED", "RENAMED", "follow_rename", "names_told", "remember_removed", "remember_renamed"]

RENAMED, REMOVED = "renamed_fields", "removed_fields"


def names_told(source: Source, class_name: str) -> tuple[dict[str, str], list[str]]:
    """Return what a class says of its fields' old names: those that were renamed, and those that were removed.

    NotUnderstood: it is computed.
    """
    node = class_called(source, class_name)
    renamed, removed = keyword_of(node, RENAMED), keyword_of(node, REMOVED)
    pairs = _literal(source, renamed, RENAMED) if renamed is not None else {}
    names = _literal(source, removed, REMOVED) if removed is not None else []
    if not isinstance(pairs, dict) or isinstance(names, dict):
        raise _computed(source, node.lineno, RENAMED if not isinstance(pairs, dict) else REMOVED)
    return pairs, names


def _literal(source: Source, value: ast.expr, keyword: str) -> "dict[str, str] | list[str]":
    match value:
        case ast.Dict(keys=keys, values=values):
            texts = [text_of(each) for each in (*keys, *values)]
            pairs = dict(zip(texts[: len(keys)], texts[len(keys) :], strict=True))
            if None not in texts and len(pairs) == len(keys):
                return {key or "": item or "" for key, item in pairs.items()}
        case ast.List(elts=items) | ast.Tuple(elts=items) if source.text[source.span_of(value)[0]] in "([":
            texts = [text_of(each) for each in items]
            if None not in texts:
                return [text or "" for text in texts]
        case _:
            pass
    raise _computed(source, value.lineno, keyword)


def _computed(source: Source, line: int, keyword: str) -> NotUnderstood:
    return NotUnderstood(
        f"{shown_path(source.path)}:{line}: {keyword} is computed, so it is not changed by guesswork\n"
        f"Nothing was changed. Write it as names in quotes, and run the command again."
    )


def remember_renamed(path: str, content: bytes, class_name: str, old: str, new: str, style: Style) -> bytes:
    """Return the file with a class that knows by which name payloads may hold its field ``new``.

    Names that were renamed to the old one are renamed to the new one then; a field that gets a name back which it
    had once has the other one for its old name.
    """
    source = Source(path, content)
    pairs, _ = names_told(source, class_name)
    back = pairs.pop(new, None) is not None
    wanted = {name: new if now == old else now for name, now in pairs.items()} | {old: new}
    splices = _following(source, class_name, old, new)
    if back:
        splices = [splice for splice in splices if splice not in _entry(source, class_name, new, old)]
        splices += _exchange(source, class_name, new, old, style)
    else:
        item = f"{quoted(old, style.quote)}: {quoted(new, style.quote)}"
        splices += keyword_splices(source, class_name, RENAMED, item, style.line_length)
    return _proved(source, class_name, splices, wanted, None)


def follow_rename(path: str, content: bytes, class_name: str, old: str, new: str) -> bytes:
    """Return the file with what a class's own ``renamed_fields`` renames to ``old`` renamed to ``new``."""
    source = Source(path, content)
    pairs, _ = names_told(source, class_name)
    if old not in pairs.values():
        return content
    wanted = {name: new if now == old else now for name, now in pairs.items()}
    return _proved(source, class_name, _following(source, class_name, old, new), wanted, None)


def remember_removed(path: str, content: bytes, class_name: str, name: str, style: Style) -> bytes:
    """Return the file with a class that drops what payloads hold under ``name`` or a name that the field had before."""
    pairs, removed = names_told(Source(path, content), class_name)
    older = [old for old, now in pairs.items() if now == name]
    for each in (name, *older):
        if each not in removed:
            source, removed = Source(path, content), [*removed, each]
            splices = keyword_splices(source, class_name, REMOVED, quoted(each, style.quote), style.line_length)
            content = _proved(source, class_name, splices, None, removed)
    if not older:
        return content
    source = Source(path, content)
    left = {old: now for old, now in pairs.items() if now != name}
    return _proved(source, class_name, _without(source, class_name, older), left, None)


def _dict(source: Source, class_name: str) -> ast.Dict | None:
    value = keyword_of(class_called(source, class_name), RENAMED)
    return value if isinstance(value, ast.Dict) else None


def _following(source: Source, class_name: str, old: str, new: str) -> list[Splice]:
    """Write the new name where a value is the old one."""
    found = _dict(source, class_name)
    return [_word(source, value, old, new) for value in (found.values if found else []) if text_of(value) == old]


def _entry(source: Source, class_name: str, key: str, value: str) -> list[Splice]:
    found = _dict(source, class_name)
    items = zip(found.keys, found.values, strict=True) if found else ()
    return [_word(source, held, value, key) for name, held in items if text_of(name) == key and text_of(held) == value]


def _exchange(source: Source, class_name: str, new: str, old: str, style: Style) -> list[Splice]:
    """Write ``old: new`` in the place of the entry that says the opposite."""
    found = _dict(source, class_name)
    splices: list[Splice] = []
    for name, held in zip(found.keys, found.values, strict=True) if found else ():
        if name is not None and text_of(name) == new:
            for node, text in ((name, old), (held, new)):
                start, end = source.span_of(node)
                splices.append(Splice(start, quoted(text, style.quote), taken=end - start))
    return splices


def _word(source: Source, node: ast.expr, old: str, new: str) -> Splice:
    start, end = source.span_of(node)
    at = source.text.find(old, start, end)
    if at < 0:  # written with escapes
        raise _computed(source, node.lineno, RENAMED)
    return Splice(at, new, taken=len(old))


def _without(source: Source, class_name: str, names: list[str]) -> list[Splice]:
    """Take entries out of ``renamed_fields``, and all of it where nothing would be left."""
    found, node = _dict(source, class_name), class_called(source, class_name)
    assert found is not None
    if len(names) < len(found.keys):
        indexes = [index for index, key in enumerate(found.keys) if text_of(key) in names]
        return take_out(source, read_brackets(source, source.span_of(found)[0]), indexes)
    brackets = header_of(source, node)
    start = source.span_of(found)[0]
    return take_out(source, brackets, [index for index, (at, end) in enumerate(brackets.items) if at <= start < end])


def _proved(
    source: Source,
    class_name: str,
    splices: list[Splice],
    renamed: Mapping[str, str] | None,
    removed: list[str] | None,
) -> bytes:
    """Make the edit, and prove that the class says what is wanted, and that nothing else differs."""

    def proves(old: ast.Module, new: ast.Module) -> bool:
        told = {keyword: _taken(new, class_name, keyword) for keyword in (RENAMED, REMOVED)}
        if renamed is not None and _evaluated(told[RENAMED], {}) != renamed:
            return False
        if removed is not None and list(_evaluated(told[REMOVED], ())) != removed:
            return False
        before = {keyword: _taken(old, class_name, keyword) for keyword in (RENAMED, REMOVED)}
        kept = REMOVED if removed is None else RENAMED
        return _dumped(before[kept]) == _dumped(told[kept]) and ast.dump(old) == ast.dump(new)

    return source.spliced(splices, proves)


def _evaluated(node: ast.expr | None, otherwise: Collection[str]) -> Collection[str]:
    value: Collection[str] = otherwise if node is None else ast.literal_eval(node)
    return value


def _dumped(node: ast.expr | None) -> str:
    return "" if node is None else ast.dump(node)


def _taken(tree: ast.Module, class_name: str, keyword: str) -> ast.expr | None:
    """Take a class keyword out of a tree that is only compared afterwards, and return its value."""
    for node in classes_called(tree, class_name):
        for given in node.keywords:
            if given.arg == keyword:
                node.keywords.remove(given)
                return given.value
    return None
