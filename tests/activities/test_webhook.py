"""Webhooks over real HTTP: signed, bounded, tried again where that helps, and never led astray."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from pydantic import ValidationError
from standardwebhooks import Webhook

from activities.adapters import webhook
from activities.adapters.webhook import MAX_BODY, HttpWebhooks, is_public
from activities.adapters.webhook_target import Target
from domain.journeys.verbs.webhook import Call, Reply

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
CALL = Call(17, "crm", 3, {"journey": "care", "data": {"level": "金卡"}})


class Receiver(ThreadingHTTPServer):
    """Keeps what it is told, and answers each path as it is set up to."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        self.closing = Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: Any) -> None:
        """A caller has hung up, as some tests want."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((dict(self.headers), body))
        if self.path == "/silent":
            self.server.closing.wait()
            return
        status, headers = self.server.answers.get(self.path, (200, {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.path == "/endless":
            self.end_headers()
            while not self.server.closing.is_set():
                self.wfile.write(b"x" * 65_536)
            return
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as found:
        yield found


class Caller:
    def __init__(self, portal: BlockingPortal, receiver: Receiver) -> None:
        self.portal = portal
        self.port = receiver.server_port

    def call(self, path: str = "/", *, host: str = "127.0.0.1", private: bool = True, call: Call = CALL) -> Reply:
        url = f"http{'' if private else 's'}://{host}:{self.port}{path}"
        target = Target.model_validate({"url": url, "secret": SECRET, "allow_private": private})
        (reply,) = HttpWebhooks({"crm": target}, self.portal).call_many("crm", [call])
        return reply


@pytest.fixture
def caller(portal: BlockingPortal, receiver: Receiver) -> Caller:
    return Caller(portal, receiver)


def test_is_signed_and_says_what_it_is_to_say(caller: Caller, receiver: Receiver) -> None:
    assert caller.call("/hook?a=1") == Reply("ok")
    ((headers, body),) = receiver.taken
    assert Webhook(SECRET).verify(body, headers) == CALL.body
    assert headers["webhook-id"] == "17"
    assert headers["Content-Type"] == "application/json"
    assert headers["Host"] == f"127.0.0.1:{receiver.server_port}"


def test_many_go_at_once_and_each_has_its_reply(portal: BlockingPortal, receiver: Receiver) -> None:
    target = Target.model_validate(
        {"url": f"http://127.0.0.1:{receiver.server_port}/", "secret": SECRET, "allow_private": True}
    )
    big = {"data": "x" * MAX_BODY}
    calls = [Call(key, "crm", key, big if key == 7 else {"data": key}) for key in range(60)]
    replies = HttpWebhooks({"crm": target}, portal).call_many("crm", calls)
    assert [key for key, reply in enumerate(replies) if reply != Reply("ok")] == [7]
    assert replies[7] == Reply("failed", "too_large")
    assert sorted(json.loads(body)["data"] for _, body in receiver.taken) == [key for key in range(60) if key != 7]


@pytest.mark.parametrize(
    ("status", "headers", "reply"),
    [
        (204, {}, Reply("ok")),
        (301, {"Location": "/elsewhere"}, Reply("failed", "http_301")),
        (307, {"Location": "/elsewhere"}, Reply("failed", "http_307")),
        (400, {}, Reply("failed", "http_400")),
        (410, {}, Reply("failed", "http_410")),
        (429, {"Retry-After": "90"}, Reply("later", "http_429", timedelta(seconds=90))),
        (503, {"Retry-After": formatdate(0, usegmt=True)}, Reply("later", "http_503")),
        (503, {"Retry-After": "soon"}, Reply("later", "http_503")),
        (500, {"Retry-After": "9" * 400}, Reply("later", "http_500", timedelta(days=1))),
    ],
)
def test_what_the_other_side_says_is_taken_at_its_word(
    caller: Caller, receiver: Receiver, status: int, headers: dict[str, str], reply: Reply
) -> None:
    receiver.answers["/"] = status, headers
    assert caller.call() == reply
    assert len(receiver.taken) == 1


def test_an_answer_without_end_is_cut_off(caller: Caller) -> None:
    assert caller.call("/endless") == Reply("ok")


def test_silence_is_waited_out_for_a_short_time_only(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "CALL_SECONDS", 0.2)
    assert caller.call("/silent") == Reply("later", "timeout")


def test_nobody_there_may_be_there_later(portal: BlockingPortal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    target = Target.model_validate({"url": f"http://127.0.0.1:{port}", "secret": SECRET, "allow_private": True})
    assert HttpWebhooks({"crm": target}, portal).call_many("crm", [CALL]) == [Reply("later", "no_connection")]


def test_a_webhook_that_is_not_configured_fails(portal: BlockingPortal) -> None:
    assert HttpWebhooks({}, portal).call_many("crm", [CALL]) == [Reply("failed", "unknown_webhook")]


@contextmanager
def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> Iterator[list[str]]:
    """Names resolve to each of these in turn."""
    asked: list[str] = []
    queue = list(answers)

    def look_up(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in queue.pop(0)]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield asked


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0", "2130706433"])
def test_this_machine_is_not_called_unless_that_is_allowed(caller: Caller, receiver: Receiver, host: str) -> None:
    assert caller.call(host=host, private=False) == Reply("failed", "private_address")
    assert receiver.taken == []


def test_one_private_address_among_others_is_one_too_many(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    with resolving(monkeypatch, ["93.184.215.14", "10.0.0.8"]):
        assert caller.call(host="crm.example", private=False) == Reply("failed", "private_address")


def test_a_name_is_looked_up_once_and_the_address_found_is_called(
    caller: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with resolving(monkeypatch, ["127.0.0.1"], ["10.0.0.8"]) as asked:
        assert caller.call(host="crm.example") == Reply("ok")
    assert asked == ["crm.example"]
    assert receiver.taken[0][0]["Host"] == f"crm.example:{receiver.server_port}"


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "127.8.8.8", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:db8::1", "2001::1",
        "fec0::1", "64:ff9b:1::a00:1", "::ffff:0:10.0.0.1", "192.0.0.8",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"url": "http://crm.example", "secret": SECRET}, "must be https"),
        ({"url": "ftp://crm.example", "secret": SECRET}, "URL scheme"),
        ({"url": "https://crm.example", "secret": "whsec_"}, "base64"),
        ({"url": "https://crm.example", "secret": "whsec_c2hvcnQ="}, "24 random bytes"),
        ({"url": "https://crm.example", "secret": "whsec_é"}, "base64"),
        ({"url": "https://crm.example"}, "Field required"),
    ],
)
def test_settings_that_make_no_sense_are_refused_without_showing_the_secret(values: dict[str, str], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong) as problem:
        Target.model_validate(values)
    assert SECRET not in str(problem.value.errors(include_input=False))
