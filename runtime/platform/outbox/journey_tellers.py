"""How Temporal is told of the runs of journeys, and of walks over many customers."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlmodel import Session
from temporalio.client import Client
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.channels.staff import TellsStaff
from domain.intake.schedules import FIRST
from domain.intake.tables import CustomerWalk
from domain.journeys.starting import Start, set_apart, start_of, wakes_of
from domain.published.library import read_library
from domain.store.outbox import TakeToJourney
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.platform.runs import look_up, workflow_id
from workflows.plan.commands import FanOut
from workflows.runs.journey import JourneyWorkflow
from workflows.runs.paging import FanOutWorkflow, ScheduleWorkflow
from workflows.terms.values import Language
from workflows.terms.wording import Wording
from workflows.words.describe import describe

_ANY, _END_IT = WorkflowIDReusePolicy.ALLOW_DUPLICATE, WorkflowIDConflictPolicy.TERMINATE_EXISTING

CUSTOMERS_IN_SEARCH = 50
"""Cohorts of up to so many carry their customers' ids as a search attribute (a value is limited to 2 KB)."""

JOURNEY = SearchAttributeKey.for_keyword("Journey")
VERSION = SearchAttributeKey.for_int("JourneyVersion")
TRIGGER = SearchAttributeKey.for_keyword("Trigger")
COHORT_SIZE = SearchAttributeKey.for_int("CohortSize")
CUSTOMER_ID = SearchAttributeKey.for_keyword_list("CustomerId")


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


def tell_starts(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    for row, notice in notices:
        start = start_of(session, notice.enrollment)
        yield [row], _start(temporal, start) if start else nothing()


def tell_restarts(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    """Runs that begin anew from where the database stands, whatever Temporal has of that name."""
    for row, notice in notices:
        start = start_of(session, notice.enrollment)
        yield [row], _start(temporal, start, anew=True) if start else nothing()


def tell_wakes(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    """Wakes of one run are told at once."""
    rows: dict[int, list[Outbox]] = {}
    for row, notice in notices:
        rows.setdefault(notice.enrollment, []).append(row)
    for wake in wakes_of(session, rows):
        name = workflow_id(wake.journey, wake.run)
        call = _wake(temporal, name, wake.enrollments) if wake.enrollments else nothing()
        yield [row for each in wake.because_of for row in rows[each]], call


def tell_fan_outs(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    language = read_library(session).policy.language
    for row, notice in notices:
        yield [row], _fan_out(temporal, notice, language)


def tell_walks(temporal: Temporal, session: Session, notices: Notices) -> Calls:
    language = read_library(session).policy.language
    for row, notice in notices:
        walk = session.get(CustomerWalk, notice.walk)
        yield [row], _go_on_walking(temporal, walk, language) if walk and not walk.ended else nothing()


async def _start(temporal: Temporal, start: Start, *, anew: bool = False) -> str:
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
            id_reuse_policy=_ANY if anew else WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=_END_IT if anew else WorkflowIDConflictPolicy.UNSPECIFIED,
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
        return await _start(temporal, start, anew=True)
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


async def _go_on_walking(temporal: Temporal, walk: CustomerWalk, language: Language) -> str:
    """A walk that Temporal has lost goes on from its last page; one that still goes on is left alone."""
    name, say = f"walk/{walk.id}", Wording(language)
    of_event = walk.event_id is not None
    work = FanOut(
        journey=walk.journey, event=walk.event_id, cursor=FIRST if of_event else "", nominal=not of_event,
        language=language, due=walk.due,
    )  # fmt: skip
    await temporal.client.start_workflow(
        FanOutWorkflow.run if of_event else ScheduleWorkflow.run,
        work,
        id=name,
        task_queue=temporal.queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=say.pick(f"接着走完 {walk.journey}", f"{walk.journey} is gone on with"),
    )
    return name


async def nothing() -> str:
    """Nobody is to be told."""
    return ""
