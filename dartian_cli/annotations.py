"""Understand the type of a field: names, attributes, subscripts and ``|``, or the shell's ``list:str``.

A type is parsed as an expression and written anew from what was understood; its text is never pasted. It never
imports what it names.
"""

import ast
import keyword
import re
from collections.abc import Mapping, Sequence

import msgspec

from dartian_cli.errors import FieldRefused
from dartian_cli.literals import literal, read_expression
from dartian_queue.errors import did_you_mean, shown

__all__ = ["Annotation", "Import", "parse_annotation", "split_outside"]

SCALARS = frozenset({"int", "str", "bool", "float", "bytes", "None"})
CONTAINERS = {"list": 1, "set": 1, "frozenset": 1, "dict": 2, "tuple": 0}
"""How many arguments each takes; 0 is any number."""

KNOWN = {
    "Decimal": "decimal",
    "UUID": "uuid",
    "Path": "pathlib",
    "date": "datetime",
    "datetime": "datetime",
    "time": "datetime",
    "timedelta": "datetime",
}
"""Types that are imported without being asked."""

_OLD_NAMES = {"List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple"}
_OTHER_LANGUAGES = {
    "string": "str", "text": "str", "String": "str", "integer": "int", "Integer": "int", "Int": "int",
    "bigint": "int", "boolean": "bool", "Boolean": "bool", "Bool": "bool", "double": "float", "number": "float",
    "Float": "float", "decimal": "Decimal", "uuid": "UUID", "path": "Path", "array": "list:str", "json": "dict:str:str",
    "null": "None", "none": "None", "bytearray": "bytes", "file": "Path",
}  # fmt: skip
_NO_STORAGE = frozenset(
    {"Any", "object", "type", "Type", "complex", "Callable", "Iterator", "Generator", "range", "slice"}
)
_TEXTS = frozenset({"str", "bytes", *KNOWN})
"""Stored as text, so that a union can hold only one of them."""
_LISTS = frozenset({"list", "set", "frozenset", "tuple"})
_UNHASHED = frozenset({"list", "set", "dict"})
_NO_KEYS = frozenset({"tuple", "frozenset", "bool", "None"})
"""What JSON, whose keys are text, cannot have as a key."""


class Import(msgspec.Struct, frozen=True, order=True):
    """``from module import name``."""

    module: str
    name: str


class Annotation(msgspec.Struct, frozen=True):
    """A type that was understood: ``list[str]`` is head list with one argument."""

    head: str
    """A builtin or known name, ``|``, ``Literal``, ``...``, or the text of a class of the project's own."""
    args: tuple["Annotation", ...] = ()
    values: tuple[str | int | None, ...] = ()
    """What a Literal allows."""
    source: Import | None = None

    @property
    def text(self) -> str:
        """The type as it is written in the class."""
        if self.head == "|":
            return " | ".join(arg.text for arg in self.args)
        if self.head == "Literal":
            return f"Literal[{', '.join(literal(value) for value in self.values)}]"
        return f"{self.head}[{', '.join(arg.text for arg in self.args)}]" if self.args else self.head

    @property
    def options(self) -> tuple["Annotation", ...]:
        """The members of a union; of any other type, itself."""
        return self.args if self.head == "|" else (self,)

    @property
    def is_own(self) -> bool:
        """Whether it is a class that Dartian knows by name only."""
        return self.source is not None and self.head != "Literal" and self.head not in KNOWN

    def written(self, texts: Mapping[Import, str]) -> "Annotation":
        """Return the type with some of what it imports written in another way, and not imported."""
        args = tuple(arg.written(texts) for arg in self.args)
        text = texts.get(self.source) if self.source is not None and self.head != "Literal" else None
        if self.source is None or text is None:
            return msgspec.structs.replace(self, args=args)
        head = text + self.head.removeprefix(self.source.name)
        return msgspec.structs.replace(self, head=head, args=args, source=None)

    def imports(self) -> frozenset[Import]:
        """Return what has to be imported for it."""
        found = frozenset({self.source} if self.source else ())
        return found.union(*(arg.imports() for arg in self.args))

    def names(self) -> frozenset[str]:
        """Return the names that it looks up where it is written."""
        own = () if self.head in ("|", "...", "None") else (self.head.split(".")[0],)
        return frozenset(own).union(*(arg.names() for arg in self.args))


