"""What comes back of emails: one click, bounces, answers; forged, repeated, broken."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from calling import Caller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import Shop

from api.app import create_app
from api.receivers.mail import router
from domain.channels.delivery import Delivery
from domain.customers.identifiers import identify
from domain.intake.ingest import Incoming
from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database
from domain.texts.links import Site
from domain.texts.mail_names import name_of, unsubscribe_url

SITE = Site("https://shop.example", b"k" * 32)
TOKEN = "a-secret-of-sixteen-letters"
SPEC = """
journey: hello
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: hi, send: hi, via: [email]}]
"""


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC)
    shop.customers("li", consent=("email",))
    who = identify(None, {"member_no": "li", "email": "li@example.cn"})
    shop.take(Incoming("test", "known", "customer.updated", clock.now(), {}, who))
    return shop


@pytest.fixture
def caller(db: Database, clock: VirtualClock) -> Caller:
    return Caller(create_app(db, clock, ready=dict, receivers=[router(TOKEN, SITE)]), "")


def send(shop: Shop) -> Message:
    shop.provider.says["li@example.cn"] = Delivery("sent")
    shop.post("order.paid", "li", order_id=str(shop.posted), total=100)
    shop.give("send", shop.group(shop.plan.first or ""))
    message = max(shop.rows(Message), key=lambda row: row.id)
    assert message.channel == "email", message.reason
    return message


def told(shop: Shop) -> list[str]:
    return [
        row.type
        for row in sorted(shop.rows(Event), key=lambda row: row.id)
        if row.type.startswith(("message.", "consent.")) and row.source == "email"
    ]


def bounce(key: int, *, action: str = "failed", status: str = "5.1.1", returned: str = "message/rfc822") -> bytes:
    name = f"<{name_of(key, SITE)}@shop.example>"
    head = (
        "From: MAILER-DAEMON@example.cn\r\nTo: bounce@shop.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.cn\r\n\r\n"
        f"Final-Recipient: rfc822; li@example.cn\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
    )
    body = "\r\n您好\r\n" if returned == "message/rfc822" else ""
    part = f"--b\r\nContent-Type: {returned}\r\n\r\nFrom: hi@shop.example\r\nMessage-ID: {name}\r\n{body}\r\n--b--\r\n"
    return (head + part).encode()


def answer(key: int, text: str, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "li@example.cn", "hi@shop.example", "Re: 您的券"
    mail["In-Reply-To"] = f"<{name_of(key, SITE)}@shop.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def come(caller: Caller, mail: bytes, token: str = TOKEN) -> int:
    return caller.post(f"/v1/webhooks/email/{token}", content=mail).status_code


def test_one_click_withdraws_the_consent_once(caller: Caller, shop: Shop) -> None:
    path = unsubscribe_url(send(shop).id, SITE).removeprefix(SITE.url)
    looked = caller.get(path)
    assert (looked.status_code, looked.headers["location"].partition("/preferences/")[0]) == (303, SITE.url)
    assert told(shop) == []
    for _ in range(2):
        clicked = caller.post(path, data={"List-Unsubscribe": "One-Click"})
        assert (clicked.status_code, "退订" in clicked.text) == (200, True)
    assert told(shop) == ["consent.withdrawn"]
    for forged in ("1", "1aaaaaaaaaa", "x" * 100, path.rpartition("/")[2][:-1] + "!"):
        assert caller.post(f"/unsubscribe/{forged}").status_code == 404
        assert caller.get(f"/unsubscribe/{forged}").status_code == 404


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_is_a_failure(caller: Caller, shop: Shop, returned: str) -> None:
    message = send(shop)
    assert [come(caller, bounce(message.id, returned=returned)) for _ in range(2)] == [204, 204]
    assert told(shop) == ["message.failed"]
    (row,) = shop.rows(Message)
    assert (row.status, row.reason) == ("failed", "bounced 5.1.1")


def test_a_delay_says_nothing(caller: Caller, shop: Shop) -> None:
    assert come(caller, bounce(send(shop).id, action="delayed", status="4.4.1")) == 204
    assert told(shop) == []


@pytest.mark.parametrize(
    ("text", "headers", "events"),
    [
        ("退订", {}, ["consent.withdrawn"]),
        ("unsubscribe\n\n> 您的券明天到期，退订请点这里", {}, ["consent.withdrawn"]),
        ("谢谢，多少钱？\n\n在 2026年3月2日，绿野 写道：\n> 退订请点这里", {}, ["message.replied"]),
        ("我休假了", {"Auto_Submitted": "auto-replied"}, []),
    ],
)
def test_what_people_answer(caller: Caller, shop: Shop, text: str, headers: dict[str, str], events: list[str]) -> None:
    mail = answer(send(shop).id, text, **headers)
    assert [come(caller, mail) for _ in range(2)] == [204, 204]
    assert told(shop) == events


def test_what_nobody_signed_or_knows_is_ignored(caller: Caller, shop: Shop) -> None:
    message = send(shop)
    assert come(caller, bounce(message.id), token="another-of-sixteen-letters-") == 403
    forged = bounce(message.id).replace(name_of(message.id, SITE).encode(), f"{message.id}.aaaaaaaaaa".encode())
    for mail in (forged, bounce(99), answer(99, "退订"), b"", b"\xff\x00", b"Subject: hi\r\n\r\nhello"):
        assert come(caller, mail) == 204
    assert told(shop) == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(mail=st.binary(max_size=300), place=st.integers(0, 700))
def test_no_mail_breaks_it(caller: Caller, mail: bytes, place: int) -> None:
    whole = bounce(1)
    assert come(caller, whole[:place] + mail + whole[place:]) == 204


def test_without_a_token_no_mail_is_taken(db: Database, clock: VirtualClock, call_with: Callable[..., Caller]) -> None:
    assert call_with
    lone = Caller(create_app(db, clock, ready=dict, receivers=[router(None, SITE)]), "")
    assert come(lone, b"") in (404, 405)
