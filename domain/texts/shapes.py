"""What a text can name, and of which kind each value is: known before there is a customer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from domain.catalogue.data import CustomerData
from domain.catalogue.types import CATALOGUE
from domain.catalogue.wire import Fen
from workflows.language.needs import Need
from workflows.language.policy import CouponTerms
from workflows.plan.model import EventTrigger, Plan
from workflows.terms.conditions import AllCondition, FieldCondition, Measure
from workflows.terms.names.events import event_of
from workflows.terms.operands import FieldRef
from workflows.terms.values import MONEY_FUNCTIONS, is_money
from workflows.verbs.decide import Decide
from workflows.verbs.send import EventList, Send
from workflows.verbs.set import SetFields

Kind = Literal["text", "number", "money", "time", "truth", "list", "record", "json", "any"]
"""`json` is what nobody has described: whatever an event's data can hold, so no instant. `any` may be everything."""


@dataclass(frozen=True)
class Shape:
    """The kind of a value. `missing` says that it may not be there, `name` what a record is called."""

    kind: Kind
    missing: bool = False
    name: str = ""
    fields: Mapping[str, "Shape"] = field(default_factory=dict)
    item: "Shape | None" = None

    def optional(self, missing: bool = True) -> "Shape":
        """The same, but that it may not be there."""
        return replace(self, missing=True) if missing and not self.missing else self

    def surely(self) -> "Shape":
        """The same, and all that is in it is there."""
        fields = {name: shape.surely() for name, shape in self.fields.items()}
        return replace(self, missing=False, fields=fields, item=self.item.surely() if self.item else None)

    def certain(self) -> "Shape":
        """The same, and it is there."""
        return replace(self, missing=False) if self.missing else self


ANY, JSON, TEXT, NUMBER, MONEY = Shape("any"), Shape("json"), Shape("text"), Shape("number"), Shape("money")
TRUTH, TIME = Shape("truth"), Shape("time")


def _record(what: str, /, **fields: Shape) -> Shape:
    return Shape("record", name=what, fields=fields)


def _of_model(model: type[BaseModel], name: str) -> Shape:
    hints = get_type_hints(model, include_extras=True)
    fields = {
        key: _of_hint(hints[key], f"{name}.{key}").optional(not info.is_required())
        for key, info in model.model_fields.items()
    }
    return _record(name, **fields)


def _of_hint(hint: Any, name: str) -> Shape:
    if get_origin(hint) in (Union, UnionType):
        hint = next(alternative for alternative in get_args(hint) if alternative is not type(None))
    if get_origin(hint) is Annotated:
        inner = get_args(hint)[0]
        hint = inner if get_origin(inner) is list or issubclass(inner, BaseModel) else hint
    if get_origin(hint) is list:
        return Shape("list", item=_of_hint(get_args(hint)[0], name))
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _of_model(hint, name)
    if hint == Fen:
        return MONEY
    base = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    if base is bool:
        return TRUTH
    return NUMBER if base in (int, float) else TEXT  # days and instants are texts in an event's data


def constant(value: object) -> Shape:
    """The shape of what is written into a template."""
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int | float):
        return NUMBER
    return TEXT if isinstance(value, str) else ANY.optional(value is None)


def kind_words(shape: Shape) -> str:
    """What a value of this shape is, in words."""
    return {
        "text": "a text", "number": "a number", "money": "an amount of money", "time": "an instant", "list": "a list",
        "record": "no single value", "truth": "true or false",
    }.get(shape.kind, "unknown")  # fmt: skip


EVENTS: Mapping[str, Shape] = {name: _of_model(event_type.model, name) for name, event_type in CATALOGUE.items()}
"""The data of each known event type."""

COMPANIONS = Shape(
    "list", missing=True, name="companions", item=_record("companion", sku=TEXT, name=TEXT, category=TEXT.optional())
)
"""What goes with products: a list that reads as the names in it."""

SHOP = _record("shop", name=TEXT, sign=TEXT)
CUSTOMER = replace(_of_model(CustomerData, "customer"), name="customer")
LOT = _record(
    "lot", id=TEXT, sku=TEXT, name=TEXT.optional(), category=TEXT.optional(), city=TEXT.optional(),
    store=TEXT.optional(), location=_record("location", lat=NUMBER, lon=NUMBER).optional(),
    expires_on=TEXT, days_left=NUMBER, available=NUMBER,
)  # fmt: skip
STREAM = _record("stream", id=TEXT, title=TEXT.optional(), city=TEXT.optional(), starts_at=TIME)
_TERMS: Mapping[str, Shape] = {
    "name": TEXT, "amount_off": MONEY, "percent_off": NUMBER, "ceiling": MONEY, "threshold": MONEY,
    "budget_count": NUMBER, "budget_money": MONEY, "products": TEXT, "refund": TEXT, "sku": TEXT,
    "skus": Shape("list", item=TEXT), "categories": Shape("list", item=TEXT), "combines": TRUTH,
}  # fmt: skip
_ALWAYS = frozenset({"name", "threshold", "combines", "refund", "skus", "categories"})

