"""WeCom (企业微信): messages to customers are tasks that an employee confirms; todos reach employees at once."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, create_task_group
from anyio.from_thread import BlockingPortal
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from activities.adapters.tencent.client import LostError, NotTakenError, TencentRefusedError
from activities.adapters.wecom.client import WecomClient, items
from domain.channels.delivery import Account, Delivery, OpenMessage, Outgoing
from domain.channels.staff import Notice
from domain.channels.tables import WecomReminder
from domain.channels.wecom_friends import unfriended
from domain.ledger.tables import Message
from domain.store.work import Database

TEXT_BYTES = 4000
"""The longest text of a message to a customer, in UTF-8. https://developer.work.weixin.qq.com/document/path/92135"""

NOTICE_BYTES = 2048
"""The longest text of a message to an employee. https://developer.work.weixin.qq.com/document/path/90236"""

REMINDERS = 3
"""As often may an employee be reminded of a task in 24 hours."""

REASONS: Mapping[int, str] = {
    40096: "no such customer",
    41048: "nobody to send it to",
    84061: "not a friend",
}
"""Why a message is refused for good, in plain words."""

DISPATCHING = 41063
"""The task is being given to employees, and can't be cancelled yet. Any other refusal says that it is over."""

EARLY, LATE = timedelta(minutes=1), timedelta(minutes=30)
"""How long before and after our call a task of ours may have been made by WeCom's clock."""

_BY_CORP = 0

logger = logging.getLogger(__name__)
_Tracked = tuple[OpenMessage, str | None]
_In = TypeVar("_In")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Patience:
    """How long an employee may take to confirm a message, and how often to be reminded until then."""

    remind_after: timedelta = timedelta(hours=4)
    give_up_after: timedelta = timedelta(hours=24)


