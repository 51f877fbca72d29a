"""Checks of what conditions refer to: fields and where they are known, events, segments."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from workflows.source.diagnostics import did_you_mean, quoted, slip_of
from workflows.source.tree import Node
from workflows.terms.comparing import DATE_PARTS
from workflows.terms.conditions import SUBJECTS, is_list
from workflows.terms.constants import (
    FIELD,
    PARTS,
    ROOTS,
    TYPES,
    FieldType,
    check_constants,
    measured_type,
)
from workflows.terms.measuring import FUNCTIONS
from workflows.terms.operands import OPERATORS
from workflows.terms.scope import Scope
from workflows.terms.values import is_money

_ABSENT = {
    "event": "there is no event to look at here; what began the journey is `trigger.…`",
    "trigger": "nothing has begun a journey here; the event being looked at is `event.…`",
    "lot": "there is a lot only in a journey `for_each: near_expiry_lot`, or begun by an event about one",
    "stream": "there is a stream only in a journey `for_each: near_expiry_lot`, or begun by an event about one",
    "coupon": "no step before this gives a coupon",
    "item": "there is an item only inside `some`, `every` and measures of lists",
}


FIELDS: Mapping[str, Collection[str]] = {root: TYPES[root] for root in ("lot", "stream", "coupon", "now")}
"""What there is to know of what isn't an event."""

DERIVED = ("orders", "spent", "last_order_at", "recency_days", "frequency", "value")
"""What is known of a customer by what they bought: kept orders, fen spent on them and when the last was paid; how many
whole days ago that was, and the first two by the names they have in RFM."""

QUINTILES = ("r", "f", "m")
"""Where a customer stands among all who ordered, by recency, frequency and value: 1 to 5, which is best."""

FORECASTS = ("likely_to_buy", "expected_value")
"""What is foretold of a customer: the chance of an order within 30 days, and 12 months' orders in fen."""

HABITS = ("usual_hour",)
"""What is seen of a customer: the hour of the day, 0 to 23, in which they are mostly about."""

RANKED = frozenset({*QUINTILES, *FORECASTS, *HABITS})
"""What is worked out of all customers at once, now and then, and kept with each."""

_FEW = 8
_SUBJECTS = frozenset(SUBJECTS)
_EVERYWHERE = frozenset({"now", "measure"})
_COUNTED = frozenset({"quantity", "watched_minutes"})
"""Fields that hold a number in whatever event they are."""


def check_condition(node: Node | None, scope: Scope) -> None:
    """Check a condition, as far as it is one."""
    if node is None:
        return
    if len(node.entries.keys() & _SUBJECTS) > 1:
        return
    if "field" in node.entries:
        check_field(node.get("field"), scope)
    if "within_km" in node.entries:
        check_field(node.get("of"), scope)
    elif "field" in node.entries:
        _check_compared(node, node.entries["field"].text or "", scope)
    _check_right_sides(node, scope)
    if "segment" in node.entries:
        check_segment(node.get("segment"), scope)
    if "tag" in node.entries:
        check_tag_given(node.get("tag"), scope)
    if "event" in node.entries:
        check_customer_event(node.get("event"), scope)
        check_event(node, scope)
    for key in ("some", "every"):
        if key in node.entries:
            named = node.entries[key]
            check_field(named, scope)
            _check_list(named, scope)
            check_condition(node.get("where"), scope.at_item_of(named.text))
    check_measure(node.get("measure"), scope)
    if "measure" in node.entries:
        _check_measured(node, node.entries["measure"], scope)
    for key in ("all", "any"):
        for part in node.entries[key].items if key in node.entries else ():
            check_condition(part, scope)
    check_condition(node.get("not"), scope)


def _check_right_sides(node: Node, scope: Scope) -> None:
    for key, value in node.entries.items():
        if key in ("where", "times", "all", "any", "not", "measure"):
            continue
        for right in (value, *value.items):
            check_field(right.get("field"), scope)
            if key in OPERATORS and right.bare and FIELD.fullmatch(right.text or ""):
                message = f"compared with the text {quoted(right.text)}; the field is written {{field: {right.text}}}"
                scope.source.report(right, "W005", message, "warning")


