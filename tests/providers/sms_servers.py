"""Servers that speak the protocols of Aliyun SMS and Tencent Cloud SMS: signatures verified, refusals, lost answers.

Written from their documentation: Aliyun's V3 signature (ACS3-HMAC-SHA256), SendSms and QuerySendDetails of 2017-05-25;
Tencent's TC3-HMAC-SHA256, SendSms and PullSmsSendStatusByPhoneNumber of 2021-01-11.
"""

import hashlib
import hmac
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

KEY_ID, SECRET, APP = "LTAI0001", "a-secret", "1400006666"


@dataclass(frozen=True)
class Fate:
    """What becomes of a request: it is taken, unless it gets a code or is dropped `before`; dropped `after`, its answer
    is lost.
    """

    code: str = ""
    words: str = ""
    http: int = 200
    drop: str | None = None
    latency: float = 0
    text: str | None = None


@dataclass
class SmsServer:
    """What was taken, as each protocol names it. `fates` are what becomes of the next requests for a number."""

    templates: dict[str, str] = field(default_factory=dict)
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    listing: Fate = Fate()
    taken: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    echoes_keys: bool = True
    url: str = ""

    def fate(self, number: str) -> Fate:
        waiting = self.fates.get(number)
        return waiting.pop(0) if waiting else Fate()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that has gone is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: ClassVar[SmsServer]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.serve(body)

    def serve(self, body: bytes) -> None:
        raise NotImplementedError

    def answer(self, content: Mapping[str, Any], status: int = 200) -> None:
        self.send_text(json.dumps(content), status)

    def send_text(self, text: str, status: int) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def drop(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Aliyun(_Handler):
    def serve(self, body: bytes) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if not self._is_signed(query, body):
            return self.answer({"Code": "SignatureDoesNotMatch", "Message": "no", "RequestId": "R"}, 400)
        action = self.headers["x-acs-action"]
        self.world.requests.append({"action": action, **query})
        return self._send(query) if action == "SendSms" else self._list(query)

    def _send(self, query: Mapping[str, str]) -> None:
        fate = self.world.fate(query["PhoneNumbers"])
        time.sleep(fate.latency)
        if fate.drop != "before" and not fate.code and fate.http == 200:
            name = f"9{len(self.world.taken):05}^0"
            arguments = json.loads(query.get("TemplateParam") or "{}")
            text = self.world.templates.get(query["TemplateCode"], "")
            for variable, value in arguments.items():
                text = text.replace(f"${{{variable}}}", value)
            self.world.taken.append(
                {**query, "BizId": name, "text": f"【{query['SignName']}】{text}", "SendStatus": 1, "ErrCode": ""}
            )
        if fate.drop:
            return self.drop()
        if fate.text is not None:
            return self.send_text(fate.text, fate.http)
        if fate.code:
            return self.answer({"Code": fate.code, "Message": fate.words, "RequestId": "R"}, fate.http)
        if fate.http != 200:
            return self.answer({"Code": "Down", "Message": "down", "RequestId": "R"}, fate.http)
        return self.answer({"Code": "OK", "Message": "OK", "BizId": self.world.taken[-1]["BizId"], "RequestId": "R"})

    def _list(self, query: Mapping[str, str]) -> None:
        if self.world.listing.drop:
            return self.drop()
        if self.world.listing.code:
            return self.answer({"Code": self.world.listing.code, "Message": "", "RequestId": "R"})
        size, page = int(query["PageSize"]), int(query["CurrentPage"])
        found = [each for each in self.world.taken if each["PhoneNumbers"] == query["PhoneNumber"]]
        shown = found[(page - 1) * size : page * size]
        details = [
            {"OutId": each["OutId"], "SendStatus": each["SendStatus"], "ErrCode": each["ErrCode"]} for each in shown
        ]
        more = {"SmsSendDetailDTOs": {"SmsSendDetailDTO": details}, "TotalCount": len(found)}
        return self.answer({"Code": "OK", "Message": "OK", "RequestId": "R", **more})

    def _is_signed(self, query: Mapping[str, str], body: bytes) -> bool:
        scheme, _, fields = self.headers.get("Authorization", "").partition(" ")
        parts = dict(part.split("=", 1) for part in fields.split(","))
        names = parts["SignedHeaders"].split(";")
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in names)
        encoded = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(query.items()))
        digest = hashlib.sha256(body).hexdigest()
        request = f"POST\n{urlsplit(self.path).path}\n{encoded}\n{headers}\n{parts['SignedHeaders']}\n{digest}"
        signed = f"{scheme}\n{hashlib.sha256(request.encode()).hexdigest()}"
        expected = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        return parts["Credential"] == KEY_ID and hmac.compare_digest(expected, parts["Signature"])


