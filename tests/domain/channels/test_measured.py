"""What is counted of messages is told by codes: a provider's words are many, and may name somebody."""

import pytest

from domain.channels.measured import MESSAGES, count_message


@pytest.mark.parametrize(
    ("reason", "counted"),
    [
        (None, ""),
        ("30006", "30006"),
        ("errcode 40096: no friend of wmAbc +8613912345678 慕容晓晓", "40096"),
        ("504 from a gateway that got no answer", "504"),
        ("worker_lost", "worker_lost"),
        ("no connection: ConnectTimeout to 10.1.2.3", "no connection"),
        ("+8613912345678 did not like it", "other"),
        ("慕容晓晓 退订了", "other"),
    ],
)
def test_a_reason_is_counted_by_its_code(reason: str | None, counted: str) -> None:
    one = MESSAGES.labels("sms", "failed", counted)
    before = one._value.get()
    count_message("sms", "failed", reason)
    assert one._value.get() == before + 1