def _check_compared(node: Node, name: str, scope: Scope) -> None:
    """Check the constants that a field is compared with."""
    held = type_of(name, scope)
    check_constants(node, name, held, scope.source)
    root, _, path = name.partition(".")
    event = {"event": scope.event, "trigger": scope.trigger}.get(root) or root
    if check_name := _NAMING.get((event.partition(".")[0], path)):
        for right in filter(None, map(node.get, ("is", "is_not", "in", "not_in"))):
            for value in (right, *right.items):
                check_name(value, scope)


def _check_measured(node: Node, measure: Node, scope: Scope) -> None:
    """Check the constants that a measure is compared with."""
    for function in (name for name in FUNCTIONS if name in measure.entries):
        held = measured_type(function, type_of(measure.entries[function].text or "", _rows_of(measure, scope)))
        check_constants(node, function, held, scope.source)


def type_of(path: str, scope: Scope) -> FieldType | None:
    """What a field holds; None if that is unknown."""
    root, _, rest = path.partition(".")
    if root == "item" and scope.items is not None:
        listed = type_of(f"{scope.items}.{rest}", scope)
        return replace(listed, many=False) if listed is not None else None
    held = _types(root, scope)
    if path == "now.year" and scope.references is not None and scope.references.today is not None:
        return replace(PARTS["year"], least=scope.references.today.year)
    if rest in held:
        return held[rest]
    whole, _, part = rest.rpartition(".")
    if part in DATE_PARTS and whole in held:
        return PARTS[part] if held[whole].is_date else None
    if is_money(path):
        return FieldType("money", 0, many=".items." in path)
    return FieldType("number", many=".items." in path) if rest.rpartition(".")[2] in _COUNTED else None


def _types(root: str, scope: Scope) -> Mapping[str, FieldType]:
    described = scope.references.types if scope.references else {}
    event = {"event": scope.event, "trigger": scope.trigger, "customer": "customer.updated", "measure": root}.get(root)
    known = described.get(event or "", {})
    return {**known, **TYPES["customer"]} if root == "customer" else known or TYPES.get(root, {})


def check_event(node: Node, scope: Scope) -> None:
    """Check an event pattern: its type, and what its `where` says of it."""
    named = node.get("event")
    check_event_type(named, scope)
    check_condition(node.get("where"), scope.looking_at(named.text if named else None))
    times = node.get("times")
    if times is not None:
        _check_right_sides(times, scope)
        texts = [right for key, right in times.entries.items() if key in OPERATORS and right.text is not None]
        for right in texts:
            scope.source.report(right, "E013", "must be a whole number")
        if not texts:
            check_constants(times, "times", FieldType("number", 0), scope.source)


def check_measure(node: Node | None, scope: Scope) -> None:
    """Check what a measure is worked out of."""
    named = node.get("of") if node is not None else None
    if node is None or named is None or named.text is None:
        return
    inner = _rows_of(node, scope)
    if inner.event != named.text:
        check_field(named, scope)
        _check_list(named, scope)
    else:
        check_customer_event(named, scope)
        check_event_type(named, scope)
    check_condition(node.get("where"), inner)
    for argument in (node.entries[name] for name in FUNCTIONS if name in node.entries):
        check_field(argument, inner)
        check_condition(argument if argument.entries else None, inner)


def _rows_of(measure: Node, scope: Scope) -> Scope:
    """The scope inside a measure: in view is one of the things that it is worked out of."""
    of = measure.entries["of"].text if "of" in measure.entries else None
    argument = next((measure.entries[name].text for name in FUNCTIONS if name in measure.entries), None)
    return scope.at_item_of(of) if of is not None and is_list(of, argument) else scope.looking_at(of)


def check_customer_event(node: Node | None, scope: Scope) -> None:
    """Where an event of the customer is awaited, one about the business never comes."""
    if node is not None and scope.references and node.text in scope.references.business:
        message = f"{node.text} is about the business, and happens to no customer; name it in the trigger or in `exit`"
        scope.source.report(node, "E060", message)


