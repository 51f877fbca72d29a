from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.published import library
from domain.published.publishing import plan_id_of, publish_journey
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.compile import read_journey
from workflows.plan.model import Plan

SPEC = """
journey: gifts
trigger: {event: form.filled}
entry: {again: always}
exit: [{event: VERSION.happened}]
steps: [{wait: 1d}]
"""


def plan_of(version: int) -> Plan:
    plan = read_journey(SPEC.replace("VERSION", f"v{version}"), "", None).plan
    assert plan is not None
    return plan


@pytest.fixture
def published(db: Database, clock: VirtualClock) -> list[str]:
    """Twenty versions of a journey."""
    plans = [plan_of(version) for version in range(20)]
    for plan in plans:
        with db.begin() as session:
            publish_journey(session, plan, SPEC, clock.now())
    return [plan_id_of(plan) for plan in plans]


@pytest.mark.usefixtures("published")
def test_of_plans_nobody_walks_only_what_they_listen_to_is_kept(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: dict[str, Any] = {}
    monkeypatch.setattr(library, "_plans", plans)
    monkeypatch.setattr(library, "_event_types", {})
    with db() as session:
        listening = library.read_library(session).listening
    assert len(listening) == 20
    assert len(plans) == 1, "the live one"


def test_plans_are_kept_up_to_a_number_by_any_thread(
    db: Database, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: dict[str, Any] = {}
    monkeypatch.setattr(library, "_plans", plans)
    monkeypatch.setattr(library, "_MAX_PLANS", 3)

    def read(plan_id: str) -> Plan:
        with db() as session:
            return library.read_plan(session, plan_id)

    with ThreadPoolExecutor(8) as threads:
        read_plans = list(threads.map(read, published * 10))
    assert [plan_id_of(plan) for plan in read_plans] == published * 10
    assert len(plans) == 3
