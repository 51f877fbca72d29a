"""Tencent Cloud SMS (腾讯云短信) by its library. https://cloud.tencent.com/document/product/382/55981"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from activities.adapters.approved_sms.channel import LATER_SECONDS, MISCONFIGURED_SECONDS, Found
from domain.channels.delivery import Delivery, Outgoing
from domain.texts.approved import Filled
from workflows.language.approved import ApprovedText

logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)

EARLIER = timedelta(minutes=5)
"""How far Tencent's clock may be behind ours."""

LISTED = 100

ONE_NUMBER: Mapping[str, float] = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": 30,
    "LimitExceeded.DeliveryFrequencyLimit": 60,
    "LimitExceeded.PhoneNumberOneHourLimit": 3600,
    "LimitExceeded.PhoneNumberDailyLimit": 6 * 3600,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": 6 * 3600,
    "FailedOperation.MarketingSendTimeConstraint": 3600,
}
"""Codes of what goes to one number too often or at the wrong hour, and after how many seconds to try again."""

REFUSES = "FailedOperation.PhoneNumberInBlacklist"
"""The number is on Tencent's list of those that don't want to be disturbed."""

REASONS: Mapping[str, str] = {
    REFUSES: "the recipient has refused further messages",
    "InvalidParameterValue.IncorrectPhoneNumber": "not a phone number",
    "FailedOperation.ContainSensitiveWord": "the text holds a word that is forbidden",
    "FailedOperation.SignatureIncorrectOrUnapproved": "no such signature, or not approved",
    "FailedOperation.TemplateIncorrectOrUnapproved": "no such template, or not approved",
    "FailedOperation.TemplateUnapprovedOrNotExist": "no such template, or not approved",
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": "the variables aren't those of the template",
    "InvalidParameterValue.TemplateParameterFormatError": "a variable holds what the template doesn't take",
    "InvalidParameterValue.TemplateParameterLengthLimit": "a variable is too long",
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": "a variable may hold no link",
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": "the template is for the mainland alone",
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": "the template isn't for the mainland",
}
"""What codes say of a message or its recipient, in words of ours."""

_OURS = ("AuthFailure", "UnauthorizedOperation", "FailedOperation.InsufficientBalance", "FailedOperation.NotEnterprise",
         "InvalidParameterValue.SdkAppId", "FailedOperation.ProhibitSubAccountUse")  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """An account's key, the application that sends, and where the service is."""

    secret_id: str
    secret_key: str
    app_id: str
    region: str = "ap-guangzhou"
    base_url: str = "https://sms.tencentcloudapi.com"
    timeout: float = 10.0


class Tencent:
    """Tencent's SendSms, and the receipts that it lists by phone number.

    Our key (SessionContext) comes back in those where Tencent has switched that on for the account.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        protocol, _, endpoint = keys.base_url.rstrip("/").partition("://")
        http = HttpProfile(protocol=protocol, endpoint=endpoint, reqTimeout=keys.timeout, keepAlive=True)
        credential = Credential(keys.secret_id, keys.secret_key)
        self._client = SmsClient(credential, keys.region, ClientProfile(httpProfile=http))

    def code_of(self, approved: ApprovedText) -> str | None:
        return str(approved.tencent) if approved.tencent else None

    def send(self, message: Outgoing, code: str, text: Filled) -> Delivery:
        request = models.SendSmsRequest()
        request.PhoneNumberSet = [message.recipient]
        request.SmsSdkAppId = self._keys.app_id
        request.SignName = text.signature
        request.TemplateId = code
        request.TemplateParamSet = list(text.arguments.values())
        request.SessionContext = str(message.key)
        try:
            answers = self._client.SendSms(request).SendStatusSet or []
        except TencentCloudSDKException as refused:
            if refused.code in _ON_THE_WAY:
                raise
            return meaning(str(refused.code))
        if not answers or not answers[0].Code:
            return Delivery("unknown", reason="an answer that can't be read")
        if answers[0].Code == "Ok":
            return Delivery("sent", provider_id=answers[0].SerialNo or None)
        return meaning(str(answers[0].Code))

    def find(self, recipient: str, since: datetime, until: datetime) -> Found:
        """Receipts alone are listed: what is missing may be on its way still, and one without our key is nobody's."""
        request = models.PullSmsSendStatusByPhoneNumberRequest()
        request.SmsSdkAppId = self._keys.app_id
        request.PhoneNumber = recipient
        request.BeginTime, request.EndTime = int((since - EARLIER).timestamp()), int((until + EARLIER).timestamp())
        request.Offset, request.Limit = 0, LISTED
        listed = self._client.PullSmsSendStatusByPhoneNumber(request).PullSmsSendStatusSet or []
        records = {each.SessionContext: _standing(each) for each in listed if each.SessionContext}
        return Found(records, complete=False)

    def trouble(self, now: datetime) -> str | None:
        """Why our keys are refused, if they are, by asking for what went to nobody. Raises ConnectionError."""
        try:
            self.find("+8613800000000", now, now)
        except TencentCloudSDKException as refused:
            if refused.code in _ON_THE_WAY:
                raise ConnectionError(str(refused.code)) from None
            return str(refused.code) if meaning(str(refused.code)).after == MISCONFIGURED_SECONDS else None
        return None


_ON_THE_WAY = frozenset({"ClientNetworkError", "ServerNetworkError"})
"""What the library says where it has no answer of Tencent's."""

_OF_CALLS = frozenset({"InvalidParameter", "MissingParameter", "UnsupportedOperation"})
"""Codes without a dot that are Tencent's; the others name what went wrong with an answer."""


def meaning(code: str) -> Delivery:
    """What a code that isn't Ok says of a message."""
    if code in ONE_NUMBER:
        return Delivery("retry", reason=f"{code}: not to this number now", after=ONE_NUMBER[code], alone=True)
    if code.startswith("LimitExceeded"):
        return Delivery("retry", reason=f"{code}: the account's limit is used up", after=3600)
    if code.startswith("RequestLimitExceeded"):
        return Delivery("retry", reason=code, after=LATER_SECONDS)
    if code.startswith(_OURS):
        return Delivery("retry", reason=f"{code}: our account is not set up right", after=MISCONFIGURED_SECONDS)
    if code.startswith("InternalError") or ("." not in code and code not in _OF_CALLS):
        return Delivery("unknown", reason=code)
    reason = f"{code} {REASONS[code]}" if code in REASONS else code
    return Delivery("failed", reason=reason, opted_out=code == REFUSES)


def _standing(record: models.PullSmsSendStatus) -> Delivery:
    if record.ReportStatus == "FAIL":
        return Delivery("failed", record.SerialNo, str(record.Description or "failed")[:100])
    return Delivery("sent", record.SerialNo)
