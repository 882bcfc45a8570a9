"""Mutants of the battle rules: each differs from the source in one figure or one decision, and has a stable name."""

import ast
import copy
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DECIDING = (
    "links", "quiet", "chapters", "joins", "bridges", "sightings", "tiers", "clustering", "suggestions", "correlation",
    "balance", "people", "priors", "sides", "constraints", "identity", "accounting", "tallies",
)  # fmt: skip
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
NEGATING = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot)
A_MINUTE = 60


@dataclass(frozen=True)
class Mutant:
    """`name` says module, function, and what stands in place of what; `source` is the whole mutated module."""

    module: str
    name: str
    source: str


@dataclass(frozen=True)
class Edit:
    """What stands for the node at this place of the tree's walk."""

    place: int
    instead: ast.AST


def of_figures(folder: Path) -> Iterator[Mutant]:
    """Every field of the rules and every constant beside them, once smaller and once larger."""
    source = (folder / "rules.py").read_text()
    known = runpy.run_path(str(folder / "rules.py"))
    for owner in (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)):
        default = known[owner.name]()
        for field in owner.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                name = field.target.id
                for value in _beside(getattr(default, name)):
                    mutated = _replaced(source, _place(source, field.value), ast.Constant(value))
                    yield Mutant("rules", f"{owner.name}.{name} = {value}", mutated)
    for module in DECIDING:
        yield from _of_constants(module, (folder / f"{module}.py").read_text())


def _of_constants(module: str, source: str) -> Iterator[Mutant]:
    for node in ast.parse(source).body:
        name = _constant_name(node)
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for one in ast.walk(value) if name and value else ():
            if isinstance(one, ast.Constant) and isinstance(one.value, int | float):
                for other in _beside(one.value):
                    mutated = _replaced(source, _place(source, one), ast.Constant(other))
                    yield Mutant(module, f"{module}.{name}: {one.value} -> {other}", mutated)


def _constant_name(node: ast.stmt) -> str | None:
    """Of `A = 1`, `A: int = 1` and `A, B = 1, 2`: the first name, where names are those of constants."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return None
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    first = target.elts[0] if isinstance(target, ast.Tuple) else target
    return first.id if isinstance(first, ast.Name) and first.id.isupper() else None


def _beside(value: float) -> tuple[float, float]:
    """Small numbers count something, and ids name something: one less, one more. Everything else is halved, doubled."""
    if isinstance(value, int) and (value < A_MINUTE or value > A_MINUTE**3):
        return value - 1, value + 1
    return (value // 2, value * 2) if isinstance(value, int) else (value / 2, value * 2)


def of_decisions(folder: Path) -> Iterator[Mutant]:
    """Comparisons, connectives and conditions turned; what is said, left unsaid."""
    for module in DECIDING:
        source = (folder / f"{module}.py").read_text()
        tree = ast.parse(source)
        inside = _functions(tree)
        seen: dict[str, int] = {}
        for edit, what in _edits(tree):
            name = f"{module}.{inside[edit.place]}: {what}"
            seen[name] = seen.get(name, 0) + 1
            again = f" (#{seen[name]})" if seen[name] > 1 else ""
            yield Mutant(module, name + again, _replaced(source, edit.place, edit.instead))


def _edits(tree: ast.AST) -> Iterator[tuple[Edit, str]]:
    for place, node in enumerate(ast.walk(tree)):
        for instead in _instead_of(node):
            yield Edit(place, instead), _what(node, instead)


def _what(node: ast.AST, instead: ast.AST) -> str:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        return f"{type(node).__name__.lower()} {ast.unparse(node.test)} turned"
    return " ".join(f"{ast.unparse(node)} -> {ast.unparse(instead)}".split())


def _instead_of(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            other: Any = copy.deepcopy(node)
            other.ops[at] = OPPOSITE[type(operator)]()
            yield other
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
        yield ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))
    elif isinstance(node, ast.AugAssign):
        yield ast.Pass()
    elif isinstance(node, ast.List):
        for at, element in enumerate(node.elts):
            if isinstance(element, ast.Starred):
                yield ast.List([one for number, one in enumerate(node.elts) if number != at], ast.Load())
    yield from _negated(node)


def _negated(node: ast.AST) -> Iterator[ast.AST]:
    """With its condition turned, where no other edit does just that."""
    other: Any = copy.deepcopy(node)
    if isinstance(node, ast.If | ast.IfExp | ast.While) and not _turned_anyway(node.test):
        other.test = ast.UnaryOp(ast.Not(), node.test)
        yield other
    elif isinstance(node, ast.comprehension):
        for at, test in enumerate(node.ifs):
            if not _turned_anyway(test):
                other.ifs[at] = ast.UnaryOp(ast.Not(), test)
                yield other


def _turned_anyway(test: ast.expr) -> bool:
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], NEGATING)


def _functions(tree: ast.AST) -> list[str]:
    """By place in the walk: the function a node stands in, or the module."""
    owner: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            owner |= {id(one): node.name for one in ast.walk(node)}
    return [owner.get(id(node), "module") for node in ast.walk(tree)]


def _place(source: str, node: ast.AST | None) -> int:
    """Where a node of one parse stands in the walk of another."""
    for place, one in enumerate(ast.walk(ast.parse(source))):
        if node is not None and type(one) is type(node) and _where(one) == _where(node):
            return place
    raise LookupError("The node is not of this source.")


def _where(node: ast.AST) -> tuple[int, int, int, int]:
    return tuple(getattr(node, name, -1) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))  # pyright: ignore[reportReturnType]  # four names, four numbers


def _replaced(source: str, place: int, instead: ast.AST) -> str:
    tree = ast.parse(source)
    target = list(ast.walk(tree))[place]

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return instead if node is target else super().generic_visit(node)

    return ast.unparse(ast.fix_missing_locations(Swap().visit(tree)))
