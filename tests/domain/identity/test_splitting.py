"""Taking a join back: right after it both are what they were; what came since goes by its event's identifiers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from emptying import start_over
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from identity.people import rules, say, who
from shop import Shop
from sqlmodel import SQLModel

from domain.customers.consent import read_consents
from domain.customers.identifiers import identify
from domain.customers.tables import Customer, CustomerTag, IdentifierConflict, Order
from domain.identity.merging import merge
from domain.identity.splitting import SplitError, split
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, TrailEntry
from domain.store.clock import VirtualClock
from domain.store.work import Database

LI, WANG = {"phone": "13800000001"}, {"unionid": "u2"}
BOTH = LI | WANG
MINUTE = timedelta(minutes=1)
SPEC = """
    journey: cart
    trigger: {event: cart.updated}
    entry: {again: always}
    exit: [{event: cart.cleared}]
    steps: [{id: pause, wait: 1d}, {id: remind, send: remind, via: [sms]}]
"""
JOURNAL = {"identity_joins", "identity_moves", "identity_apart", "outbox", "metric_changes"}


def tick(shop: Shop) -> None:
    shop.clock.set(shop.clock.now() + MINUTE)


def take_apart(shop: Shop, customer: int, **ident: str) -> int:
    with shop.db.begin() as work:
        return split(work, customer, identify(None, ident), shop.clock.now(), "user:1")


def everything(shop: Shop) -> Mapping[str, list[Any]]:
    """Every row of every table but the journal's; how often identifiers changed doesn't count."""
    with shop.db() as session:
        return {
            table.name: sorted(
                str({name: value for name, value in row._mapping.items() if name not in ("identity", "revision")})
                for row in session.connection().execute(table.select())
            )
            for table in SQLModel.metadata.sorted_tables
            if table.name not in JOURNAL
        }


lives = st.lists(
    st.tuples(
        st.sampled_from([LI, WANG, {"openid": "o3"}]),
        st.sampled_from(
            [
                ("customer.updated", {"city": "杭州", "name": "李"}),
                ("customer.updated", {"city": "上海", "level": "gold"}),
                ("consent.given", {"channel": "sms"}),
                ("consent.withdrawn", {"channel": "sms"}),
                ("order.paid", {"total": 100}),
                ("cart.updated", {"cart_id": "k1", "total": 1}),
                ("product.viewed", {"sku": "a"}),
            ]
        ),
    ),
    min_size=2,
    max_size=14,
)


@given(lives, st.sampled_from([(True, WANG), (False, WANG), (False, LI)]))
@settings(max_examples=25, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_joined_and_split_everybody_is_as_before(
    db: Database, clock: VirtualClock, life: Any, parted: tuple[bool, dict[str, str]]
) -> None:
    twice, named = parted
    start_over(db.bind)
    shop = Shop(db, clock)
    shop.publish(SPEC)
    for ident in (LI, WANG, {"openid": "o3"}):
        say(shop, **ident)
    for number, (ident, (type, data)) in enumerate(life):
        tick(shop)
        say(shop, type, data | ({"order_id": f"o{number}"} if type == "order.paid" else {}), **ident)
    with shop.db.begin() as work:
        for ident, until in ((LI, shop.clock.now()), (WANG, None)):
            work.add(CustomerTag(customer_id=who(shop, **ident), tag="vip", until=until))
    before = everything(shop)
    first, second, third = (who(shop, **ident) for ident in (LI, WANG, {"openid": "o3"}))
    with shop.db.begin() as work:
        merge(work, second, third if twice else first, shop.clock.now(), "user:1", "the same")
    if twice:
        with shop.db.begin() as work:
            merge(work, third, first, shop.clock.now(), "user:1", "the same")
        assert take_apart(shop, first, **WANG) == second
        assert take_apart(shop, second, openid="o3") == third
    else:
        assert take_apart(shop, first, **named) == second
    assert everything(shop) == before


@pytest.mark.parametrize("first_back", [0, 1])
def test_of_two_joins_either_is_taken_back_first(shop: Shop, first_back: int) -> None:
    others = [WANG, {"openid": "o3"}]
    for number, ident in enumerate([LI, *others]):
        tick(shop)
        say(shop, "customer.updated", {"city": f"c{number}", f"own{number}": 1}, **ident)
    before = everything(shop)
    ids = [who(shop, **ident) for ident in others]
    for id in ids:
        with shop.db.begin() as work:
            merge(work, 1, id, shop.clock.now(), "user:1", "the same")
    for number in (first_back, 1 - first_back):
        assert take_apart(shop, 1, **others[number]) == ids[number]
    assert everything(shop) == before


class TestWhatCameSince:
    def test_goes_by_the_identifiers_of_its_event(self, shop: Shop) -> None:
        shop.publish(SPEC)
        say(shop, **LI)
        say(shop, **WANG)
        wang = who(shop, **WANG)
        say(shop, **BOTH)
        say(shop, "order.paid", {"order_id": "o1", "total": 1}, **LI)
        say(shop, "order.paid", {"order_id": "o2", "total": 2}, **WANG)
        say(shop, "cart.updated", {"cart_id": "k", "total": 2}, **WANG)
        say(shop, "customer.updated", {"city": "上海"}, openid="o2", **WANG)
        li = who(shop, **LI)
        assert take_apart(shop, li, **WANG) == wang
        assert {row.order_id: row.customer_id for row in shop.rows(Order)} == {"o1": li, "o2": wang}
        assert [row.customer_id for row in sorted(shop.rows(Event), key=lambda row: row.id)] == [
            li, wang, li, li, wang, wang, wang
        ]  # fmt: skip
        assert {row.customer_id for row in shop.rows(Enrollment)} == {wang}
        assert {row.customer_id for row in shop.rows(TrailEntry)} == {wang}
        assert who(shop, openid="o2") == wang
        fields = {row.id: row.fields for row in shop.rows(Customer)}
        assert (fields[li], fields[wang]) == ({}, {"city": "上海"})

    def test_does_not_keep_the_two_from_the_ids_of_before(self, shop: Shop) -> None:
        say(shop, **LI)
        say(shop, **WANG)
        li, wang = who(shop, **LI), who(shop, **WANG)
        say(shop, device_id="d1", **BOTH)
        assert take_apart(shop, li, **LI) == wang
        assert [who(shop, **each) for each in (LI, WANG, {"device_id": "d1"})] == [li, wang, li]

    def test_of_two_names_of_before_one_is_somebody_new(self, shop: Shop) -> None:
        say(shop, openid="o3", **LI)
        say(shop, **WANG)
        say(shop, **BOTH)
        new = take_apart(shop, who(shop, **LI), openid="o3")
        assert new not in (who(shop, **LI), None)
        assert who(shop, **LI) == who(shop, **WANG)

    @pytest.mark.parametrize("what", ["given", "withdrawn"])
    @pytest.mark.parametrize("speaker", [LI, WANG])
    def test_what_one_said_of_consent_is_not_what_the_other_said(
        self, shop: Shop, what: str, speaker: dict[str, str]
    ) -> None:
        for ident in (LI, WANG, BOTH):
            say(shop, **ident)
            tick(shop)
        say(shop, f"consent.{what}", {"channel": "sms"}, **speaker)
        take_apart(shop, who(shop, **LI), **WANG)
        with shop.db() as session:
            consents = read_consents(session, [who(shop, **LI), who(shop, **WANG)], ["+8613800000001"])
        for ident in (LI, WANG):
            address = "+8613800000001" if ident == LI else None
            said = consents.of(who(shop, **ident), "sms", address)
            assert said == ({"marketing": what == "given"} if ident == speaker else {})

    def test_an_enrollment_that_waits_goes_on_with_whom_it_is_of(self, shop: Shop) -> None:
        shop.publish(SPEC)
        say(shop, **LI)
        say(shop, "cart.updated", {"cart_id": "k", "total": 2}, **WANG)
        wang = who(shop, **WANG)
        say(shop, **BOTH)
        take_apart(shop, who(shop, **LI), **WANG)
        (enrollment,) = shop.rows(Enrollment)
        assert (enrollment.customer_id, enrollment.entered_as, enrollment.ending) == (wang, None, None)
        say(shop, "cart.cleared", {"cart_id": "k"}, **LI)
        assert shop.rows(Enrollment)[0].ending is None
        say(shop, "cart.cleared", {"cart_id": "k"}, **WANG)
        assert shop.rows(Enrollment)[0].ending == "exit"


def test_the_two_are_never_joined_again_by_an_event(shop: Shop) -> None:
    say(shop, **LI)
    say(shop, **WANG)
    say(shop, **BOTH)
    take_apart(shop, who(shop, **LI), **WANG)
    say(shop, **BOTH)
    assert who(shop, **LI) != who(shop, **WANG)
    assert [row.reason for row in shop.rows(IdentifierConflict)] == ["apart"]
    with shop.db.begin() as work:
        merge(work, who(shop, **LI), who(shop, **WANG), shop.clock.now(), "user:1", "asked them")
    say(shop, **BOTH)
    assert who(shop, **LI) == who(shop, **WANG)


def test_who_was_told_apart_from_one_is_from_whom_that_becomes(shop: Shop) -> None:
    rules(shop, kinds={"unionid": {"each": 5}})
    for ident in (LI, WANG, {"member_no": "m3"}):
        say(shop, **ident)
    say(shop, **BOTH)
    take_apart(shop, who(shop, **LI), **WANG)
    say(shop, member_no="m3", **LI)
    say(shop, member_no="m3", **WANG)
    assert who(shop, member_no="m3") != who(shop, **WANG)


def test_identifiers_that_no_join_brought_become_somebody_new(shop: Shop) -> None:
    say(shop, **BOTH)
    say(shop, "order.paid", {"order_id": "o1", "total": 1}, **LI)
    old = who(shop, **WANG)
    new = take_apart(shop, old, **LI)
    assert new != old
    assert who(shop, **LI) == new
    assert [row.customer_id for row in shop.rows(Order)] == [new]
    with pytest.raises(SplitError, match="all the identifiers"):
        take_apart(shop, new, **LI)
    with pytest.raises(SplitError, match="not all this customer's"):
        take_apart(shop, new, **WANG)