def parse_annotation(text: str) -> Annotation:
    """Understand a type; FieldRefused (without the field's name) says what it cannot be."""
    text, optional = _without_optional(text.strip())
    annotation = _from_parts([part.strip() for part in split_outside(text, ":")])
    return _union([annotation, Annotation("None")]) if optional else annotation


def split_outside(text: str, separator: str, most: int = -1) -> list[str]:
    """Split where ``separator`` stands outside of brackets and quotes, at most ``most`` times."""
    parts: list[str] = []
    start, depth, quote = 0, 0, ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[({":
            depth += 1
        elif character in "])}":
            depth -= 1
        elif character == separator and depth <= 0 and len(parts) != most:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _without_optional(text: str) -> tuple[str, bool]:
    for mark in ("?", ":optional"):
        if text.endswith(mark):
            return text.removesuffix(mark).rstrip(), True
    return text, False


def _from_parts(parts: Sequence[str]) -> Annotation:
    """Understand ``list:str`` and ``dict:str:int``, for shells in which brackets are globs."""
    head, rest = _OLD_NAMES.get(parts[0], parts[0]), parts[1:]
    if not rest:
        return _resolve(_expression(head))
    if head == "Literal":
        return _literal([int(part) if re.fullmatch(r"-?\d{1,18}", part) else part for part in rest])
    if head not in CONTAINERS:
        raise FieldRefused(
            f"{shown(':'.join(parts))!r} is no type: a ':' in a type stands for list, set, tuple or dict"
        )
    if head == "tuple":
        arguments = [_from_parts([part]) for part in rest]
        return _container(head, arguments if len(arguments) > 1 else [*arguments, Annotation("...")])
    keys = [_from_parts([rest[0]])] if head == "dict" else []
    values = rest[len(keys) :]
    return _container(head, [*keys, *([_from_parts(values)] if values else [])])


def _expression(text: str) -> ast.expr:
    if not text:
        raise FieldRefused("the type is missing")
    expression = read_expression(text)
    if expression is None:
        raise FieldRefused(f"{shown(text)!r} is no type")
    return expression


def _resolve(node: ast.expr) -> Annotation:
    match node:
        case ast.Constant(value=None):
            return Annotation("None")
        case ast.Name(id=name):
            return _named(name)
        case ast.Attribute():
            return _dotted(ast.unparse(node).split("."), node)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _union([_resolve(left), _resolve(right)])
        case ast.Subscript(value=value, slice=inner):
            return _subscript(value, list(inner.elts) if isinstance(inner, ast.Tuple) else [inner])
        case _:
            raise FieldRefused(f"{shown(ast.unparse(node))!r} is no type: only names, dots, [ ] and | are")


def _named(name: str) -> Annotation:
    name = _OLD_NAMES.get(name, name)
    if name in SCALARS:
        return Annotation(name)
    if name in KNOWN:
        return Annotation(name, source=Import(KNOWN[name], name))
    if name in CONTAINERS:
        example = "dict:str:int" if name == "dict" else f"{name}:str"
        raise FieldRefused(f"{name} of what? Say what it holds: {example}")
    if name in _NO_STORAGE:
        raise FieldRefused(f"{name} cannot be stored: name the type itself, or a choice such as 'int|str'")
    if name in _OTHER_LANGUAGES:
        raise FieldRefused(f"{name!r} is no type of Python; did you mean {_OTHER_LANGUAGES[name]!r}?")
    hint = did_you_mean(name, [*SCALARS, *CONTAINERS, *KNOWN, "Literal"])
    raise FieldRefused(
        f"{name!r} is not known here{hint or f': write where it is imported from, as app.models.{name}'}"
    )


def _dotted(parts: list[str], node: ast.expr) -> Annotation:
    """Understand a class by its path; from the first capitalised part on it is a class in a class."""
    if not all(part.isidentifier() and part.isascii() and not part.startswith("__") for part in parts):
        raise FieldRefused(f"{shown(ast.unparse(node))!r} is no type: only names, dots, [ ] and | are")
    if bad := [part for part in parts if keyword.iskeyword(part)]:
        raise FieldRefused(f"{bad[0]!r} is a keyword, so {'.'.join(parts)} cannot be imported")
    split = next((index for index, part in enumerate(parts) if index and part[:1].isupper()), len(parts) - 1)
    module, names = ".".join(parts[:split]), parts[split:]
    if module == "typing" or KNOWN.get(names[0]) == module or module == "builtins":
        return _named(names[0])
    if names[0] in SCALARS or names[0] in CONTAINERS or names[0] in KNOWN or names[0] == "Literal":
        raise FieldRefused(
            f"{'.'.join(parts)} would hide the {names[0]} that is known here; import it by hand, as another"
        )
    return Annotation(".".join(names), source=Import(module, names[0]))


def _subscript(value: ast.expr, items: list[ast.expr]) -> Annotation:
    name = value.id if isinstance(value, ast.Name) else ast.unparse(value).removeprefix("typing.")
    name = _OLD_NAMES.get(name, name)
    if name == "Literal":
        return _literal([_literal_value(item) for item in items])
    if name == "Optional" and len(items) == 1:
        return _union([_resolve(items[0]), Annotation("None")])
    if name == "Union":
        return _union([_resolve(item) for item in items])
    if name not in CONTAINERS:
        raise FieldRefused(f"{shown(name)!r} takes no [ ]: only list, set, frozenset, tuple, dict and Literal do")
    return _container(name, [_argument(name, item) for item in items])


def _argument(container: str, node: ast.expr) -> Annotation:
    if container == "tuple" and isinstance(node, ast.Constant) and node.value is Ellipsis:
        return Annotation("...")
    return _resolve(node)


def _container(name: str, args: Sequence[Annotation]) -> Annotation:
    wanted = CONTAINERS[name]
    if not args or (wanted and len(args) != wanted):
        example = {"dict": "dict:str:int", "tuple": "tuple:int:str"}.get(name, f"{name}:str")
        raise FieldRefused(f"{name} takes {wanted or 'one or more'} types, not {len(args)}: {example}")
    ellipses = [index for index, arg in enumerate(args) if arg.head == "..."]
    if ellipses and (ellipses != [1] or len(args) != 2):
        raise FieldRefused("'...' stands only after one type: tuple[int, ...]")
    if name in ("dict", "set", "frozenset") and any(option.head in _UNHASHED for option in args[0].options):
        place = "a key of a dict" if name == "dict" else f"in a {name}"
        raise FieldRefused(f"{args[0].text} cannot be {place}: it can be changed")
    if name == "dict" and any(option.head in _NO_KEYS for option in args[0].options):
        raise FieldRefused(f"{args[0].text} cannot be a key of a dict that is stored: write a key of str or int")
    return Annotation(name, tuple(args))


def _union(args: Sequence[Annotation]) -> Annotation:
    """Join the members once each, None last, as a formatter would; refuse what could not be told apart when stored."""
    flat = {option.text: option for arg in args for option in arg.options}
    members = sorted(flat.values(), key=lambda member: member.head == "None")
    for kind, said in ((_TEXTS, "text"), (_LISTS, "a list"), (frozenset({"dict"}), "an object")):
        same = [member.text for member in members if member.head in kind]
        if len(same) > 1:
            raise FieldRefused(f"{' | '.join(same)}: both are stored as {said}, so they could not be told apart")
    return members[0] if len(members) == 1 else Annotation("|", tuple(members))


def _literal_value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise FieldRefused(f"{shown(ast.unparse(node))!r} is no literal: Literal takes strings and numbers") from None


def _literal(values: Sequence[object]) -> Annotation:
    kept: list[str | int | None] = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise FieldRefused(f"{shown(value)} cannot be in a Literal that is stored: strings and whole numbers can")
        if value not in kept:
            kept.append(value)
    return Annotation("Literal", values=tuple(kept), source=Import("typing", "Literal"))
