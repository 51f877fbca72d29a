"""How Temporal, or an employee, is told each kind of notice that the outbox holds."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlmodel import Session
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.channels.staff import Notice, TellsStaff
from domain.intake.schedules import FIRST
from domain.intake.tables import Event
from domain.journeys.starting import Start, set_apart, start_of, wakes_of
from domain.plays.running import play_of
from domain.plays.tables import PlayInstance, PlayVersion
from domain.published.library import read_library
from domain.store.outbox import (
    FollowUp,
    LookAtPlay,
    LookAtRequirement,
    LookAtSupplier,
    ReadComments,
    Replenish,
    Restocked,
    ReviewShow,
    StartRun,
    TakeToJourney,
    TellStaff,
    WakeRun,
)
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform.runs import look_up, workflow_id
from workflows.plan.commands import FanOut
from workflows.plan.supply import AlarmRaised
from workflows.plays.model import Play
from workflows.plays.words import describe_play
from workflows.runs.journey import JourneyWorkflow
from workflows.runs.paging import FanOutWorkflow
from workflows.runs.play import PlayWorkflow
from workflows.runs.replenishment import DETAILS, ReplenishmentWorkflow
from workflows.runs.requirement import REQUIREMENT, RequirementWorkflow
from workflows.runs.supply import SUPPLY, SupplyWorkflow
from workflows.runs.tracking import FollowUpWorkflow
from workflows.runs.voice import ReadCommentsWorkflow, ShowReviewWorkflow
from workflows.terms.values import Language
from workflows.terms.wording import Wording
from workflows.words.describe import describe

CUSTOMERS_IN_SEARCH = 50
"""Cohorts of up to so many carry their customers' ids as a search attribute (a value is limited to 2 KB)."""

JOURNEY = SearchAttributeKey.for_keyword("Journey")
VERSION = SearchAttributeKey.for_int("JourneyVersion")
TRIGGER = SearchAttributeKey.for_keyword("Trigger")
COHORT_SIZE = SearchAttributeKey.for_int("CohortSize")
CUSTOMER_ID = SearchAttributeKey.for_keyword_list("CustomerId")


STAFF_SECONDS = 5.0
"""A notice to an employee that takes longer is put off, so that no journey waits for it."""

COMMENTS_ID = "voice/comments"
"""The id of the workflow that reads comments; one at a time does."""


def replenishment_id(alarm_id: int) -> str:
    """The id of the workflow that an alarm began."""
    return f"replenishment/{alarm_id}"


@dataclass(frozen=True)
class Temporal:
    """Where Temporal is told, and what of its answers concerns the database.

    `staff` reaches employees. `public_url` is where our console is reached, for links from runs to its pages; None
    without.
    """

    db: Database
    client: Client
    queue: str
    public_url: str | None = None
    staff: Sequence[TellsStaff] = ()


Notices = Sequence[tuple[Outbox, Any]]
"""Rows of one kind, each with the notice that it holds."""

Call = tuple[Sequence[Outbox], Coroutine[Any, Any, str]]
"""What is to be awaited for which rows. It comes to the id of the workflow told, or to nothing."""

Calls = Iterator[Call]

Teller = Callable[[Temporal, Session, Notices], Calls]


