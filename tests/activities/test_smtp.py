"""Email over SMTP, to a real mail server."""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from activities.adapters.smtp.channel import NO_WAY_OUT, Server, SmtpMail
from domain.channels.delivery import Account, Delivery, Outgoing, Traceable
from domain.store.clock import VirtualClock
from domain.texts.links import Site
from domain.texts.mail_names import key_of, unsubscribed_key
from tests.providers.mail_server import PASSWORD, USER, MailServer, certificate, mail_server

LI, WANG = "li@example.cn", "wang@example.cn"
TEXT = "您好，小李：\n\n满 59 减 10，见 https://shop.example/r/abc 。\n\n<b>别忘了</b>"
BODY = f"---\nsubject: 您的券明天到期\n---\n{TEXT}"
SITE = Site("https://shop.example", b"k" * 32)
Make = Callable[..., SmtpMail]


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _empty(server: MailServer) -> None:
    server.recipients, server.texts = {}, {}
    server.taken.clear()
    server.connections = 0


@pytest.fixture
def make(server: MailServer, clock: VirtualClock) -> Iterator[Make]:
    with start_blocking_portal() as portal:

        def one(site: Site | None = SITE, at_once: int = 3, **changes: object) -> SmtpMail:
            known: dict[str, object] = {
                "host": "127.0.0.1", "port": server.port, "sender": "绿野 <hi@shop.example>", "security": "none",
                "username": USER, "password": PASSWORD, "bounces": "bounce@shop.example", "timeout": 3,
            }  # fmt: skip
            settings = Server(**(known | changes))  # type: ignore[arg-type]
            return SmtpMail(portal, clock, settings, site, Account("smtp", at_once=at_once))

        yield one


def message(to: str = LI, body: str = BODY, key: int = 7, kind: str = "marketing") -> Outgoing:
    return Outgoing(key, key, "email", to, body, kind)  # type: ignore[arg-type]


def test_a_message_arrives_as_text_and_as_html_with_a_way_out_by_one_click(make: Make, server: MailServer) -> None:
    (found,) = make().send_many([message()])
    ((sender, recipient, mail),) = server.taken
    assert (sender, recipient) == ("bounce@shop.example", LI)
    assert found == Delivery("sent", provider_id=mail["Message-ID"])
    assert (mail["Subject"], mail["From"], mail["To"]) == ("您的券明天到期", "绿野 <hi@shop.example>", LI)
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert plain.get_content().startswith("您好，小李：\n\n满 59 减 10")
    assert '<a href="https://shop.example/r/abc">https://shop.example/r/abc</a>' in html.get_content()
    assert "&lt;b&gt;别忘了" in html.get_content()
    assert key_of(mail["Message-ID"], SITE) == 7
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = mail["List-Unsubscribe"].strip("<>")
    assert address.startswith("https://shop.example/unsubscribe/")
    assert unsubscribed_key(address.rpartition("/")[2], SITE) == 7


def test_what_a_customer_asked_for_has_no_way_out(make: Make, server: MailServer) -> None:
    assert make(site=None).send_many([message(kind="transactional")])[0].status == "sent"
    assert server.taken[0][2]["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("您好", "the email has no subject"),
        ("---\nsubject:\n---\n您好", "the email has no subject"),
        ("---\nsubject: 您好\n---\n \n", "the email is empty"),
        (f"---\nsubject: {'长' * 201}\n---\n您好", "the subject has more than 200 characters"),
    ],
)
def test_what_is_no_email_is_refused_before_any_call(make: Make, server: MailServer, body: str, reason: str) -> None:
    assert make().send_many([message(body=body)]) == [Delivery("failed", reason=reason)]
    assert make(site=None).send_many([message()]) == [Delivery("failed", reason=NO_WAY_OUT)]
    assert server.connections == 0


