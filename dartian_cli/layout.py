"""Break what is too long for the project's line length, as its formatter would.

It knows the statements that are generated, and leaves every other line alone. What it gives is proven to be the same
program; it never changes a line that is short enough.
"""

import ast
from collections.abc import Sequence

import msgspec

from dartian_cli.style import Style

__all__ = ["laid_out"]


def laid_out(code: str, style: Style) -> str:
    """Return Python with its long lines broken; as it was where that cannot be done or proven."""
    lines = code.split("\n")
    if all(style.fits(line) for line in lines):
        return code
    tree = ast.parse(code)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    for statement in sorted(found, key=lambda node: node.lineno, reverse=True):
        index = statement.lineno - 1
        if style.fits(lines[index]) or not _is_on_one_line(statement):
            continue
        indent = lines[index][: statement.col_offset]
        printer = _Printer(lines[index], style)
        lines[index] = indent + printer.statement(statement, indent)
    result = "\n".join(lines)
    try:
        proven = ast.dump(ast.parse(result)) == ast.dump(tree)
    except SyntaxError:
        proven = False
    return result if proven else code


def _is_on_one_line(statement: ast.stmt) -> bool:
    """Return whether a statement, or the head of a compound one, is a line of its own."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return not statement.decorator_list and statement.body[0].lineno > statement.lineno
    return statement.end_lineno == statement.lineno


class _Printer(msgspec.Struct):
    """Writes the parts of one line of source; what is put after a part on its last line is its ``rest``."""

    line: str
    style: Style

    def statement(self, node: ast.stmt, indent: str) -> str:
        """Return a statement in as many lines as it needs, as it stands after its indentation."""
        match node:
            case ast.AnnAssign():
                return self._assignment(node, indent)
            case ast.Return(value=ast.expr() as value):
                return self._return(value, indent)
            case ast.Expr(value=ast.Call() as value):
                return self._broken(value, indent, indent, "")
            case ast.ClassDef():
                return self._class(node, indent)
            case ast.FunctionDef(returns=ast.expr() as returns) if not node.args.args:
                return f"def {node.name}() -> (\n{self._inner(indent)}{self._flat(returns)}\n{indent}):"
            case _:
                return self.line[len(indent) :]

    def _return(self, value: ast.expr, indent: str) -> str:
        opened, inner = self._opening(value), self._inner(indent)
        if opened and not self.style.fits(f"{indent}return {opened}") and self.style.fits(inner + opened):
            return f"return (\n{inner}{self._broken(value, inner, inner, '')}\n{indent})"
        return "return " + self._broken(value, indent, f"{indent}return ", "")

    def _class(self, node: ast.ClassDef, indent: str) -> str:
        items: list[ast.expr | ast.keyword] = [*node.bases, *node.keywords]
        return f"class {node.name}({self._arguments(items, indent)}):" if items else self.line[len(indent) :]

    def _assignment(self, node: ast.AnnAssign, indent: str) -> str:
        start = f"{self._flat(node.target)}: "
        if node.value is None:
            return start + self._annotation(node.annotation, indent, indent + start, "")
        head = f"{indent}{start}{self._flat(node.annotation)} = "
        opened = self._opening(node.value)
        if opened and self.style.fits(head + opened):
            return head[len(indent) :] + self._broken(node.value, indent, head, "")
        alone = self._inner(indent) + self._flat(node.value)
        if self.style.fits(f"{head}(") and self.style.fits(alone):
            return f"{head[len(indent) :]}(\n{alone}\n{indent})"
        rest = f" = {opened or self._flat(node.value)}"
        annotation = self._annotation(node.annotation, indent, indent + start, rest)
        last = annotation.rpartition("\n")[2] if "\n" in annotation else indent + start + annotation
        return f"{start}{annotation} = {self._broken(node.value, indent, f'{last} = ', '')}"

    def _annotation(self, node: ast.expr, indent: str, before: str, rest: str) -> str:
        """Return an annotation that has to be broken if anything can be: a union in parentheses."""
        if isinstance(node, ast.BinOp):
            inner = self._inner(indent)
            flat = inner + self._flat(node)
            text = flat if self.style.fits(flat) else inner + self._broken(node, inner, inner, "")
            return f"(\n{text}\n{indent})"
        return self._broken(node, indent, before, rest)

    def _broken(self, node: ast.expr | ast.keyword, indent: str, before: str, rest: str) -> str:
        """Return a part on one line if it fits between ``before`` and ``rest`` there, else broken in its brackets."""
        flat = self._flat(node)
        if self.style.fits(before + flat + rest):
            return flat
        match node:
            case ast.keyword(arg=str(name), value=value):
                return f"{name}=" + self._broken(value, indent, f"{before}{name}=", rest)
            case ast.Lambda(body=body):
                return "lambda: " + self._broken(body, indent, f"{before}lambda: ", rest)
            case ast.BinOp():
                return self._union(node, indent)
            case ast.Call(func=func, args=args, keywords=keywords) if args or keywords:
                return f"{self._flat(func)}({self._arguments([*args, *keywords], indent)})"
            case ast.Subscript(value=value, slice=ast.Tuple(elts=items)):
                return f"{self._flat(value)}[{self._arguments(items, indent)}]"
            case ast.Subscript(value=value, slice=item):
                return f"{self._flat(value)}[{self._arguments([item], indent)}]"
            case ast.Dict(keys=keys, values=values) if keys:
                return f"{{\n{self._pairs(keys, values, indent)}{indent}}}"
            case ast.List(elts=items) | ast.Set(elts=items) | ast.Tuple(elts=items) if items:
                return f"{flat[0]}\n{self._items(items, indent)}{indent}{flat[-1]}"
            case _:
                return flat

    def _union(self, node: ast.expr, indent: str) -> str:
        members: list[ast.expr] = []
        while isinstance(node, ast.BinOp):
            members.insert(0, node.right)
            node = node.left
        texts = [self._broken(member, indent, f"{indent}| ", "") for member in [node, *members]]
        return f"\n{indent}| ".join(texts)

    def _arguments(self, items: Sequence[ast.expr | ast.keyword], indent: str) -> str:
        """Return what stands between the brackets: all on one line of their own, else a line each."""
        inner = self._inner(indent)
        together = inner + ", ".join(map(self._flat, items))
        if self.style.fits(together):
            return f"\n{together}\n{indent}"
        if len(items) == 1:
            return f"\n{inner}{self._broken(items[0], inner, inner, '')}\n{indent}"
        return f"\n{self._items(items, indent)}{indent}"

    def _items(self, items: Sequence[ast.expr | ast.keyword], indent: str) -> str:
        inner = self._inner(indent)
        return "".join(f"{inner}{self._broken(item, inner, inner, ',')},\n" for item in items)

    def _pairs(self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr], indent: str) -> str:
        inner = self._inner(indent)
        text = ""
        for key, value in zip(keys, values, strict=True):
            start = f"{self._flat(key)}: " if key is not None else "**"
            text += f"{inner}{start}{self._broken(value, inner, inner + start, ',')},\n"
        return text

    def _opening(self, node: ast.expr) -> str:
        """Return what a part puts on its first line when it is broken, empty where it cannot be."""
        flat = self._flat(node)
        match node:
            case ast.Call(func=func, args=args, keywords=keywords) if args or keywords:
                return f"{self._flat(func)}("
            case ast.List(elts=items) | ast.Set(elts=items) | ast.Tuple(elts=items) if items:
                return flat[0]
            case ast.Dict(keys=keys) if keys:
                return "{"
            case _:
                return ""

    def _inner(self, indent: str) -> str:
        return indent + self.style.indent

    def _flat(self, node: ast.expr | ast.keyword) -> str:
        line = self.line.encode()
        return line[node.col_offset : node.end_col_offset].decode()
