"""Who becomes one: by what evidence, within which limits, and what is said where two are kept apart."""

import pytest
from identity.people import event, rules, say, who
from shop import Shop

from domain.customers.tables import Customer, Identifier, IdentifierConflict, IdentityJoin
from domain.identity.arriving import Remarks
from domain.intake.ingest import ingest
from domain.intake.tables import Event
from workflows.language.identity import read_identity


def conflicts(shop: Shop) -> list[tuple[int, int | None, str, str]]:
    return [(row.customer_id, row.other_customer_id, row.kind, row.reason) for row in shop.rows(IdentifierConflict)]


def test_an_event_keeps_the_identifiers_it_came_with_and_a_link_what_made_it(shop: Shop) -> None:
    say(shop, unionid="u1", phone="13800000001")
    say(shop, phone="13800000001", mini="o1")
    first, second = shop.rows(Event)
    assert first.identifiers == ["unionid:u1", "phone:+8613800000001"]
    assert second.identifiers == ["openid:mini:o1", "phone:+8613800000001"]
    links = {row.kind: (row.event_id, row.since) for row in shop.rows(Identifier)}
    now = shop.clock.now()
    assert links == {"unionid": (first.id, now), "phone": (first.id, now), "openid:mini": (second.id, now)}


def test_an_event_that_names_two_makes_them_one_and_the_older_goes_on(shop: Shop) -> None:
    say(shop, phone="13800000001")
    say(shop, unionid="u2")
    say(shop, unionid="u2", phone="13800000001")
    older, younger = sorted(shop.rows(Customer), key=lambda row: row.id)
    assert who(shop, unionid="u2") == who(shop, phone="13800000001") == older.id
    assert (younger.merged_into, older.former) == (older.id, [younger.id])
    assert {row.customer_id for row in shop.rows(Event)} == {older.id}
    (join,) = shop.rows(IdentityJoin)
    assert (join.survivor_id, join.loser_id, join.event_id) == (older.id, younger.id, shop.rows(Event)[2].id)
    assert join.evidence == ["unionid:u2", "phone:+8613800000001"]
    assert conflicts(shop) == []


@pytest.mark.parametrize(("kind", "value"), [("mini", "o2"), ("openid", "o2"), ("external_userid", "wm2")])
def test_a_kind_joins_in_whichever_account_it_is(shop: Shop, kind: str, value: str) -> None:
    """Stronger evidence than a phone, so that it is what the event is about."""
    say(shop, phone="13800000001")
    say(shop, **{kind: value})
    say(shop, **{kind: value}, phone="13800000001")
    assert who(shop, **{kind: value}) == who(shop, phone="13800000001")
    assert conflicts(shop) == []


def test_a_chain_of_joins_is_one_long_for_everybody(shop: Shop) -> None:
    for number in range(1, 5):
        say(shop, phone=f"1380000000{number}", data=None)
        say(shop, unionid=f"u{number}")
    rules(shop, kinds={"phone": {"each": 9}, "unionid": {"each": 9}})
    say(shop, phone="13800000004", unionid="u4")
    say(shop, phone="13800000003", unionid="u4")
    say(shop, phone="13800000002", unionid="u3")
    say(shop, phone="13800000003", unionid="u3")
    rows = {row.id: row for row in shop.rows(Customer)}
    survivor = rows[who(shop, unionid="u4")]
    assert {row.merged_into for row in rows.values() if row.merged_into} == {survivor.id}
    assert sorted(survivor.former) == sorted(row.id for row in rows.values() if row.merged_into)


def test_a_person_has_one_unionid_and_the_stronger_name_wins(shop: Shop) -> None:
    say(shop, unionid="u1", phone="13800000001")
    say(shop, unionid="u2")
    say(shop, unionid="u2", phone="13800000001")
    one, two = who(shop, unionid="u1"), who(shop, unionid="u2")
    assert one != two
    assert who(shop, phone="13800000001") == one
    assert conflicts(shop) == [(two, one, "phone", "each")]


def test_the_kinds_are_as_strong_as_the_file_has_them_in_order(shop: Shop) -> None:
    text = "kinds: {phone: {each: 1}, openid: {each: 1, per: account}, unionid: {each: 1}}"
    written, _ = read_identity(text, "_identity.yaml")
    assert written is not None
    rules(shop, **written.body())
    say(shop, phone="13900000001")
    say(shop, openid="o1", unionid="u1")
    say(shop, phone="13900000002", openid="o1")
    say(shop, phone="13900000001", unionid="u1")
    assert [row.customer_id for row in sorted(shop.rows(Event), key=lambda row: row.id)][-1] == 1


def test_a_person_has_an_openid_in_each_account(shop: Shop) -> None:
    say(shop, phone="13800000001", mini="o1")
    say(shop, phone="13800000001", openid="o1")
    assert conflicts(shop) == []
    say(shop, phone="13800000001", mini="o2")
    assert who(shop, mini="o2") != who(shop, mini="o1")


