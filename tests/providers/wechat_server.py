"""A WeChat Official Account or mini program on 127.0.0.1, as documented: tokens, windows, consents, errors."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

OK: Mapping[str, Any] = {"errcode": 0, "errmsg": "ok"}
HOURS_48, MINUTE = 48 * 3600, 60


@dataclass
class Quota:
    """Messages that may still be sent before a time."""

    left: int
    until: float


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a call: WeChat answers `errcode` or `http`, or drops the connection.

    `accepted` says that the call is carried out all the same.
    """

    errcode: int | None = None
    http: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: bool = False


@dataclass
class WechatServer:
    """An account. `faults` are met in turn by the calls of a path; `hold` keeps a path's calls waiting until it is set.

    `quotas` are what followers' actions allow, `granted` counts their consents by openid and template.
    """

    now: Callable[[], float]
    app_id: str = "wx1"
    secret: str = "s3cret"
    expires_in: int = 7200
    followers: set[str] = field(default_factory=set)
    quotas: dict[str, dict[str, Quota]] = field(default_factory=dict)
    granted: dict[tuple[str, str], int] = field(default_factory=dict)
    sent: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    hold: dict[str, threading.Event] = field(default_factory=dict)
    at_once: int = 0
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Whom a viewer's code names; each is redeemed once."""
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._tokens: dict[str, float] = {}
        self._busy = 0

    def writes(self, openid: str) -> None:
        self.followers.add(openid)
        self.quotas.setdefault(openid, {})["message"] = Quota(5, self.now() + HOURS_48)

    def taps(self, openid: str) -> None:
        self.followers.add(openid)
        self.quotas.setdefault(openid, {})["tap"] = Quota(3, self.now() + MINUTE)

    def accepts(self, openid: str, template: str) -> None:
        self.followers.add(openid)
        self.granted[openid, template] = self.granted.get((openid, template), 0) + 1

    def fail(self, path: str, *faults: Fault | int) -> None:
        """Let the next calls of a path go wrong; a number is an errcode."""
        made = (Fault(errcode=each) if isinstance(each, int) else each for each in faults)
        self.faults.setdefault(path, deque()).extend(made)

    def expire_tokens(self) -> None:
        self._tokens = dict.fromkeys(self._tokens, float("-inf"))

    def count(self, path: str) -> int:
        return sum(called == path for called, _ in self.calls)

    @contextmanager
    def running(self) -> Iterator["WechatServer"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What WeChat answers, once it has carried the call out."""
        if path == "token":
            return self._token(query)
        if path in ("/sns/oauth2/access_token", "/sns/jscode2session"):
            return self._viewer(query, "js_code" if path.endswith("session") else "code")
        token = query.get("access_token", "")
        if not token:
            return _error(41001)
        if token not in self._tokens:
            return _error(40001)
        if self._tokens[token] < self.now():
            return _error(42001)
        match path:
            case "message/custom/send":
                return self._custom(body)
            case "message/subscribe/bizsend" | "message/subscribe/send":
                return self._subscribed(body)
        return _error(48001)

    def entered(self, change: int) -> None:
        with self._lock:
            self._busy += change
            self.at_once = max(self.at_once, self._busy)

    def _token(self, query: Mapping[str, str]) -> Mapping[str, Any]:
        if query.get("grant_type") != "client_credential":
            return _error(40002)
        if query.get("appid") != self.app_id:
            return _error(40013)
        if query.get("secret") != self.secret:
            return _error(40125)
        token = f"token-{next(self._numbers)}"
        self._tokens[token] = self.now() + self.expires_in
        return {"access_token": token, "expires_in": self.expires_in}

    def _viewer(self, query: Mapping[str, str], name: str) -> Mapping[str, Any]:
        if (query.get("appid"), query.get("secret")) != (self.app_id, self.secret):
            return _error(40125)
        if query.get("grant_type") != "authorization_code" or not query.get(name):
            return _error(41008)
        return self.codes.pop(query[name], None) or _error(40029)

    def _custom(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        openid, kind = body.get("touser", ""), body.get("msgtype")
        if not openid.startswith("o"):
            return _error(40003)
        if openid not in self.followers:
            return _error(43004)
        if kind == "text":
            content = body["text"]["content"]
            if not content.strip():
                return _error(44004)
            if len(content.encode()) > 2048:
                return _error(45002)
        elif kind != "news" or len(body["news"]["articles"]) != 1:
            return _error(45008)
        lasting = [each for each in self.quotas.get(openid, {}).values() if self.now() < each.until]
        if not lasting:
            return _error(45015)
        quota = min((each for each in lasting if each.left), key=lambda each: each.until, default=None)
        if quota is None:
            return _error(45047)
        quota.left -= 1
        self.sent.append((openid, body))
        return OK

    def _subscribed(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        openid, template = body.get("touser", ""), body.get("template_id", "")
        if not openid.startswith("o"):
            return _error(40003)
        if not template.startswith("T"):
            return _error(40037)
        if any(not each["value"] for each in body["data"].values()):
            return _error(47003)
        if not self.granted.get((openid, template)):
            return _error(43101)
        self.granted[openid, template] -= 1
        self.sent.append((openid, body))
        return {**OK, "msgid": 2794188253209100000 + next(self._numbers)}


def _error(code: int) -> Mapping[str, Any]:
    return {"errcode": code, "errmsg": f"error {code} rid: 63b13eeb, from ip: 1.2.3.4"}


def _handler(wechat: WechatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            wechat.entered(1)
            try:
                self._answer()
            finally:
                wechat.entered(-1)

        do_GET = do_POST = _serve  # noqa: N815 the names that the base class asks for

        def _answer(self) -> None:
            url = urlsplit(self.path)
            path = url.path.removeprefix("/cgi-bin/")
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            if (held := wechat.hold.get(path)) is not None:
                held.wait(5)
            with wechat._lock:
                wechat.calls.append((path, body))
                waiting = wechat.faults.get(path)
                fault = waiting.popleft() if waiting else Fault(accepted=True, errcode=0)
                answer = wechat.answer(path, query, body) if fault.accepted else {}
            if fault.http is not None:
                self._say(fault.http, b"no", fault.headers)
            elif fault.errcode is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self._say(200, json.dumps(_error(fault.errcode) if fault.errcode else answer).encode(), {})

        def _say(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            told = {"content-type": "application/json", "content-length": str(len(content)), **headers}
            for name, value in told.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # the caller may have gone
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    return Handler
