"""Conditions are read twice, in Python and in SQL: random ones over random customers must come out alike."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlmodel import Session, select

from domain.conditions.facts import CustomerFacts
from domain.conditions.sets import selecting
from domain.conditions.sql import matching
from domain.customers.tables import Customer, CustomerTag, Order
from domain.intake.tables import Event
from domain.published.library import Library
from domain.stock.tables import Stream
from domain.store.work import Database
from workflows.language.policy import Policy
from workflows.language.tags import Tags
from workflows.terms.comparing import NOW_PARTS
from workflows.terms.conditions import Condition, is_list
from workflows.terms.measuring import FUNCTIONS
from workflows.terms.operands import OPERATORS

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
TREES = 36
"""In each of the states below."""

TEXTS = (
    "", "a", "ab", "B", "é", "上海", "上海市", "😀", "\uffff", "1", "1.0", "true", "null", "[]", "%", "_", "'", "\\",
    '"',     "2026-03-01", "2026-02-30", "0000-01-01", "2026-03-02T04:00Z", "2026-03-02T12:00:00+08:00", "9999-12-31",
    "2026-03-02 04:00:00.0000001", "2026-03-02t04:00:00.123456789z", "0001-01-01T00:00:00+23:59", "24:00",
    "2026-03-02T24:00", "2026-03-02T23:59:60Z", "2026-W10-1", "2026-03-02T03:59:59-00:00", "2026-03-01\n",
    "2026-03-02T00:00-23:59", "20260301", "2026-03-08T02:30", "2026-11-01T01:30", "--03-02", "02-29", "02-30",
    "2026-03-02T12:00", "2026-03-02T04:00:00", "2026-03-02", "9999-12-31T23:00-03:00", "٢٠٢٦-03-01",
)  # fmt: skip
NUMBERS = (0, 1, 2, 3, -1, 2**53 + 1, 10**23, 10**30, 0.1, 1.0, -0.0, 2.5, 1e16, 1e23, float(2**53), 1e-7, 15, 9900)
OFTEN: st.SearchStrategy[Any] = st.sampled_from((1, 2, "a", "2026-03-02T04:00Z", True))
SCALARS: st.SearchStrategy[Any] = OFTEN | OFTEN | st.sampled_from((*TEXTS, *NUMBERS, True, False))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | SCALARS | OFTEN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("a", "b", "0", "")), inner, max_size=2)
    ),
    max_leaves=5,
)
ITEMS = st.lists(st.none() | st.dictionaries(st.sampled_from(("a", "b")), JSON, max_size=2) | SCALARS, max_size=3)
PLACES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "lat": st.sampled_from((0, 30.25, 30.3, 89.9, -90, 91, True, "30")),
        "lon": st.sampled_from((120, 120.1, -180, 180, 1e30)),
    }
)
DATA = st.fixed_dictionaries(
    {"a": JSON},
    optional={
        **dict.fromkeys(("b", "0", "", "name", "é'\"\\"), JSON),
        "list": ITEMS | st.lists(PLACES, max_size=2),
        "place": PLACES | JSON,
    },
)
PATHS = st.sampled_from(
    (
        "a",
        "b",
        "0",
        "",
        "name",
        "é'\"\\",
        "a.a",
        "a.b",
        "a.0",
        "a.b.a",
        "a.",
        "b.a",
        "name.a",
        "orders.a",
        "a.year",
        "a.month",
        "b.day",
        "a.weekday",
        "a.b.day",
        "a.year.day",
    )
)
OWN = st.sampled_from(("customer.a", "event.a")) | st.builds(
    "{}.{}".format, st.sampled_from(("customer", "event")), PATHS
)
ITEM = st.builds("item.{}".format, PATHS)
FIELDS = (
    OWN
    | st.builds("{}.{}".format, st.sampled_from(("trigger", "lot", "stream", "coupon", "nothing")), PATHS)
    | st.sampled_from(("customer.orders", "customer.spent", "customer.last_order_at", "customer.timezone", "customer"))
    | st.sampled_from(("customer.recency_days", "customer.frequency", "customer.value", "customer.value.a"))
    | st.sampled_from(("customer.last_order_at.weekday", "stream.starts_at.day", "trigger.a.weekday"))
    | st.sampled_from(("stream.starts_at", "stream.starts_at.a", "lot.days_left", "event"))
    | st.sampled_from(("now", "now.a"))
    | st.sampled_from(("measure.watched", "measure.last", "measure.last.a", "measure.both", "measure.own", "measure.x"))
)
TYPES = st.sampled_from(("order.paid", "seen", "left"))
TAGS = st.sampled_from(("vip", "old", "上海"))
SEGMENTS = st.sampled_from(("rich", "nested", "unknown"))
WITHIN = st.sampled_from(("1h", "1d", "30d", "5000w", "1 show", "2 shows", "5 shows"))
MOMENTS = st.sampled_from(
    [NOW - timedelta(hours=hours) for hours in (0, 1, 23, 24, 25, 720, 5000)]
    + [NOW + timedelta(microseconds=1), NOW - timedelta(microseconds=1), NOW + timedelta(days=1)]
)
RIGHT = SCALARS | st.builds(lambda field: {"field": field}, FIELDS)


@st.composite
def comparisons(draw: st.DrawFn, right: st.SearchStrategy[Any] = RIGHT) -> dict[str, Any]:
    """One operator, seldom two."""
    asked = {}
    for operator in draw(st.lists(st.sampled_from(OPERATORS), min_size=1, max_size=2)):
        if operator == "exists":
            asked[operator] = draw(st.booleans())
        elif operator in ("in", "not_in"):
            asked[operator] = draw(st.lists(right, max_size=4) | st.builds(lambda field: {"field": field}, FIELDS))
        else:
            asked[operator] = draw(right)
    return asked


def leaves(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Events whose `where` is one of the conditions given."""
    few = st.sampled_from((0, 1, 2, 3)) | st.builds(lambda field: {"field": field}, FIELDS)
    extras = {"where": inner, "within": WITHIN, "times": comparisons(few)}
    return st.fixed_dictionaries({"event": TYPES}, optional=extras)