def test_what_each_answer_means_and_one_bad_recipient_disturbs_nobody_else(make: Make, server: MailServer) -> None:
    said = {
        "gone": ("550 5.1.1 no such user li", None, Delivery("failed", reason="550 the recipient is refused")),
        "grey": ("451 greylisted", None, Delivery("retry", reason="451 come again later", after=300, alone=True)),
        "busy": ("421 too much", None, Delivery("retry", reason="421 the mail server takes no more now", after=60)),
        "cut": ("drop", None, Delivery("retry", after=60)),
        "spam": (None, "554 5.7.1 spam", Delivery("failed", reason="554 refused")),
        "full": (None, "452 full", Delivery("retry", reason="452 come again later", after=300, alone=True)),
        "lost": (None, "drop before", Delivery("unknown")),
        "gone after": (None, "drop after", Delivery("unknown")),
        "well": (None, None, Delivery("sent")),
    }
    people = {name: f"{place}@example.cn" for place, name in enumerate(said)}
    server.recipients = {people[name]: each[0] for name, each in said.items() if each[0]}
    server.texts = {people[name]: each[1] for name, each in said.items() if each[1]}
    adapter = make(at_once=1)
    found = adapter.send_many([message(people[name], key=place) for place, name in enumerate(said)])
    for (name, (_, __, expected)), each in zip(said.items(), found, strict=True):
        assert (each.status, each.after, each.alone) == (expected.status, expected.after, expected.alone), name
        assert expected.reason in (None, each.reason), name
        assert "example" not in (each.reason or "")
    assert {recipient for _, recipient, __ in server.taken} == {people["well"], people["gone after"]}
    assert not isinstance(adapter, Traceable), "a mail server can't be asked"


def test_messages_go_over_few_connections(make: Make, server: MailServer) -> None:
    found = make(at_once=3).send_many([message(f"{key}@example.cn", key=key) for key in range(30)])
    assert {each.status for each in found} == {"sent"}
    assert (len(server.taken), server.connections) == (30, 3)


def _nobody_listens() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_without_a_connection_or_with_a_wrong_password_nothing_is_lost(make: Make, server: MailServer) -> None:
    for changes, after in (
        ({"port": _nobody_listens()}, 60),
        ({"host": "mail.invalid"}, 60),
        ({"security": "tls"}, 60),
        ({"password": "wrong"}, 600),
        ({"security": "starttls"}, 60),
    ):
        (found,) = make(**changes).send_many([message()])
        assert (found.status, found.after) == ("retry", after), changes
    assert server.taken == []


def test_a_wrong_password_is_told_to_who_looks(make: Make) -> None:
    assert make().trouble() is None
    assert make(password="wrong").trouble() == "535"
    with pytest.raises(ConnectionError):
        make(port=_nobody_listens()).trouble()


def test_a_server_is_known_by_its_certificate(make: Make, tmp_path: Path) -> None:
    context, shown = certificate(tmp_path)
    with mail_server(context) as server:
        (stranger,) = make(port=server.port, security="tls").send_many([message()])
        assert (stranger.status, server.taken) == ("retry", [])
        trusts = ssl.create_default_context(cafile=shown)
        (found,) = make(port=server.port, security="tls", trusts=trusts).send_many([message()])
        assert (found.status, len(server.taken)) == ("sent", 1)


def test_nothing_personal_is_logged(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        make().send_many([message()])
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    assert LI not in "".join(ours)


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("用户@例子.cn", "您好"), ("a<b>@example.cn", "您好"), ('"@example.cn', "您好"), ("a@[", "您好"),
        ("@@", "您好"), ("a,b@example.cn", "您好"), (LI, "a\x0bb"), (LI, "a\x00b"), (LI, "\ud800"), (LI, "a\u2028b"),
    ],
)  # fmt: skip
def test_no_address_or_subject_disturbs_the_rest(make: Make, server: MailServer, to: str, subject: str) -> None:
    odd = message(to, BODY.replace("您的券明天到期", subject))
    found = make(at_once=1).send_many([odd, message(WANG, key=8)])
    assert found[0].status in ("sent", "failed")
    assert found[1].status == "sent"
    assert WANG in {recipient for _, recipient, __ in server.taken}
