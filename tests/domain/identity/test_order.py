"""Whatever the order and concurrency of the events, the same people come out of them: those of a union-find."""

import random
from collections.abc import Sequence

from emptying import start_over
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from identity.people import rules
from shop import Shop
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from api.http.problems import sqlstate
from domain.customers.identifiers import Ident, identify
from domain.customers.tables import Customer, Identifier
from domain.intake.ingest import Incoming
from domain.intake.tables import Event
from domain.store.clock import VirtualClock
from domain.store.work import Database

UNLIMITED = {kind: {"each": 1000} for kind in ("unionid", "member_no", "phone")}
Groups = Sequence[dict[str, str]]

groups = st.lists(
    st.dictionaries(
        st.sampled_from(["unionid", "member_no", "phone"]), st.integers(1, 9).map(str), min_size=1, max_size=2
    ).map(lambda who: {kind: f"1380000000{n}" if kind == "phone" else f"{kind}{n}" for kind, n in who.items()}),
    min_size=1,
    max_size=25,
)


def people_of(groups: Groups) -> set[frozenset[Ident]]:
    """The oracle: identifiers that are named together are of one person."""
    parent: dict[Ident, Ident] = {}

    def root(ident: Ident) -> Ident:
        while parent.setdefault(ident, ident) != ident:
            ident = parent[ident]
        return ident

    for group in groups:
        first, *others = identify(None, group)
        for other in others or (first,):
            parent[root(other)] = root(first)
    people: dict[Ident, set[Ident]] = {}
    for ident in parent:
        people.setdefault(root(ident), set()).add(ident)
    return {frozenset(each) for each in people.values()}


def kept(shop: Shop) -> set[frozenset[Ident]]:
    people: dict[int, set[Ident]] = {}
    with shop.db() as session:
        merged = {row.id: row.merged_into for row in session.exec(select(Customer))}
        for row in session.exec(select(Identifier)):
            assert merged[row.customer_id] is None
            people.setdefault(row.customer_id, set()).add((row.kind, row.value))
        for row in session.exec(select(Event)):
            assert row.customer_id is not None
            assert merged[row.customer_id] is None
            assert {tuple(each.split(":", 1)) for each in row.identifiers or ()} <= people[row.customer_id]
        assert all(merged[into] is None for into in merged.values() if into is not None)
    return {frozenset(each) for each in people.values()}


def events(shop: Shop, groups: Groups) -> list[Incoming]:
    now = shop.clock.now()
    return [
        Incoming("test", str(number), "product.viewed", now, {}, identify(None, group))
        for number, group in enumerate(groups)
    ]


@given(groups, st.sampled_from([1, 3, 25]))
@settings(max_examples=25, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_the_people_are_those_of_the_oracle(db: Database, clock: VirtualClock, groups: Groups, size: int) -> None:
    start_over(db.bind)
    shop = Shop(db, clock)
    rules(shop, kinds=UNLIMITED)
    incoming = events(shop, groups)
    for first in range(0, len(incoming), size):
        shop.take(*incoming[first : first + size])
    assert kept(shop) == people_of(groups)


def test_the_same_people_come_out_when_all_comes_at_once(shop: Shop) -> None:
    rules(shop, kinds=UNLIMITED, most_identifiers=1000)
    pick = random.Random(7)
    groups = []
    for _ in range(160):
        unionid, phone, member = (pick.randrange(20) for _ in range(3))
        who = {"unionid": f"u{unionid}", "phone": f"138000001{phone:02}", "member_no": f"m{member}"}
        groups.append({kind: who[kind] for kind in pick.sample(sorted(who), pick.choice([1, 2, 2]))})
    incoming = events(shop, groups)
    pick.shuffle(incoming)
    batches = [incoming[first : first + 4] for first in range(0, len(incoming), 4)]
    shop.at_once(*(lambda batch=batch: again(shop, batch) for batch in batches))
    assert len(shop.rows(Event)) == len(groups)
    assert kept(shop) == people_of(groups)


def again(shop: Shop, batch: Sequence[Incoming]) -> None:
    """Take them as the API does: once more, if another transaction got in the way."""
    for _ in range(5):
        try:
            shop.take(*batch)
            return
        except OperationalError as error:
            if sqlstate(error) != "40P01":
                raise
    raise AssertionError("in each other's way too often")