LEAF = st.builds(lambda field, asked: {"field": field, **asked}, OWN | FIELDS, comparisons())
ABOUT_ITEMS = st.builds(lambda field, asked: {"field": field, **asked}, ITEM, comparisons())
LISTS = OWN | ITEM | st.sampled_from(("customer.list", "event.list", "trigger.list"))


def lists(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What some or all items of a list are."""
    return st.builds(
        lambda kind, name, where: {kind: name, "where": where},
        st.sampled_from(("some", "every")), LISTS, ABOUT_ITEMS | inner,
    )  # fmt: skip


def measures(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Measures of events and of lists."""
    few = RIGHT | st.sampled_from((0, 1, 2, 3, 0.5, 0.333333, 0.666667, 1.5))
    return st.one_of(measured("event", TYPES, inner, few), measured("item", LISTS, inner, few))


@st.composite
def measured(
    draw: st.DrawFn,
    root: str,
    of: st.SearchStrategy[str],
    inner: st.SearchStrategy[Any],
    right: st.SearchStrategy[Any],
) -> dict[str, Any]:
    function = draw(st.sampled_from(FUNCTIONS))
    argument: Any = f"{root}.{draw(st.sampled_from(('a', 'b', 'a.a', 'list', 'list.a')))}"
    if function == "count":
        argument = True
    elif function == "share":
        argument = {"field": argument, **draw(comparisons())}
    measure: dict[str, Any] = {function: argument, "of": draw(of)}
    if root == "item" and not is_list(measure["of"], argument):
        measure["of"] = f"event.{measure['of'].partition('.')[2]}"
    if draw(st.booleans()):
        measure["where"] = draw(inner)
    if root == "event" and draw(st.booleans()):
        measure["within"] = draw(WITHIN)
    return {"measure": measure, **draw(comparisons(right))}


PLACED = st.sampled_from(("customer.place", "customer.list", "event.place", "item.place", "trigger.place", "lot.a"))
NEAR = st.builds(
    lambda field, of, km: {"field": field, "of": of, "within_km": km},
    PLACED, PLACED, st.sampled_from((0.1, 5, 163.7, 20_000)),
)  # fmt: skip
PRESENT = st.builds(
    lambda part, value: {"field": f"now.{part}", "is": value},
    st.sampled_from(NOW_PARTS), st.sampled_from((0, 1, 2, 3, 4, 12, 23, 2026, "sunday", "monday")),
)  # fmt: skip
PLAIN = (
    LEAF
    | NEAR
    | PRESENT
    | st.builds(lambda name: {"tag": name}, TAGS)
    | st.builds(lambda name: {"segment": name}, SEGMENTS)
)
TREE = st.recursive(
    PLAIN | leaves(PLAIN) | lists(PLAIN) | measures(PLAIN),
    lambda inner: (
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda part: {"not": part}, inner)
        | leaves(inner)
        | lists(inner)
        | measures(inner)
    ),
    max_leaves=4,
)
NAMED = {
    "watched": {"sum": "event.a", "of": "left", "within": "3 shows"},
    "last": {"latest": "event.b", "of": "seen", "where": {"field": "event.a", "exists": True}},
    "both": {
        "average": "event.a",
        "of": "order.paid",
        "where": {"field": "event.a", "above": {"field": "measure.watched"}},
    },
    "own": {"count": True, "of": "customer.list", "where": {"field": "item.a", "is": {"field": "now.month"}}},
}
READ: TypeAdapter[Condition] = TypeAdapter(Condition)
CUSTOMER = st.fixed_dictionaries(
    {
        "name": st.none() | st.sampled_from(TEXTS),
        "timezone": st.sampled_from((None, "Asia/Shanghai", "America/New_York")),
        "fields": DATA,
        "events": st.lists(st.tuples(TYPES, MOMENTS, DATA), max_size=4),
        "orders": st.lists(st.tuples(MOMENTS, st.sampled_from((0, 1, 2, 9900)), st.integers(0, 2)), max_size=3),
        "tags": st.dictionaries(TAGS, st.none() | MOMENTS, max_size=2),
    }
)
KNOWN = st.fixed_dictionaries(
    {
        "event": st.none() | DATA,
        "trigger": DATA,
        "lot": st.none() | DATA.map(lambda data: {**data, "days_left": 3}),
        "stream": st.none() | st.builds(lambda data, at: {**data, "starts_at": at}, DATA, MOMENTS),
    }
)


