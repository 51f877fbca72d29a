"""What the database does for each step of a group: settle it, and say what follows. Callers own the transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select as sa_select
from sqlalchemy import text
from sqlalchemy.exc import DataError, SQLAlchemyError
from sqlmodel import Session, col, select

from domain.conditions.facts import BatchFacts, CustomerFacts, GroupRefs, Moment
from domain.customers import resolution
from domain.customers.tables import Customer
from domain.intake.tables import Event
from domain.journeys.enrollments import end
from domain.journeys.executors import Executor, arrival_of, executor_of
from domain.journeys.group_rows import GroupRows
from domain.journeys.stuck import go_on, put_off
from domain.journeys.tables import Enrollment
from domain.journeys.trail import record
from domain.published.library import Library, library_of, read_plan
from domain.stock import inventory
from domain.store.bulk import BulkRows, is_among
from domain.store.work import UnitOfWork
from workflows.plan.commands import Answer, Group, Member
from workflows.plan.interpreter import bucket
from workflows.plan.model import Plan
from workflows.verbs.base import Path, Step

SKEW = timedelta(seconds=1)
"""How far the clocks of a worker and of Temporal may disagree before a command counts as early."""


@dataclass
class StepContext:
    """One enrollment at a step, locked, with what is known of it. `at` is the instant that its decisions carry."""

    work: UnitOfWork
    library: Library
    plan: Plan
    enrollment: Enrollment
    customer: Customer
    trigger: Mapping[str, Any]
    subjects: GroupRefs
    rows: GroupRows
    now: datetime
    at: datetime
    reached: datetime
    company: BatchFacts | None = None
    """Those for whom what is asked at an instant is read at once."""

    @property
    def facts(self) -> CustomerFacts:
        company = self.company if self.company and self.company.is_asked_at(self.customer.id, self.at) else None
        return CustomerFacts(
            self.work, self.library, self.customer, self.at, enrollment=self.enrollment, trigger=self.trigger,
            batch=company, subjects=self.subjects,
        )  # fmt: skip

    def over(self) -> Answer:
        """Tell the workflow that the enrollment has ended."""
        enrollment = self.enrollment
        return Answer(enrollment.id, "over", enrollment.ended_at or self.at, result=enrollment.ending or "")

    def later(self, due: datetime) -> Answer:
        """Sleep until `due`."""
        self.enrollment.due_at = due
        return Answer(self.enrollment.id, "later", self.at, due=due)

    def done(self, step: Step, result: str) -> Answer:
        """The step came to `result`: move the enrollment on to what follows, as far as no command is needed."""
        add_outcome(self.enrollment, step.path, result, self.at)
        due = arrive(self, self.plan.after(step.path, result), self.at)
        if self.enrollment.ending:
            return self.over()
        return Answer(enrollment=self.enrollment.id, kind="done", at=self.at, result=result, due=due)


@dataclass
class LockedGroup:
    """A group's enrollments: each is visited, or has its answer without."""

    library: Library
    found: Sequence[StepContext | Answer]
    enrollments: Mapping[int, Enrollment]
    sheet: BulkRows[Enrollment]
    rows: GroupRows
    moments: Mapping[int, Moment] = field(default_factory=dict)
    """The instants at which what is asked of the customers who are visited is read for all of them."""

    @property
    def visits(self) -> list[StepContext]:
        return [visit for visit in self.found if isinstance(visit, StepContext)]

    def again(self, work: UnitOfWork, some: Sequence[StepContext], times: Mapping[int, datetime]) -> "LockedGroup":
        """Some of the visits, by another transaction that holds the locks; each enrollment's time is in `times`."""
        company = BatchFacts(work, self.moments)
        enrollments = {visit.enrollment.id: visit.enrollment for visit in some}
        subjects, rows = GroupRefs(work, list(enrollments.values())), GroupRows(work, list(enrollments.values()))
        for visit in some:
            visit.work, visit.subjects, visit.rows, visit.company = work, subjects, rows, company
            visit.now = times[visit.enrollment.id]
            visit.at = max(visit.now, visit.reached)
        work.track(self.sheet)
        return LockedGroup(self.library, some, enrollments, self.sheet, rows, self.moments)


def lock(session: Session, enrollments: Iterable[int]) -> Library:
    """Lock the customers of these enrollments as `lock_customers` does. Returns what is published."""
    version, _ = session.connection().execute(_LOCKED, {"ids": list(enrollments)}).first() or ("", 0)
    return library_of(session, version or "")


def locked_elsewhere(session: Session, group: Group) -> frozenset[int]:
    """Those of the group's enrollments whose customers another transaction holds now; the others are locked."""
    ids = [member.enrollment for member in group.members]
    owners = session.exec(select(Enrollment.id, Enrollment.customer_id).where(col(Enrollment.id).in_(ids))).all()
    locked = resolution.locked_elsewhere(session, {customer for _, customer in owners})
    return frozenset(id for id, customer in owners if customer in locked)


