"""What goes along when two become one: every row, the newer fields, the strictest consent, caps and limits of both."""

from dataclasses import replace
from datetime import timedelta
from operator import itemgetter

import pytest
from identity.people import event, say, who
from shop import Shop
from sqlmodel import SQLModel, select

from domain.conditions.facts import BatchFacts, Moment
from domain.customers.consent import read_consents
from domain.customers.identifiers import identify
from domain.customers.tables import Consent, Customer, CustomerTag, Order
from domain.identity import moving
from domain.identity.splitting import split
from domain.intake.tables import Event

LI, WANG = {"phone": "13800000001"}, {"unionid": "u2"}
BOTH = LI | WANG
MINUTE = timedelta(minutes=1)
Said = tuple[dict[str, str], str, int]
"""Who said which, in which minute."""


def tick(shop: Shop) -> None:
    shop.clock.set(shop.clock.now() + MINUTE)


def marketing(shop: Shop, channel: str = "sms", ident: dict[str, str] = LI) -> bool | None:
    customer = who(shop, **ident)
    with shop.db() as session:
        return read_consents(session, [customer], []).of(customer, channel, None).get("marketing")


def test_every_column_that_says_whom_a_row_is_about_is_moved_or_kept_on_purpose() -> None:
    moved = {place.name for place in moving.places()}
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if "customer_id" in column.name and table.name not in moving.KEPT:
                assert f"{table.name}.{column.name}" in moved
    assert {"events.customer_id", "trail.customer_id", "identifiers.customer_id"} <= moved


def test_of_a_field_the_newer_value_goes_on_whoever_it_was_of(shop: Shop) -> None:
    say(shop, "customer.updated", {"city": "杭州", "birthday": "1990-01-01"}, **LI)
    tick(shop)
    say(shop, "customer.updated", {"city": "上海", "name": "王"}, **WANG)
    tick(shop)
    say(shop, "customer.updated", {"birthday": "1991-02-02"}, **LI)
    say(shop, **BOTH)
    with shop.db() as session:
        person = session.get_one(Customer, who(shop, **LI))
    assert (person.fields, person.name) == ({"city": "上海", "birthday": "1991-02-02"}, "王")


def test_a_change_in_the_joining_event_itself_counts_last(shop: Shop) -> None:
    say(shop, "customer.updated", {"city": "杭州"}, **LI)
    say(shop, "customer.updated", {"city": "上海"}, **WANG)
    tick(shop)
    say(shop, "customer.updated", {"city": "南京"}, **BOTH)
    with shop.db() as session:
        assert session.get_one(Customer, who(shop, **LI)).fields == {"city": "南京"}


def test_orders_count_as_if_it_had_always_been_one(shop: Shop) -> None:
    say(shop, "order.paid", {"order_id": "o1", "total": 100}, **LI)
    say(shop, "order.paid", {"order_id": "o2", "total": 50}, **WANG)
    say(shop, **BOTH)
    customer = who(shop, **WANG)
    with shop.db() as session:
        facts = BatchFacts(session, {customer: Moment(shop.clock.now())})
        assert facts.orders_at(customer)[:2] == (2, 150)
    say(shop, "order.refunded", {"order_id": "o2"}, **LI)
    assert [row.refunded for row in sorted(shop.rows(Order), key=lambda row: row.order_id)] == [0, 50]


def test_a_refusal_of_either_holds_until_the_person_agrees_again(shop: Shop) -> None:
    say(shop, "consent.withdrawn", {"channel": "sms"}, **LI)
    tick(shop)
    say(shop, "consent.given", {"channel": "sms"}, **WANG)
    say(shop, "consent.given", {"channel": "wecom"}, **WANG)
    tick(shop)
    say(shop, **BOTH)
    assert (marketing(shop), marketing(shop, "wecom")) == (False, True)
    tick(shop)
    say(shop, "consent.given", {"channel": "sms"}, **WANG)
    assert marketing(shop) is True


