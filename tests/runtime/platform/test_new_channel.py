"""A channel is a folder and a line: what that means, tried with one that the product doesn't have."""

from pathlib import Path

import pytest

from tests.grown import Grown

LINE = '    "pigeon": ChannelKind("member_no", "信鸽", ("pigeon",)),\n'
JOURNEY = """
journey: post
trigger: {event: order.paid}
entry: {again: never}
policy: {caps: {pigeon: 1 per 1d}}
steps:
  - {id: hello, send: hello, via: [pigeon, sms]}
"""
CASES = """
spec: ../journeys/post.yaml
policy: {quiet_hours: none, caps: {pigeon: 1 per 7d}}
cases:
  - name: a pigeon is sent
    customer: {identifiers: {member_no: m1}, consent: [pigeon]}
    events:
      - {at: 2026-03-02 12:00, event: order.paid, data: {order_id: o1, total: 100}}
    expect:
      - {at: 2026-03-02 12:00, sent: hello, via: pigeon}
      - {at: 2026-03-02 12:00, ended: finished}
"""
SEND = """
import os
os.environ["AFTERSHOW_PIGEON_LOFT"] = "loft.txt"
from domain.channels.delivery import Outgoing
from domain.store.clock import SystemClock
from runtime.platform.channels import channels
carriers = channels(None, SystemClock(), None)
message = Outgoing(key=1, enrollment=1, channel="pigeon", recipient="m1", body="coo", kind="marketing")
print(carriers["pigeon"].send_many([message])[0].status, type(carriers["sms"]).__name__)
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    grown = Grown(tmp_path_factory.mktemp("grown"), "channel")
    kinds = grown.home / "workflows/terms/channels.py"
    text = kinds.read_text(encoding="utf-8")
    before = '    "sms": '
    kinds.write_text(text.replace(before, LINE + before, 1), encoding="utf-8")
    for folder in ("journeys", "cases", "templates/messages/hello", "journey_specs"):
        (grown.home / folder).mkdir(parents=True)
    policy = "timezone: Asia/Shanghai\nquiet_hours: none\ncaps: {pigeon: 2 per 1d}\n"
    (grown.home / "journeys/_policy.yaml").write_text(policy, encoding="utf-8")
    (grown.home / "journeys/post.yaml").write_text(JOURNEY, encoding="utf-8")
    (grown.home / "cases/post.yaml").write_text(CASES, encoding="utf-8")
    for channel in ("pigeon", "sms"):
        (grown.home / f"templates/messages/hello/{channel}.j2").write_text("coo", encoding="utf-8")
    return grown


def test_a_folder_and_a_line_are_added(grown: Grown) -> None:
    line = "workflows/terms/channels.py"
    assert grown.touched() == ["activities/adapters/pigeon/__init__.py", line]
    here, there = Path(line).read_text(encoding="utf-8"), (grown.home / line).read_text(encoding="utf-8")
    assert there.replace(LINE, "") == here


def test_check_knows_it(grown: Grown) -> None:
    grown.aftershow("check", "journeys")
    (grown.home / "templates/messages/hello/pigeon.j2").rename(grown.home / "pigeon.j2")
    assert 'template "hello" has no text for pigeon' in grown.aftershow("check", "journeys", fails=True)
    (grown.home / "pigeon.j2").rename(grown.home / "templates/messages/hello/pigeon.j2")


def test_a_journey_sends_by_it(grown: Grown) -> None:
    grown.aftershow("test", "cases", "--engine", "both")


def test_its_adapter_carries_it_once_it_is_configured(grown: Grown) -> None:
    assert grown.run("-c", SEND).split() == ["sent", "Sandbox"]
    assert (grown.home / "loft.txt").read_text(encoding="utf-8") == "m1: coo\n"
