"""Checking directories of journeys and texts: whatever one file is, the others are checked."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.authoring.check import CheckReport, check
from workflows.source.diagnostics import Diagnostic

ROOT = Path(__file__).parents[3]
GOOD = (
    "journey: good\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps:\n  - {id: a, send: hello, via: [sms]}\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    specs, hello = tmp_path / "specs", tmp_path / "templates" / "messages" / "hello"
    specs.mkdir()
    hello.mkdir(parents=True)
    (specs / "_policy.yaml").write_text("timezone: Asia/Shanghai\nquiet_hours: none\ncaps: {}\n")
    (specs / "good.yaml").write_text(GOOD)
    (hello / "sms.j2").write_text("{{ shop.sign }}{% for item in trigger.items %}{{ item.sku }}{% endfor %}拒收请回复R")
    return tmp_path


def run(shop: Path) -> CheckReport:
    return check([shop / "specs"], shop / "templates" / "messages")


def only(report: CheckReport) -> Diagnostic:
    assert len(report.diagnostics) == 1, report
    return report.diagnostics[0]


def test_what_is_shipped_is_faultless() -> None:
    report = check([ROOT / "journey_specs"], ROOT / "templates" / "messages")
    assert report.diagnostics == []
    assert report.ok
    assert len(report.plans) == 6
    assert report.policy is not None
    assert report.segments is not None
    assert report.campaigns is not None


def test_a_good_directory(shop: Path) -> None:
    report = run(shop)
    assert report.ok
    assert str(report) == "3 files checked: 0 errors, 0 warnings"
    assert list(report.plans) == ["good"]
    assert list(report.texts) == [("hello", "sms")]


def test_a_report_shows_lines_and_counts(shop: Path) -> None:
    (shop / "specs" / "good.yaml").write_text(GOOD.replace("[sms]", "[sns]"))
    report = run(shop)
    assert not report.ok
    assert str(report).split("\n") == [
        f'{shop}/specs/good.yaml:5:32 E012 unknown channel "sns"; did you mean "sms"?',
        "  5 |   - {id: a, send: hello, via: [sns]}",
        "    |                                ^^^",
        "3 files checked: 1 error, 0 warnings",
    ]


def test_one_file_is_checked_with_what_is_beside_it(shop: Path) -> None:
    (shop / "specs" / "_segments.yaml").write_text("vip: {tag: vip}\n")
    (shop / "specs" / "bad.yaml").write_text("{")
    (shop / "specs" / "good.yaml").write_text(GOOD + "audience: {segment: vip}\n")
    assert check([shop / "specs" / "good.yaml"], shop / "templates" / "messages").diagnostics == []


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\xff\xfe", "E003"), (b"", "E006"), (b"[" * 5000, "E002"), (b"x" * 1_000_001, "E002"), (b"a: &a [*a]", "E001")],
)
def test_a_broken_file_never_stops_the_others(shop: Path, content: bytes, code: str) -> None:
    (shop / "specs" / "bad.yaml").write_bytes(content)
    report = run(shop)
    assert only(report).code == code
    assert only(report).path.endswith("bad.yaml")
    assert list(report.plans) == ["good"]


def test_a_link_that_leads_out_of_its_folder_is_not_read(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("password: hunter2")
    specs = shop / "specs"
    (specs / "leak.yaml").symlink_to(tmp_path / "secret.txt")
    (specs / "kept").write_text((specs / "good.yaml").read_text())
    (specs / "good.yaml").unlink()
    (specs / "good.yaml").symlink_to("kept")
    report = run(shop)
    assert (Path(only(report).path).name, only(report).code) == ("leak.yaml", "E008")
    assert "hunter2" not in str(report.sources)
    assert list(report.plans) == ["good"]


def test_what_is_no_file_is_told(shop: Path) -> None:
    specs = shop / "specs"
    (specs / "folder.yaml").mkdir()
    (specs / "loop.yaml").symlink_to(specs / "loop.yaml")
    (specs / "nowhere.yaml").symlink_to(specs / "missing")
    os.mkfifo(specs / "pipe.yaml")
    report = run(shop)
    assert [(Path(each.path).name, each.code) for each in report.diagnostics] == [
        (name, "E008") for name in ("folder.yaml", "loop.yaml", "nowhere.yaml", "pipe.yaml")
    ]
    assert list(report.plans) == ["good"]


def test_paths_that_are_not_there_are_told(shop: Path) -> None:
    report = check([shop / "nothing", shop / "specs"], shop / "texts")
    assert [(Path(each.path).name, each.code) for each in report.diagnostics] == [
        ("nothing", "E008"),
        ("good.yaml", "E023"),
        ("texts", "E008"),
    ]


def test_a_directory_needs_a_policy(shop: Path) -> None:
    (shop / "specs" / "_policy.yaml").unlink()
    assert only(run(shop)).message == "there is no policy"


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("您好\n{% if customer.name %}", 2, "E043"),
        ("{{ customer.name | nonsense }}", 1, "E043"),
        ("{{ customer.", 1, "E043"),
        ("您好\n{{ preferences }}", 2, "E043"),
        ("您好\n{{ shop.name | when }}", 2, "E043"),
        ("{{ 1e999 | int }}", 1, "E043"),
        ("  \n", 1, "E009"),
        ("{{" + "(" * 5000 + ")" * 5000 + "}}", 1, "E043"),
    ],
)
def test_a_broken_text_is_told(shop: Path, text: str, line: int, code: str) -> None:
    (shop / "templates" / "messages" / "hello" / "sms.j2").write_text(text)
    found = only(run(shop))
    assert (Path(found.path).name, found.line, found.code) == ("sms.j2", line, code)


def test_a_text_for_an_unknown_channel_is_told(shop: Path) -> None:
    (shop / "templates" / "messages" / "hello" / "wecon.j2").write_text("hi")
    assert only(run(shop)).message == 'unknown channel "wecon"; did you mean "wecom"?'


def test_a_text_may_call_what_every_text_has(shop: Path) -> None:
    text = "{{ link('https://shop.example') }} {{ preferences() }}"
    (shop / "templates" / "messages" / "hello" / "sms.j2").write_text(text)
    assert run(shop).ok


def test_a_variable_that_nothing_provides_is_told_at_the_send(shop: Path) -> None:
    (shop / "templates" / "messages" / "hello" / "sms.j2").write_text("{{ shop.sign }}{{ coupon.code }}拒收请回复R")
    found = only(run(shop))
    assert (Path(found.path).name, found.line, found.code) == ("good.yaml", 5, "E039")
    (shop / "specs" / "_coupons.yaml").write_text("c: {name: 券, amount_off: 1元, valid: 1d}\n")
    (shop / "specs" / "good.yaml").write_text(GOOD.replace("  - {id", "  - coupon: c\n  - {id"))
    assert run(shop).ok


def test_a_webhook_must_be_configured(shop: Path) -> None:
    (shop / "specs" / "good.yaml").write_text(GOOD + "  - {id: tell, webhook: crm}\n")
    assert only(run(shop)).code == "E040"
    assert check([shop / "specs"], shop / "templates" / "messages", {"crm"}).ok


def test_the_catalogue_knows_the_fields_of_events(shop: Path) -> None:
    (shop / "specs" / "good.yaml").write_text(GOOD.replace("paid}", "paid, where: {field: event.totl, above: 1}}"))
    assert only(run(shop)).code == "E027"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("您好", "no signature in front, like {{ shop.sign }} and no way to refuse, like 拒收请回复R"),
        ("您好，{{ shop.sign }}，回T退订", "no signature in front, like {{ shop.sign }}"),
        ("{{ shop.sign }}您好", "no way to refuse, like 拒收请回复R"),
        ("{% set a = 1 -%}\n{# who #} {{- shop.sign -}} 您好。拒收请回复R", None),
        ("【绿野鲜踪】您好，退订回TD", None),
    ],
)
def test_a_marketing_sms_says_who_writes_and_how_to_refuse(shop: Path, text: str, missing: str | None) -> None:
    (shop / "templates" / "messages" / "hello" / "sms.j2").write_text(text)
    if missing:
        found = only(run(shop))
        assert (found.code, found.severity, found.message) == ("W004", "warning", f"a marketing sms with {missing}")
    else:
        assert run(shop).diagnostics == []


def test_what_was_asked_for_need_not_say_how_to_refuse(shop: Path) -> None:
    (shop / "templates" / "messages" / "hello" / "sms.j2").write_text("您好")
    (shop / "specs" / "good.yaml").write_text(GOOD.replace("via: [sms]", "via: [sms], kind: transactional"))
    assert run(shop).diagnostics == []


def test_a_text_is_checked_with_every_journey_that_sends_it(shop: Path) -> None:
    text = "{{ shop.sign }}好\n  共{{ trigger.totl | yuan }}元 拒收请回复R"
    (shop / "templates" / "messages" / "hello" / "sms.j2").write_text(text)
    found = only(run(shop))
    assert (Path(found.path).name, found.line, found.column, found.code) == ("sms.j2", 2, 7, "E027")
    (shop / "templates" / "messages" / "hello" / "sms.j2").write_text(text.replace("totl", "total"))
    assert run(shop).diagnostics == []
    other = GOOD.replace("journey: good", "journey: other").replace("order.paid", "order.delivered")
    (shop / "specs" / "other.yaml").write_text(other)
    assert only(run(shop)).message == 'order.delivered has no field "total"; it has order_id'


def test_a_text_that_nobody_sends_is_checked_too(shop: Path) -> None:
    unsent = shop / "templates" / "messages" / "unsent"
    unsent.mkdir()
    (unsent / "sms.j2").write_text("{{ customer.nmae }}")
    assert only(run(shop)).message == 'customer has no field "nmae"; did you mean "name"?'
    (unsent / "sms.j2").write_text("{{ custmer.name }}")
    assert only(run(shop)).code == "E039"


@pytest.mark.parametrize(
    "mistake",
    [
        ("steps:", "audience: {segment: nobody}\nsteps:"),
        ("{again: never}", "{agian: never}"),
        ("  - {id: a", "  - {if: {field: customer.city, is: 杭州}, then: [{wait: soon}]}\n  - {id: a"),
    ],
)
def test_the_texts_of_a_journey_with_mistakes_are_checked_too(shop: Path, mistake: tuple[str, str]) -> None:
    """As far as can be: a field that no such event has is told, what can be missing isn't."""
    text = "{{ shop.sign }}{{ customer.name }}共{{ trigger.totl | yuan }}元 拒收请回复R"
    (shop / "templates" / "messages" / "hello" / "sms.j2").write_text(text)
    (shop / "specs" / "good.yaml").write_text(GOOD.replace(*mistake))
    found = [each for each in run(shop).diagnostics if each.severity == "error"]
    assert [Path(each.path).name for each in found] == ["good.yaml", "sms.j2"]
    assert found[1].message == 'order.paid has no field "totl"; did you mean "total"?'