def test_what_was_said_before_the_join_and_comes_in_late_does_not_lift_it(shop: Shop) -> None:
    start = shop.clock.now()
    say(shop, "consent.withdrawn", {"channel": "sms"}, **LI)
    say(shop, "consent.given", {"channel": "sms"}, **WANG)
    for _ in range(3):
        tick(shop)
    say(shop, **BOTH)
    late = event(shop, WANG, "consent.given", channel="sms")
    shop.take(late.__class__(late.source, late.id, late.type, start + MINUTE, late.data, late.identifiers))
    assert marketing(shop) is False


@pytest.mark.parametrize(
    ("said", "late", "expected"),
    [
        ((LI, "given", 1), (WANG, "withdrawn", 0), False),
        ((LI, "withdrawn", 0), (WANG, "given", 1), False),
        ((WANG, "withdrawn", 0), (LI, "given", 1), False),
        ((WANG, "given", 1), (WANG, "withdrawn", 0), True),
        ((LI, "given", 0), (WANG, "given", 1), True),
    ],
)
def test_what_either_said_before_the_join_counts_as_theirs_whenever_it_comes_in(
    shop: Shop, said: Said, late: Said, expected: bool
) -> None:
    start = shop.clock.now()

    def tell(words: Said, *, then: int) -> None:
        ident, what, minute = words
        told = event(shop, ident, f"consent.{what}", channel="sms")
        shop.clock.set(start + then * MINUTE)
        shop.take(replace(told, time=start + minute * MINUTE))

    for ident in (LI, WANG):
        say(shop, **ident)
    tell(said, then=2)
    say(shop, **BOTH)
    tell(late, then=3)
    assert marketing(shop) is expected
    with shop.db.begin() as work:
        split(work, who(shop, **LI), identify(None, WANG), shop.clock.now(), "user:1")
    for ident in (LI, WANG):
        own = max((words for words in (said, late) if words[0] == ident), key=itemgetter(2), default=None)
        assert marketing(shop, ident=ident) is (own and own[1] == "given")


def test_the_consent_of_the_joining_event_is_what_the_person_says(shop: Shop) -> None:
    say(shop, "consent.withdrawn", {"channel": "sms"}, **LI)
    say(shop, "consent.given", {"channel": "sms"}, **WANG)
    tick(shop)
    say(shop, "consent.given", {"channel": "sms"}, **BOTH)
    assert marketing(shop) is True
    say(shop, "consent.withdrawn", {"channel": "sms"}, **BOTH)
    assert marketing(shop) is False


def test_of_a_tag_that_both_carry_the_longer_goes_on(shop: Shop) -> None:
    say(shop, **LI)
    say(shop, **WANG)
    now = shop.clock.now()
    with shop.db.begin() as work:
        for ident, until in ((LI, now + MINUTE), (WANG, None)):
            work.add(CustomerTag(customer_id=who(shop, **ident), tag="vip", until=until))
        work.add(CustomerTag(customer_id=who(shop, **WANG), tag="only", until=None))
    say(shop, **BOTH)
    customer = who(shop, **LI)
    with shop.db() as session:
        tags = session.exec(select(CustomerTag.tag, CustomerTag.until).where(CustomerTag.customer_id == customer)).all()
    assert sorted(tags) == [("only", None), ("vip", None)]


def test_consents_and_events_of_the_loser_are_the_survivor_s(shop: Shop) -> None:
    say(shop, "consent.given", {"channel": "sms"}, **LI)
    say(shop, "consent.given", {"channel": "sms"}, **WANG)
    say(shop, **BOTH)
    assert {row.customer_id for table in (Event, Consent) for row in shop.rows(table)} == {who(shop, **LI)}


def test_a_refusal_by_an_address_that_names_nobody_holds_for_the_address(shop: Shop) -> None:
    say(shop, "consent.withdrawn", {"channel": "sms"}, phone="13800000000")
    with shop.db() as session:
        consents = read_consents(session, [], ["+8613800000000"])
    assert consents.of(0, "sms", "+8613800000000") == {"marketing": False}