def _tell_starts(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    for row, notice in notices:
        start = start_of(session, notice.enrollment)
        yield [row], _start(temporal, start) if start else _nothing()


def _tell_wakes(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    """Wakes of one run are told at once."""
    rows: dict[int, list[Outbox]] = {}
    for row, notice in notices:
        rows.setdefault(notice.enrollment, []).append(row)
    for wake in wakes_of(session, rows):
        name = workflow_id(wake.journey, wake.run)
        call = _wake(temporal, name, wake.enrollments) if wake.enrollments else _nothing()
        yield [row for each in wake.because_of for row in rows[each]], call


def _tell_fan_outs(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    language = read_library(session).policy.language
    for row, notice in notices:
        yield [row], _fan_out(temporal, notice, language)


def _tell_follow_ups(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    language = read_library(session).policy.language
    for row, notice in notices:
        yield [row], _follow_up(temporal, notice, language)


def _tell_alarms(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    policy = read_library(session).policy
    for row, notice in notices:
        sku = str(session.get_one(Event, notice.alarm).data.get("sku"))
        raised = AlarmRaised(event=notice.alarm, language=policy.language, timezone=policy.timezone)
        yield [row], _replenish(temporal, raised, sku)


def _tell_receipts(temporal: Temporal, _: Session, notices: Notices) -> Calls:
    for row, notice in notices:
        yield [row], _restocked(temporal, notice)


def _tell_of_comments(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    """However many notices there are, there is one pile of comments."""
    yield [row for row, _ in notices], _read_comments(temporal, read_library(session).policy.language)


def _tell_of_shows(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    language = read_library(session).policy.language
    for row, notice in notices:
        yield [row], _review(temporal, notice, language)


def _tell_of_plays(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    library = read_library(session)
    rows: dict[int, list[Outbox]] = {}
    for row, notice in notices:
        rows.setdefault(notice.instance, []).append(row)
    for instance_id, told in rows.items():
        instance = session.get(PlayInstance, instance_id)
        version = session.get(PlayVersion, instance.version_id) if instance else None
        if version is None:
            yield told, _nothing()
        else:
            play = play_of(version)
            yield told, _look_at_play(temporal, instance_id, play, version.version, library.policy.language)


def _tell_of_requirements(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    language = read_library(session).policy.language
    for row, notice in notices:
        yield [row], _look_at(temporal, notice, language)


def _tell_of_suppliers(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    language = read_library(session).policy.language
    for name in dict.fromkeys(notice.supplier for _, notice in notices):
        yield [row for row, notice in notices if notice.supplier == name], _look_at_supplier(temporal, name, language)


def _tell_staff(temporal: Temporal, _: Session, notices: Notices) -> Calls:
    told = [Notice(notice.to, notice.text) for _, notice in notices]
    yield [row for row, _ in notices], _send(temporal.staff, told)


TELLERS: Mapping[str, Teller] = {
    StartRun.kind: _tell_starts,
    WakeRun.kind: _tell_wakes,
    TakeToJourney.kind: _tell_fan_outs,
    FollowUp.kind: _tell_follow_ups,
    Replenish.kind: _tell_alarms,
    Restocked.kind: _tell_receipts,
    ReadComments.kind: _tell_of_comments,
    ReviewShow.kind: _tell_of_shows,
    LookAtRequirement.kind: _tell_of_requirements,
    TellStaff.kind: _tell_staff,
    LookAtPlay.kind: _tell_of_plays,
    LookAtSupplier.kind: _tell_of_suppliers,
}
"""Who tells each kind."""


async def _start(
    temporal: Temporal, start: Start, reuse: WorkflowIDReusePolicy = WorkflowIDReusePolicy.REJECT_DUPLICATE
) -> str:
    cohort = start.cohort
    plan, states = cohort.plan, cohort.enrollments
    customers = [str(state.customer) for state in states]
    say = Wording(cohort.language)
    one = say.pick(f"客户 {customers[0]}", f"customer {customers[0]}")
    who = one if len(customers) == 1 else say.pick(f"{len(customers)} 位客户", f"{len(customers)} customers")
    version = say.pick(f"第 {cohort.version} 版", f"version {cohort.version}")
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(JOURNEY, plan.journey),
        SearchAttributePair(VERSION, cohort.version),
        SearchAttributePair(TRIGGER, start.trigger),
        SearchAttributePair(COHORT_SIZE, len(customers)),
    ]
    if len(customers) <= CUSTOMERS_IN_SEARCH:
        pairs.append(SearchAttributePair(CUSTOMER_ID, customers))
    name = workflow_id(plan.journey, start.run)
    try:
        await temporal.client.start_workflow(
            JourneyWorkflow.run,
            cohort,
            id=name,
            task_queue=temporal.queue,
            id_reuse_policy=reuse,
            search_attributes=TypedSearchAttributes(pairs),
            static_summary=f"{plan.name} · {version} · {who}",
            static_details="\n\n".join(
                [describe(plan, say), *_pages(temporal.public_url, plan.journey, customers, say)]
            ),
            request_eager_start=True,
        )
    except WorkflowAlreadyStartedError:
        return await _see_who_is_carried(temporal, start)
    return name


def _pages(public_url: str | None, journey: str, customers: Sequence[str], say: Wording) -> Iterator[str]:
    """Links to the journey and, of a run of one, to the customer in the console."""
    if public_url is None:
        return
    console = f"{public_url}/console"
    yield f"[{say.pick('在控制台看旅程', 'the journey in the console')}]({console}/journeys/{quote(journey)})"
    if len(customers) == 1:
        yield f"[{say.pick('在控制台看客户', 'the customer in the console')}]({console}/customers/{customers[0]})"


async def _see_who_is_carried(temporal: Temporal, start: Start) -> str:
    """Temporal had a run of this name before: see that the members it doesn't carry get a run, too.

    If it is over and carries none of them, theirs takes its name; otherwise they are set apart.
    """
    run = await look_up(temporal.client, workflow_id(start.cohort.plan.journey, start.run))
    members = {state.enrollment for state in start.cohort.enrollments}
    if not run.goes_on and members.isdisjoint(run.carries):
        return await _start(temporal, start, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
    if uncarried := members - run.carries:
        await asyncio.to_thread(_set_apart, temporal, start.run, uncarried)
    return ""


def _set_apart(temporal: Temporal, run: int, enrollment_ids: Collection[int]) -> None:
    with temporal.db.begin() as work:
        set_apart(work, run, enrollment_ids)


async def _wake(temporal: Temporal, name: str, enrollments: Sequence[int]) -> str:
    """A workflow that isn't there, or is over, needs no waking: what it does first is look."""
    woken = enrollments[0] if len(enrollments) == 1 else list(enrollments)
    try:
        await temporal.client.get_workflow_handle(name).signal(JourneyWorkflow.wake, woken)
    except RPCError as problem:
        if problem.status is not RPCStatusCode.NOT_FOUND:
            raise
        return ""
    return name


async def _fan_out(temporal: Temporal, notice: TakeToJourney, language: Language) -> str:
    name = f"fan-out/{notice.journey}/{notice.event}"
    try:
        await temporal.client.start_workflow(
            FanOutWorkflow.run,
            FanOut(journey=notice.journey, event=notice.event, cursor=FIRST, language=language),
            id=name,
            task_queue=temporal.queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=Wording(language).pick(
                f"事件 {notice.event} · 到旅程 {notice.journey}", f"event {notice.event} · to {notice.journey}"
            ),
        )
    except WorkflowAlreadyStartedError:
        return ""
    return name


async def _replenish(temporal: Temporal, raised: AlarmRaised, sku: str) -> str:
    """A run that is gone may be started again, for what it does first is look where the database stands."""
    name, say = replenishment_id(raised.event), Wording(raised.language)
    try:
        await temporal.client.start_workflow(
            ReplenishmentWorkflow.run,
            raised,
            id=name,
            task_queue=temporal.queue,
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(JOURNEY, "replenishment"), SearchAttributePair(TRIGGER, "stock.alarm")]
            ),
            static_summary=say.pick(f"补货 {sku} · 预警 {raised.event}", f"restock {sku} · alarm {raised.event}"),
            static_details=say.pick(*DETAILS),
            request_eager_start=True,
        )
    except WorkflowAlreadyStartedError:
        return ""
    return name


async def _restocked(temporal: Temporal, notice: Restocked) -> str:
    """A run that is over needs no waking."""
    name = replenishment_id(notice.alarm)
    try:
        await temporal.client.get_workflow_handle(name).signal(ReplenishmentWorkflow.wake)
    except RPCError as problem:
        if problem.status is not RPCStatusCode.NOT_FOUND:
            raise
        return ""
    return name


async def _follow_up(temporal: Temporal, notice: FollowUp, language: Language) -> str:
    name, say = f"follow-up/{notice.channel}", Wording(language)
    await temporal.client.start_workflow(
        FollowUpWorkflow.run,
        args=[notice.channel, language],
        id=name,
        task_queue=temporal.queue,
        start_signal="look",
        static_summary=say.pick(
            f"{say.channel(notice.channel)}消息的去向", f"what became of messages by {notice.channel}"
        ),
    )
    return name


async def _read_comments(temporal: Temporal, language: Language) -> str:
    await temporal.client.start_workflow(
        ReadCommentsWorkflow.run,
        language,
        id=COMMENTS_ID,
        task_queue=temporal.queue,
        start_signal="look",
        static_summary=Wording(language).pick("读评论", "comments are read"),
    )
    return COMMENTS_ID


async def _review(temporal: Temporal, notice: ReviewShow, language: Language) -> str:
    """A show that is told to have ended again is reviewed anew where its review is over."""
    name = f"review/{notice.stream}"
    try:
        await temporal.client.start_workflow(
            ShowReviewWorkflow.run,
            args=[notice.stream, language],
            id=name,
            task_queue=temporal.queue,
            static_summary=Wording(language).pick(f"直播 {notice.stream} 复盘", f"review of the show {notice.stream}"),
        )
    except WorkflowAlreadyStartedError:
        return ""
    return name


async def _look_at(temporal: Temporal, notice: LookAtRequirement, language: Language) -> str:
    """What a run does first is look where the database stands."""
    name, say = f"requirement/{notice.requirement}", Wording(language)
    await temporal.client.start_workflow(
        RequirementWorkflow.run,
        args=[notice.requirement, language],
        id=name,
        task_queue=temporal.queue,
        start_signal="wake",
        static_summary=say.pick(f"需求 {notice.requirement}", f"requirement {notice.requirement}"),
        static_details=say.pick(*REQUIREMENT),
    )
    return name


async def _look_at_supplier(temporal: Temporal, supplier: str, language: Language) -> str:
    """What a run does first is look where the database stands. A supplier has one run."""
    name, say = f"supply/{supplier}", Wording(language)
    await temporal.client.start_workflow(
        SupplyWorkflow.run,
        args=[supplier, language],
        id=name,
        task_queue=temporal.queue,
        start_signal="wake",
        search_attributes=TypedSearchAttributes([SearchAttributePair(TRIGGER, "supply")]),
        static_summary=say.pick(f"供应商 {supplier}", f"supplier {supplier}"),
        static_details=say.pick(*SUPPLY),
    )
    return name


async def _send(channels: Sequence[TellsStaff], notices: Sequence[Notice]) -> str:
    """One that was sent just before a worker died is sent again, which the channel takes for the same.

    Raises TimeoutError where it takes so long that others would wait.
    """
    async with asyncio.timeout(STAFF_SECONDS):
        for channel in channels:
            await asyncio.to_thread(channel.tell_staff, notices)
    return ""


async def _look_at_play(temporal: Temporal, instance: int, play: Play, version: int, language: Language) -> str:
    """What a run does first is look where the database stands. Notices of one instance are one look."""
    name, say = f"play/{play.play}/{instance}", Wording(language)
    numbered = say.pick(f"第 {version} 版 · 第 {instance} 场", f"version {version} · instance {instance}")
    await temporal.client.start_workflow(
        PlayWorkflow.run,
        args=[instance, language],
        id=name,
        task_queue=temporal.queue,
        start_signal="wake",
        search_attributes=TypedSearchAttributes([SearchAttributePair(TRIGGER, "play")]),
        static_summary=f"{play.title} · {numbered}",
        static_details=describe_play(play, say),
    )
    return name


async def _nothing() -> str:
    return ""
