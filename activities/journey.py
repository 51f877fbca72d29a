"""The activities of a journey: each opens the transaction, gives the domain its time, and answers for the group."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from temporalio import activity
from temporalio.exceptions import FailureError

from activities.adapters.coupons import CouponAdapter, LedgerCoupons
from activities.adapters.stock import Ledger, Warehouse
from activities.adapters.webhook import NobodyCalled, Webhooks
from activities.liveness import sign_of_life
from domain.channels import staff
from domain.channels.delivery import LOST, RESTORED, Channels, Delivery, Outgoing
from domain.channels.measured import count_message
from domain.channels.staff import TellsStaff
from domain.customers.resolution import is_locked_out
from domain.intake import schedules
from domain.intake.stocktaking import take_stock
from domain.journeys import steps, stuck, traces
from domain.journeys.executors import Executor, executor_of
from domain.journeys.verbs import coupon, todo
from domain.journeys.verbs.webhook import Call, Reply, claim_calls, settle_calls
from domain.published.library import read_plan
from domain.sending import claiming
from domain.sending.settling import settle_messages
from domain.store import tracing
from domain.store.clock import Clock
from domain.store.work import Database, UnitOfWork
from domain.texts.links import Site
from workflows.plan.commands import Answer, FanOut, Group, Member, pack, unpack
from workflows.plan.model import Plan
from workflows.verbs.registry import STEPS

CHUNK = 500
"""Members whose customers are locked together. Of messages only as many as a provider takes at once: the rest would be
decided again."""

CALLS = 40
"""Calls of another system from one sign of life to the next: two rounds, of ten seconds at most."""

ASIDE = timedelta(seconds=5)
"""After so long a member is looked at again whose customer another transaction held for too long."""

HOLD_SECONDS = 20
"""How long a provider's answer is kept while Postgres is away."""


_OWN = ("coupon", "send", "todo", "webhook")
PLAIN: dict[str, Executor] = {
    verb: executor
    for verb, step in STEPS.items()
    if step.activity is None and verb not in _OWN and (executor := executor_of(verb))
}
"""What carries out the verbs that are one transaction; the others have activities of their own, to call the outside."""

_Found = TypeVar("_Found")


