"""The life cycle of a journey, told over the command line."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from domain.customers.identifiers import identify
from domain.customers.tables import Customer
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from domain.published.tables import JourneyAction, MessageText
from domain.store.work import Database
from runtime.cli.app import run
from runtime.cli.journeys import operator

ROOT = Path(__file__).parents[3]
SPEC = """\
journey: welcome
trigger: {event: order.paid}
entry: {again: never}
steps:
  - wait: 3d
  - {id: hi, send: hello, via: [sms]}
"""


class Desk:
    """A marketer's directory, and the command to run in it."""

    def __init__(self, place: Path, said: pytest.CaptureFixture[str]) -> None:
        self.place, self.said = place, said
        self.write("journey_specs/_policy.yaml", "timezone: Asia/Shanghai\nquiet_hours: none\ncaps: {}\n")
        self.write("journey_specs/welcome.yaml", SPEC)
        self.write("templates/messages/hello/sms.j2", "你好")

    def write(self, name: str, text: str) -> None:
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """What it says; the first word is its exit code."""
        sys.argv = ["aftershow", *arguments]
        os.environ["AFTERSHOW_LANG"] = "en"
        try:
            run()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
        printed = self.said.readouterr()
        return f"{code} {printed.out}{printed.err}"


@pytest.fixture
def desk(
    db: Database,  # noqa: ARG001
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    for name in [name for name in os.environ if name.startswith("AFTERSHOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFTERSHOW_LANG", "en")
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


def test_from_the_first_version_to_the_last(desk: Desk, db: Database) -> None:
    assert "live: welcome v1" in desk.run("publish")
    desk.write("journey_specs/welcome.yaml", SPEC.replace("3d", "5d"))
    desk.write("templates/messages/hello/sms.j2", "您好")
    found = desk.run("diff", "welcome")
    assert "the wait before step hi grows from 3d to 5d" in found
    assert 'the sms text of "hello" changes' in found
    assert "「hello」的 sms 文案有改动" in desk.run("diff", "welcome", "--lang", "zh")
    assert "live: welcome v2" in desk.run("publish", "welcome", "--running", "stop")
    assert "welcome is paused" in desk.run("pause", "welcome")
    assert "welcome v2 · paused · nobody is inside" in desk.run("journeys")
    assert "welcome goes on" in desk.run("resume", "welcome", "--late", "drop")
    assert "customer 7 isn't in welcome" in desk.run("stop", "welcome", "--customer", "7")
    assert "welcome is stopped" in desk.run("stop", "welcome")
    assert "stopped, until they are published by name: welcome" in desk.run("publish")
    assert "live: welcome v2" in desk.run("publish", "journey_specs/welcome.yaml")
    with db() as session:
        done = [(row.action, row.by) for row in session.exec(select(JourneyAction).order_by(JourneyAction.id))]
    words = ("published", "published", "paused", "resumed", "stopped", "published")
    assert done == [(action, operator()) for action in words]


def test_a_text_that_is_still_needed_stays(desk: Desk, db: Database) -> None:
    desk.run("publish")
    desk.write("journey_specs/welcome.yaml", SPEC + "  - wait: 1 dog\n")
    desk.write("templates/messages/hello/sms.j2", "{{ coupon.code }}")
    found = desk.run("publish")
    assert found.startswith("1 ")
    assert "templates/messages/hello/sms.j2:1:1 E046" in found
    desk.write("templates/messages/hello/sms.j2", "{{ trigger.order_id | when }}")
    assert 'the filter "when" takes an instant' in desk.run("publish")
    (desk.place / "templates/messages/hello/sms.j2").unlink()
    assert "it is gone" in desk.run("publish")
    with db() as session:
        assert session.exec(select(MessageText.body)).one() == "你好"


def test_a_segment_or_campaign_that_is_still_needed_stays(desk: Desk, db: Database) -> None:
    shared = {"_segments": "big: {tag: big}\n", "_coupons": "ten: {name: 十元, amount_off: 10元, valid: 3d}\n"}
    for name, text in shared.items():
        desk.write(f"journey_specs/{name}.yaml", text)
    asking = SPEC.replace("steps:\n", "audience: {segment: big}\nsteps:\n  - {id: gift, coupon: ten}\n")
    desk.write("journey_specs/welcome.yaml", asking)
    desk.run("publish")
    for name, text in shared.items():
        desk.write(f"journey_specs/{name}.yaml", text.replace("big:", "large:").replace("ten:", "five:"))
    found = desk.run("publish")
    assert 'segment "big" is gone from here and stays as it was: welcome, version 1, refers to it' in found
    assert 'coupon campaign "ten" is gone from here' in found
    with db() as session:
        library = read_library(session)
    assert (set(library.segments), set(library.campaigns)) == ({"big", "large"}, {"ten", "five"})
    desk.write("journey_specs/welcome.yaml", SPEC)
    assert desk.run("publish").startswith("0 ")
    with db() as session:
        library = read_library(session)
    assert (set(library.segments), set(library.campaigns)) == ({"large"}, {"five"})


def test_the_policy_is_read_before_any_journey(desk: Desk) -> None:
    desk.write("journey_specs/Early.yaml", SPEC.replace("journey: welcome", "journey: Early"))
    assert "live: Early v1, welcome v1" in desk.run("publish")


def test_a_mistake_is_told_and_nothing_is_published(desk: Desk) -> None:
    desk.write("journey_specs/welcome.yaml", SPEC.replace("hello", "helo"))
    found = desk.run("publish", "welcome")
    assert found.startswith("1 ")
    assert found.count("E023") == 1
    assert "no journey welcome was ever published" in desk.run("pause", "welcome")


def test_without_a_policy_no_journey_goes_live(desk: Desk) -> None:
    desk.write("journey_specs/_policy.yaml", "timezone: Asia/Shanghai\nquiet_hours: 22:00\ncaps: {}\n")
    assert "live: no journey" in desk.run("publish")
    assert "no policy is published; publish it first" in desk.run("publish", "welcome")
    assert "no journey welcome was ever published" in desk.run("pause", "welcome")


def test_changes_of_shared_documents_are_told(desk: Desk, db: Database) -> None:
    coupons = "full69: {name: 满69减15, amount_off: 15元, threshold: 69元, valid: 4d}\n"
    policy = "timezone: Asia/Shanghai\nquiet_hours: 22:00-08:00\ncaps: {sms: 1 per 1d}\n"
    desk.write("journey_specs/_coupons.yaml", coupons)
    desk.write("journey_specs/_segments.yaml", "vip: {field: customer.city, is: 上海}\n")
    desk.write("journey_specs/_policy.yaml", policy)
    desk.run("publish")
    with db.begin() as work:
        for city in ("上海", "北京", "北京"):
            work.add(Customer(fields={"city": city}, created_at=datetime.now(UTC)))
    assert "nothing differs" in desk.run("diff", "welcome")
    desk.write("journey_specs/_coupons.yaml", coupons.replace("15元,", "150元,"))
    desk.write("journey_specs/_segments.yaml", "vip: {field: customer.city, in: [上海, 北京]}\n")
    desk.write("journey_specs/_policy.yaml", policy.replace("22:00", "23:00").replace("sms: 1", "sms: 3"))
    told = (
        "_policy.yaml: 注意：免打扰时段由 22:00-08:00 改为 23:00-08:00",
        "_policy.yaml: 注意：短信 的发送上限由 每 1 天 1 条 改为 每 1 天 3 条",
        "；客户数由 1 变为 3",
        "_coupons.yaml: 注意：优惠券「满69减15」（full69）：减免金额由 15元 改为 150元",
    )
    found = desk.run("diff", "welcome", "--lang", "zh")
    assert [words for words in told if words not in found] == []
    found = desk.run("publish", "welcome", "--lang", "zh")
    assert "共用文件与已发布的不同，这次没有发布" in found
    assert [words for words in told if words not in found] == []
    with db() as session:
        assert read_library(session).campaigns["full69"].amount_off == 1500
    found = desk.run("publish", "--lang", "en")
    assert "warning: the coupon “满69减15” (full69): the amount off changes from 15元 to 150元" in found
    assert "_coupons.yaml:1:36 W007" in found
    with db() as session:
        assert read_library(session).campaigns["full69"].amount_off == 15000
    assert "warning" not in desk.run("diff", "welcome", "--lang", "en")


def test_a_paused_journey_that_is_published_says_so(desk: Desk) -> None:
    desk.run("publish")
    desk.run("pause", "welcome")
    desk.write("journey_specs/welcome.yaml", SPEC.replace("3d", "5d"))
    found = desk.run("publish", "welcome", "--lang", "en")
    assert "published, and still paused: welcome v2" in found
    assert "live:" not in found


def test_who_is_stuck_or_failed_is_counted(desk: Desk, db: Database) -> None:
    desk.run("publish")
    who = [identify(None, {"phone": f"1390000000{number}"}) for number in range(3)]
    at = datetime.now(UTC)
    with db.begin() as work:
        paid = {"order_id": "o", "total": 100}
        ingest(work, [Incoming("shop", f"o{n}", "order.paid", at, paid, who[n]) for n in range(3)], now=at)
        failed, stuck, _ = work.exec(select(Enrollment.id).order_by(col(Enrollment.id)))
        work.exec(update(Enrollment).where(col(Enrollment.id) == failed).values(ending="failed"))
        work.exec(update(Enrollment).where(col(Enrollment.id) == stuck).values(stuck_on="KeyError at wait.py:1"))
    assert "welcome v1 · live · 2 running on v1 · 1 stuck · 1 failed · published by" in desk.run("journeys")
    assert "counts, all right" in desk.run("recount")
    assert "welcome v1 · 生效中 · 版本 1 有 2 位在途客户 · 1 位卡住 · 1 位出错中止" in desk.run(
        "journeys", "--lang", "zh"
    )
