"""Mutants of the rule modules: each differs from the source in one constant or one decision, and has a stable name."""

import ast
import copy
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES = ("detection.rules", "sides.rules")
"""Modules with a dataclass of constants."""

DECIDING = (
    "detection.links", "detection.engagements", "detection.attachments", "detection.guests",
    "detection.classification", "detection.reach", "detection.tiers", "detection.clustering",
    "detection.split_suggestions",
    "sides.correlation_clustering", "sides.structural_balance", "sides.defectors", "sides.priors", "sides.assignment",
    "sides.placement", "sides.fit", "sides.evidence",
    "edits.constraints", "reconciliation.battle_identity", "statistics.battle_totals", "statistics.side_totals",
)  # fmt: skip
"""Modules with decisions, by their name inside the package."""

OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
NEGATING = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot)
A_MINUTE = 60


@dataclass(frozen=True)
class Mutant:
    """`name` has the module, the function and the replacement; `source` is the whole mutated module."""

    module: str
    name: str
    source: str


@dataclass(frozen=True)
class Edit:
    """The replacement of the node at this position of the tree's walk."""

    position: int
    replacement: ast.AST


def of_figures(folder: Path) -> Iterator[Mutant]:
    """Every field of the rules and every constant of the modules with decisions, once smaller and once larger."""
    for module in RULES:
        yield from _of_fields(module, path_of(folder, module))
    for module in DECIDING:
        yield from _of_constants(module, path_of(folder, module).read_text())


def path_of(folder: Path, module: str) -> Path:
    return folder.joinpath(*module.split(".")).with_suffix(".py")


def _of_fields(module: str, path: Path) -> Iterator[Mutant]:
    source, namespace = path.read_text(), runpy.run_path(str(path))
    for owner in (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)):
        default = namespace[owner.name]()
        for field in owner.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                name = field.target.id
                for value in _neighbouring_values(getattr(default, name)):
                    mutated = _replaced(source, _position(source, field.value), ast.Constant(value))
                    yield Mutant(module, f"{owner.name}.{name} = {value}", mutated)


def _of_constants(module: str, source: str) -> Iterator[Mutant]:
    for node in ast.parse(source).body:
        name = _constant_name(node)
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for constant in ast.walk(value) if name and value else ():
            if isinstance(constant, ast.Constant) and isinstance(constant.value, int | float):
                for other in _neighbouring_values(constant.value):
                    mutated = _replaced(source, _position(source, constant), ast.Constant(other))
                    yield Mutant(module, f"{module}.{name}: {constant.value} -> {other}", mutated)


def _constant_name(node: ast.stmt) -> str | None:
    """The first name of `A = 1`, `A: int = 1` and `A, B = 1, 2`, if it is the name of a constant."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return None
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    first = target.elts[0] if isinstance(target, ast.Tuple) else target
    return first.id if isinstance(first, ast.Name) and first.id.isupper() else None


def _neighbouring_values(value: float) -> tuple[float, float]:
    """Small numbers are counts and large ones ids: one less and one more. Other values are halved and doubled."""
    if isinstance(value, int) and (value < A_MINUTE or value > A_MINUTE**3):
        return value - 1, value + 1
    return (value // 2, value * 2) if isinstance(value, int) else (value / 2, value * 2)


def of_decisions(folder: Path) -> Iterator[Mutant]:
    """Comparisons, connectives and conditions inverted; statements that yield or add removed."""
    for module in DECIDING:
        source = path_of(folder, module).read_text()
        tree = ast.parse(source)
        function_of = _functions(tree)
        count: dict[str, int] = {}
        for edit, description in _edits(tree):
            name = f"{module}.{function_of[edit.position]}: {description}"
            count[name] = count.get(name, 0) + 1
            suffix = f" (#{count[name]})" if count[name] > 1 else ""
            yield Mutant(module, name + suffix, _replaced(source, edit.position, edit.replacement))


def _edits(tree: ast.AST) -> Iterator[tuple[Edit, str]]:
    for position, node in enumerate(ast.walk(tree)):
        for replacement in _replacements(node):
            yield Edit(position, replacement), _description(node, replacement)


def _description(node: ast.AST, replacement: ast.AST) -> str:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        return f"{type(node).__name__.lower()} {ast.unparse(node.test)} inverted"
    return " ".join(f"{ast.unparse(node)} -> {ast.unparse(replacement)}".split())


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            other: Any = copy.deepcopy(node)
            other.ops[index] = OPPOSITE[type(operator)]()
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
        for index, element in enumerate(node.elts):
            if isinstance(element, ast.Starred):
                yield ast.List([entry for number, entry in enumerate(node.elts) if number != index], ast.Load())
    yield from _inverted(node)


def _inverted(node: ast.AST) -> Iterator[ast.AST]:
    """The node with its condition inverted, unless another edit does exactly that."""
    other: Any = copy.deepcopy(node)
    if isinstance(node, ast.If | ast.IfExp | ast.While) and not _is_inverted_elsewhere(node.test):
        other.test = ast.UnaryOp(ast.Not(), node.test)
        yield other
    elif isinstance(node, ast.comprehension):
        for index, test in enumerate(node.ifs):
            if not _is_inverted_elsewhere(test):
                other.ifs[index] = ast.UnaryOp(ast.Not(), test)
                yield other


def _is_inverted_elsewhere(test: ast.expr) -> bool:
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], NEGATING)


def _functions(tree: ast.AST) -> list[str]:
    """By position in the walk: the function that contains the node, or the module."""
    owner: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            owner |= {id(descendant): node.name for descendant in ast.walk(node)}
    return [owner.get(id(node), "module") for node in ast.walk(tree)]


def _position(source: str, node: ast.AST | None) -> int:
    """The position of a node of one parse in the walk of another."""
    for position, other in enumerate(ast.walk(ast.parse(source))):
        if node is not None and type(other) is type(node) and _location(other) == _location(node):
            return position
    raise LookupError("The node is not of this source.")


def _location(node: ast.AST) -> tuple[int, int, int, int]:
    return tuple(getattr(node, name, -1) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))  # pyright: ignore[reportReturnType]  # four names, four numbers


def _replaced(source: str, position: int, replacement: ast.AST) -> str:
    tree = ast.parse(source)
    target = list(ast.walk(tree))[position]

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return replacement if node is target else super().generic_visit(node)

    return ast.unparse(ast.fix_missing_locations(Swap().visit(tree)))