class JourneyActivities:
    """Everything a workflow can ask for.

    `channels` carries the messages, whose links lead to the `site`; `coupons` are where their coupons come from,
    `webhooks` calls other systems, and the `warehouse` knows what there is.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        channels: Channels,
        *,
        site: Site | None = None,
        coupons: CouponAdapter | None = None,
        webhooks: Webhooks | None = None,
        warehouse: Warehouse | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._site = site
        self._coupons = coupons or LedgerCoupons()
        self._webhooks = webhooks or NobodyCalled()
        self._warehouse = warehouse or Ledger(db)

    def all(self) -> list[Callable[..., Any]]:
        """The activities, to register with a worker."""
        own: list[Callable[..., Any]] = [
            self.arrive,
            self.coupon,
            self.todo,
            self.send,
            self.webhook,
            self.emit,
            self.fan_out,
            self.plan,
        ]
        return [*own, *(self._plain(verb) for verb in PLAIN)]

    def _plain(self, verb: str) -> Callable[[Group], list[Answer]]:
        @activity.defn(name=verb)
        def carry_out(group: Group) -> list[Answer]:
            return self.carry_out(verb, group)

        return carry_out

    def carry_out(self, command: str, group: Group) -> list[Answer]:
        """Carry out a command by its name, as the activity of that name does."""
        if command in PLAIN:
            return self._each(partial(steps.carry_out, executor=PLAIN[command]), group)
        own: Callable[[Group], list[Answer]] = getattr(self, command)
        return own(group)

    @activity.defn
    def plan(self, plan_id: str) -> Plan:
        """A published plan."""
        with self._db() as session:
            return read_plan(session, plan_id)

    @activity.defn
    def arrive(self, group: Group) -> list[Answer]:
        """Register or settle a wait; end the journey."""
        return self._each(steps.settle_arrivals, group)

    @activity.defn
    def coupon(self, group: Group) -> list[Answer]:
        """Issue coupons."""
        answers: list[Answer] = []
        for chunk in _chunks(group):
            with self._coupons.ready(chunk) as issue:
                issued = partial(steps.carry_out, executor=partial(coupon.carry_out, issue=issue))
                _, aside, settled = self._settled(issued, chunk)
            answers += [*aside, *settled]
        return self._timed(answers)

    @activity.defn
    def todo(self, group: Group) -> list[Answer]:
        """Assign tasks to sales guides, and tell them."""
        answers = self._each(partial(steps.carry_out, executor=todo.carry_out), group)
        tellers = [adapter for adapter in self._channels.values() if isinstance(adapter, TellsStaff)]
        if tellers:
            with self._db() as session:
                notices = staff.notices(session, _with(group, unpack(group.members)))
            tellers[0].tell_staff(notices)
        return answers

    @activity.defn
    def send(self, group: Group) -> list[Answer]:
        """Send a message to each member that may have it now. What its provider can't take yet is answered `later`."""
        answers: list[Answer] = []
        accounts = [adapter.account for adapter in self._channels.values() if adapter.account]
        for chunk in _chunks(group, max((account.at_once for account in accounts), default=CHUNK)):
            while chunk.members:
                with self._coupons.ready(chunk) as issue:
                    claim = partial(claiming.claim, channels=self._channels, site=self._site, issue=issue)
                    chunk, aside, claims = self._settled(claim, chunk)
                    outcomes = [*claims.answers, *self._call(chunk, claims)]
                answers += [*aside, *outcomes]
                chunk = _without(chunk, outcomes)
                if chunk.members:
                    sign_of_life()
                    time.sleep(claims.wait)
        return self._timed(answers)

    @activity.defn
    def webhook(self, group: Group) -> list[Answer]:
        """Call another system for each member."""
        answers: list[Answer] = []
        for chunk in _chunks(group, CALLS):
            while chunk.members:
                chunk, aside, (settled, calls) = self._settled(claim_calls, chunk)
                replies = self._webhooks.call_many(calls[0].name, calls) if calls else []
                settled += self._settle_calls(chunk, calls, replies)
                answers += [*aside, *settled]
                chunk = _without(chunk, settled)
        return self._timed(answers)

    def _settle_calls(self, group: Group, calls: Sequence[Call], replies: Sequence[Reply]) -> list[Answer]:
        """Write down what came of calls. Whom a defect keeps from moving on has no answer, and is asked again."""
        settle = partial(settle_calls, group=group, calls=calls, replies=replies, now=self._clock.now())
        try:
            with self._db.begin() as work:
                return settle(work)
        except (DBAPIError, FailureError):
            raise
        except Exception:
            with self._db.begin() as work:
                return settle(work, move_on=False)

    @activity.defn
    def emit(self, page: FanOut) -> str | None:
        """Emit a page of what a journey's schedule stands for; if that is lots, the warehouse is asked first."""
        if not page.cursor:
            self._take_stock(page.journey)
        with self._db.begin() as work:
            return schedules.emit_page(work, page.journey, page.cursor, self._clock.now(), page.due)

    @activity.defn
    def fan_out(self, page: FanOut) -> str | None:
        """Take an event about the business to a page of enrollments or customers."""
        with self._db.begin() as work:
            return schedules.fan_out_page(work, page.event or 0, page.journey, page.cursor, self._clock.now())

    def _take_stock(self, journey: str) -> None:
        lots: Sequence[str] = [""]
        while lots:
            with self._db() as session:
                lots = schedules.lots_of(session, journey, self._clock.now(), after=lots[-1])
            asked_at = self._clock.now()
            levels = self._warehouse.levels(lots)
            with self._db.begin() as work:
                take_stock(work, levels, asked_at)

    def _each(self, act: Callable[[UnitOfWork, Group, datetime], list[Answer]], group: Group) -> list[Answer]:
        answers: list[Answer] = []
        for chunk in _chunks(group):
            _, aside, settled = self._settled(act, chunk)
            answers += [*aside, *settled]
        return self._timed(answers)

    def _settled(
        self, act: Callable[[UnitOfWork, Group, datetime], _Found], group: Group
    ) -> tuple[Group, list[Answer], _Found]:
        """Act in a transaction. Members whose customers another one holds for long are set aside, to ask again later.

        So are all of a group that a defect keeps from acting for long; until then the defect is told as theirs, and
        raised. Returns the group without those set aside, their answers, and what it came to for the others.
        """
        try:
            with self._db.begin() as work:
                return group, [], act(work, group, self._clock.now())
        except OperationalError as error:
            if not is_locked_out(error):
                raise
            locked = self._locked(group)
            if not 0 < len(locked) < len(group.members):
                raise
            now = self._clock.now()
            aside = [Answer(enrollment, "later", now, "again", now + ASIDE) for enrollment in sorted(locked)]
        except (InterfaceError, FailureError):
            raise
        except Exception as defect:
            now = self._clock.now()
            with self._db.begin() as work:
                put_off = stuck.share(work, [member.enrollment for member in group.members], group.path, defect, now)
            if not put_off:
                raise
            aside = [Answer(enrollment, "later", now, "again", due) for enrollment, due in put_off.items()]
        rest = _without(group, aside)
        with self._db.begin() as work:
            return rest, aside, act(work, rest, now)

    def _timed(self, answers: Sequence[Answer]) -> list[Answer]:
        return [
            replace(answer, seconds=self._clock.seconds_until(answer.due)) if answer.due else answer
            for answer in pack(answers)
        ]

    def _call(self, group: Group, claims: claiming.Claims) -> list[Answer]:
        outgoing = [*claims.lost, *claims.doubtful]
        deliveries = [LOST] * len(claims.lost) + [RESTORED] * len(claims.doubtful)
        for channel in dict.fromkeys(message.channel for message in claims.going):
            messages = [message for message in claims.going if message.channel == channel]
            outgoing += messages
            about: tracing.Attributes = {"channel": channel, "messages": len(messages)}
            with tracing.span("provider send", kind=tracing.SpanKind.CLIENT, attributes=about):
                answers = self._channels[channel].send_many(messages)
                self._trace(messages, answers)
            deliveries += answers
        if not outgoing:
            return []
        return self._written_down(group, list(zip(outgoing, deliveries, strict=True)), claims)

    def _trace(self, messages: Sequence[Outgoing], answers: Sequence[Delivery]) -> None:
        """What was told to a provider for many at once is found in the trace of each event, too."""
        if not tracing.is_on():
            return
        with self._db() as session:
            parents = traces.of(session, [message.enrollment for message in messages])
        for message, answer in zip(messages, answers, strict=True):
            parent = parents.get(message.enrollment)
            if parent and not tracing.is_same_trace(parent):
                about: tracing.Attributes = {
                    "channel": message.channel,
                    "message": message.key,
                    "status": answer.status,
                }
                tracing.mark("provider send", parent, tracing.SpanKind.CLIENT, about)

    def _written_down(
        self, group: Group, told: Sequence[tuple[Outgoing, Delivery]], claims: claiming.Claims
    ) -> list[Answer]:
        """Write down what providers said of messages: worth waiting for Postgres, and for no customer that is held.

        Where a defect keeps members from moving on, they have no answer, and are asked again.
        """
        now, given_up = max(self._clock.now(), claims.since), time.monotonic() + HOLD_SECONDS
        answers, held = list[Answer](), list[tuple[Outgoing, Delivery]]()
        move_on = True
        while told:
            outgoing, deliveries = zip(*told, strict=True)
            locked: frozenset[int] = frozenset()
            try:
                with self._db.begin() as work:
                    settled = settle_messages(
                        work, group, outgoing, deliveries, now, self._channels, claims.snapshot, move_on=move_on
                    )
                answers += settled
                _count(told)
                told, held = held, []
                continue
            except OperationalError as error:
                if time.monotonic() > given_up:
                    raise
                time.sleep(0.2)
                sign_of_life()
                locked = self._locked(group) if is_locked_out(error) else locked
            except (InterfaceError, FailureError):
                raise
            except Exception:
                if not move_on:
                    raise
                move_on = False
            free = [each for each in (*told, *held) if each[0].enrollment not in locked]
            held = [each for each in (*told, *held) if each[0].enrollment in locked]
            told, held = (free, held) if free else (held, [])
        return answers

    def _locked(self, group: Group) -> frozenset[int]:
        with self._db.begin() as work:
            return steps.locked_elsewhere(work, group)


def _count(told: Sequence[tuple[Outgoing, Delivery]]) -> None:
    """Rehearsals, which are no activity, send nothing that counts."""
    if activity.in_activity():
        for outgoing, delivery in told:
            count_message(outgoing.channel, delivery.status, delivery.reason)


def _chunks(group: Group, size: int = CHUNK) -> Iterator[Group]:
    members = unpack(group.members)
    for start in range(0, len(members), size):
        sign_of_life()
        yield _with(group, members[start : start + size])


def _with(group: Group, members: Sequence[Member]) -> Group:
    return group.model_copy(update={"members": tuple(members)})


def _without(group: Group, answers: Sequence[Answer]) -> Group:
    answered = {answer.enrollment for answer in answers}
    return _with(group, [member for member in group.members if member.enrollment not in answered])
