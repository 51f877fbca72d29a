"""Whether a text fits the names that are provided for it: every field, filter and sum, before there is a customer."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import nodes

from domain.texts.calls import WRITTEN, called
from domain.texts.filters import LENIENT, filtered
from domain.texts.paths import first_path, path_of, true_when
from domain.texts.rendering import variables
from domain.texts.sandbox import environment
from domain.texts.shapes import ANY, JSON, NUMBER, ROOTS, TEXT, TRUTH, Provided, Shape, constant, kind_words
from workflows.source.diagnostics import Severity, did_you_mean, quoted, slip_of
from workflows.terms.fields import DERIVED

_NUMBERS = ("number", "money")
_WORDS = {"customer.name": "顾客", "stream.title": "直播间", "lot.name": "这批货"}
"""What may stand for a value that is missing."""


@dataclass(frozen=True)
class TextProblem:
    """What is wrong with a text: the line, what of it is marked, and the sentence."""

    line: int
    marked: str
    code: str
    message: str
    severity: Severity = "error"


def text_problems(source: str, given: Provided) -> list[TextProblem]:
    """What doesn't fit in a template that is none of a broken one. Raises what Jinja raises for a broken one."""
    checker = _Checker(source, given)
    checker.statements(_parsed(source).body)
    return list(dict.fromkeys(checker.problems))


@lru_cache(maxsize=1024)
def _parsed(source: str) -> nodes.Template:
    return environment.parse(source)


def unknown_names(source: str) -> Iterator[TextProblem]:
    """The names that nothing ever provides, whoever sends the text. The template isn't broken."""
    for name in sorted(variables(source) - ROOTS.keys()):
        at = next((node for node in _parsed(source).find_all(nodes.Name) if node.name == name), None)
        hint = did_you_mean(name, ROOTS) or f"; there are {', '.join(ROOTS)}"
        yield TextProblem(at.lineno if at else 1, name, "E039", f"nothing provides {quoted(name)}{hint}")


