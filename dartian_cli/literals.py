"""Write a value as the Python that a formatter would leave alone: in its quotes, ASCII escapes for what does not print.

It writes literals only: a value of any other kind is an error of the caller.
"""

import ast
from typing import cast

__all__ = ["is_mutable", "literal", "quoted", "read_expression", "requoted"]


def read_expression(text: str) -> ast.expr | None:
    """Parse a text as one expression, or return None; Python's warnings about its style are not shown."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def quoted(text: str, quote: str = '"') -> str:
    """Return a string literal in these quotes, unless the other ones need fewer escapes."""
    other = "'" if quote == '"' else '"'
    if text.count(quote) > text.count(other):
        quote = other
    return quote + "".join(f"\\{letter}" if letter == quote else _escaped(letter) for letter in text) + quote


def requoted(code: str, quote: str) -> str:
    """Return an expression or a statement on one line with its string literals in these quotes, as written here."""
    if quote == '"' or '"' not in code:
        return code
    from io import StringIO
    from tokenize import STRING, generate_tokens

    strings = [token for token in generate_tokens(StringIO(code).readline) if token.type == STRING]
    for token in reversed(strings):
        value = ast.literal_eval(token.string)
        written = literal(value, quote)
        code = code[: token.start[1]] + written + code[token.end[1] :]
    return code


def _escaped(letter: str) -> str:
    return letter if letter in "\"'" else repr(letter)[1:-1]


def literal(value: object, quote: str = '"') -> str:
    """Return the expression that makes ``value``: None, bool, int, float, str, bytes, or a container of these."""
    if isinstance(value, str):
        return quoted(value, quote)
    if isinstance(value, bytes):
        return "b" + quoted(value.decode("latin-1"), quote).encode("ascii", "backslashreplace").decode()
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return "{" + ", ".join(f"{literal(key, quote)}: {literal(item, quote)}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item, quote) for item in cast("list[object]", value)) + "]"
    if isinstance(value, tuple):
        items = [literal(item, quote) for item in cast("tuple[object, ...]", value)]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    if isinstance(value, set):
        items = sorted(literal(item, quote) for item in cast("set[object]", value))
        return "{" + ", ".join(items) + "}" if items else "set()"
    raise TypeError(f"{type(value).__name__} has no literal")


def is_mutable(value: object) -> bool:
    """Return whether a default of this value would be shared between jobs and could be changed."""
    if isinstance(value, tuple):
        return any(is_mutable(item) for item in cast("tuple[object, ...]", value))
    return isinstance(value, list | dict | set)
