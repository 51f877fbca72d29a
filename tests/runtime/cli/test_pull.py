"""What was published elsewhere comes back into the files, and is never overwritten unseen."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.access.actors import Actor
from domain.journeys import lifecycle
from domain.published.library import read_library
from domain.store.work import Database
from workflows.language.compile import read_journey

SPEC = """\
# 欢迎
journey: welcome
trigger: {event: order.paid}
entry: {again: never}
steps: [{wait: 3d}, {id: hi, send: hello, via: [sms]}]
"""
Run = Callable[..., str]


@pytest.fixture
def run(aftershow: Run, tmp_path: Path, db: Database) -> Run:  # noqa: ARG001
    """Calls a command in the first of two marketers' directories, or in another."""

    def call(*arguments: str, desk: str = "one") -> str:
        places = ["--specs", str(tmp_path / desk), "--templates", str(tmp_path / desk / "messages")]
        return aftershow(*arguments, *places, "--lang", "en")

    for desk in ("one", "two"):
        write(tmp_path / desk / "_policy.yaml", "timezone: Asia/Shanghai\nquiet_hours: none\ncaps: {}\n")
        write(tmp_path / desk / "welcome.yaml", SPEC)
        write(tmp_path / desk / "messages" / "hello" / "sms.j2", "【店】你好，拒收请回复R")
    return call


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def publish_by_console(db: Database, text: str) -> None:
    plan = read_journey(text, "welcome.yaml", None).plan
    assert plan
    now, who = datetime.now(UTC), Actor(kind="user", id=1, name="李雷", permissions=frozenset())
    with db.begin() as work, lifecycle.audited(work, who, "journey.publish", "welcome", now):
        lifecycle.publish(work, plan, text, now, who.by)


def test_what_the_console_published_is_pulled_and_then_built_upon(run: Run, db: Database, tmp_path: Path) -> None:
    file = tmp_path / "one" / "welcome.yaml"
    assert "live: welcome v1" in run("publish")
    publish_by_console(db, SPEC.replace("3d", "5d"))
    for arguments in (["publish", str(file)], ["publish"]):
        refused = run(*arguments)
        assert "E061" in refused
        assert "version 2 was published elsewhere" in refused
    assert "pulled" in run("pull")
    assert file.read_text() == SPEC.replace("3d", "5d")
    assert "all that is published" in run("pull")
    write(file, SPEC.replace("3d", "6d"))
    assert "live: welcome v3" in run("publish")
    assert "all that is published" in run("pull")


def test_a_file_with_changes_of_its_own_is_left(run: Run, db: Database, tmp_path: Path) -> None:
    file = tmp_path / "one" / "welcome.yaml"
    run("publish")
    publish_by_console(db, SPEC.replace("3d", "5d"))
    write(file, SPEC.replace("3d", "6d"))
    assert "changes of its own" in run("pull")
    assert "6d" in file.read_text()
    assert "live: welcome v3" in run("publish", str(file), "--force")


def test_two_directories_never_overwrite_each_other_unseen(run: Run, db: Database, tmp_path: Path) -> None:
    run("publish")
    run("publish", desk="two")
    write(tmp_path / "one" / "welcome.yaml", SPEC.replace("3d", "5d"))
    write(tmp_path / "one" / "messages" / "hello" / "sms.j2", "【店】您好，拒收请回复R")
    assert "live: welcome v2" in run("publish")
    write(tmp_path / "two" / "messages" / "hello" / "sms.j2", "【店】哈喽，拒收请回复R")
    refused = run("publish", desk="two")
    assert refused.count("E061") == 2
    with db() as session:
        assert "您好" in read_library(session).texts["hello", "sms"]
    pulled = run("pull", desk="two")
    assert "welcome.yaml" in pulled
    assert "sms.j2 has changes of its own" in pulled
    assert "pulled" in run("pull", "--force", desk="two")
    assert "live: welcome v2" in run("publish", desk="two")


def test_what_has_no_file_gets_one(run: Run, db: Database, tmp_path: Path) -> None:
    run("publish")
    file = tmp_path / "one" / "own.yaml"
    plan = read_journey(text := SPEC.replace("welcome", "own"), "own.yaml", None).plan
    assert plan
    with db.begin() as work:
        lifecycle.publish(work, plan, text, datetime.now(UTC), "key shop")
    assert "own.yaml" in run("pull")
    assert file.read_text() == text


def test_a_directory_that_is_not_there_is_filled(run: Run, tmp_path: Path) -> None:
    segments = "# 谁算老客\n老客: {field: customer.orders, at_least: 2}\n"
    write(tmp_path / "one" / "_segments.yaml", segments)
    run("publish")
    assert "pulled" in run("pull", desk="three")
    three = tmp_path / "three"
    assert (three / "_segments.yaml").read_text() == segments
    assert (three / "_policy.yaml").read_text() == (tmp_path / "one" / "_policy.yaml").read_text()
    assert (three / "welcome.yaml").read_text() == SPEC
    assert (three / "messages" / "hello" / "sms.j2").read_text() == "【店】你好，拒收请回复R"
    assert "all that is published" in run("pull", desk="three")
    write(three / "welcome.yaml", SPEC.replace("3d", "6d"))
    assert "live: welcome v2" in run("publish", desk="three")


def test_shared_documents_are_pulled_as_they_were_written_and_never_overwritten_unseen(
    run: Run, tmp_path: Path
) -> None:
    segments = "# 谁算老客\n老客: {field: customer.orders, at_least: 2}\n"
    one, two = (tmp_path / desk / "_segments.yaml" for desk in ("one", "two"))
    run("publish")
    run("publish", desk="two")
    write(one, segments)
    run("publish")
    assert "_segments.yaml" in run("pull", desk="two")
    assert two.read_text() == segments
    write(one, segments.replace("2", "3"))
    assert "live: welcome" in run("publish")
    write(two, segments.replace("2", "4"))
    refused = run("publish", desk="two")
    assert refused.count("E061") == 1
    assert "live:" not in refused.replace("live: no journey", "")
    assert "_segments.yaml has changes of its own" in run("pull", desk="two")
    assert "4" in two.read_text()
    run("pull", "--force", desk="two")
    assert two.read_text() == segments.replace("2", "3")
    assert "all that is published" in run("pull", desk="two")
