"""How Temporal, or an employee, is told each kind of notice that the outbox holds."""

import asyncio
from collections.abc import Mapping, Sequence

from sqlmodel import Session
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.channels.staff import Notice, TellsStaff
from domain.intake.tables import Event
from domain.plays.running import play_of
from domain.plays.tables import PlayInstance, PlayVersion
from domain.published.library import read_library
from domain.store.outbox import (
    FollowUp,
    GoOnWalking,
    LookAtPlay,
    LookAtRequirement,
    LookAtSupplier,
    ReadComments,
    Replenish,
    RestartRun,
    Restocked,
    ReviewShow,
    StartRun,
    TakeToJourney,
    TellStaff,
    WakeRun,
)
from domain.store.tables import Outbox
from runtime.platform.outbox import journey_tellers
from runtime.platform.outbox.journey_tellers import JOURNEY, TRIGGER, Calls, Notices, Teller, Temporal, nothing
from workflows.plan.supply import AlarmRaised
from workflows.plays.model import Play
from workflows.plays.words import describe_play
from workflows.runs.play import PlayWorkflow
from workflows.runs.replenishment import DETAILS, ReplenishmentWorkflow
from workflows.runs.requirement import REQUIREMENT, RequirementWorkflow
from workflows.runs.supply import SUPPLY, SupplyWorkflow
from workflows.runs.tracking import FollowUpWorkflow
from workflows.runs.voice import ReadCommentsWorkflow, ShowReviewWorkflow
from workflows.terms.values import Language
from workflows.terms.wording import Wording

STAFF_SECONDS = 5.0
"""A notice to an employee that takes longer is put off, so that no journey waits for it."""

COMMENTS_ID = "voice/comments"
"""The id of the workflow that reads comments; one at a time does."""


def replenishment_id(alarm_id: int) -> str:
    """The id of the workflow that an alarm began."""
    return f"replenishment/{alarm_id}"


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
            yield told, nothing()
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
    StartRun.kind: journey_tellers.tell_starts,
    WakeRun.kind: journey_tellers.tell_wakes,
    TakeToJourney.kind: journey_tellers.tell_fan_outs,
    RestartRun.kind: journey_tellers.tell_restarts,
    GoOnWalking.kind: journey_tellers.tell_walks,
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
