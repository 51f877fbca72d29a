"""What may follow a state of a message, and what goes with it: no database is needed to tell."""

from datetime import UTC, date, datetime

import pytest

from domain.ledger import states
from domain.ledger.tables import MessageRow

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def message(status: str = "calling", **values: object) -> MessageRow:
    row = MessageRow(
        id=1, enrollment_id=1, customer_id=1, journey="gift", step="hello", template="hello", kind="marketing",
        channel="sms", recipient="+8613800000000", body="hello", coupon=None, coupon_refused=None, status=status,
        reason=None, refused=[], counts=True, day=date(2026, 3, 2), claimed_at=NOW, called_at=NOW, written_at=None,
        provider_id="SM1", look_at=NOW, looks=0, revision=3,
    )  # fmt: skip
    return row._replace(**values)


ALL = [(status, to) for status in states.LEGAL for to in states.LEGAL]


@pytest.mark.parametrize(("status", "to"), [pair for pair in ALL if pair[1] not in states.LEGAL[pair[0]]])
def test_what_may_not_follow_is_refused(status: str, to: states.Status) -> None:
    with pytest.raises(states.MessageStateError, match=f"is {status} and can't become {to}"):
        states.moved(message(status), to)


@pytest.mark.parametrize(("status", "to"), [pair for pair in ALL if pair[1] in states.LEGAL[pair[0]]])
def test_only_a_refused_message_leaves_its_place_under_the_caps_and_only_an_open_one_is_looked_after(
    status: str, to: states.Status
) -> None:
    after = states.moved(message(status), to, reason="why")
    assert (after.status, after.reason) == (to, "why")
    assert after.counts == (to != "failed")
    assert (after.look_at is not None) == (to in ("unknown", "pending_staff"))
    assert after.refused == ([{"channel": "sms", "reason": "why"}] if to == "failed" else [])
    assert after.provider_id == (None if to == "claimed" else "SM1")


def test_a_transactional_message_takes_no_place_and_refusals_add_up() -> None:
    before = message(kind="transactional", refused=[{"channel": "wecom", "reason": "blocked"}])
    after = states.moved(before, "failed", reason="stopped", provider_id="SM2")
    assert not states.moved(before, "sent").counts
    assert [refusal["channel"] for refusal in after.refused] == ["wecom", "sms"]
    assert after.provider_id == "SM2"
    assert before.status == "calling"