def check_event_type(node: Node | None, scope: Scope) -> None:
    """An event type close to a known one is a slip; one that is like no other may be the shop's own."""
    known = scope.references.events if scope.references else {}
    if node is None or node.text is None or not known or node.text in known:
        return
    name, hint = quoted(node.text), did_you_mean(node.text, known)
    if slip_of(node.text, known):
        scope.source.report(node, "E028", f"unknown event {name}{hint}")
    else:
        scope.source.report(node, "W002", f"nobody has described the event {name}{hint}", "warning")


def check_segment(node: Node | None, scope: Scope) -> None:
    """A segment must be in `_segments.yaml`."""
    if node is None or node.text is None or scope.references is None:
        return
    check_segment_name(node, node.text, scope)


def check_campaign(node: Node, scope: Scope) -> None:
    """A coupon campaign must be in `_coupons.yaml`."""
    if node.text is None or scope.references is None or node.text in scope.references.campaigns:
        return
    hint = did_you_mean(node.text, scope.references.campaigns) or what_there_is(scope.references.campaigns)
    scope.source.report(node, "E025", f"unknown coupon campaign {quoted(node.text)}{hint}")


def check_tag_given(node: Node | None, scope: Scope) -> None:
    """A tag that nobody gives is one that no customer has."""
    if node is None or node.text is None or _is_given("tag", node.text, scope):
        return
    if (given := _given("tag", scope)) is not None:
        hint = did_you_mean(node.text, given) or "; no step does, and no rule of _tags.yaml"
        scope.source.report(node, "W010", f"nobody gives the tag {quoted(node.text)}{hint}", "warning")


def _is_given(kind: str, name: str, scope: Scope) -> bool:
    """Whether a step or a rule gives customers the tag or field; the journey's own steps are asked first."""
    known = scope.references
    return known is not None and ((kind, name) in known.given or name in (_given(kind, scope) or ()))


def _given(kind: str, scope: Scope) -> Collection[str] | None:
    """The tags, or the fields of customers, that steps and rules give; None if nobody knows them."""
    known = scope.references
    if known is None or known.elsewhere is None:
        return None
    names = {name for each, name in (*known.given, *known.elsewhere()) if each == kind}
    return names | set(known.ruled) if kind == "tag" else names


_NAMING: Mapping[tuple[str, str], Callable[[Node, Scope], None]] = {
    ("segment", "segment"): check_segment,
    ("tag", "tag"): check_tag_given,
    ("coupon", "campaign"): check_campaign,
}
"""Fields that hold the name of something, by the first word of their event's type, and what checks such a name."""


def check_segment_name(node: Node, name: str, scope: Scope) -> None:
    """The same for a name that is only a part of the node's text."""
    if scope.references and name not in scope.references.segments:
        hint = did_you_mean(name, scope.references.segments) or what_there_is(scope.references.segments)
        scope.source.report(node, "E026", f"unknown segment {quoted(name)}{hint}")


def what_there_is(names: Collection[str]) -> str:
    """`; there are …`, as long as the names are few."""
    return f"; there are {', '.join(sorted(names))}" if 0 < len(names) <= _FEW else ""