class Wecom:
    """Makes a task of each message, for the employee who last talked with the customer: WeCom finds that one itself."""

    repeatable = False

    def __init__(
        self,
        portal: BlockingPortal,
        db: Database,
        client: WecomClient,
        account: Account,
        patience: Patience,
    ) -> None:
        self.account = account
        self._portal = portal
        self._db = db
        self._client = client
        self._patience = patience
        self._places = CapacityLimiter(account.at_once)

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return self._portal.call(self._side_by_side, self._send, messages)

    def look_up(self, messages: Sequence[OpenMessage], now: datetime) -> list[Delivery]:
        """Find the tasks that may have been made, and read what employees did; remind them, or give up.

        An employee is reminded on the first look after each `remind_after`, three times at most. A task that isn't
        confirmed in time, or whose customer has refused meanwhile, is cancelled before the message counts as failed, so
        that it can't be sent any more.
        """
        lost = [message for message in messages if message.provider_id is None]
        task_ids = self._find(lost) if lost else {}
        tracked = [(message, task_ids.get(message.key, message.provider_id)) for message in messages]
        answers = self._portal.call(self._side_by_side, partial(self._follow, now), tracked)
        self._remind(tracked, answers, now)
        return answers

    def unreachable(self, session: Session, recipients: Sequence[str], text: str, now: datetime) -> Set[str]:  # noqa: ARG002
        return unfriended(session, recipients)

    def tell_staff(self, notices: Sequence[Notice]) -> None:
        """Tell employees at once. Who can't be told is only logged; the same notice within 30 minutes is one."""
        self._portal.call(self._side_by_side, self._send_todo, notices)

    def close(self) -> None:
        """Close the connections."""
        self._portal.call(self._client.aclose)

    async def _side_by_side(self, act: Callable[[_In], Awaitable[_Result]], items: Sequence[_In]) -> list[_Result]:
        """What `act` gives for each, at most `at_once` of them at once."""
        results: dict[int, _Result] = {}

        async def one(index: int, item: _In) -> None:
            async with self._places:
                results[index] = await act(item)

        async with create_task_group() as tasks:
            for index, item in enumerate(items):
                tasks.start_soon(one, index, item)
        return [results[index] for index in range(len(items))]

    async def _send(self, message: Outgoing) -> Delivery:
        if not message.body.strip():
            return Delivery("failed", reason="the text is empty")
        if len(message.body.encode()) > TEXT_BYTES:
            return Delivery("failed", reason=f"the text is longer than {TEXT_BYTES} bytes")
        task = {
            "chat_type": "single",
            "external_userid": [message.recipient],
            "text": {"content": message.body},
        }
        try:
            answer = await self._client.post("externalcontact/add_msg_template", task)
        except NotTakenError as error:
            return Delivery("retry", reason=str(error), after=error.after)
        except LostError as error:
            return Delivery("unknown", reason=str(error))
        except TencentRefusedError as error:
            return _failed(error)
        if message.recipient in items(answer, "fail_list"):
            return Delivery("failed", reason="not a friend, or over WeCom's limit for the customer")
        if not answer.get("msgid"):
            return Delivery("unknown", reason="an answer that names no task")
        return Delivery("pending_staff", provider_id=str(answer["msgid"]))

    async def _follow(self, now: datetime, tracked: _Tracked) -> Delivery:
        answer = await self._fetch(tracked)
        message, _ = tracked
        late = now - message.called_at >= self._patience.give_up_after
        if answer.status != "pending_staff" or not (late or message.refused):
            return answer
        return await self._give_up(tracked, "consent withdrawn" if message.refused else "staff_timeout")

    async def _fetch(self, tracked: _Tracked) -> Delivery:
        message, task = tracked
        if task is None:
            return Delivery("unknown")
        try:
            return await self._result(task, message.recipient) or Delivery("pending_staff", provider_id=task)
        except (NotTakenError, LostError, TencentRefusedError) as error:
            return Delivery("pending_staff", provider_id=task, reason=str(error))

    async def _result(self, task: str, recipient: str) -> Delivery | None:
        """What the employee did of the task for this customer; None while WeCom doesn't name the customer in it."""
        async for member in self._client.pages("externalcontact/get_groupmsg_task", {"msgid": task}, "task_list"):
            query = {"msgid": task, "userid": member.get("userid")}
            async for sent in self._client.pages("externalcontact/get_groupmsg_send_result", query, "send_list"):
                if sent.get("external_userid") == recipient:
                    return _outcome(task, sent.get("status"))
        return None

    async def _give_up(self, tracked: _Tracked, why: str) -> Delivery:
        """Cancel the task; but if the employee was quicker, it was sent."""
        message, task = tracked
        assert task is not None
        try:
            await self._client.post("externalcontact/cancel_groupmsg_send", {"msgid": task})
        except (NotTakenError, LostError) as error:
            return Delivery("pending_staff", provider_id=task, reason=str(error))
        except TencentRefusedError as error:
            if error.code == DISPATCHING:
                return Delivery("pending_staff", provider_id=task, reason=str(error))
        try:
            result = await self._result(task, message.recipient)
        except (NotTakenError, LostError) as error:
            return Delivery("pending_staff", provider_id=task, reason=str(error))
        except TencentRefusedError:
            result = None
        if result is None or result.status == "pending_staff":
            return Delivery("failed", provider_id=task, reason=why)
        return result

    def _find(self, lost: Sequence[OpenMessage]) -> Mapping[int, str]:
        """The tasks that WeCom made of these messages, by their keys, as far as it made any and tells of them."""
        task_ids: dict[int, str] = {}
        tasks = self._portal.call(
            self._tasks, min(item.called_at for item in lost), max(item.called_at for item in lost)
        )
        with self._db() as session:
            names = [str(task.get("msgid")) for task in tasks]
            known = set(session.exec(select(Message.provider_id).where(col(Message.provider_id).in_(names))))
        for message in lost:
            alike = [name for task, name in zip(tasks, names, strict=True) if _may_be(message, task)]
            for name in alike:
                if name not in known and self._portal.call(self._is_for, name, message.recipient):
                    task_ids[message.key] = name
                    known.add(name)
                    break
        return task_ids

    async def _tasks(self, first: datetime, last: datetime) -> list[Mapping[str, Any]]:
        """The corp's tasks around these instants; none while WeCom doesn't tell."""
        query = {
            "chat_type": "single",
            "filter_type": _BY_CORP,
            "start_time": int((first - EARLY).timestamp()),
            "end_time": int((last + LATE).timestamp()),
        }
        try:
            return [
                task
                async for task in self._client.pages("externalcontact/get_groupmsg_list_v2", query, "group_msg_list")
            ]
        except (NotTakenError, LostError, TencentRefusedError):
            return []

    async def _is_for(self, task: str, recipient: str) -> bool:
        try:
            return await self._result(task, recipient) is not None
        except (NotTakenError, LostError, TencentRefusedError):
            return False

    def _remind(self, tracked: Sequence[_Tracked], answers: Sequence[Delivery], now: datetime) -> None:
        due = []
        with self._db.begin() as work:
            for (message, task), answer in zip(tracked, answers, strict=True):
                times = min(REMINDERS, (now - message.called_at) // self._patience.remind_after)
                if answer.status == "pending_staff" and answer.reason is None and times >= 1:
                    row = insert(WecomReminder).values(msgid=task, times=times)
                    fewer = col(WecomReminder.times) < times
                    row = row.on_conflict_do_update(index_elements=["msgid"], set_={"times": times}, where=fewer)
                    if work.execute(row.returning(col(WecomReminder.msgid))).first():
                        due.append(task)
        self._portal.call(self._side_by_side, self._remind_of, due)

    async def _remind_of(self, task: str | None) -> None:
        with suppress(NotTakenError, LostError, TencentRefusedError):
            await self._client.post("externalcontact/remind_groupmsg_send", {"msgid": task})

    async def _send_todo(self, notice: Notice) -> None:
        message = {
            "touser": notice.to,
            "msgtype": "text",
            "agentid": self._client.agent_id,
            "text": {"content": notice.text.encode()[:NOTICE_BYTES].decode(errors="ignore")},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": 1800,
        }
        try:
            answer = await self._client.post("message/send", message)
        except (NotTakenError, LostError, TencentRefusedError) as error:
            logger.warning("an employee was not told of a todo: %s", error)
        else:
            if answer.get("invaliduser"):
                logger.warning("an employee was not told of a todo: WeCom doesn't know them")


def _failed(error: TencentRefusedError) -> Delivery:
    words = REASONS.get(error.code)
    return Delivery("failed", reason=f"{error}: {words}" if words else str(error))


def _outcome(task: str, status: object) -> Delivery:
    match status:
        case 1:
            return Delivery("sent", provider_id=task)
        case 2:
            return Delivery("failed", provider_id=task, reason="not a friend")
        case 3:
            return Delivery("failed", provider_id=task, reason="over WeCom's limit for the customer")
    return Delivery("pending_staff", provider_id=task)


def _may_be(message: OpenMessage, task: Mapping[str, Any]) -> bool:
    """Whether the task says what the message does, and was made when it was given to WeCom."""
    text, created = task.get("text"), str(task.get("create_time"))
    if not (isinstance(text, dict) and text.get("content") == message.body and created.isdecimal()):
        return False
    seconds = int(created) - message.called_at.timestamp()
    return -EARLY.total_seconds() <= seconds <= LATE.total_seconds()