def test_a_tag_may_be_given_by_a_journey_beside(shop: Path) -> None:
    specs = shop / "specs"
    asking = GOOD.replace("steps:", "audience: {tag: 老客}\nsteps:")
    (specs / "good.yaml").write_text(asking)
    assert only(run(shop)).message == 'nobody gives the tag "老客"; no step does, and no rule of _tags.yaml'
    (specs / "other.yaml").write_text(GOOD.replace("good", "other") + "  - {tag: 老客}\n")
    assert run(shop).diagnostics == []
    assert check([specs / "good.yaml"], shop / "templates" / "messages").diagnostics == []


def test_a_day_that_is_over_is_told(shop: Path) -> None:
    """Going by the shop's calendar, on which it is the 9th of October already."""
    specs, now = shop / "specs", datetime(2026, 10, 8, 16, tzinfo=UTC)
    (specs / "good.yaml").write_text(GOOD.replace("steps:", "active: {until: 2026-10-08}\nsteps:"))
    (specs / "_coupons.yaml").write_text("c: {name: 券, amount_off: 1元, valid: until 2026-10-08}\n")
    assert run(shop).diagnostics == []
    for then, told in ((now, ["W011", "W011"]), (now - timedelta(hours=1), [])):
        report = check([specs], shop / "templates" / "messages", now=then)
        assert [each.code for each in report.diagnostics] == told


def test_of_one_journey_the_texts_it_sends_are_checked_with_the_coupons_beside_it(shop: Path) -> None:
    specs, messages = shop / "specs", shop / "templates" / "messages"
    (specs / "_coupons.yaml").write_text("c: {name: 券, amount_off: 1元, valid: 1d}\n")
    (specs / "good.yaml").write_text(GOOD.replace("[sms]", "[sms], coupon: c"))
    (messages / "hello" / "sms.j2").write_text("{{ shop.sign }}减{{ coupon.amount_off | yuan }}元，拒收请回复R")
    (messages / "others").mkdir()
    (messages / "others" / "sms.j2").write_text("{{ shop.sign }}{{ customer.name }}，拒收请回复R")
    assert check([specs / "good.yaml"], messages).diagnostics == []
    assert only(run(shop)).path.endswith("others/sms.j2")
