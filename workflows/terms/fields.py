"""Checks of what conditions refer to: fields and where they are known, events, segments."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workflows.source.diagnostics import did_you_mean, quoted, slip_of
from workflows.source.tree import Node, Source
from workflows.terms.calendar import WEEKDAYS
from workflows.terms.comparing import DATE_PARTS, NOW_PARTS
from workflows.terms.conditions import SUBJECTS, is_list
from workflows.terms.limits import Limits
from workflows.terms.measuring import FUNCTIONS
from workflows.terms.operands import OPERATORS
from workflows.terms.values import MONEY_FUNCTIONS, is_money, parse_money

ROOTS = ("customer", "event", "trigger", "lot", "stream", "coupon", "item", "now", "measure")

_ABSENT = {
    "event": "there is no event to look at here; what began the journey is `trigger.…`",
    "trigger": "nothing has begun a journey here; the event being looked at is `event.…`",
    "lot": "there is a lot only in a journey `for_each: near_expiry_lot`, or begun by an event about one",
    "stream": "there is a stream only in a journey `for_each: near_expiry_lot`, or begun by an event about one",
    "coupon": "no step before this gives a coupon",
    "item": "there is an item only inside `some`, `every` and measures of lists",
}


FIELDS: Mapping[str, Collection[str]] = {
    "lot": ("id", "sku", "name", "category", "city", "store", "location", "expires_on", "days_left", "available"),
    "stream": ("id", "title", "city", "starts_at"),
    "coupon": (
        "code", "campaign", "status", "expires_at", "name", "amount_off", "percent_off", "ceiling", "threshold",
        "valid", "per_customer", "budget_count", "budget_money", "products", "skus", "categories", "combines",
        "refund", "partial_refund", "sku",
    ),
    "now": NOW_PARTS,
}  # fmt: skip
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

Named = tuple[str, str]
"""A kind of thing that conditions ask for (`tag`, `segment`, `measure`) and its name."""

_COUNTING = ("sum", "count", "average", "distinct", "share")
"""Functions of measures that come to a number."""

_NUMBER = re.compile(
    r"customer\.(?:orders|recency_days|frequency|r|f|m|likely_to_buy)|lot\.(?:days_left|available)"
    r"|now\.(?:year|month|day|hour)|(?:event|trigger|item)\.(?:items\.)?quantity|event\.watched_minutes"
)
"""Fields that always hold a number, besides those of money."""

_CHOICES: Mapping[str, Sequence[str]] = {
    "coupon.status": ("issued", "locked", "redeemed", "expired", "revoked"),
    "now.weekday": WEEKDAYS,
}
"""Fields that hold one of a few texts."""

_FEW = 8
_SUBJECTS = frozenset(SUBJECTS)
_EVERYWHERE = frozenset({"now", "measure"})
_FIELD = re.compile(rf"(?:{'|'.join(ROOTS)})(?:\.[A-Za-z_]\w*)+")


@dataclass(frozen=True)
class References:
    """What a journey may refer to.

    `templates` gives the channels that each template has a text for, `variables` the names that each (template,
    channel) uses, `events` the dotted field names of each known event type (None: any field), `business` those
    types that are about no customer. Without any events, they are taken on trust. `policy` is what no journey may
    loosen. `ruled` are the tags that rules keep, `asked` what each segment asks for.
    """

    templates: Mapping[str, frozenset[str]] = field(default_factory=dict)
    campaigns: Collection[str] = frozenset()
    segments: Collection[str] = frozenset()
    webhooks: Collection[str] = frozenset()
    events: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    business: Collection[str] = frozenset()
    variables: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    policy: Limits | None = None
    measures: Collection[str] = frozenset()
    ruled: Collection[str] = frozenset()
    asked: Mapping[str, frozenset[Named]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """Where a condition stands: which fields it can ask for, and of which types the events it sees are."""

    source: Source
    references: References | None
    roots: frozenset[str]
    trigger: str | None = None
    event: str | None = None
    items: str | None = None
    """The list whose items are looked at."""

    def plus(self, *roots: str) -> "Scope":
        """The scope with more roots known."""
        return replace(self, roots=self.roots | set(roots))

    def minus(self, *roots: str) -> "Scope":
        """The scope with roots unknown."""
        return replace(self, roots=self.roots - set(roots))

    def looking_at(self, event: str | None) -> "Scope":
        """The scope inside the `where` of an event of this type."""
        return replace(self.plus("event"), event=event)

    def at_item_of(self, items: str | None) -> "Scope":
        """The scope inside the `where` about the items of a list."""
        if items is not None and items.startswith("item.") and self.items is not None:
            items = f"{self.items}.{items.removeprefix('item.')}"
        return replace(self.plus("item"), items=items)


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
    _check_amounts(node, scope)
    _check_kinds(node, scope)
    _check_right_sides(node, scope)
    if "segment" in node.entries:
        check_segment(node.get("segment"), scope)
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
            if key in OPERATORS and right.bare and _FIELD.fullmatch(right.text or ""):
                message = f"compared with the text {quoted(right.text)}; the field is written {{field: {right.text}}}"
                scope.source.report(right, "W005", message, "warning")


def _check_amounts(node: Node, scope: Scope) -> None:
    """An amount without its unit is fen, which few mean."""
    measure = node.get("measure")
    subject = node.get("field")
    if measure is not None:
        subject = next((measure.entries[name] for name in MONEY_FUNCTIONS if name in measure.entries), None)
    if subject is None or not is_money(subject.text or ""):
        return
    for key in OPERATORS:
        right = node.get(key)
        for amount in (right, *right.items) if right is not None else ():
            given = amount.value
            if isinstance(given, int | float) and not isinstance(given, bool) and given:
                message = f"{given} is {given / 100:.2f}元 here; write an amount of money like {given}元"
                scope.source.report(amount, "W008", message, "warning")


def _check_kinds(node: Node, scope: Scope) -> None:
    """What is always a number is never like a text, and what has a few values never has another."""
    measure, subject = node.get("measure"), node.get("field")
    function = next((name for name in _COUNTING if measure is not None and name in measure.entries), None)
    name = function or (subject.text if subject is not None else None) or ""
    is_number = function is not None or is_money(name) or _NUMBER.fullmatch(name) is not None
    choices = _CHOICES.get(name)
    for key in OPERATORS if is_number or choices else ():
        right = node.get(key)
        for value in (right, *right.items) if right is not None else ():
            text = value.text
            if text is None or (value.bare and _FIELD.fullmatch(text)):
                continue
            if choices is not None and text not in choices:
                hint = did_you_mean(text, choices) or f"; there are {', '.join(choices)}"
                scope.source.report(value, "E014", f"{name} is never {quoted(text)}{hint}")
            elif is_number and parse_money(text) is None and not (is_money(name) and re.search(r"\d", text)):
                example = "59元" if is_money(name) else "3"
                message = f"{quoted(text)} is no number, and {name} is always one; write it like {example}"
                scope.source.report(value, "E015", message)


def check_event(node: Node, scope: Scope) -> None:
    """Check an event pattern: its type, and what its `where` says of it."""
    named = node.get("event")
    check_event_type(named, scope)
    check_condition(node.get("where"), scope.looking_at(named.text if named else None))
    times = node.get("times")
    if times is not None:
        _check_right_sides(times, scope)
        for key, right in times.entries.items():
            if key in OPERATORS and right.text is not None:
                scope.source.report(right, "E013", "must be a whole number")


def check_measure(node: Node | None, scope: Scope) -> None:
    """Check what a measure is worked out of."""
    named = node.get("of") if node is not None else None
    if node is None or named is None or named.text is None:
        return
    arguments = [node.entries[name] for name in FUNCTIONS if name in node.entries]
    if is_list(named.text, arguments[0].text if arguments else None):
        check_field(named, scope)
        _check_list(named, scope)
        inner = scope.at_item_of(named.text)
    else:
        check_customer_event(named, scope)
        check_event_type(named, scope)
        inner = scope.looking_at(named.text)
    check_condition(node.get("where"), inner)
    for argument in arguments:
        check_field(argument, inner)
        check_condition(argument if argument.entries else None, inner)


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
    """Anything may be known of a customer; what is close to a described field is a slip."""
    described = scope.references.events.get("customer.updated") if scope.references else None
    first, known = name.partition(".")[0], {*(described or ()), *DERIVED, *RANKED}
    meant = slip_of(first, known) if described and first not in known else None
    if meant:
        scope.source.report(node, "E027", f"a customer has no field {quoted(first)}; did you mean {quoted(meant)}?")


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