class _Tencent(_Handler):
    def serve(self, body: bytes) -> None:
        asked = json.loads(body)
        action = self.headers["X-TC-Action"]
        if not self._is_signed(body):
            return self._refuse("AuthFailure.SignatureFailure")
        self.world.requests.append({"action": action, **asked})
        return self._send(asked) if action == "SendSms" else self._list(asked)

    def _send(self, asked: Mapping[str, Any]) -> None:
        (number,) = asked["PhoneNumberSet"]
        fate = self.world.fate(number)
        time.sleep(fate.latency)
        if fate.drop != "before" and not fate.code and fate.http == 200:
            text = self.world.templates.get(asked["TemplateId"], "")
            for place, value in enumerate(asked["TemplateParamSet"], start=1):
                text = text.replace(f"{{{place}}}", value)
            serial = f"5000:{len(self.world.taken):020}"
            self.world.taken.append(
                {**asked, "SerialNo": serial, "text": f"【{asked['SignName']}】{text}", "ReportStatus": None}
            )
        if fate.drop:
            return self.drop()
        if fate.text is not None or fate.http != 200:
            return self.send_text(fate.text or "down", fate.http)
        if fate.words == "top":
            return self._refuse(fate.code)
        name = "" if fate.code else self.world.taken[-1]["SerialNo"]
        status = {
            "SerialNo": name, "PhoneNumber": number, "Fee": 1, "SessionContext": asked["SessionContext"],
            "Code": fate.code or "Ok", "Message": fate.code or "send success", "IsoCode": "CN",
        }  # fmt: skip
        return self.answer({"Response": {"SendStatusSet": [status], "RequestId": "R"}})

    def _list(self, asked: Mapping[str, Any]) -> None:
        if self.world.listing.code:
            return self._refuse(self.world.listing.code)
        found = [
            {
                "PhoneNumber": asked["PhoneNumber"], "SerialNo": each["SerialNo"], "ReportStatus": each["ReportStatus"],
                "Description": each.get("Description", ""), "UserReceiveTime": asked["BeginTime"],
                "SessionContext": each["SessionContext"] if self.world.echoes_keys else "",
            }
            for each in self.world.taken
            if each["PhoneNumberSet"] == [asked["PhoneNumber"]] and each["ReportStatus"]
        ]  # fmt: skip
        return self.answer({"Response": {"PullSmsSendStatusSet": found, "RequestId": "R"}})

    def _refuse(self, code: str) -> None:
        self.answer({"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": "R"}})

    def _is_signed(self, body: bytes) -> bool:
        at = self.headers["X-TC-Timestamp"]
        day = time.strftime("%Y-%m-%d", time.gmtime(int(at)))
        headers = f"content-type:{self.headers['Content-Type']}\nhost:{self.headers['Host']}\n"
        request = f"POST\n/\n\n{headers}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{day}/sms/tc3_request"
        signed = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = b"TC3" + SECRET.encode()
        for part in (day, "sms", "tc3_request", signed):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        named = f"Credential={KEY_ID}/{scope}, SignedHeaders=content-type;host, Signature={key.hex()}"
        expected = f"TC3-HMAC-SHA256 {named}"
        return hmac.compare_digest(expected, self.headers.get("Authorization", ""))


@contextmanager
def _running(handler: type[_Handler], templates: Mapping[str, str]) -> Iterator[SmsServer]:
    world = SmsServer(dict(templates))
    server = _Server(("127.0.0.1", 0), type("Handler", (handler,), {"world": world}))
    world.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def aliyun_server(templates: Mapping[str, str]) -> Any:
    """A server of Aliyun's, with these approved templates, while the block runs."""
    return _running(_Aliyun, templates)


def tencent_server(templates: Mapping[str, str]) -> Any:
    """A server of Tencent's, likewise."""
    return _running(_Tencent, templates)