def lock_group(work: UnitOfWork, group: Group, now: datetime) -> LockedGroup:
    """Lock the group's customers and look at each enrollment."""
    plan = read_plan(work, group.plan_id)
    members = {member.enrollment: member for member in group.members}
    library = lock(work, members)
    sheet, people = work.track(BulkRows(Enrollment)), work.track(BulkRows(Customer))
    enrollments: dict[int, Enrollment] = {}
    customers: dict[int, Customer] = {}
    triggers: dict[int, Mapping[str, Any]] = {}
    for trigger, *values in work.connection().execute(_READ, {"ids": list(members)}).all():
        enrollment = sheet.add(values[:_WIDTH])
        enrollments[enrollment.id], triggers[enrollment.id] = enrollment, trigger
        if enrollment.customer_id not in customers:
            customers[enrollment.customer_id] = people.add(values[_WIDTH:])
    if _promises_lots(library, plan, group.path):
        subjects_of = [each.subject for each in enrollments.values()]
        inventory.lock_lots(work, [subject["lot_id"] for subject in subjects_of if "lot_id" in subject])
    subjects, rows = GroupRefs(work, list(enrollments.values())), GroupRows(work, list(enrollments.values()))
    found: list[StepContext | Answer] = []
    for enrollment in enrollments.values():
        member = members[enrollment.id]
        reached, present = member.at or enrollment.anchor, member.now or now
        customer, trigger = customers[enrollment.customer_id], triggers[enrollment.id]
        visit = StepContext(
            work, library, plan, enrollment, customer, trigger, subjects, rows, present, max(present, reached), reached
        )
        try:
            answer = _turned_away(visit, member, group.path)
        except (TypeError, ValueError) as error:  # its history can't be read
            end(work, enrollment, "failed", visit.at, type(error).__name__, wake=False)
            answer = visit.over()
        found.append(answer or visit)
    met = LockedGroup(library, found, enrollments, sheet, rows)
    _keep_company(work, met)
    return met


_LOCKED = text("""
    SELECT (SELECT version FROM publication), id FROM customers
    WHERE id = ANY (ARRAY(SELECT customer_id FROM enrollments WHERE id = ANY (CAST(:ids AS bigint[]))))
    ORDER BY id FOR NO KEY UPDATE OF customers
""")

_WIDTH = len(Enrollment.__table__.columns)  # type: ignore[attr-defined]
_READ = (
    sa_select(col(Event.data), *Enrollment.__table__.columns, *Customer.__table__.columns)  # type: ignore[attr-defined]
    .join_from(Enrollment, Event, col(Event.id) == Enrollment.trigger_id)
    .join(Customer, col(Customer.id) == Enrollment.customer_id)
    .where(is_among(Enrollment.id))
    .order_by(col(Enrollment.customer_id), col(Enrollment.id))
)


def _keep_company(session: Session, met: LockedGroup) -> None:
    """Who is there twice, at different instants, shares the first one with the others."""
    instants = {visit.customer.id: visit.at for visit in reversed(met.visits)}
    met.moments = {customer: Moment(at) for customer, at in instants.items()}
    company = BatchFacts(session, met.moments)
    for visit in met.visits:
        visit.company = company


def _promises_lots(library: Library, plan: Plan, path: Path) -> bool:
    """Whether the step gives coupons that only a lot's units can meet."""
    step = plan.steps.get(path)
    terms = library.campaigns.get(step.campaign_given or "") if step else None
    return terms is not None and terms.products == "lot"


def _turned_away(visit: StepContext, member: Member, path: Path) -> Answer | None:
    enrollment = visit.enrollment
    if enrollment.ending:
        return visit.over()
    if reason := visit.library.ended.get(enrollment.plan_id):
        end(visit.work, enrollment, "stopped", visit.now, reason, wake=False)
        return visit.over()
    if member.generation != enrollment.generation:
        return Answer(enrollment.id, "moved", enrollment.anchor, generation=enrollment.generation)
    step = visit.plan.steps.get(path)
    if step is not None and step.early:
        return None
    if visit.reached > visit.now + SKEW:
        return visit.later(visit.reached)
    for done, result, at in enrollment.outcomes:
        if done not in visit.plan.steps:
            raise ValueError(done)
        if done == path:
            return _done_before(visit, path, result, datetime.fromisoformat(at))
    return None


def _done_before(visit: StepContext, path: Path, result: str, at: datetime) -> Answer:
    """The answer again, for a command that was carried out but whose answer was lost."""
    following = visit.plan.after(path, result)
    due = visit.enrollment.due_at if following is not None and following.waits else None
    return Answer(enrollment=visit.enrollment.id, kind="done", at=at, result=result, due=due)


def add_outcome(enrollment: Enrollment, path: Path, result: str, at: datetime) -> None:
    """Add an outcome to the enrollment's history, in place of an earlier one of the same step."""
    kept = [outcome for outcome in enrollment.outcomes if outcome[0] != path]
    enrollment.outcomes = [*kept, [path, result, at.isoformat()]]