@dataclass(frozen=True)
class Shop:
    """A database state, and what is the same for all its customers."""

    session: Session
    library: Library
    known: dict[str, Any]

    def in_python(self, condition: Condition) -> set[int]:
        return {
            customer.id for customer in self.session.exec(select(Customer)) if self.facts(customer).holds(condition)
        }

    def in_sql(self, condition: Condition) -> set[int]:
        held = matching(condition, self.library, NOW, **self.known)
        return set(self.session.exec(select(Customer.id).where(held)))

    def in_sets(self, condition: Condition) -> set[int]:
        """Asked of all at once, who have nothing but themselves in view."""
        return set(self.session.exec(select(Customer.id).where(selecting(condition, self.library, NOW))))

    def each_alone(self, condition: Condition) -> set[int]:
        """The same, asked of one after the other."""
        return set(self.session.exec(select(Customer.id).where(matching(condition, self.library, NOW))))

    def facts(self, customer: Customer) -> CustomerFacts:
        known = self.known
        facts = CustomerFacts(self.session, self.library, customer, NOW, event=known["event"], trigger=known["trigger"])
        facts.__dict__.update(lot=known["lot"], stream=known["stream"])
        return facts


def stock(session: Session, people: list[dict[str, Any]]) -> None:
    """Write the customers down."""
    for number, person in enumerate(people):
        customer = Customer(name=person["name"], timezone=person["timezone"], fields=person["fields"], created_at=NOW)
        session.add(customer)
        session.flush()
        for index, (kind, at, data) in enumerate(person["events"]):
            session.add(Event(source="test", event_id=f"{number}/{index}", type=kind, time=at, received_at=NOW,
                              customer_id=customer.id, data=data))  # fmt: skip
        for index, (at, total, refunded) in enumerate(person["orders"]):
            session.add(Order(order_id=f"{number}/{index}", customer_id=customer.id, paid_at=at, total=total,
                              refunded=min(total, refunded)))  # fmt: skip
        for tag, until in person["tags"].items():
            session.add(CustomerTag(customer_id=customer.id, tag=tag, until=until))
    for hours in (-1, 0, 1, 24, 720):
        session.add(Stream(stream_id=f"s{hours}", starts_at=NOW - timedelta(hours=hours)))
    session.flush()
    session.expire_all()


