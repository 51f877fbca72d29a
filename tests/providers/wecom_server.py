"""WeCom (企业微信) on 127.0.0.1, as its documentation tells: tokens, tasks for employees, and notices to them."""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

CONTACT = "externalcontact/"
OK: Mapping[str, Any] = {"errcode": 0, "errmsg": "ok"}


@dataclass
class Task:
    """A message that waits for an employee. `status`: 0 unsent, 1 sent, 2 not a friend, 3 over the limit."""

    msgid: str
    userid: str
    external_userid: str
    text: str
    create_time: int
    status: int = 0
    reminders: int = 0
    cancelled: bool = False


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a call: WeCom answers `errcode` or `http`, or drops the connection.

    `accepted` says that the call is carried out all the same, `slowly` that the answer comes byte by byte.
    """

    errcode: int | None = None
    http: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: bool = False
    slowly: bool = False


@dataclass
class WecomServer:
    """A corp. `faults` are met in turn by the calls of a path; `hold` keeps a path's calls waiting until it is set."""

    now: Callable[[], float]
    corp_id: str = "ww1"
    secret: str = "s3cret"
    agent_id: int = 1000002
    expires_in: int = 7200
    page: int = 2
    strangers: set[str] = field(default_factory=set)
    staff: set[str] = field(default_factory=lambda: {"anna", "ben"})
    owner: str = "anna"
    tasks: dict[str, Task] = field(default_factory=dict)
    notices: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    hold: dict[str, threading.Event] = field(default_factory=dict)
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._tokens: dict[str, float] = {}

    def fail(self, path: str, *faults: Fault | int) -> None:
        """Let the next calls of a path go wrong; a number is an errcode."""
        made = (Fault(errcode=each) if isinstance(each, int) else each for each in faults)
        self.faults.setdefault(path, deque()).extend(made)

    def expire_tokens(self) -> None:
        self._tokens = dict.fromkeys(self._tokens, float("-inf"))

    def employee(self, external_userid: str, status: int) -> None:
        """Let the employee deal with the customer's tasks."""
        for task in self.tasks.values():
            if task.external_userid == external_userid and not task.cancelled:
                task.status = status

    def count(self, path: str) -> int:
        return sum(called == path for called, _ in self.calls)

    @contextmanager
    def running(self) -> Iterator["WecomServer"]:
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
        """What WeCom answers, once it has carried the call out."""
        if path == "gettoken":
            return self._gettoken(query)
        token = query.get("access_token", "")
        if not token:
            return _error(41001)
        if token not in self._tokens:
            return _error(40014)
        if self._tokens[token] < self.now():
            return _error(42001)
        if path == "auth/getuserinfo":
            return self._getuserinfo(query.get("code", ""))
        act = getattr(self, f"_{path.removeprefix(CONTACT).replace('/', '_')}", None)
        return act(body) if act else _error(48002)

    def _gettoken(self, query: Mapping[str, str]) -> Mapping[str, Any]:
        if query.get("corpid") != self.corp_id:
            return _error(40013)
        if query.get("corpsecret") != self.secret:
            return _error(40001)
        token = f"token-{next(self._numbers)}"
        self._tokens[token] = self.now() + self.expires_in
        return {**OK, "access_token": token, "expires_in": self.expires_in}

    def _getuserinfo(self, code: str) -> Mapping[str, Any]:
        """https://developer.work.weixin.qq.com/document/path/91023. The code `of-NAME` is that of an employee."""
        name = code.removeprefix("of-")
        if name in self.staff:
            return {**OK, "userid": name}
        return {**OK, "openid": "oAbc"} if code == "of-a-guest" else _error(40029)

    def _add_msg_template(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        everyone, text = body.get("external_userid") or [], body.get("text", {}).get("content", "")
        if not text or len(text.encode()) > 4000:
            return _error(40058)
        if not all(each.startswith("wm") for each in everyone):
            return _error(40096)
        msgid = f"msg{next(self._numbers)}"
        for each in everyone:
            if each not in self.strangers:
                self.tasks[msgid] = Task(msgid, self.owner, each, text, int(self.now()))
        return {**OK, "msgid": msgid, "fail_list": [each for each in everyone if each in self.strangers]}

    def _get_groupmsg_task(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        task = self.tasks.get(body["msgid"])
        if task is None:
            return _error(41062)
        idle = [{"userid": userid, "status": 2} for userid in sorted(self.staff - {task.userid})]
        return self._paged(body, "task_list", [*idle, {"userid": task.userid, "status": 2 if task.status else 0}])

    def _get_groupmsg_send_result(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        task = self.tasks.get(body["msgid"])
        if task is None:
            return _error(41062)
        others = [{"external_userid": f"wm-other-{n}", "userid": task.userid, "status": 1} for n in range(3)]
        theirs = {"external_userid": task.external_userid, "userid": task.userid, "status": task.status}
        return self._paged(body, "send_list", [*others, theirs] if body.get("userid") == task.userid else [])

    def _get_groupmsg_list_v2(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        found = [
            {
                "msgid": task.msgid,
                "create_time": str(task.create_time),
                "create_type": 0,
                "text": {"content": task.text},
            }
            for task in self.tasks.values()
            if body["start_time"] <= task.create_time <= body["end_time"]
        ]
        return self._paged(body, "group_msg_list", found)

    def _remind_groupmsg_send(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.tasks[body["msgid"]].reminders += 1
        return OK

    def _cancel_groupmsg_send(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.tasks[body["msgid"]].cancelled = True
        return OK

    def _message_send(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if body.get("agentid") != self.agent_id:
            return _error(40056)
        everyone, text = body["touser"].split("|"), body["text"]["content"]
        reached = [each for each in everyone if each in self.staff]
        if not reached:
            return _error(81013)
        for each in reached:
            if not (body.get("enable_duplicate_check") and (each, text) in self.notices):
                self.notices.append((each, text))
        return {**OK, "invaliduser": "|".join(each for each in everyone if each not in self.staff)}

    def _paged(self, body: Mapping[str, Any], name: str, items: list[Any]) -> Mapping[str, Any]:
        start = int(body.get("cursor") or 0)
        end = start + min(self.page, body.get("limit") or self.page)
        return {**OK, name: items[start:end], "next_cursor": str(end) if end < len(items) else ""}


def _error(code: int) -> Mapping[str, Any]:
    return {"errcode": code, "errmsg": f"error {code}, hint: [1], from ip: 1.2.3.4"}


def _handler(wecom: WecomServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            url = urlsplit(self.path)
            path = url.path.removeprefix("/cgi-bin/")
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            if (held := wecom.hold.get(path)) is not None:
                held.wait(5)
            with wecom._lock:
                wecom.calls.append((path, body))
                waiting = wecom.faults.get(path)
                fault = waiting.popleft() if waiting else Fault(accepted=True, errcode=0)
                answer = wecom.answer(path, query, body) if fault.accepted else {}
            if fault.http is not None:
                self._say(fault.http, b"no", fault.headers)
            elif fault.errcode is None:
                self._drop()
            else:
                content = json.dumps(_error(fault.errcode) if fault.errcode else answer).encode()
                self._say(200, content, {}, slowly=fault.slowly)

        do_GET = do_POST = _serve  # noqa: N815 the names that the base class asks for

        def _say(self, status: int, content: bytes, headers: Mapping[str, str], *, slowly: bool = False) -> None:
            self.send_response(status)
            for name, value in {
                "content-type": "application/json",
                "content-length": str(len(content)),
                **headers,
            }.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # the caller may have gone
                self.end_headers()
                for part in [bytes([each]) for each in content] if slowly else [content]:
                    self.wfile.write(part)
                    time.sleep(0.05 if slowly else 0)

        def _drop(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    return Handler
