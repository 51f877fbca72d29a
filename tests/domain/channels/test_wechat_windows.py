"""Whom WeChat lets us write to, to the microsecond and to the last place."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.channels import wechat_windows
from domain.channels.wechat_windows import CONVERSATION, MOMENT, Allowance, Window
from domain.store.clock import VirtualClock
from domain.store.work import Database

HEAD = "---\nsubscribe: T1\nthing1: a\n---"


@pytest.fixture
def now(clock: VirtualClock) -> datetime:
    return clock.now()


@pytest.fixture
def act(db: Database) -> Callable[..., Any]:
    """Calls a function in a transaction of its own."""

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        with db.begin() as session:
            return function(session, *arguments)

    return call


class TestWindow:
    @pytest.mark.parametrize("window", [CONVERSATION, MOMENT])
    def test_is_open_until_its_very_end(self, act: Callable[..., Any], now: datetime, window: Window) -> None:
        act(wechat_windows.open_window, "o1", window, now)
        last = now + window.lasts - timedelta(microseconds=1)
        assert act(wechat_windows.unreachable, ["o1", "o2"], "您好", last) == {"o2"}
        assert act(wechat_windows.take_allowances, [("o1", None)], last) == [
            Allowance("o1", window.name, now + window.lasts)
        ]
        assert act(wechat_windows.unreachable, ["o1"], "您好", now + window.lasts) == {"o1"}
        assert act(wechat_windows.take_allowances, [("o1", None)], now + window.lasts) == [None]

    def test_is_opened_anew_by_what_is_newer_only(self, act: Callable[..., Any], now: datetime) -> None:
        act(wechat_windows.open_window, "o1", CONVERSATION, now)
        for _ in range(2):
            act(wechat_windows.take_allowances, [("o1", None)] * 2, now)
        act(wechat_windows.open_window, "o1", CONVERSATION, now)
        act(wechat_windows.open_window, "o1", CONVERSATION, now - timedelta(hours=1))
        assert [place is not None for place in act(wechat_windows.take_allowances, [("o1", None)] * 2, now)] == [
            True,
            False,
        ]
        act(wechat_windows.open_window, "o1", CONVERSATION, now + timedelta(seconds=1))
        assert None not in act(wechat_windows.take_allowances, [("o1", None)] * 5, now)

    def test_gets_a_place_back_unless_it_was_opened_anew(self, act: Callable[..., Any], now: datetime) -> None:
        act(wechat_windows.open_window, "o1", MOMENT, now)
        (place,) = act(wechat_windows.take_allowances, [("o1", None)], now)
        act(wechat_windows.return_allowances, place)
        assert sum(place is not None for place in act(wechat_windows.take_allowances, [("o1", None)] * 4, now)) == 3
        act(wechat_windows.open_window, "o1", MOMENT, now + timedelta(seconds=1))
        act(wechat_windows.return_allowances, place)
        assert sum(place is not None for place in act(wechat_windows.take_allowances, [("o1", None)] * 4, now)) == 3

    def test_gives_its_places_to_as_many_as_it_has(self, act: Callable[..., Any], now: datetime) -> None:
        act(wechat_windows.open_window, "o1", CONVERSATION, now)
        with ThreadPoolExecutor(8) as threads:
            places = list(threads.map(lambda _: act(wechat_windows.take_allowances, [("o1", None)], now)[0], range(12)))
        assert sum(place is not None for place in places) == CONVERSATION.messages


class TestSubscription:
    def test_counts_consents_by_template(self, act: Callable[..., Any], now: datetime) -> None:
        for template in ("T1", "T1", "T2"):
            act(wechat_windows.subscribe, "o1", template)
        assert [place is not None for place in act(wechat_windows.take_allowances, [("o1", "T1")] * 3, now)] == [
            True,
            True,
            False,
        ]
        assert act(wechat_windows.unreachable, ["o1"], HEAD, now) == {"o1"}
        assert act(wechat_windows.unreachable, ["o1"], HEAD.replace("T1", "T2"), now) == set()
        assert act(wechat_windows.unreachable, ["o1"], "您好", now) == {"o1"}, "a subscription is no window"

    def test_that_is_refused_takes_earlier_consents_away(self, act: Callable[..., Any], now: datetime) -> None:
        act(wechat_windows.subscribe, "o1", "T1")
        act(wechat_windows.subscribe, "o1", "T2")
        act(wechat_windows.unsubscribe, "o1", "T1")
        assert [
            place is not None for place in act(wechat_windows.take_allowances, [("o1", "T1"), ("o1", "T2")], now)
        ] == [
            False,
            True,
        ]
