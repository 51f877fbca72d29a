"""What other products were reported to get wrong when two profiles become one; what this one does instead.

Two who sign in on one device, values like `undefined`, a change in the joining event, an erased person who comes back:
test_joining.py, test_moving.py and test_erasing.py. Names and e-mail after a split: test_splitting.py.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Signal
from threading import Thread

import pytest
from identity.people import event, say, who
from shop import Shop

from domain.customers.consent import read_consents
from domain.customers.identifiers import identify
from domain.customers.tables import Customer, Identifier
from domain.identity.merging import merge
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event

LI, WANG = {"phone": "13800000001"}, {"unionid": "u2"}


@contextmanager
def meanwhile(call: Callable[[], object]) -> Iterator[None]:
    """Begin it in another transaction, and wait for it after the block."""
    begun, wrong = Signal(), list[BaseException]()

    def run() -> None:
        begun.set()
        try:
            call()
        except BaseException as error:
            wrong.append(error)

    thread = Thread(target=run)
    thread.start()
    begun.wait(10)
    yield
    thread.join(30)
    assert not thread.is_alive()
    assert not wrong


def take(shop: Shop, incoming: Incoming) -> None:
    with shop.db.begin() as work:
        ingest(work, [incoming], now=shop.clock.now())


def test_an_identifier_that_comes_to_the_loser_during_the_join_is_the_person_s(shop: Shop) -> None:
    say(shop, **LI)
    say(shop, **WANG)
    late = event(shop, WANG | {"openid": "o9"})
    with shop.db.begin() as work:
        merge(work, 1, 2, shop.clock.now(), "user:1", "the same")
        with meanwhile(lambda: take(shop, late)):
            Signal().wait(0.1)
            work.commit()
    assert who(shop, openid="o9") == who(shop, **LI) == 1
    assert {row.customer_id for row in shop.rows(Event)} == {1}


def test_a_join_that_waits_for_a_link_takes_it_along(shop: Shop) -> None:
    say(shop, **LI)
    say(shop, **WANG)
    both = event(shop, LI | WANG)
    with shop.db.begin() as work:
        ingest(work, [event(shop, WANG | {"openid": "o9"})], now=shop.clock.now())
        with meanwhile(lambda: take(shop, both)):
            Signal().wait(0.1)
            work.commit()
    assert {row.customer_id for row in shop.rows(Identifier)} == {who(shop, **LI)}
    assert {row.customer_id for row in shop.rows(Event)} == {who(shop, **LI)}


@pytest.mark.parametrize("other", [LI, {"device_id": "d1"}, LI | {"device_id": "d1"}])
def test_of_two_first_events_at_once_none_is_dropped_and_none_stays_nameless(shop: Shop, other: dict[str, str]) -> None:
    first = [event(shop, other if number % 2 else LI | {"device_id": "d1"}) for number in range(8)]
    shop.at_once(*(lambda each=each: take(shop, each) for each in first))
    events = shop.rows(Event)
    assert len(events) == 8
    assert {row.customer_id for row in events if row.identifiers != ["device_id:d1"]} == {who(shop, **LI)}
    living = {row.id for row in shop.rows(Customer) if row.merged_into is None}
    assert len(living) <= 2, "the person, and the device without a name after that"


def test_an_event_that_names_three_makes_them_one(shop: Shop) -> None:
    for ident in (LI, WANG, {"openid": "o3"}):
        say(shop, **ident)
    say(shop, **LI, **WANG, openid="o3")
    assert {who(shop, **ident) for ident in (LI, WANG, {"openid": "o3"})} == {1}


def test_a_list_stays_a_list_and_a_number_a_number(shop: Shop) -> None:
    say(shop, "customer.updated", {"tastes": ["辣", "甜"], "level": 3}, **WANG)
    say(shop, "customer.updated", {"pets": {"cat": 2}}, **LI)
    say(shop, **LI, **WANG)
    with shop.db() as session:
        fields = session.get_one(Customer, 1).fields
    assert fields == {"tastes": ["辣", "甜"], "level": 3, "pets": {"cat": 2}}


def test_what_is_agreed_to_on_a_shared_computer_is_of_whom_it_names(shop: Shop) -> None:
    say(shop, "consent.given", {"channel": "sms"}, device_id="d1", **LI)
    say(shop, "consent.given", {"channel": "wecom"}, device_id="d1")
    say(shop, device_id="d1", phone="13800000002")
    customers = [who(shop, **LI), who(shop, phone="13800000002")]
    with shop.db() as session:
        said = read_consents(session, customers, [])
    assert [[said.of(id, channel, None) for channel in ("sms", "wecom")] for id in customers] == [
        [{"marketing": True}, {}], [{}, {}]
    ]  # fmt: skip


def test_who_a_customer_is_doesn_t_change_with_the_next_look(shop: Shop) -> None:
    for ident in (LI, WANG, {"openid": "o3"}):
        say(shop, **ident)
    say(shop, **LI, **WANG)
    before = {row.value: row.customer_id for row in shop.rows(Identifier)}
    for ident in (WANG, LI, {"openid": "o3"}):
        say(shop, **ident)
    assert {row.value: row.customer_id for row in shop.rows(Identifier)} == before
    assert identify(None, LI)[0][1] in before