ROOTS: Mapping[str, Shape] = {
    "shop": SHOP,
    "customer": CUSTOMER,
    "trigger": JSON,
    "data": JSON,
    "measure": JSON,
    "lot": LOT,
    "stream": STREAM,
    "coupon": _record(
        "coupon", code=TEXT, expires_at=TIME, campaign=TEXT.optional(), status=TEXT.optional(),
        **{name: shape.optional(name not in _ALWAYS) for name, shape in _TERMS.items()},
    ),
}  # fmt: skip
"""What any text can name, whoever sends it."""


def _coupon(terms: CouponTerms | None) -> Shape:
    """A coupon of a campaign; without one, of any."""
    coupon = ROOTS["coupon"]
    if terms is None:
        return coupon
    given = {name: shape.optional(getattr(terms, name) is None) for name, shape in _TERMS.items()}
    given["sku"] = TEXT.optional(terms.products != "lot")
    return replace(coupon, fields={**coupon.fields, **given})


@dataclass(frozen=True)
class Provided:
    """What a step provides for its texts: the shapes of their names, and the paths that its journey makes sure of."""

    shapes: Mapping[str, Shape]
    certain: frozenset[str] = frozenset()

    def surely(self) -> "Provided":
        """The same, as if nothing of it could be missing."""
        return replace(self, shapes={name: shape.surely() for name, shape in self.shapes.items()})


def _measure(measure: Measure) -> Shape:
    """What a measure comes to; a number of nothing but `count`, `distinct` and `sum` of events may be missing."""
    missing = measure.of_list or measure.function not in ("count", "distinct", "sum")
    if measure.function in ("latest", "first"):
        return JSON.optional()
    money = measure.function in MONEY_FUNCTIONS and is_money(str(measure.argument))
    return (MONEY if money else NUMBER).optional(missing)


def provided(plan: Plan, need: Need, campaigns: Mapping[str, CouponTerms], measures: Mapping[str, Measure]) -> Provided:
    """What the step that needs the text provides."""
    step = plan.steps[need.path]
    assert isinstance(step, Send)
    shapes = {**ROOTS, "trigger": trigger_shape(plan)}
    certain = frozenset(_asserted(plan, need.path))
    coupon_fields = _coupon(campaigns.get(step.coupon) if step.coupon else None)
    shapes["coupon"] = coupon_fields.optional(step.coupon is None or step.without_coupon == "send")
    begun_by_show = isinstance(plan.trigger, EventTrigger) and plan.trigger.event.startswith("stream.")
    shapes["stream"] = STREAM.optional(not begun_by_show)
    set_here = {name for other in plan.steps.values() if isinstance(other, SetFields) for name in other.fields}
    own = {name: JSON.optional() for name in sorted(set_here - CUSTOMER.fields.keys())}
    shapes["customer"] = replace(CUSTOMER, fields={**CUSTOMER.fields, **own})
    shapes["measure"] = _record("measure", **{name: _measure(each) for name, each in measures.items()})
    shapes["data"] = _record("data", **{key: _given(value, shapes) for key, value in step.data.items()})
    return Provided({name: shape for name, shape in shapes.items() if name in need.given}, certain)


def trigger_shape(plan: Plan) -> Shape:
    """The data of the event that begins the journey; of a type that nobody has described, anything."""
    trigger = plan.trigger
    if not isinstance(trigger, EventTrigger) and trigger.for_each.startswith("segment:"):
        return _record("trigger")
    event = trigger.event if isinstance(trigger, EventTrigger) else event_of(trigger.for_each)
    return EVENTS.get(event, JSON)


def _given(value: Any, shapes: Mapping[str, Shape]) -> Shape:
    """The shape of a value that a step hands to its text."""
    match value:
        case bool():
            return TRUTH
        case int() | float():
            return NUMBER
        case str():
            return TEXT
        case [first, *_]:
            return Shape("list", item=_given(first, shapes))
        case EventList(events=event):
            return Shape("list", item=EVENTS.get(event, JSON))
        case FieldRef(field=path):
            return _at(path, shapes).optional()
        case Mapping():
            return _record("data", **{str(key): _given(each, shapes) for key, each in value.items()})
    return JSON


def _at(path: str, shapes: Mapping[str, Shape]) -> Shape:
    root, *keys = path.split(".")
    shape = shapes.get(root, ANY)
    for key in keys:
        shape = shape.fields.get(key, JSON)
    return shape


def _asserted(plan: Plan, path: str) -> Iterator[str]:
    """The fields that are there whenever the step is reached, by the conditions on the way to it."""
    for condition in (plan.trigger.where, plan.audience):
        yield from _fields_of(condition)
    parts = path.split(".")
    for depth in range(2, len(parts)):
        ahead, label = ".".join(parts[: depth - 1]), parts[depth - 1]
        step = plan.steps.get(ahead)
        if isinstance(step, Decide):
            for branch in step.branches:
                if branch.label == label:
                    yield from _fields_of(branch.when)


def _fields_of(condition: Any) -> Iterator[str]:
    """The fields without which a condition doesn't hold."""
    match condition:
        case FieldCondition(field=name, exists=exists) if exists is not False:
            root, *keys = name.split(".")
            path = "trigger" if root == "event" else root
            yield path
            for key in keys:
                yield (path := f"{path}.{key}")
        case AllCondition():
            for part in condition.all:
                yield from _fields_of(part)
