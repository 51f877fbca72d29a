"""What pages call their events: what is wrong in it is told at its line."""

import pytest

from workflows.language.tracking import Tracking, read_tracking


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('events:\n  下单: {type: order.paid, data: {total: "fen(金额"}}\n', "E057", 2),
        ("events:\n  Add Cart: {type: cart.cleared}\n  add_cart: {type: cart.cleared}\n", "E057", 3),
        ("events:\n  x: {type: consent.given}\n", "E014", 2),
        ("events:\n  x: {typo: order.paid, type: order.paid}\n", "E010", 2),
        ("identities:\n  userId: mobile\n", "E015", 2),
        ("identities:\n  userId: openid:mi ni\n", "E015", 2),
    ],
)
def test_a_mistake_is_told_at_its_line(text: str, code: str, line: int) -> None:
    tracking, diagnostics = read_tracking(text, "_tracking.yaml")
    assert tracking is None
    assert [(each.code, each.line) for each in diagnostics] == [(code, line)]


@pytest.mark.parametrize("name", ["Order Completed", "order_completed", "orderCompleted", "ORDER-COMPLETED"])
def test_a_name_is_the_same_in_any_spelling(name: str) -> None:
    event = Tracking().event(name)
    assert event is not None
    assert event.type == "order.paid"


def test_a_shop_s_own_names_go_before_the_common_ones() -> None:
    text = (
        "events: {Order Completed: {type: cart.cleared, data: {cart_id: cart}}, page_ping: {type: stream.joined}}\n"
        "identities: {userId: phone}\nignore: [page_ping, 心跳]\n"
    )
    tracking, diagnostics = read_tracking(text, "_tracking.yaml")
    assert (tracking is not None, diagnostics) == (True, [])
    assert tracking is not None
    event = tracking.event("order completed")
    assert event is not None
    assert (event.type, tracking.kind("userid"), tracking.kind("anonymousId")) == ("cart.cleared", "phone", "device_id")
    assert [name for name in ("page_ping", "心跳", "$AppEnd") if tracking.ignores(name)] == ["心跳"]
