"""Aliyun SMS (阿里云短信) by its library.

https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest, SendSmsRequest
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from activities.adapters.approved_sms.channel import (
    CONNECT_SECONDS,
    LATER_SECONDS,
    MISCONFIGURED_SECONDS,
    Found,
)
from domain.channels.delivery import Delivery, Outgoing
from domain.texts.approved import Filled
from workflows.language.approved import ApprovedText

logging.getLogger("darabonba-core").setLevel(logging.WARNING)

BEIJING = ZoneInfo("Asia/Shanghai")
PAGE, PAGES = 50, 10

OURS = frozenset(
    {
        "isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL",
        "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE", "isv.DENY_IP_RANGE", "isv.SECURITY_FROZEN_ACCOUNT",
        "isp.RAM_PERMISSION_DENY", "SignatureDoesNotMatch", "InvalidTimeStamp.Expired",
    }
)  # fmt: skip
"""Codes of what is wrong with our account or keys, not with the message."""

SPENT: Mapping[str, float] = {"isv.DAY_LIMIT_CONTROL": 3600, "isv.MONTH_LIMIT_CONTROL": 3600}
"""Codes of an allowance of the account that is used up, and after how many seconds to try again."""

REASONS: Mapping[str, str] = {
    "isv.MOBILE_NUMBER_ILLEGAL": "not a phone number",
    "isv.MOBILE_COUNT_OVER_LIMIT": "too many numbers",
    "isv.TEMPLATE_MISSING_PARAMETERS": "a variable of the template is missing",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "a variable holds what the template doesn't take",
    "isv.PARAM_LENGTH_LIMIT": "a variable is too long",
    "isv.SMS_TEMPLATE_ILLEGAL": "no such template, or not approved",
    "isv.SMS_SIGNATURE_ILLEGAL": "no such signature, or not approved",
    "isv.BLACK_KEY_CONTROL_LIMIT": "the text holds a word that is forbidden",
    "USER_REJECT": "the recipient has refused further messages",
    "MOBILE_IN_BLACK": "the number is on a black list",
    "MOBILE_NOT_ON_SERVICE": "the number is out of service",
    "CONTENT_KEYWORD": "filtered by the carrier",
    "INVALID_NUMBER": "not a phone number",
}
"""What codes say of a message or its recipient, in words of ours; Aliyun's own may repeat the number."""

REFUSES = "USER_REJECT"
"""The carrier's code for a recipient who refused messages."""

_ONE_NUMBER = "isv.BUSINESS_LIMIT_CONTROL"
_PAUSES = (("天", 6 * 3600.0), ("小时", 3600.0), ("分钟", 60.0))
"""How long one number gets no more, by the limit that its words name: 1 in a minute, 5 in an hour, 10 in a day."""


@dataclass(frozen=True)
class Keys:
    """An account's access key, and where the service is."""

    key_id: str
    secret: str
    base_url: str = "https://dysmsapi.aliyuncs.com"
    timeout: float = 10.0