def check_field(node: Node | None, scope: Scope, *, sure: bool = False) -> None:
    """A field must begin with a root that is known here; of a known event type, its name is checked too.

    With `sure`, one that isn't known to come is no good.
    """
    if node is None or node.text is None:
        return
    root, _, rest = node.text.partition(".")
    if root not in ROOTS:
        hint = did_you_mean(root, ROOTS) or f"; it begins with one of {', '.join(ROOTS)}"
        scope.source.report(node, "E027", f"unknown field {quoted(node.text)}{hint}")
    elif not rest or not all(rest.split(".")):
        scope.source.report(node, "E027", f"{quoted(node.text)} names no field; write it like `{root}.name`")
    elif root not in scope.roots | _EVERYWHERE:
        scope.source.report(node, "E029", f"{quoted(node.text)} is not known here: {_ABSENT[root]}")
    elif root in FIELDS and rest.split(".")[0] not in FIELDS[root]:
        hint = did_you_mean(rest, FIELDS[root]) or f"; it has {', '.join(sorted(FIELDS[root]))}"
        scope.source.report(node, "E027", f"a {root} has no field {quoted(rest)}{hint}")
    elif root == "customer":
        _check_customer_field(node, rest, scope)
    elif root == "event":
        _check_event_field(node, rest, scope.event, scope, sure=sure)
    elif root == "trigger":
        _check_event_field(node, rest, scope.trigger, scope, sure=sure)
    elif root == "item":
        _check_item_field(node, rest, scope)
    elif root == "measure" and scope.references and rest.partition(".")[0] not in scope.references.measures:
        known = scope.references.measures
        hint = did_you_mean(rest, known) or "; measures are named in _tags.yaml"
        scope.source.report(node, "E027", f"unknown measure {quoted(rest)}{hint}")


def _check_customer_field(node: Node, name: str, scope: Scope) -> None:
    """Anything may be known of a customer; what is close to a described field is a slip, if no journey sets it."""
    first, described = name.partition(".")[0], described_of_customers(scope)
    known = {*described, *DERIVED, *RANKED}
    if not described or first in known or _is_given("field", first, scope):
        return
    if meant := slip_of(first, known):
        scope.source.report(node, "E027", f"a customer has no field {quoted(first)}; did you mean {quoted(meant)}?")
    elif (given := _given("field", scope)) is not None:
        message = f"nobody has described the field {quoted(first)} of a customer, and no journey sets it"
        message += did_you_mean(first, [*known, *given]) or "; if none comes, the comparison is false"
        scope.source.report(node, "W003", message, "warning")


def described_of_customers(scope: Scope) -> Collection[str]:
    """The fields that the catalogue describes of customers."""
    return (scope.references.events.get("customer.updated") if scope.references else None) or ()


def _check_list(node: Node, scope: Scope) -> None:
    """A described field that has no parts is no list of things that have some."""
    root, _, path = (node.text or "").partition(".")
    known = _known_fields(root, scope) or ()
    lists = {name.partition(".")[0] for name in known if "." in name}
    if path in known and path not in lists:
        there = f"; {root}.{' and '.join(sorted(lists))} is" if lists else ""
        scope.source.report(node, "E027", f"{quoted(node.text)} is no list of items{there}")


def _known_fields(root: str, scope: Scope) -> Collection[str] | None:
    """The described fields of the event in view, or of the one that began the journey."""
    event = {"event": scope.event, "trigger": scope.trigger}.get(root)
    return scope.references.events.get(event) if scope.references and event else None


def _check_item_field(node: Node, name: str, scope: Scope) -> None:
    """What the items of an event's list have is known where the event is."""
    root, _, path = (scope.items or "").partition(".")
    known = _known_fields(root, scope)
    names = {each.removeprefix(f"{path}.") for each in known or () if each.startswith(f"{path}.")}
    if not names or name in names:
        return
    hint = did_you_mean(name, names) or f"; they have {', '.join(sorted(names))}"
    if slip_of(name, names):
        scope.source.report(node, "E027", f"the items of `{scope.items}` have no field {quoted(name)}{hint}")
    else:
        message = f"the items of `{scope.items}` are not known to have a field {quoted(name)}{hint}"
        scope.source.report(node, "W003", message, "warning")


def _check_event_field(node: Node, name: str, event: str | None, scope: Scope, *, sure: bool) -> None:
    known = scope.references.events.get(event) if scope.references and event else None
    whole, _, part = name.rpartition(".")
    if known is None or name in known or (whole in known and part in DATE_PARTS):
        return
    if sure or slip_of(name, known):
        hint = did_you_mean(name, known) or f"; it has {', '.join(sorted(known)) or 'none'}"
        scope.source.report(node, "E027", f"{event} has no field {quoted(name)}{hint}")
    else:
        message = f"{event} is not known to have a field {quoted(name)}; if none comes, the comparison is false"
        scope.source.report(node, "W003", message, "warning")