def for_each_member(
    work: UnitOfWork,
    group: Group,
    now: datetime,
    act: Callable[[StepContext], Answer | None],
    meet: Callable[[LockedGroup], None] = lambda _: None,
) -> list[Answer]:
    """Carry out `act` for each member; an error in one leaves the others alone.

    What Postgres can't take of a member's own data ends that one as failed. Any other error is a defect of ours: it
    puts the member off (`domain/journeys/stuck.py`). One that all members share is raised, so that the activity fails
    and is tried again.

    `act` answers, or else the caller does, and writes what it did. All go in one savepoint; only after an error each is
    done again in one of its own. So `act` may be called twice, after `meet`, which is told each time who was met, if
    anybody is visited.
    """

    def begin() -> LockedGroup:
        met = lock_group(work, group, now)
        if met.visits:
            meet(met)
        return met

    met = begin()
    try:
        with work.savepoint(), _unseen(work, met.visits):
            answers = [_in_place(visit, group, act) for visit in met.found]
            return [answer for answer in answers if answer]
    except Exception as error:
        _raise_unless_own(error)
    met, answers = begin(), []
    defects: list[tuple[StepContext, Exception]] = []
    for visit in met.found:
        try:
            with work.savepoint():
                answers.append(_in_place(visit, group, act))
        except Exception as error:
            _raise_unless_own(error)
            assert isinstance(visit, StepContext)
            met.rows.forget()
            if isinstance(error, DataError):
                end(work, visit.enrollment, "failed", visit.at, type(error).__name__, wake=False)
                answers.append(visit.over())
            else:
                defects.append((visit, error))
    if len(defects) == len(met.visits) > 1 and len({(type(each), str(each)) for _, each in defects}) == 1:
        raise defects[0][1]
    for visit, defect in defects:
        due = put_off(work, visit.enrollment, group.path, defect, visit.now)
        visit.enrollment.due_at = due
        answers.append(Answer(visit.enrollment.id, "later", visit.at, result="again", due=due))
    work.write_rows()
    return [answer for answer in answers if answer]


def _unseen(session: Session, met: Sequence[StepContext]) -> AbstractContextManager[object]:
    """Different customers don't see what is decided about the others: it is written at once, when all is decided."""
    customers = [visit.customer.id for visit in met]
    return session.no_autoflush if len(set(customers)) == len(customers) else nullcontext()


def _in_place(visit: StepContext | Answer, group: Group, act: Callable[[StepContext], Answer | None]) -> Answer | None:
    if isinstance(visit, Answer):
        return visit
    before, visit.enrollment.position = visit.enrollment.position, group.path or None
    answer = act(visit)
    go_on(visit.enrollment)
    if answer is None:
        visit.enrollment.position = before
    return answer


def _raise_unless_own(error: Exception) -> None:
    """Trouble with the database is not a member's own, but that of all."""
    if isinstance(error, SQLAlchemyError) and not isinstance(error, DataError):
        raise error


def arrive(visit: StepContext, step: Step | None, at: datetime) -> datetime | None:
    """Put the enrollment before `step`, reached at `at`; end it if there is none. Returns the due time of a wait."""
    visit.enrollment.position = step.path if step else None
    visit.enrollment.due_at = at
    if step is None:
        end(visit.work, visit.enrollment, "finished", at, wake=False)
        return at
    arrival = arrival_of(step.verb)
    return arrival(visit, step, at) if arrival else None


def settle_arrivals(work: UnitOfWork, group: Group, now: datetime) -> list[Answer]:
    """The members stand before a wait, or at the end: register the wait, or settle it if its time has come."""

    def act(visit: StepContext) -> Answer:
        step = visit.plan.steps.get(group.path)
        executor = executor_of(step.verb) if step else None
        if step and executor:
            return executor(visit, step)
        due = arrive(visit, step, visit.reached)
        return visit.over() if due is None else visit.later(due)

    return for_each_member(work, group, now, act)


def carry_out(work: UnitOfWork, group: Group, now: datetime, executor: Executor) -> list[Answer]:
    """Carry out the step for each member that stands before it."""

    def act(visit: StepContext) -> Answer:
        return executor(visit, visit.plan.steps[group.path])

    return for_each_member(work, group, now, act)


def is_held_out(visit: StepContext) -> bool:
    """Whether the customer is of the global holdout or the journey's, for whom nothing is sent, issued or assigned."""
    own = visit.plan.policy.holdout if visit.plan.policy else None
    return bucket("holdout", visit.customer.id) < visit.library.policy.holdout or bucket(
        "holdout", visit.plan.journey, visit.customer.id
    ) < (own or 0)


def suppress(visit: StepContext, step: Step, what: str, reason: str, because: str | None = None) -> Answer:
    """Pass the step without doing it: `what` was to be done."""
    record(visit.work, visit.enrollment, "suppressed", what, visit.at, step=step.path, reason=reason, because=because)
    return visit.done(step, "suppressed")
