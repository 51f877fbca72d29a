"""A WeChat Official Account (公众号): messages within a window, and subscription messages.

Neither takes a key of ours, nor can WeChat be asked what became of one: what is unknown stays so until its receipt, and
only subscription messages have those. Mass sends, which take a key, go to everybody alike and have no use here.
"""

import logging
from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from anyio import CapacityLimiter, create_task_group
from anyio.from_thread import BlockingPortal
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from activities.adapters.tencent.client import LostError, NotTakenError, TencentRefusedError
from activities.adapters.wechat.client import WechatClient
from domain.channels import wechat_windows
from domain.channels.delivery import Account, Delivery, Outgoing
from domain.channels.wechat_windows import Allowance
from domain.store.clock import Clock
from domain.store.work import Database
from domain.texts.wechat import Article, Plain, Subscription, TextError, read

REASONS: Mapping[int, str] = {
    40003: "no such openid",
    40037: "no such template",
    43004: "doesn't follow the account",
    43101: "refuses messages of this template",
    45002: "the text is too long",
    45015: "the customer did nothing that lets us write",
    45047: "too many messages since the customer last wrote",
    47003: "an argument that the template doesn't take",
}
"""Why a message is refused for good, in plain words."""

STRANGER = frozenset({40003, 43004})
SHUT = frozenset({45015, 45047})
REFUSED = frozenset({43101})

_AWAY_SECONDS = 5.0

logger = logging.getLogger(__name__)
Content = Plain | Article | Subscription
"""What a text is sent as."""


class Wechat:
    """Sends each message by itself. Each takes its place in a window or a subscription before WeChat is called."""

    repeatable = False

    def __init__(
        self, portal: BlockingPortal, db: Database, clock: Clock, client: WechatClient, account: Account
    ) -> None:
        self.account = account
        self._portal = portal
        self._db = db
        self._clock = clock
        self._client = client
        self._places = CapacityLimiter(account.at_once)

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        answers: dict[int, Delivery] = {}
        ready: list[tuple[int, Outgoing, Content]] = []
        for index, message in enumerate(messages):
            try:
                content = read(message.body)
                self.request(content)
                ready.append((index, message, content))
            except TextError as error:
                answers[index] = Delivery("failed", reason=str(error))
        wanted = [(message.recipient, _template(content)) for _, message, content in ready]
        try:
            with self._db.begin() as work:
                places = wechat_windows.take_allowances(work, wanted, self._clock.now())
        except SQLAlchemyError:
            return [Delivery("retry", reason="the database is away", after=_AWAY_SECONDS) for _ in messages]
        going = []
        for (index, message, content), place in zip(ready, places, strict=True):
            if place is None:
                code = 43101 if _template(content) else 45015
                answers[index] = Delivery("failed", reason=f"errcode {code}: {REASONS[code]}")
            else:
                going.append((index, message.recipient, content, place))
        replies = self._portal.call(self._send_all, [(recipient, content) for _, recipient, content, _ in going])
        for (index, *_), (delivery, _) in zip(going, replies, strict=True):
            answers[index] = delivery
        self._correct([(place, *item) for (*_, place), item in zip(going, replies, strict=True)])
        return [answers[index] for index in range(len(messages))]

    def request(self, content: Content) -> tuple[str, dict[str, Any]]:
        """What is called, and with what beside the recipient. Raises TextError for what can't be sent."""
        match content:
            case Plain(text):
                return "message/custom/send", {"msgtype": "text", "text": {"content": text}}
            case Article(title, url, picture, description):
                article = {"title": title, "description": description, "url": url, "picurl": picture}
                return "message/custom/send", {"msgtype": "news", "news": {"articles": [article]}}
            case Subscription(template, arguments, page, miniprogram):
                body: dict[str, Any] = {
                    "template_id": template,
                    "data": {name: {"value": value} for name, value in arguments.items()},
                }
                if page:
                    body["page"] = page
                if miniprogram:
                    body["miniprogram"] = {"appid": miniprogram[0], "pagepath": miniprogram[1]}
                return "message/subscribe/bizsend", body

    def unreachable(self, session: Session, recipients: Sequence[str], text: str, now: datetime) -> Set[str]:
        return wechat_windows.unreachable(session, recipients, text, now)

    def close(self) -> None:
        """Close the connections."""
        self._portal.call(self._client.aclose)

    def _correct(self, outcomes: Sequence[tuple[Allowance, Delivery, int]]) -> None:
        """Go by what WeChat says of windows and subscriptions; what didn't go gets its place back."""
        try:
            with self._db.begin() as work:
                for place, delivery, code in sorted(outcomes, key=lambda item: (item[0].openid, item[0].way)):
                    if code in STRANGER:
                        wechat_windows.forget(work, place.openid)
                    elif code in SHUT:
                        wechat_windows.close_window(work, place.openid)
                    elif code in REFUSED:
                        wechat_windows.unsubscribe(work, place.openid, place.way)
                    elif delivery.status in ("retry", "failed"):
                        wechat_windows.return_allowances(work, place)
        except SQLAlchemyError:
            logger.warning("what WeChat said of %d windows could not be kept", len(outcomes))

    async def _send_all(self, going: Sequence[tuple[str, Content]]) -> list[tuple[Delivery, int]]:
        deliveries: dict[int, tuple[Delivery, int]] = {}

        async def one(index: int, recipient: str, content: Content) -> None:
            async with self._places:
                deliveries[index] = await self._send(recipient, content)

        async with create_task_group() as tasks:
            for index, (recipient, content) in enumerate(going):
                tasks.start_soon(one, index, recipient, content)
        return [deliveries[index] for index in range(len(going))]

    async def _send(self, recipient: str, content: Content) -> tuple[Delivery, int]:
        """What became of the message, and WeChat's error code if it refused."""
        path, body = self.request(content)
        try:
            answer = await self._client.post(path, {"touser": recipient, **body})
        except NotTakenError as error:
            return Delivery("retry", reason=str(error), after=error.after), 0
        except LostError as error:
            return Delivery("unknown", reason=str(error)), 0
        except TencentRefusedError as error:
            words = REASONS.get(error.code)
            return Delivery("failed", reason=f"{error}: {words}" if words else str(error)), error.code
        name = answer.get("msgid")
        return Delivery("sent", provider_id=str(name) if name else None), 0


def _template(content: Content) -> str | None:
    return content.template if isinstance(content, Subscription) else None
