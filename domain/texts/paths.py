"""Paths in a template, like `trigger.items[0].name`, and which of them a condition makes sure of."""

from jinja2 import nodes

_PRESENT_IF = frozenset({"defined", "string", "number", "mapping", "iterable", "sequence", "true"})
"""Tests that only what is there can pass."""


def true_when(node: nodes.Node, truth: bool) -> set[str]:
    """The paths that are there if the condition comes to `truth`."""
    match node:
        case nodes.Not():
            return true_when(node.node, not truth)
        case nodes.And() | nodes.Or():
            left, right = true_when(node.left, truth), true_when(node.right, truth)
            return left | right if isinstance(node, nodes.And) == truth else left & right
        case nodes.Test():
            if node.name in ("undefined", "none"):
                truth = not truth
            elif node.name not in _PRESENT_IF:
                return set()
            return paths_of(node.node) if truth else set()
        case nodes.Compare():
            return _compared(node) if truth else set()
        case nodes.Filter() if node.node is not None:
            return true_when(node.node, truth)
    return paths_of(node) if truth else set()


def _compared(node: nodes.Compare) -> set[str]:
    operand = node.ops[0]
    if operand.op == "in" and isinstance(node.expr, nodes.Const):
        base = path_of(operand.expr)
        return paths_of(operand.expr) | ({f"{base}.{node.expr.value}"} if base else set())
    if operand.op in ("ne", "notin"):
        return set()
    inner = node.expr.node if isinstance(node.expr, nodes.Filter) else node.expr
    return paths_of(inner) if inner is not None else set()


def paths_of(node: nodes.Node) -> set[str]:
    """A path and all that it leads through."""
    paths: set[str] = set()
    at: nodes.Node | None = node
    while at is not None:
        if path := path_of(at):
            paths.add(path)
        at = at.node if isinstance(at, nodes.Getattr | nodes.Getitem) else None
    return paths


def path_of(node: nodes.Node) -> str | None:
    """`trigger.items[0].name`; None for what is no path."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            base = path_of(node.node)
            return f"{base}.{node.attr}" if base else None
        case nodes.Getitem(arg=nodes.Const(value=key)):
            base = path_of(node.node)
            return base and (f"{base}.{key}" if isinstance(key, str) else f"{base}[{key}]")
    return None


def first_path(node: nodes.Node) -> str | None:
    """The first path in an expression."""
    if path := path_of(node):
        return path
    return next((path for part in node.iter_child_nodes() if (path := first_path(part))), None)
