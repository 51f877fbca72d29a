"""The outbox: what a row says of whom Temporal must be told."""

import pytest
from sqlmodel import select

from domain.store.outbox import (
    FollowUp,
    LookAtRequirement,
    Notice,
    ReadComments,
    Replenish,
    Restocked,
    ReviewShow,
    StartRun,
    TakeToJourney,
    WakeRun,
    notice_of,
)
from domain.store.tables import Outbox
from domain.store.work import Database

NOTICES = [
    StartRun(1),
    WakeRun(1),
    TakeToJourney("greet", 2),
    FollowUp("sms"),
    Replenish(2),
    Restocked(2),
    ReadComments(),
    ReviewShow("s1"),
    LookAtRequirement(1),
]


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.kind)
def test_what_is_put_in_is_what_is_taken_out(db: Database, notice: Notice) -> None:
    with db.begin() as work:
        work.enqueue(notice)
    with db() as session:
        assert [notice_of(row) for row in session.exec(select(Outbox))] == [notice]


@pytest.mark.parametrize(
    ("row", "notice"),
    [
        ({"kind": "start", "journey": "greet", "enrollment_id": 1}, StartRun(1)),
        ({"kind": "wake", "journey": "greet", "enrollment_id": 1}, WakeRun(1)),
        ({"kind": "fan_out", "journey": "greet", "event_id": 2}, TakeToJourney("greet", 2)),
        ({"kind": "follow_up", "channel": "sms"}, FollowUp("sms")),
        ({"kind": "replenish", "event_id": 2}, Replenish(2)),
        ({"kind": "restocked", "event_id": 2}, Restocked(2)),
    ],
    ids=lambda row: row["kind"] if isinstance(row, dict) else "",
)
def test_a_row_of_an_earlier_release_is_told_by_its_columns(row: dict[str, object], notice: Notice) -> None:
    assert notice_of(Outbox(**row)) == notice


@pytest.mark.parametrize("row", [{"kind": "unheard_of", "payload": {}}, {"kind": "wake", "payload": {"run": 1}}])
def test_one_that_a_later_release_wrote_cannot_be_read(row: dict[str, object]) -> None:
    with pytest.raises((LookupError, TypeError)):
        notice_of(Outbox(**row))
