"""Who it is: the strongest evidence decides, what is new is linked, and nobody is made twice."""

import pytest
from shop import Shop

from domain.customers.identifiers import identify
from domain.customers.resolution import resolve
from domain.customers.tables import Customer, Identifier
from domain.intake.ingest import Incoming


def who(shop: Shop, **identifiers: str) -> int:
    with shop.db.begin() as session:
        return resolve(session, [identify(None, identifiers)], shop.clock.now())[0].customer_id


@pytest.mark.parametrize(
    "groups",
    [
        [{"phone": "13800000001"}] * 8,
        [{"phone": "13800000001", "unionid": "u1"}, {"unionid": "u1", "email": "a@b.cn"}] * 4,
        [{"phone": "13800000001", "openid": "o1"}, {"openid": "o1"}, {"phone": "+8613800000001", "openid": "o1"}] * 3,
    ],
)
def test_a_new_customer_met_everywhere_at_once_is_one(shop: Shop, groups: list[dict[str, str]]) -> None:
    events = [
        Incoming("test", str(number), "product.viewed", shop.clock.now(), {}, identify(None, group))
        for number, group in enumerate(groups)
    ]
    shop.at_once(*(lambda event=event: shop.take(event) for event in events))
    assert len(shop.rows(Customer)) == 1
    assert len(shop.rows(Identifier)) == len({ident for event in events for ident in event.identifiers})


def test_a_family_s_phone_does_not_join_two_members(shop: Shop) -> None:
    li, wang = who(shop, phone="13800000001", unionid="u1"), who(shop, phone="13800000001", unionid="u2")
    assert li != wang
    assert who(shop, phone="13800000001") == li


def test_what_is_new_about_somebody_known_is_linked(shop: Shop) -> None:
    li = who(shop, phone="13800000001")
    assert who(shop, phone="13800000001", **{"openid:mini": "oX1"}) == li
    assert who(shop, **{"openid:mini": "oX1"}) == li
    assert who(shop, openid="oX1") != li
