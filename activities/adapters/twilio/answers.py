"""What Twilio's answers mean for a message."""

from collections.abc import Mapping

import aiohttp
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.rest.api.v2010.account.message import MessageInstance

from activities.adapters.retry_after import seconds_of
from domain.channels.delivery import Delivery

LATER_SECONDS = 10.0
LONGEST_PAUSE = 300.0
MISCONFIGURED_SECONDS = 600.0

OPTED_OUT = 21610
_OURS = frozenset(
    {
        20003, 20005, 20006, 20008, 20403, 20404, 21212, 21603, 21605, 21606, 21607, 21659, 21660, 21701, 21703, 21704,
        21705, 30002,
    }
)  # fmt: skip
"""Codes of what is wrong with our account, sender or settings, not with the message. [Twilio, error dictionary]"""

_FULL = frozenset({20429, 21611, 63038})
"""Codes of a queue or an allowance that is used up for now."""

MEANINGS: Mapping[object, str] = {
    21211: "not a phone number",
    21408: "sending to this country is not enabled",
    21602: "no text",
    21610: "the recipient has refused further messages",
    21612: "no route to this number",
    21614: "not a mobile number",
    21617: "the text is too long",
    30003: "the handset can't be reached",
    30004: "blocked",
    30005: "unknown handset",
    30006: "a landline, or a carrier that can't be reached",
    30007: "filtered by the carrier",
    30008: "the carrier gave no reason",
    30036: "not delivered in time",
}
"""What codes say of a message or its recipient, in words of ours; Twilio's own may repeat the number."""

_REFUSED = frozenset({"failed", "undelivered", "canceled"})


class BusyError(Exception):
    """Twilio answered that it can't take a request now; worth another try after `after` seconds."""

    def __init__(self, status: int, after: float) -> None:
        super().__init__(f"Twilio answered {status}")
        self.status = status
        self.after = after


def standing(record: MessageInstance) -> Delivery:
    """What a record of Twilio's says of a message."""
    if not record.sid:
        return Delivery("unknown", reason="the answer names no message")
    if record.status in _REFUSED:
        return _refusal(record.error_code or record.status, record.sid)
    return Delivery("sent", provider_id=record.sid)


def _refusal(code: object, sid: str | None = None) -> Delivery:
    reason = f"{code} {MEANINGS[code]}" if code in MEANINGS else str(code)
    return Delivery("failed", provider_id=sid, reason=reason, opted_out=code == OPTED_OUT)


def delivery_of_error(problem: Exception) -> Delivery:
    """What an attempt that ended with this comes to."""
    match problem:
        case BusyError(status=504):
            return Delivery("unknown", reason="504 from a gateway that got no answer")
        case BusyError():
            return Delivery("retry", reason=str(problem), after=problem.after)
        case TwilioRestException() | TwilioServiceException():
            return _refused(problem.status, problem.code)
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return Delivery("retry", reason=f"no connection: {named(problem)}", after=LATER_SECONDS)
        case UnicodeEncodeError():
            return Delivery("failed", reason="the text holds what is no character")
    return Delivery("unknown", reason=f"no answer: {named(problem)}")


def _refused(status: int, message: object) -> Delivery:
    code = message if isinstance(message, int) else status
    if status < 400:
        return Delivery("unknown", reason=f"Twilio answered {status}")
    if code in _FULL or status == 408:
        return Delivery("retry", reason=str(code), after=LATER_SECONDS)
    if code in _OURS or (status in (401, 403, 404) and code not in MEANINGS):
        reason = f"{code}: our account or sender is not set up right"
        return Delivery("retry", reason=reason, after=MISCONFIGURED_SECONDS)
    return _refusal(code)


def named(problem: Exception) -> str:
    """The kind of a problem. Its words may hold an address."""
    return f"Twilio answered {problem.status}" if isinstance(problem, BusyError) else type(problem).__name__


def pause(headers: Mapping[str, str]) -> float:
    """Seconds to wait, as Retry-After says, within bounds."""
    seconds = seconds_of(headers)
    return LATER_SECONDS if seconds is None else min(max(seconds, 1.0), LONGEST_PAUSE)