class _Checker:
    """Goes through a template. `names` are the shapes of its names, `present` the paths that are there for sure."""

    def __init__(self, source: str, given: Provided) -> None:
        self.problems: list[TextProblem] = []
        self.names: dict[str, Shape] = dict(given.shapes)
        self.present = set(given.certain)
        self._lines = source.splitlines()
        self._asking = False

    def report(self, node: nodes.Node, marked: str, code: str, message: str, severity: Severity = "error") -> None:
        self.problems.append(TextProblem(node.lineno, marked, code, message, severity))

    def statements(self, body: Sequence[nodes.Node]) -> None:
        for node in body:
            self._statement(node)

    def _statement(self, node: nodes.Node) -> None:
        match node:
            case nodes.Output():
                for part in node.nodes:
                    if not isinstance(part, nodes.TemplateData):
                        self._printed(part, self.shape(part))
            case nodes.If():
                self._if(node)
            case nodes.For():
                self._for(node)
            case nodes.Assign():
                shape = self.shape(node.node)
                self._assign(node.target, shape)
            case nodes.AssignBlock():
                self.statements(node.body)
                self._assign(node.target, TEXT)
            case nodes.With():
                with self._scope():
                    for target, value in zip(node.targets, node.values, strict=True):
                        self._assign(target, self.shape(value))
                    self.statements(node.body)
            case nodes.Macro() | nodes.CallBlock():
                with self._scope():
                    for argument in node.args:
                        self.names[argument.name] = ANY
                    self.statements(node.body)
            case nodes.FilterBlock() | nodes.Block() | nodes.Scope():
                with self._scope():
                    self.statements(node.body)
            case nodes.ExprStmt():
                self.shape(node.node)

    @contextmanager
    def _scope(self) -> Iterator[None]:
        names, present = dict(self.names), set(self.present)
        yield
        self.names, self.present = names, present

    def _assign(self, target: nodes.Node, shape: Shape) -> None:
        if isinstance(target, nodes.Tuple):
            for part in target.items:
                self._assign(part, shape if shape.kind == "json" else ANY)
        elif isinstance(target, nodes.Name):
            self.names[target.name] = shape
            prefix = re.compile(rf"{re.escape(target.name)}(?:[.\[]|$)")
            self.present = {path for path in self.present if not prefix.match(path)}

    def _if(self, node: nodes.If) -> None:
        self._ask(node.test)
        before, present = dict(self.names), set(self.present)
        self.present = present | true_when(node.test, True)
        self.statements(node.body)
        then, then_present = self.names, self.present
        self.names, self.present = dict(before), present | true_when(node.test, False)
        self.statements([*node.elif_, *node.else_])
        self.names = {
            name: _either(then.get(name), self.names.get(name)) for name in dict.fromkeys([*then, *self.names])
        }
        self.present &= then_present

    def _for(self, node: nodes.For) -> None:
        shape = self.shape(node.iter)
        item = self._item(node.iter, shape)
        with self._scope():
            self.names["loop"] = ANY
            self._assign(node.target, item)
            if node.test is not None:
                self._ask(node.test)
                self.present |= true_when(node.test, True)
            self.statements(node.body)
        with self._scope():
            self.statements(node.else_)

    def _item(self, node: nodes.Node, shape: Shape) -> Shape:
        match shape.kind:
            case "list":
                return shape.item or ANY
            case "json" | "any":
                return shape
            case "text" | "record":
                if shape.kind == "record":
                    return TEXT
        words = "a text" if shape.kind == "text" else kind_words(shape)
        self.report(node, path_of(node) or "for", "E052", f"a loop goes through a list, and this is {words}")
        return ANY

    def _ask(self, node: nodes.Node) -> Shape:
        """The shape of what is only asked for: it may be unknown, but for a slip."""
        before, self._asking = self._asking, True
        try:
            return self.shape(node)
        finally:
            self._asking = before

    def shape(self, node: nodes.Node) -> Shape:
        """The shape of an expression; what is wrong in it is told."""
        shape = self._shape(node)
        path = path_of(node)
        return shape.certain() if path in self.present else shape

    def _shape(self, node: nodes.Node) -> Shape:
        match node:
            case nodes.Name():
                return self.names.get(node.name, ANY)
            case nodes.Const():
                return constant(node.value)
            case nodes.TemplateData() | nodes.Concat():
                for part in node.nodes if isinstance(node, nodes.Concat) else ():
                    self._printed(part, self.shape(part))
                return TEXT
            case nodes.Getattr():
                return self._field(node, self.shape(node.node), node.attr)
            case nodes.Getitem():
                return self._entry(node, self.shape(node.node))
            case nodes.Filter():
                return self._filter(node)
            case nodes.Test():
                self._ask(node.node)
                return TRUTH
            case nodes.Compare():
                return self._comparison(node)
            case nodes.Not():
                self._ask(node.node)
                return TRUTH
            case nodes.And():
                left = self._ask(node.left)
                with self._assuming(true_when(node.left, True)):
                    right = self.shape(node.right)
                return _either(left, right)
            case nodes.Or():
                left = self._ask(node.left)
                right = self.shape(node.right)
                return _either(left.certain(), right)
            case nodes.CondExpr():
                self._ask(node.test)
                with self._assuming(true_when(node.test, True)):
                    left = self.shape(node.expr1)
                with self._assuming(true_when(node.test, False)):
                    other = self.shape(node.expr2) if node.expr2 is not None else None
                return _either(left, other)
            case nodes.BinExpr():
                return self._sum(node)
            case nodes.Neg() | nodes.Pos():
                return self._operand(node, node.node, "+")
            case nodes.List() | nodes.Tuple():
                items = [self.shape(each) for each in node.items]
                return Shape("list", item=items[0] if items and all(i == items[0] for i in items) else ANY)
            case nodes.Dict():
                for pair in node.items:
                    self.shape(pair.value)
                return ANY
            case nodes.Call():
                return self._call(node)
        return ANY

    @contextmanager
    def _assuming(self, paths: set[str]) -> Iterator[None]:
        before = self.present
        self.present = before | paths
        yield
        self.present = before

    def _field(self, node: nodes.Node, base: Shape, name: str) -> Shape:
        match base.kind:
            case "any" | "json":
                return base
            case "record":
                return self._of_record(node, base, name)
            case "time":
                return NUMBER
        path = path_of(node) or name
        owner = path.rpartition(".")[0] or "this"
        if base.kind == "list":
            mend = f'its items have fields: {{{{ {owner}[0].{name} }}}}, or a loop "for item in {owner}"'
            self.report(node, path, "E052", f"{quoted(owner)} is a list; {mend}")
        else:
            self.report(node, path, "E052", f"{quoted(owner)} is {kind_words(base)}, which has no field {quoted(name)}")
        return ANY

    def _of_record(self, node: nodes.Node, base: Shape, name: str) -> Shape:
        shape = base.fields.get(name)
        if shape is not None:
            return shape.optional(base.missing)
        path = path_of(node) or name
        slip = slip_of(name, base.fields)
        if not slip and (self._asking or path in self.present):
            return JSON.optional(path not in self.present)
        if base.name == "customer" and not slip and name not in DERIVED:  # anything may be known of a customer
            words = f"nobody has described the field {quoted(name)} of a customer; if there is none, nothing is written"
            self.report(node, path, "W003", f'{words}; write {{{{ {path} or "…" }}}}', "warning")
            return JSON
        hint = did_you_mean(name, base.fields)
        if not hint:
            hint = f"; it has {', '.join(sorted(base.fields)) or 'none'}"
        what = base.name or "it"
        self.report(node, path, "E027", f"{what} has no field {quoted(name)}{hint}")
        return ANY

    def _entry(self, node: nodes.Getitem, base: Shape) -> Shape:
        if isinstance(node.arg, nodes.Slice):
            return base
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._field(node, base, node.arg.value)
        self.shape(node.arg)
        if base.kind == "list":
            item = base.item or ANY
            return item.optional(base.missing or path_of(node.node) not in self.present)
        return base if base.kind in ("any", "json") else ANY

    def _call(self, node: nodes.Call) -> Shape:
        given = [*node.args, *(each.value for each in node.kwargs)]
        arguments = [(self.shape(each), each.value if isinstance(each, nodes.Const) else None) for each in given]
        if isinstance(node.node, nodes.Name):
            shape, problem = called(node.node.name, arguments)
            if problem:
                code, message = problem
                self.report(node, node.node.name, code, f"{node.node.name}() {message}")
            return shape
        if isinstance(node.node, nodes.Getattr):
            base = self._ask(node.node.node)
            if base.kind == "text":
                return Shape("list", item=TEXT) if node.node.attr == "split" else TEXT
        return ANY

    def _filter(self, node: nodes.Filter) -> Shape:
        if node.node is None:
            return TEXT
        operand = self._ask(node.node) if node.name in LENIENT else self.shape(node.node)
        constants: dict[str | int, object] = {}
        arguments: dict[str | int, nodes.Expr] = {**dict(enumerate(node.args))}
        arguments.update({str(each.key): each.value for each in node.kwargs})
        for key, argument in arguments.items():
            self.shape(argument)
            constants[key] = argument.value if isinstance(argument, nodes.Const) else None
        path = path_of(node.node)
        shape, problem = filtered(node.name, operand, constants, nonempty=path in self.present)
        if problem:
            code, message = problem
            self.report(node, path or node.name, code, f'the filter "{node.name}" {message}')
        return shape

    def _comparison(self, node: nodes.Compare) -> Shape:
        shapes = [self._ask(node.expr), *(self._ask(each.expr) for each in node.ops)]
        if any(each.op in ("lt", "lteq", "gt", "gteq") for each in node.ops):
            parts = [node.expr, *(each.expr for each in node.ops)]
            for part, shape in zip(parts, shapes, strict=True):
                self._is_there(part, shape, "compared")
        return TRUTH

    def _sum(self, node: nodes.BinExpr) -> Shape:
        shapes = [self._operand(node, side, node.operator) for side in (node.left, node.right)]
        return next((shape for shape in shapes if shape.kind == "money"), NUMBER)

    def _operand(self, node: nodes.Node, side: nodes.Node, operator: str) -> Shape:
        shape = self.shape(side)
        path = path_of(side)
        if shape.kind not in (*_NUMBERS, "json", "any", "truth"):
            words = f'"{operator}" works on numbers, and {quoted(path) if path else "this"} is {kind_words(shape)}'
            self.report(node, path or operator, "E052", f'{words}; texts are joined by "~"')
            return ANY
        self._is_there(side, shape, "reckoned with")
        return shape.certain()

    def _is_there(self, node: nodes.Node, shape: Shape, use: str) -> None:
        if shape.missing and (path := path_of(node)):
            words = f"{quoted(path)} can be missing, and then it can't be {use}"
            self.report(node, path, "E052", f"{words}; write ({path} or 0), or put it into {{% if {path} %}}")

    def _printed(self, node: nodes.Node, shape: Shape) -> None:
        path = path_of(node)
        match shape.kind:
            case "list" if shape.name:
                if shape.missing and not self._alone(node):
                    mend = f"{{% set more = {WRITTEN} %}}{{% if more %}}…{{{{ more }}}}…{{% endif %}}"
                    words = f"there can be no {shape.name}, and then nothing is written for them; write {mend}"
                    self.report(node, path or shape.name, "W006", words, "warning")
            case "list":
                mend = 'join("、")'
                if shape.item and shape.item.kind == "record" and shape.item.fields:
                    name = "name" if "name" in shape.item.fields else next(iter(shape.item.fields))
                    mend = f'map(attribute="{name}", default="") | {mend}'
                words = f"{quoted(path) if path else 'this'} is a list; write its items"
                self.report(node, path or "", "E052", f"{words}: {{{{ {path or '…'} | {mend} }}}}")
            case "record":
                some = ", ".join(f"{path or '…'}.{name}" for name in list(shape.fields)[:3])
                words = f"{quoted(path) if path else 'this'} has fields and is no text itself"
                self.report(node, path or "", "E052", f"{words}; write one of them: {some}")
            case "money" if path:
                words = f"{quoted(path)} is an amount in fen, 5900 for 59元"
                self.report(node, path, "W006", f"{words}; write {{{{ {path} | yuan }}}}元", "warning")
            case "time" if path:
                words = f"{quoted(path)} is written like 2026-03-02 20:00:00+08:00"
                self.report(node, path, "W006", f"{words}; write {{{{ {path} | when }}}}", "warning")
            case _ if shape.missing and not self._alone(node):
                self._badly(node, path)

    def _badly(self, node: nodes.Node, path: str | None) -> None:
        if path:
            word = _WORDS.get(path, "…")
            mend = f'{{{{ {path} or "{word}" }}}}'
        else:
            path = next((each for part in node.iter_child_nodes() if (each := first_path(part))), None)
            mend = f"{{% if {path} %}}…{{% endif %}} around it"
        if path:
            words = f"{quoted(path)} can be missing, and then nothing is written for it"
            self.report(node, path, "W006", f"{words}; write {mend}", "warning")

    def _alone(self, node: nodes.Node) -> bool:
        """Whether nothing else stands in the line, so that its absence isn't seen."""
        line = self._lines[node.lineno - 1].strip() if node.lineno <= len(self._lines) else ""
        return re.fullmatch(r"\{\{[^{}]*\}\}", line) is not None


def _either(left: Shape | None, right: Shape | None) -> Shape:
    """What one or the other is; None is what isn't there."""
    if left is None or right is None:
        return (left or right or ANY).optional()
    if left.kind == right.kind and left.fields == right.fields and left.item == right.item:
        return left.optional(right.missing)
    if left.kind == "list" and right.kind == "list":
        return (left if left.item != ANY else right).certain().optional(left.missing or right.missing)
    return ANY.optional(left.missing or right.missing)
