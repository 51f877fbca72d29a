"""One message to oneself, over the command line and the same path as every other."""

import sys
from collections.abc import Callable, Iterator

import pytest
from sqlmodel import select

from domain.channels.tables import SandboxMessage
from domain.customers.identifiers import identify
from domain.customers.resolution import resolve
from domain.customers.tables import Consent, Customer
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.published.library import read_library
from domain.published.publishing import publish_document, publish_journey, publish_text
from domain.published.tables import Journey
from domain.store.clock import SystemClock
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.authoring.send_test import samples
from runtime.cli.app import run as run_command
from tests.providers.twilio_server import NUMBER, SID, TOKEN, Fate, TwilioServer, twilio_server
from workflows.language.compile import read_journey
from workflows.language.policy import Policy

LI = "+8613800000001"
Run = Callable[..., str]


@pytest.fixture
def run(
    db: Database,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs the command on a database with two texts; what it says, after its exit code."""
    with db.begin() as session:
        publish_document(session, "_policy", Policy(shop="绿野鲜踪").model_dump(mode="json"))
        publish_text(session, "gift", "sms", "{{ shop.sign }}{{ coupon.name }}，码{{ coupon.code }}")
        publish_text(session, "broken", "sms", "{{ nothing.there }}")

    def command(*arguments: str, **environment: str) -> str:
        monkeypatch.setattr(sys, "argv", ["aftershow", "send-test", *arguments])
        monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            run_command()
        said = capsys.readouterr()
        return f"{ended.value.code} {said.out}{said.err}"

    return command


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    with twilio_server() as server:
        yield server


def twilio(server: TwilioServer, **more: str) -> dict[str, str]:
    found = {"ACCOUNT_SID": SID, "AUTH_TOKEN": TOKEN, "FROM_NUMBER": NUMBER, "BASE_URL": server.url} | more
    return {f"AFTERSHOW_TWILIO_{name}": value for name, value in found.items()}


def test_the_sandbox_keeps_it_by_default(run: Run, db: Database) -> None:
    said = run("gift", "--to", "138 0000 0001", "--value", "coupon.code=A1")
    assert said.startswith("0 【绿野鲜踪】满59减10，码A1\nsent by sms, over the sandbox")
    with db() as session:
        assert session.exec(select(SandboxMessage.recipient, SandboxMessage.body)).all() == [
            (LI, "【绿野鲜踪】满59减10，码A1")
        ]
        assert session.exec(select(Message.status, Message.kind, Message.counts)).all() == [
            ("sent", "transactional", False)
        ]
        assert session.exec(select(Enrollment.ending)).all() == ["finished"]
        assert session.exec(select(Journey)).all() == []
        assert session.exec(select(Outbox)).all() == []


def test_a_steps_own_coupon_is_shown(run: Run, db: Database) -> None:
    spec = "journey: gifts\ntrigger: {event: form.filled}\nentry: {again: always}\nsteps:\n"
    plan = read_journey(f"{spec}  - {{id: give, send: gift, via: [sms], coupon: eight}}\n", "gifts.yaml", None).plan
    assert plan
    eight = {"name": "立减8元", "amount_off": 800, "valid": "until 2099-12-31"}
    with db.begin() as work:
        publish_document(work, "_coupons", {"eight": eight})
        publish_journey(work, plan, spec, SystemClock().now())
    assert "立减8元，码TEST" in run("gift", "--to", "13800000001", "--journey", "gifts", "--step", "give")
    with db() as session:
        coupon = samples(read_library(session), SystemClock().now(), [], plan.steps["give"])["coupon"]
    assert f"{coupon['expires_at']:%Y-%m-%d %H:%M}" == "2100-01-01 00:00"  # on the shop's clock
    assert "go together" in run("gift", "--to", "13800000001", "--journey", "gifts")
    slip = run("gift", "--to", "13800000001", "--journey", "gifts", "--step", "gave")
    assert 'no step gave of gifts sends gift; did you mean "give"?' in slip
    assert "no journey gift was ever" in run("gift", "--to", "13800000001", "--journey", "gift", "--step", "give")


def test_it_goes_through_twilio_once_that_is_set_up(run: Run, server: TwilioServer) -> None:
    said = run("gift", "--to", LI, **twilio(server))
    assert f"over twilio/{SID}\nthe provider calls it {server.messages[0]['sid']}" in said
    assert server.messages[0]["body"] == "【绿野鲜踪】满59减10，码TEST"


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (Fate(400, 21211), "码TEST\naftershow: it was not sent by sms: 21211 not a phone number"),
        (Fate(401, 20003), "it was not sent by sms: 20003: our account or sender is not set up right"),
        (Fate(drop="after"), "unknown whether it was sent"),
    ],
)  # fmt: skip
def test_why_not_is_told(run: Run, server: TwilioServer, db: Database, fate: Fate, said: str) -> None:
    server.fates[LI] = [fate]
    assert said in run("gift", "--to", LI, **twilio(server))
    with db() as session:
        assert None not in session.exec(select(Enrollment.ending)).all()
        assert set(session.exec(select(Message.status)).all()) <= {"failed", "unknown"}


def test_who_has_refused_gets_none(run: Run, db: Database) -> None:
    now = SystemClock().now()
    with db.begin() as session:
        who = resolve(session, [identify(f"phone:{LI}", None)], now)[0].customer_id
        session.add(Consent(customer_id=who, channel="sms", purpose="marketing", given=False, at=now))
    assert "it was not sent by sms: no_consent\nthe address has refused" in run("gift", "--to", LI)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gifs", "--to", LI], 'no template gifs is published; did you mean "gift"?'),
        (["gift", "--to", "me"], "--to is not a phone number"),
        (["gift", "--to", LI, "--channel", "wecom"], "gift has no text for wecom, but for sms"),
        (["gift", "--to", LI, "--value", "code=A1"], "--value code=A1 can't be read; write it like coupon.code=A1"),
        (["broken", "--to", LI], "give the text what it needs with --value"),
    ],
)
def test_what_can_not_be_sent_is_told_and_leaves_nothing(
    run: Run, db: Database, arguments: list[str], said: str
) -> None:
    found = run(*arguments)
    assert found.startswith("1 ")
    assert said in found
    with db() as session:
        assert session.exec(select(Customer)).all() == []


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ("AUTH_TOKEN", "AFTERSHOW_TWILIO_AUTH_TOKEN: field required"),
        ("ACCOUNT_SID", "AFTERSHOW_TWILIO_ACCOUNT_SID: field required"),
        ("FROM_NUMBER", "AFTERSHOW_TWILIO_MESSAGING_SERVICE_SID: set either this or ..._from_number"),
    ],
)
def test_an_incomplete_set_names_what_is_missing(run: Run, server: TwilioServer, left_out: str, named: str) -> None:
    settings = {name: value for name, value in twilio(server).items() if not name.endswith(left_out)}
    assert named in run("gift", "--to", LI, **settings)


def test_everything_missing_is_named_at_once(run: Run) -> None:
    said = run("gift", "--to", LI, AFTERSHOW_TWILIO_TIMEOUT="3")
    assert all(f"AFTERSHOW_TWILIO_{name}" in said for name in ("ACCOUNT_SID", "AUTH_TOKEN", "MESSAGING_SERVICE_SID"))