SEGMENTED = {
    "rich": {"field": "customer.spent", "at_least": 100},
    "nested": {"any": [{"segment": "rich"}, {"not": {"event": "seen", "where": {"field": "event.a", "exists": True}}}]},
}


MEASURES = Tags.model_validate({"measures": NAMED}).measures


FEW = settings(
    max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
PEOPLE = st.lists(CUSTOMER, min_size=12, max_size=12)
"""More than these, with the conditions, are more than Hypothesis makes at once: most would be thrown away."""


@given(PEOPLE, KNOWN, st.lists(TREE, min_size=TREES // 3, max_size=TREES // 3))
@FEW
def test_trees(db: Database, people: list[dict[str, Any]], known: dict[str, Any], trees: list[dict[str, Any]]) -> None:
    """Everything that conditions are made of, one in the other."""
    agree(db, people, known, trees, at_once=True)


@given(PEOPLE, KNOWN, st.lists(LEAF, min_size=TREES, max_size=TREES))
@FEW
def test_comparisons(
    db: Database, people: list[dict[str, Any]], known: dict[str, Any], leaves: list[dict[str, Any]]
) -> None:
    """Each operator, between whatever is stored and whatever is asked."""
    agree(db, people, known, leaves)


FEW_NUMBERS = st.sampled_from((0, 1, 2, 3, -1))
PLAIN_RIGHT = st.sampled_from((0, 1, 2, "a", "上海", '"', True, False))
ASKED_PLAINLY = st.one_of(
    st.fixed_dictionaries({"is": PLAIN_RIGHT}),
    st.fixed_dictionaries({"in": st.lists(PLAIN_RIGHT, min_size=1, max_size=2)}),
    *(st.fixed_dictionaries({name: FEW_NUMBERS}) for name in ("at_least", "at_most", "above", "below")),
)
MORE_ASKED = st.one_of(
    ASKED_PLAINLY,
    st.fixed_dictionaries({"is_not": PLAIN_RIGHT}),
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.fixed_dictionaries({"not_in": st.lists(PLAIN_RIGHT, max_size=2)}),
    st.fixed_dictionaries({"at_least": st.sampled_from((0.5, 1.5)), "below": FEW_NUMBERS}),
)
OF_ITEM = st.builds(lambda path, asked: {"field": f"item.{path}", **asked}, st.sampled_from(("a", "b")), ASKED_PLAINLY)
OF_EVENT = st.one_of(
    st.builds(
        lambda path, asked: {"field": f"event.{path}", **asked},
        st.sampled_from(("a", "list", "a.a", "list.a", "b.b")), MORE_ASKED,
    ),
    st.builds(
        lambda name, where: {"some": f"event.{name}", "where": where}, st.sampled_from(("a", "list")),
        OF_ITEM | st.lists(OF_ITEM, min_size=1, max_size=2).map(lambda parts: {"all": parts}),
    ),
)  # fmt: skip
PLAINLY = st.one_of(
    st.builds(
        lambda path, asked: {"field": f"customer.{path}", **asked},
        st.sampled_from(("a", "b", "list", "place", "name", "orders", "spent", "frequency", "value", "recency_days")),
        MORE_ASKED,
    ),
    st.builds(
        lambda function, of, more, asked: {
            "measure": {function: True if function == "count" else "event.a", "of": of, **more}, **asked
        },
        st.sampled_from(("sum", "count", "average", "min", "max")), TYPES,
        st.fixed_dictionaries({}, optional={"within": WITHIN, "where": OF_EVENT}), MORE_ASKED,
    ),
    st.builds(
        lambda of, share, asked: {"measure": {"share": share, "of": of}, **asked}, TYPES, OF_EVENT, MORE_ASKED
    ),
    st.builds(lambda asked: {"field": "measure.watched", **asked}, MORE_ASKED),
    st.fixed_dictionaries(
        {"event": TYPES},
        optional={
            "within": WITHIN, "where": OF_EVENT | OF_EVENT.map(lambda each: {"not": each}),
            "times": st.dictionaries(st.sampled_from(("is", "is_not", "at_least", "below")), FEW_NUMBERS, min_size=1),
        },
    ),
    st.builds(lambda tag: {"tag": tag}, TAGS),
    st.builds(lambda segment: {"segment": segment}, SEGMENTS),
)  # fmt: skip
PLAIN_TREES = st.recursive(
    PLAINLY,
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        *(st.builds(lambda name, parts: {name: parts}, st.just(name), st.lists(inner, min_size=1, max_size=3))
          for name in ("all", "any")),
    ),
    max_leaves=4,
)  # fmt: skip


@given(PEOPLE, KNOWN, st.lists(PLAIN_TREES, min_size=TREES // 3, max_size=TREES // 3))
@FEW
def test_what_is_asked_of_all_at_once(
    db: Database, people: list[dict[str, Any]], known: dict[str, Any], trees: list[dict[str, Any]]
) -> None:
    """Leaves that are read once for everybody."""
    agree(db, people, known, trees, at_once=True)


@given(PEOPLE, KNOWN, st.lists(PLAIN_TREES, min_size=TREES // 3, max_size=TREES // 3))
@settings(FEW, max_examples=2)
def test_of_many_events_only_the_newest_are_looked_at(
    db: Database, people: list[dict[str, Any]], known: dict[str, Any], trees: list[dict[str, Any]]
) -> None:
    """Who has more than that is asked by himself."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("workflows.terms.measuring", "domain.conditions.sql"):
            patch.setattr(f"{module}.MOST_EVENTS", 1)
        agree(db, people, known, trees, at_once=True, in_python=False)


@given(PEOPLE, KNOWN, st.lists(PRESENT, min_size=TREES // 3, max_size=TREES // 3))
@FEW
def test_the_present(
    db: Database, people: list[dict[str, Any]], known: dict[str, Any], conditions: list[dict[str, Any]]
) -> None:
    """The day and the hour, where the customer lives."""
    agree(db, people, known, conditions)


@given(PEOPLE, KNOWN, st.lists(NEAR, min_size=TREES // 3, max_size=TREES // 3))
@FEW
def test_what_is_near(
    db: Database, people: list[dict[str, Any]], known: dict[str, Any], conditions: list[dict[str, Any]]
) -> None:
    """Locations, what is none, and lists of either."""
    agree(db, people, known, conditions)


@given(PEOPLE, KNOWN, st.lists(measures(PLAIN), min_size=TREES // 3, max_size=TREES // 3))
@FEW
def test_measures(
    db: Database, people: list[dict[str, Any]], known: dict[str, Any], measures: list[dict[str, Any]]
) -> None:
    """Each function, of events and of lists of whatever is in them."""
    agree(db, people, known, measures)


def agree(
    db: Database,
    people: list[dict[str, Any]],
    known: dict[str, Any],
    conditions: list[dict[str, Any]],
    *,
    at_once: bool = False,
    in_python: bool = True,
) -> None:
    """In a shop of these customers, each condition holds for the same ones either way, perhaps also asked of all."""
    with db() as session:
        stock(session, people)
        segments = {name: READ.validate_python(each) for name, each in SEGMENTED.items()}
        shop = Shop(session, Library(Policy(), segments, {}, {}, {}, measures=MEASURES), known)
        for each in conditions:
            condition = READ.validate_python(each)
            assert not in_python or shop.in_sql(condition) == shop.in_python(condition), each
            assert not at_once or shop.in_sets(condition) == shop.each_alone(condition), each
