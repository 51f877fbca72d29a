"""Calls of outside systems: written down before they are made, and made again by the same key until settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel import Session, col, select

from domain.journeys.steps import StepContext, for_each_member, lock_group
from domain.journeys.tables import EnrollmentRow, WebhookCall
from domain.journeys.trail import record
from domain.store.work import UnitOfWork
from workflows.plan.commands import Answer, Group
from workflows.verbs.webhook import CallWebhook

FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)
"""How long after an attempt the next one is made: twice as long each time, up to the longest."""

PATIENCE = timedelta(days=1)
"""How long after its first attempt a call is tried again."""


@dataclass(frozen=True)
class Call:
    """A call to be made. `key` is the same each time it is made, and so is `body`."""

    key: int | str
    name: str
    enrollment: int
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """What came of a call: taken, refused for good, or to be made again `later`, no sooner than after `wait`."""

    status: Literal["ok", "failed", "later"]
    reason: str | None = None
    wait: timedelta = timedelta()


def claim_calls(work: UnitOfWork, group: Group, now: datetime) -> tuple[list[Answer], list[Call]]:
    """Write down the calls that are to be made now. Answers for the members that have none."""
    claimed: dict[int, WebhookCall] = {}
    known: dict[int, WebhookCall] | None = None

    def act(context: StepContext) -> Answer | None:
        nonlocal known
        step = _step_of(context, group)
        known = _calls(work, group, step) if known is None else known
        row = known.get(context.enrollment.id)
        if row is None:
            row = WebhookCall(
                enrollment_id=context.enrollment.id, step=step.name, name=step.webhook, body=_body(context, step),
                attempts=0, begun_at=context.at,
            )  # fmt: skip
            work.add(row)
        elif row.status != "calling":
            return context.done(step, row.status)
        elif row.retry_at and row.retry_at > context.at:
            return context.later(row.retry_at)
        row.attempts += 1
        claimed[context.enrollment.id] = row
        return None

    answers = for_each_member(work, group, now, act)
    for answer in answers:
        claimed.pop(answer.enrollment, None)
    return answers, [Call(row.id, row.name, row.enrollment_id, row.body) for row in claimed.values()]


def settle_calls(
    work: UnitOfWork,
    group: Group,
    calls: Sequence[Call],
    replies: Sequence[Reply],
    now: datetime,
    *,
    move_on: bool = True,
) -> list[Answer]:
    """Write down what came of the calls, and `move_on` their enrollments; else those have no answer."""
    reply_of = {call.enrollment: reply for call, reply in zip(calls, replies, strict=True)}
    rest = group.model_copy(update={"members": tuple(each for each in group.members if each.enrollment in reply_of)})
    locked = lock_group(work, rest, now)
    ours = select(WebhookCall).where(col(WebhookCall.id).in_([call.key for call in calls]))
    rows = {row.enrollment_id: row for row in work.exec(ours.execution_options(populate_existing=True))}
    answers = []
    for context in locked.entries:
        standing = isinstance(context, StepContext)
        id = context.enrollment_id if isinstance(context, StepContext) else context.enrollment
        enrollment = work.held(EnrollmentRow, id)
        row = rows[enrollment.id]
        if row.status == "calling":
            at = context.at if standing else now
            _write_down(work, group, row, enrollment, reply_of[enrollment.id], at, over=not standing)
        if not isinstance(context, StepContext):
            answers.append(context)
        elif row.status == "calling":
            assert row.retry_at is not None
            answers.append(context.later(row.retry_at))
        elif move_on:
            answers.append(context.done(_step_of(context, group), row.status))
    return answers


def _write_down(
    work: UnitOfWork,
    group: Group,
    row: WebhookCall,
    enrollment: EnrollmentRow,
    reply: Reply,
    at: datetime,
    *,
    over: bool,
) -> None:
    """Settle the call, or say when it is made again; not for an enrollment that has gone elsewhere meanwhile."""
    if reply.status == "later":
        wait = min(max(FIRST_RETRY * 2 ** min(row.attempts - 1, 10), reply.wait), LONGEST_RETRY)
        row.retry_at = at + wait
        if not over and row.retry_at <= row.begun_at + PATIENCE:
            return
    row.status, row.reason, row.retry_at = "ok" if reply.status == "ok" else "failed", reply.reason, None
    row.settled_at = at
    record(work, enrollment, "webhook", row.name, at, step=group.path, reason=row.reason)


def _step_of(context: StepContext, group: Group) -> CallWebhook:
    step = context.plan.steps[group.path]
    assert isinstance(step, CallWebhook)
    return step


def _calls(session: Session, group: Group, step: CallWebhook) -> dict[int, WebhookCall]:
    members = [member.enrollment for member in group.members]
    query = select(WebhookCall).where(col(WebhookCall.enrollment_id).in_(members), WebhookCall.step == step.name)
    return {row.enrollment_id: row for row in session.exec(query.execution_options(populate_existing=True))}


def _body(context: StepContext, step: CallWebhook) -> dict[str, Any]:
    return {
        "journey": context.plan.journey,
        "step": step.name,
        "enrollment": context.enrollment.id,
        "customer": context.customer.id,
        "trigger": dict(context.facts.trigger),
        "data": step.data,
    }