def test_a_fourth_phone_is_somebody_else_s(shop: Shop) -> None:
    for number in range(1, 5):
        say(shop, unionid="u1", phone=f"1380000000{number}")
    assert conflicts(shop) == [(who(shop, unionid="u1"), None, "phone", "each")]
    say(shop, phone="13800000004")
    assert who(shop, phone="13800000004") != who(shop, unionid="u1")


def test_an_email_asks(shop: Shop) -> None:
    say(shop, email="a@b.cn")
    say(shop, unionid="u2")
    say(shop, unionid="u2", email="a@b.cn")
    assert conflicts(shop) == [(who(shop, unionid="u2"), who(shop, email="a@b.cn"), "email", "asks")]
    assert len({who(shop, unionid="u2"), who(shop, email="a@b.cn")}) == 2


def test_a_chain_of_devices_ends(shop: Shop) -> None:
    rules(shop, most_identifiers=5)
    for number in range(12):
        say(shop, phone="13800000001", device_id=f"d{number}")
    person = who(shop, phone="13800000001")
    assert len([row for row in shop.rows(Identifier) if row.customer_id == person]) == 5


def test_too_many_identifiers_join_nobody(shop: Shop) -> None:
    rules(shop, most_identifiers=3)
    say(shop, unionid="u1", email="a@b.cn")
    say(shop, phone="13800000001", mini="o1")
    say(shop, unionid="u1", phone="13800000001")
    assert conflicts(shop) == [(who(shop, unionid="u1"), who(shop, phone="13800000001"), "phone", "too_many")]


class TestNobody:
    @pytest.mark.parametrize("value", ["undefined", "NULL", "[object Object]", "N/A"])
    def test_such_a_value_names_nobody(self, shop: Shop, value: str) -> None:
        remarks: Remarks = {}
        both = [event(shop, {"phone": "13800000001", "member_no": value}), event(shop, {"member_no": value})]
        with shop.db.begin() as work:
            assert ingest(work, both, now=shop.clock.now(), remarks=remarks) == [True, False]
        assert list(remarks.values()) == [[("member_no", "never")], [("member_no", "nobody")]]
        assert [row.kind for row in shop.rows(Identifier)] == ["phone"]

    def test_a_thousand_with_a_shared_value_stay_a_thousand(self, shop: Shop) -> None:
        for number in range(40):
            say(shop, unionid=f"u{number}", phone="13800000000")
        assert len(shop.rows(Customer)) == 40

    def test_a_value_of_the_file_is_read_as_the_api_would(self, shop: Shop) -> None:
        rules(shop, never={"phone": ["138 0000 0001"]})
        say(shop, unionid="u1", phone="13800000001")
        assert [row.kind for row in shop.rows(Identifier)] == ["unionid"]


class TestDevices:
    def test_what_was_done_without_a_name_is_the_first_person_s(self, shop: Shop) -> None:
        say(shop, device_id="d1")
        say(shop, device_id="d1", phone="13800000001")
        assert {row.customer_id for row in shop.rows(Event)} == {who(shop, phone="13800000001")}

    def test_also_of_somebody_known_before(self, shop: Shop) -> None:
        say(shop, phone="13800000001")
        say(shop, device_id="d1")
        say(shop, device_id="d1", phone="13800000001")
        assert {row.customer_id for row in shop.rows(Event)} == {who(shop, phone="13800000001")}

    def test_two_people_on_one_device_are_two(self, shop: Shop) -> None:
        say(shop, device_id="d1")
        say(shop, device_id="d1", phone="13800000001")
        say(shop, device_id="d1", phone="13800000002")
        li, wang = who(shop, phone="13800000001"), who(shop, phone="13800000002")
        assert li != wang
        assert [row.customer_id for row in shop.rows(Event)] == [li, li, wang]
        assert who(shop, device_id="d1") == wang
        assert conflicts(shop) == []

    def test_what_happens_without_a_name_afterwards_is_nobody_s(self, shop: Shop) -> None:
        say(shop, device_id="d1", phone="13800000001")
        say(shop, device_id="d1")
        say(shop, device_id="d1", phone="13800000002")
        say(shop, device_id="d1")
        say(shop, device_id="d1", phone="13800000001")
        li, wang = who(shop, phone="13800000001"), who(shop, phone="13800000002")
        first, second, third, fourth, fifth = (row.customer_id for row in shop.rows(Event))
        assert (first, third, fifth) == (li, wang, li)
        assert second == fourth
        assert second not in (li, wang)

    def test_the_second_inherits_no_limit(self, shop: Shop) -> None:
        say(shop, device_id="d1", unionid="u1")
        say(shop, device_id="d1", unionid="u2", phone="13800000002")
        assert who(shop, phone="13800000002") == who(shop, unionid="u2")
        assert conflicts(shop) == []
