from collections.abc import Callable
from datetime import timedelta

from calling import Caller
from shop import Shop
from sqlmodel import col, select, update

from domain.journeys.tables import Enrollment
from domain.store.clock import VirtualClock
from domain.store.tables import Outbox
from domain.store.work import Database

SPEC = """
    journey: tags
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: mark, tag: called}]
"""


def test_the_stuck_are_listed_counted_and_tried_again(
    db: Database, clock: VirtualClock, call_with: Callable[..., Caller]
) -> None:
    shop, caller = Shop(db, clock), call_with(scopes=("read", "admin"))
    shop.publish(SPEC)
    shop.customers("li", "wang")
    for who in ("li", "wang"):
        shop.post("form.filled", who)
    with shop.db.begin() as work:
        now = shop.clock.now()
        stuck = {"stuck_on": "KeyError at tag.py:7", "stuck_since": now, "attempts": 3}
        late = now + timedelta(hours=6)
        work.exec(update(Enrollment).where(col(Enrollment.id) == 2).values(due_at=late, **stuck))
    with shop.db.begin() as work:
        work.exec(update(Enrollment).where(col(Enrollment.id) == 1).values(held=True, due_at=late))
    (held,) = caller.get("/v1/held").json()["messages"]
    assert (held["enrollment"], held["title"], held["until"]) == (1, "tags", late.isoformat().replace("+00:00", "Z"))
    assert caller.get("/v1/held", params={"after": 1}).json() == {"messages": [], "next": None}
    listed = caller.get("/v1/stuck").json()["enrollments"]
    assert [(each["enrollment"], each["step"], each["defect"], each["attempts"]) for each in listed] == [
        (2, "mark", "KeyError at tag.py:7", 3)
    ]
    assert caller.get("/v1/stuck?journey=others").json() == {"enrollments": [], "notices": []}
    assert "aftershow_enrollments_stuck 1.0" in caller.get("/metrics").text
    assert caller.post("/v1/stuck/retry").json() == {"retried": 1, "notices": 0}
    with shop.db() as session:
        assert session.get_one(Enrollment, 2).due_at == shop.clock.now()
        assert [row.payload for row in session.exec(select(Outbox).where(Outbox.kind == "wake"))] == [{"enrollment": 2}]


def test_what_temporal_could_not_be_told_is_listed_counted_and_told_again(
    db: Database, clock: VirtualClock, call_with: Callable[..., Caller]
) -> None:
    caller, at = call_with(scopes=("read", "admin")), clock.now()
    with db.begin() as work:
        about = {"enrollment": 7}
        work.add(Outbox(id=5, kind="start", payload=about, attempts=8, problem="NoResultFound", given_up_at=at))
        work.add(Outbox(id=6, kind="wake", payload=about, attempts=1, problem="NoResultFound"))
    assert caller.get("/v1/stuck").json()["notices"] == [
        {"id": 5, "kind": "start", "about": about, "problem": "NoResultFound", "attempts": 8,
         "given_up_at": "2026-03-02T04:00:00Z"},
    ]  # fmt: skip
    assert caller.get("/v1/stuck?journey=others").json()["notices"] == []
    assert "aftershow_outbox_given_up 1.0" in caller.get("/metrics").text
    assert caller.post("/v1/stuck/retry?journey=others").json() == {"retried": 0, "notices": 0}
    assert caller.post("/v1/stuck/retry").json() == {"retried": 0, "notices": 1}
    with db() as session:
        assert [(row.attempts, row.given_up_at) for row in session.exec(select(Outbox).where(Outbox.id == 5))] == [
            (0, None)
        ]
