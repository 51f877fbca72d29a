"""`aftershow tags`, `segment` and `send-once`, on the database of the tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rules_shop import publish, sweep
from shop import Shop
from sqlmodel import select

from domain.access.tables import AuditEntry
from domain.journeys.tables import Enrollment
from domain.published.publishing import publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime import StartError
from runtime.cli.app import app

Run = Callable[..., str]


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    publish(
        shop,
        "tags: {杭州: {when: {field: customer.city, is: 杭州}}}",
        "看过: {event: stream.left}\n买过: {event: order.paid}",
    )
    for number, who in enumerate("abcdef"):
        shop.post("customer.updated", who, city="杭州" if number < 4 else "宁波", name=f"客{who}")
        if number % 2 == 0:
            shop.post("stream.left", who, stream_id="s1")
        if number % 3 == 0:
            shop.post("order.paid", who, order_id=who, total=1000)
    sweep(shop)
    return shop


@pytest.fixture
def run(shop: Shop, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command and returns what it printed."""
    del shop
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)

    def command(*arguments: str) -> str:
        app([*arguments], standalone_mode=False)
        return capsys.readouterr().out

    return command


def test_who_has_a_tag_and_why(run: Run) -> None:
    assert "杭州" in (listing := run("tags", "--lang", "en"))
    assert "rule" in listing
    holders = run("tags", "杭州", "--lang", "zh", "--last", "2")
    assert [name in holders for name in ("客a", "客b", "客c")] == [True, True, False]
    assert "客户所在城市 是 杭州" in holders


def test_a_segment_a_condition_an_overlap_and_a_file(run: Run, tmp_path: Path, db: Database) -> None:
    assert "看过" in run("segment")
    assert run("segment", "看过").startswith("3 of 6 customers, ")
    assert run("segment", "--when", "{all: [{tag: 杭州}, {not: {segment: 买过}}]}").startswith("2 of 6 customers, ")
    assert run("segment", "看过", "买过") == "3 in the first, 2 in the second, 1 in both\n"
    file = tmp_path / "买过.csv"
    assert run("segment", "买过", "--csv", str(file)).startswith("2 customers written to ")
    assert [line.split(",")[1] for line in file.read_text("utf-8-sig").splitlines()[1:]] == ["客a", "客d"]
    with db() as session:
        assert session.exec(select(AuditEntry.target).where(AuditEntry.action == "segment.export")).all() == [
            "segment:买过"
        ]


def test_what_is_wrong_is_told_with_its_mend(run: Run) -> None:
    with pytest.raises(StartError, match="there is no segment 看果"):
        run("segment", "看果")
    with pytest.raises(StartError, match="--when:1"):
        run("segment", "--when", "{tagg: 杭州}")
    with pytest.raises(StartError, match="write it like segment:"):
        run("send-once", "news", "--to", "看过", "--via", "sms")


def test_one_message_to_all_of_a_segment_once_a_day(run: Run, db: Database) -> None:
    with db.begin() as work:
        publish_text(work, "news", "sms", "你好")
    assert run("send-once", "news", "--to", "segment:看过", "--via", "sms").startswith("3 customers enter ")
    assert run("send-once", "news", "--to", "segment:看过", "--via", "sms").startswith("0 customers enter ")
    with db() as session:
        assert sorted(session.exec(select(Enrollment.customer_id))) == [1, 3, 5]