class Aliyun:
    """Aliyun's SendSms, which takes our key as OutId, and QuerySendDetails, which lists it."""

    def __init__(self, keys: Keys) -> None:
        protocol, _, endpoint = keys.base_url.rstrip("/").partition("://")
        self._client = Client(
            Config(access_key_id=keys.key_id, access_key_secret=keys.secret, endpoint=endpoint, protocol=protocol)
        )
        connect = min(CONNECT_SECONDS, keys.timeout)
        self._once = RuntimeOptions(
            autoretry=False, connect_timeout=int(connect * 1000), read_timeout=int(keys.timeout * 1000)
        )

    def code_of(self, approved: ApprovedText) -> str | None:
        return approved.aliyun

    def send(self, message: Outgoing, code: str, text: Filled) -> Delivery:
        request = SendSmsRequest(
            phone_numbers=local(message.recipient),
            sign_name=text.signature,
            template_code=code,
            template_param=json.dumps(text.arguments, ensure_ascii=False) if text.arguments else None,
            out_id=str(message.key),
        )
        try:
            answer = self._client.send_sms_with_options(request, self._once).body
        except ThrottlingException as refused:
            return Delivery("retry", reason="Aliyun is asked too often", after=(refused.retry_after or 1000) / 1000)
        except ClientException as refused:
            return meaning(str(refused.code), str(refused.message))
        except ServerException as refused:
            if refused.status_code == 503:
                return Delivery("retry", reason="Aliyun answered 503", after=LATER_SECONDS)
            return Delivery("unknown", reason=f"Aliyun answered {refused.status_code}")
        if answer is None or answer.code is None:
            return Delivery("unknown", reason="an answer that can't be read")
        if answer.code == "OK":
            return Delivery("sent", provider_id=answer.biz_id)
        return meaning(answer.code, answer.message or "")

    def find(self, recipient: str, since: datetime, until: datetime) -> Found:
        """Aliyun lists by the day of Beijing."""
        records: dict[str, Delivery] = {}
        complete = True
        for day in _days(since, until):
            for page in range(1, PAGES + 1):
                listed = self._page(recipient, day, page)
                records |= {str(each.out_id): _standing(each) for each in listed if each.out_id}
                if len(listed) < PAGE:
                    break
            else:
                complete = False
        return Found(records, complete)

    def trouble(self, now: datetime) -> str | None:
        """Why our keys are refused, if they are, by asking for what went to nobody. Raises ConnectionError."""
        try:
            self._page("+8613800000000", f"{now.astimezone(BEIJING):%Y%m%d}", 1)
        except ClientException as refused:
            return str(refused.code) if meaning(str(refused.code)).after == MISCONFIGURED_SECONDS else None
        except ValueError:
            return None
        except Exception as problem:
            raise ConnectionError(type(problem).__name__) from None
        return None

    def _page(self, recipient: str, day: str, page: int) -> list[Any]:
        request = QuerySendDetailsRequest(
            phone_number=local(recipient), send_date=day, page_size=PAGE, current_page=page
        )
        answer = self._client.query_send_details_with_options(request, self._once).body
        if answer is None or answer.code != "OK":
            raise ValueError("Aliyun doesn't list them")
        details = answer.sms_send_detail_dtos
        return list((details.sms_send_detail_dto if details else None) or ())


def meaning(code: str, words: str = "") -> Delivery:
    """What a code that isn't OK says of a message."""
    if code == _ONE_NUMBER:
        after = next((seconds for name, seconds in _PAUSES if name in words), 600.0)
        return Delivery("retry", reason=f"{code}: too many messages to this number", after=after, alone=True)
    if code in SPENT:
        return Delivery("retry", reason=f"{code}: the account's limit is used up", after=SPENT[code])
    if code.startswith("Throttling"):
        return Delivery("retry", reason=code, after=LATER_SECONDS)
    if code in OURS or code.startswith(("InvalidAccessKeyId", "Forbidden", "NoPermission", "IncompleteSignature")):
        return Delivery("retry", reason=f"{code}: our account is not set up right", after=MISCONFIGURED_SECONDS)
    if code.startswith(("isp.", "InternalError", "ServiceUnavailable")):
        return Delivery("unknown", reason=code)
    return refusal(code)


def refusal(code: str, name: str | None = None) -> Delivery:
    """A message that is refused for good, by Aliyun or by the carrier."""
    code = code[:100] or "failed"
    reason = f"{code} {REASONS[code]}" if code in REASONS else code
    return Delivery("failed", provider_id=name, reason=reason, opted_out=code == REFUSES)


def local(phone: str) -> str:
    """A number as Aliyun writes it: of the mainland without +86, of elsewhere without the +."""
    return phone.removeprefix("+86") if phone.startswith("+861") else phone.removeprefix("+")


def _standing(record: Any) -> Delivery:
    return refusal(str(record.err_code or "failed")) if record.send_status == 2 else Delivery("sent")


def _days(since: datetime, until: datetime) -> Iterator[str]:
    """The days of Beijing from a call to now, three at most: beyond, nobody asks any more."""
    day, last = since.astimezone(BEIJING).date(), until.astimezone(BEIJING).date()
    for _ in range(4):
        if day > last:
            return
        yield f"{day:%Y%m%d}"
        day += timedelta(days=1)
