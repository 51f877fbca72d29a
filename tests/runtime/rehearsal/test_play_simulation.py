"""What a shipped play would come to, told before it is opened: who may enter, who wins, what it costs at most."""

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming, ingest
from domain.published.library import read_library
from domain.published.publishing import publish_documents
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.rehearsal import play_simulation
from runtime.rehearsal.play_simulation import Simulated, simulate_play, simulated_text
from workflows.language.policy import Policy, read_coupons
from workflows.plays.reading import read_play

SPECS = Path(__file__).parents[3] / "journey_specs"


def simulated(db: Database, clock: VirtualClock, name: str, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    """With 60 entries; in a shop of three customers, one of whom has bought and one is a child."""
    terms, _ = read_coupons((SPECS / "_coupons.yaml").read_text(), "coupons")
    play = read_play((SPECS / "plays" / f"{name}.yaml").read_text(), f"{name}.yaml").play
    assert play is not None
    coupons = {each: value.model_dump(mode="json") for each, value in (terms or {}).items()}
    with db.begin() as work:
        publish_documents(work, {"_policy": Policy().model_dump(mode="json"), "_coupons": coupons})
        happened: list[tuple[str, str, dict[str, Any]]] = [
            ("a", "order.paid", {"order_id": "o1", "total": 9900}),
            ("b", "customer.updated", {"birthday": "2015-01-01"}),
            ("c", "customer.updated", {"birthday": "2000-01-01"}),
        ]
        ingest(work, [
            Incoming("test", who, type, clock.now(), data, identify(None, {"member_no": f"m-{who}"}))
            for who, type, data in happened
        ], now=clock.now())  # fmt: skip
    monkeypatch.setattr(play_simulation, "scratch", lambda: nullcontext((None, db)))
    names = text(f"{play_simulation._NAMES} ON CONFLICT DO NOTHING")  # the shop's own are in the same tables here
    monkeypatch.setattr(play_simulation, "_NAMES", names)
    with db() as live:
        return simulate_play(live, play, 60, clock.now())


def lines(db: Database, found: Simulated) -> str:
    with db() as session:
        return "\n".join(simulated_text(found, read_library(session).wording("zh")))


def test_a_lottery(db: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    found = simulated(db, clock, "lottery", monkeypatch)
    assert (found.may_enter, found.customers, found.rounds) == (2, 3, [("collect", 60)])
    assert found.draws == [("draw", 60, 50, 0, 50 / 60)]
    assert (found.cost, found.lasts, found.state) == (10 * 2000 + 40 * 1000, timedelta(minutes=10), "over")
    assert "店里 3 位客户，现在能参加的有 2 位" in lines(db, found)
    assert "draw：60 份里 50 名中奖，机会 83.33%" in lines(db, found)
    assert "最多花费：600元" in lines(db, found)


def test_a_draw_for_buyers(db: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    found = simulated(db, clock, "member_draw", monkeypatch)
    assert (found.may_enter, found.cost) == (1, 3 * 5900)
    assert found.draws == [("2.then.draw", 60, 23, 0, 23 / 60)]


def test_a_week_of_sign_ins(db: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    found = simulated(db, clock, "sign_in", monkeypatch)
    assert found.rounds == [("days", 420)]
    assert found.rewarded == [("thanks", 60), ("streak_points", 60), ("streak", 60)]
    assert (found.cost, found.lasts) == (60 * 1000, timedelta(days=7))
