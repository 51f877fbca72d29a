"""A server that speaks Twilio's protocol: messages made, fetched and listed, refusals, lost answers, signed callbacks.

Written from Twilio's documentation of the Message resource, its errors, paging, and the security of webhooks.
"""

import base64
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from twilio.request_validator import RequestValidator

SID, TOKEN, NUMBER = "AC00000000000000000000000000000001", "a-secret-token", "+15005550006"


@dataclass(frozen=True)
class Fate:
    """What becomes of a request.

    It is taken unless an error is answered or it is dropped `before` that; dropped `after` it, only the answer is lost.
    """

    status: int = 201
    code: int | None = None
    retry_after: str | None = None
    drop: str | None = None
    latency: float = 0
    takes: bool = False
    text: str | None = None


@dataclass
class TwilioServer:
    """`fates` are what becomes of the next requests for a recipient, `always` of every other that makes a message."""

    always: Fate = Fate()
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    listing: Fate = Fate(200)
    page_size: int = 50
    messages: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    at_once: int = 0
    now: datetime | None = None
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._busy = 0
        self._callbacks: dict[str, str | None] = {}

    def fate(self, recipient: str) -> Fate:
        with self._lock:
            waiting = self.fates.get(recipient)
            return waiting.pop(0) if waiting else self.always

    def take(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Make a message, queued as it is at first."""
        with self._lock:
            at = format_datetime(self.now or datetime.now(UTC))
            record = {
                "sid": f"SM{len(self.messages) + 1:032x}",
                "account_sid": SID,
                "api_version": "2010-04-01",
                "to": form["To"],
                "from": form.get("From"),
                "messaging_service_sid": form.get("MessagingServiceSid"),
                "body": form["Body"],
                "status": "accepted" if "MessagingServiceSid" in form else "queued",
                "direction": "outbound-api",
                "date_created": at,
                "date_updated": at,
                "date_sent": None,
                "error_code": None,
                "error_message": None,
                "num_segments": "1",
                "num_media": "0",
                "price": None,
                "price_unit": "USD",
                "uri": f"/2010-04-01/Accounts/{SID}/Messages/x.json",
                "subresource_uris": {},
            }
            self.messages.append(record)
            self._callbacks[record["sid"]] = form.get("StatusCallback")
            return record

    def callback(
        self, record: Mapping[str, Any], status: str, code: int | None = None, token: str = TOKEN
    ) -> tuple[str, dict[str, str], dict[str, str]]:
        """The address, form and headers of what Twilio posts when a message's status changes."""
        form = {
            "AccountSid": SID,
            "ApiVersion": "2010-04-01",
            "From": record["from"] or NUMBER,
            "To": record["to"],
            "MessageSid": record["sid"],
            "SmsSid": record["sid"],
            "MessageStatus": status,
            "SmsStatus": status,
        }
        if code is not None:
            form["ErrorCode"] = str(code)
        url = self._callbacks[record["sid"]]
        assert url is not None, "the message was sent without an address to call back"
        return url, form, signed(url, form, token)

    def entered(self, change: int) -> None:
        with self._lock:
            self._busy += change
            self.at_once = max(self.at_once, self._busy)

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of the list, the newest first."""
        with self._lock:
            found = [each for each in reversed(self.messages) if self._listed(each, query)]
        size, number = min(int(query.get("PageSize", 50)), self.page_size), int(query.get("Page", 0))
        start = number * size
        path = f"/2010-04-01/Accounts/{SID}/Messages.json"
        more = {**query, "Page": str(number + 1), "PageToken": "PA1"}
        return {
            "messages": found[start : start + size],
            "page": number,
            "page_size": size,
            "start": start,
            "end": start + size - 1,
            "first_page_uri": f"{path}?{urlencode({**query, 'Page': '0'})}",
            "next_page_uri": f"{path}?{urlencode(more)}" if len(found) > start + size else None,
            "previous_page_uri": None,
            "uri": f"{path}?{urlencode(query)}",
        }

    def _listed(self, record: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        if any(query.get(name, record[name.lower()]) != record[name.lower()] for name in ("To", "From")):
            return False
        day = parsedate_to_datetime(record["date_sent"] or record["date_created"]).date().isoformat()
        since, until, on = (query.get(name, "")[:10] for name in ("DateSent>", "DateSent<", "DateSent"))
        return (not since or day >= since) and (not until or day <= until) and (not on or day == on)


def signed(url: str, form: Mapping[str, Any], token: str = TOKEN) -> dict[str, str]:
    """The headers of a request that Twilio has signed."""
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}


@contextmanager
def twilio_server(**settings: Any) -> Iterator[TwilioServer]:
    """A server on a port of its own, while the block runs."""
    world = TwilioServer(**settings)

    class Handler(_Handler):
        server_of = world

    server = _Server(("127.0.0.1", 0), Handler)
    world.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """A client that has gone is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of: TwilioServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        world = self.server_of
        world.requests.append(("POST", self.path, form))
        world.entered(1)
        try:
            self._make(world, form)
        finally:
            world.entered(-1)

    def do_GET(self) -> None:
        world, address = self.server_of, urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        world.requests.append(("GET", address.path, query))
        if not self._known():
            return
        if world.listing.drop:
            self._drop()
        elif world.listing.status != 200:
            self._refuse(world.listing)
        elif address.path.endswith("/Messages.json"):
            self._answer(200, world.page(query))
        else:
            sid = address.path.rpartition("/")[2].removesuffix(".json")
            found = next((each for each in world.messages if each["sid"] == sid), None)
            self._answer(200, found) if found else self._refuse(Fate(404, 20404))

    def _make(self, world: TwilioServer, form: Mapping[str, str]) -> None:
        if not self._known():
            return
        if code := _wrong(form):
            self._refuse(Fate(400, code))
            return
        fate = world.fate(form["To"])
        time.sleep(fate.latency)
        record = world.take(form) if fate.takes or (fate.status == 201 and fate.drop != "before") else {}
        if fate.drop:
            self._drop()
        elif fate.text is not None:
            self._send(fate.status, fate.text.encode())
        elif fate.status == 201:
            self._answer(201, record)
        else:
            self._refuse(fate)

    def _known(self) -> bool:
        expected = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            self._refuse(Fate(401, 20003))
            return False
        if not self.path.startswith(f"/2010-04-01/Accounts/{SID}/Messages"):
            self._refuse(Fate(404, 20404))
            return False
        return True

    def _refuse(self, fate: Fate) -> None:
        more = {"Retry-After": fate.retry_after} if fate.retry_after else {}
        url = f"https://www.twilio.com/docs/errors/{fate.code}"
        words = "The 'To' number +8613800000000 did not like it"
        self._answer(fate.status, {"code": fate.code, "message": words, "more_info": url, "status": fate.status}, more)

    def _answer(self, status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(content).encode(), headers)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drop(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _wrong(form: Mapping[str, str]) -> int | None:
    if not form.get("To", "").startswith("+"):
        return 21211
    if not form.get("Body", "").strip():
        return 21602
    if len(form["Body"]) > 1600:
        return 21617
    return None if form.get("From") or form.get("MessagingServiceSid") else 21603
