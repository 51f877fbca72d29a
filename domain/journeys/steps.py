"""What the database does for each step of a group: settle it, and say what follows. Callers own the transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select as sa_select
from sqlalchemy import text
from sqlalchemy.exc import DataError, SQLAlchemyError
from sqlmodel import Session, col, select

from domain.conditions.facts import BatchFacts, CustomerFacts, Moment
from domain.conditions.subjects import GroupRefs
from domain.customers import resolution
from domain.customers.tables import Customer, CustomerRow, OwnDataError
from domain.intake.tables import Event
from domain.journeys.counts import PASSED, counted
from domain.journeys.decisions import before_step, holdout_of, unstuck, with_outcome
from domain.journeys.enrollments import end
from domain.journeys.executors import Executor, arrival_of, executor_of
from domain.journeys.group_rows import GroupRows
from domain.journeys.stuck import put_off
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.journeys.trail import record
from domain.published.library import Library, library_of, read_plan
from domain.stock import inventory
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork
from workflows.plan.commands import Answer, Group, Member
from workflows.plan.model import MOVED, Plan
from workflows.verbs.base import Path, Step

SKEW = timedelta(seconds=1)
"""How far the clocks of a worker and of Temporal may disagree before a command counts as early."""


@dataclass
class StepContext:
    """One enrollment at a step, locked, with what is known of it. `at` is the instant that its decisions carry.

    The rows of the enrollment and its customer are those that the unit of work holds.
    """

    work: UnitOfWork
    library: Library
    plan: Plan
    enrollment_id: int
    customer_id: int
    trigger: Mapping[str, Any]
    subjects: GroupRefs
    rows: GroupRows
    now: datetime
    at: datetime
    reached: datetime
    batch_facts: BatchFacts | None = None
    """Those for whom what is asked at an instant is read at once."""

    @property
    def enrollment(self) -> EnrollmentRow:
        """The enrollment as it is now."""
        return self.work.held(EnrollmentRow, self.enrollment_id)

    @property
    def customer(self) -> CustomerRow:
        """The customer as it is now."""
        return self.work.held(CustomerRow, self.customer_id)

    @property
    def facts(self) -> CustomerFacts:
        batch_facts = (
            self.batch_facts if self.batch_facts and self.batch_facts.is_asked_at(self.customer_id, self.at) else None
        )
        return CustomerFacts(
            self.work, self.library, self.customer, self.at, enrollment=self.enrollment, trigger=self.trigger,
            batch=batch_facts, subjects=self.subjects,
        )  # fmt: skip

    @property
    def entered_as(self) -> int:
        """The id by which the customer has its place in splits and holdouts, whoever it became one with since."""
        return self.enrollment.entered_as or self.customer_id

    def over(self) -> Answer:
        """Tell the workflow that the enrollment has ended."""
        enrollment = self.enrollment
        return Answer(enrollment.id, "over", enrollment.ended_at or self.at, result=enrollment.ending or "")

    def later(self, due: datetime) -> Answer:
        """Sleep until `due`."""
        self.work.change(self.enrollment._replace(due_at=due))
        return Answer(self.enrollment_id, "later", self.at, due=due)

    def done(self, step: Step, result: str) -> Answer:
        """The step came to `result`: move the enrollment on to what follows, as far as no command is needed."""
        add_outcome(self.work, self.enrollment, step.path, result, self.at)
        due = arrive(self, self.plan.after(step.path, result), self.at)
        if self.enrollment.ending:
            return self.over()
        return Answer(enrollment=self.enrollment_id, kind="done", at=self.at, result=result, due=due)


@dataclass
class LockedGroup:
    """A group's enrollments: each has a context to act in, or its answer already."""

    library: Library
    entries: Sequence[StepContext | Answer]
    rows: GroupRows
    moments: Mapping[int, Moment] = field(default_factory=dict)
    """The instants at which what is asked of those customers is read for all of them."""

    @property
    def contexts(self) -> list[StepContext]:
        return [context for context in self.entries if isinstance(context, StepContext)]

    def again(self, work: UnitOfWork, some: Sequence[StepContext], times: Mapping[int, datetime]) -> "LockedGroup":
        """Some of the contexts, by another transaction, which holds their rows; `times` is by enrollment."""
        batch_facts = BatchFacts(work, self.moments)
        for context in some:
            context.work = work
        enrollments = [context.enrollment for context in some]
        subjects, rows = GroupRefs(work, enrollments), GroupRows(work, enrollments)
        for context in some:
            context.subjects, context.rows, context.batch_facts = subjects, rows, batch_facts
            context.now = times[context.enrollment_id]
            context.at = max(context.now, context.reached)
        return LockedGroup(self.library, some, rows, self.moments)


def lock(session: Session, enrollments: Iterable[int]) -> tuple[Library, Set[int]]:
    """Lock the customers of these enrollments as `lock_customers` does. Returns what is published, and their ids."""
    ids = list(enrollments)
    rows = session.connection().execute(_LOCKED, {"ids": ids}).all()
    if any(merged for _, _, merged in rows):  # it became one with another since its enrollment was read
        rows = session.connection().execute(_LOCKED, {"ids": ids}).all()
    return library_of(session, rows[0][0] or "" if rows else ""), {id for _, id, _ in rows}


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
    library, locked_ids = lock(work, members)
    read = work.connection().execute(_READ, {"ids": list(members)}).all()
    while not {row.customer_id for row in read} <= locked_ids:  # an enrollment went to another customer meanwhile
        library, locked_ids = lock(work, members)
        read = work.connection().execute(_READ, {"ids": list(members)}).all()
    enrollments: list[EnrollmentRow] = []
    triggers: dict[int, Mapping[str, Any]] = {}
    for trigger, *values in read:
        enrollment = work.hold(EnrollmentRow._make(values[:_WIDTH]))
        work.hold(CustomerRow._make(values[_WIDTH:]))
        enrollments.append(enrollment)
        triggers[enrollment.id] = trigger
    if _promises_lots(library, plan, group.path):
        subjects_of = [each.subject for each in enrollments]
        inventory.lock_lots(work, [subject["lot_id"] for subject in subjects_of if "lot_id" in subject])
    subjects, rows = GroupRefs(work, enrollments), GroupRows(work, enrollments)
    entries: list[StepContext | Answer] = []
    for enrollment in enrollments:
        member = members[enrollment.id]
        reached, present = member.at or enrollment.anchor, member.now or now
        context = StepContext(
            work, library, plan, enrollment.id, enrollment.customer_id, triggers[enrollment.id], subjects, rows,
            present, max(present, reached), reached,
        )  # fmt: skip
        try:
            answer = _turned_away(context, member, group)
        except (TypeError, ValueError) as error:  # its history can't be read
            end(work, enrollment, "failed", context.at, type(error).__name__, wake=False)
            answer = context.over()
        entries.append(answer or context)
    locked = LockedGroup(library, entries, rows)
    _share_facts(work, locked)
    return locked


_LOCKED = text("""
    SELECT (SELECT version FROM publication), id, merged_into FROM customers
    WHERE id = ANY (ARRAY(SELECT customer_id FROM enrollments WHERE id = ANY (CAST(:ids AS bigint[]))))
    ORDER BY id FOR NO KEY UPDATE OF customers
""")

_WIDTH = len(EnrollmentRow._fields)
_READ = (
    sa_select(col(Event.data), *Enrollment.__table__.columns, *Customer.__table__.columns)  # type: ignore[attr-defined]
    .join_from(Enrollment, Event, col(Event.id) == Enrollment.trigger_id)
    .join(Customer, col(Customer.id) == Enrollment.customer_id)
    .where(is_among(Enrollment.id))
    .order_by(col(Enrollment.customer_id), col(Enrollment.id))
)


def _share_facts(session: Session, locked: LockedGroup) -> None:
    """Who is there twice, at different instants, shares the first one with the others."""
    instants = {context.customer_id: context.at for context in reversed(locked.contexts)}
    locked.moments = {customer: Moment(at) for customer, at in instants.items()}
    batch_facts = BatchFacts(session, locked.moments)
    for context in locked.contexts:
        context.batch_facts = batch_facts


def _promises_lots(library: Library, plan: Plan, path: Path) -> bool:
    """Whether the step gives coupons that only a lot's units can meet."""
    step = plan.steps.get(path)
    terms = library.campaigns.get(step.campaign_given or "") if step else None
    return terms is not None and terms.products == "lot"


def _turned_away(context: StepContext, member: Member, group: Group) -> Answer | None:
    enrollment, path = context.enrollment, group.path
    if enrollment.ending:
        return context.over()
    if reason := context.library.ended.get(enrollment.plan_id):
        end(context.work, enrollment, "stopped", context.now, reason, wake=False)
        return context.over()
    if enrollment.plan_id != group.plan_id:
        return _moved(enrollment)
    if member.generation != enrollment.generation:
        return Answer(enrollment.id, "moved", enrollment.anchor, generation=enrollment.generation)
    step = context.plan.steps.get(path)
    if step is not None and step.early:
        return None
    if context.reached > context.now + SKEW:
        return context.later(context.reached)
    for done, result, at in enrollment.outcomes:
        if done not in (MOVED, *context.plan.steps):
            raise ValueError(done)
        if done == path:
            return _done_before(context, path, result, datetime.fromisoformat(at))
    return None


def _moved(enrollment: EnrollmentRow) -> Answer:
    """The answer for one that goes on under another plan: where it stands there, unless it was restarted since."""
    place, at = "", enrollment.anchor
    for path, result, reached in enrollment.outcomes:
        if path == MOVED:
            place, at = result, datetime.fromisoformat(reached)
    return Answer(
        enrollment.id, "moved", at, result=place, generation=enrollment.generation, plan_id=enrollment.plan_id
    )


def _done_before(context: StepContext, path: Path, result: str, at: datetime) -> Answer:
    """The answer again, for a command that was carried out but whose answer was lost."""
    following = context.plan.after(path, result)
    due = context.enrollment.due_at if following is not None and following.waits else None
    return Answer(enrollment=context.enrollment.id, kind="done", at=at, result=result, due=due)


def add_outcome(work: UnitOfWork, enrollment: EnrollmentRow, path: Path, result: str, at: datetime) -> None:
    """Add an outcome to the enrollment's history, in place of an earlier one of the same step, and count it."""
    for _, earlier, said in (outcome for outcome in enrollment.outcomes if outcome[0] == path):
        work.count(counted(enrollment, path, PASSED, earlier, datetime.fromisoformat(said)), -1)
    work.count(counted(enrollment, path, PASSED, result, at))
    work.change(with_outcome(enrollment, path, result, at))


def for_each_member(
    work: UnitOfWork,
    group: Group,
    now: datetime,
    act: Callable[[StepContext], Answer | None],
    meet: Callable[[LockedGroup], None] = lambda _: None,
) -> list[Answer]:
    """Carry out `act` for each member; an error in one leaves the others alone.

    What Postgres can't take of a member's own data, and what can't be read of it, ends that one as failed. Any other
    error is a defect of ours: it puts the member off (`domain/journeys/stuck.py`). One that all members share is
    raised, so that the activity fails and is tried again.

    `act` answers, or else the caller does, and writes what it did. All go in one savepoint; only after an error each is
    done again in one of its own. So `act` may be called twice, after `meet`, which is given the group each time, if
    anybody is left to act for.
    """

    def begin() -> LockedGroup:
        locked = lock_group(work, group, now)
        if locked.contexts:
            meet(locked)
        return locked

    locked = begin()
    try:
        with work.savepoint(), _unseen(work, locked.contexts):
            answers = [_in_place(context, group, act) for context in locked.entries]
            return [answer for answer in answers if answer]
    except Exception as error:
        _raise_unless_own(error)
    locked, answers = begin(), []
    defects: list[tuple[StepContext, Exception]] = []
    for context in locked.entries:
        try:
            with work.savepoint():
                answers.append(_in_place(context, group, act))
        except Exception as error:
            _raise_unless_own(error)
            assert isinstance(context, StepContext)
            locked.rows.forget()
            if isinstance(error, DataError | OwnDataError):
                reason = str(error) if isinstance(error, OwnDataError) else type(error).__name__
                end(work, context.enrollment, "failed", context.at, reason, wake=False)
                answers.append(context.over())
            else:
                defects.append((context, error))
    if len(defects) == len(locked.contexts) > 1 and len({(type(each), str(each)) for _, each in defects}) == 1:
        raise defects[0][1]
    for context, defect in defects:
        due = put_off(work, context.enrollment, group.path, defect, context.now)
        answers.append(Answer(context.enrollment_id, "later", context.at, result="again", due=due))
    work.write_rows()
    return [answer for answer in answers if answer]


def _unseen(session: Session, locked: Sequence[StepContext]) -> AbstractContextManager[object]:
    """Different customers don't see what is decided about the others: it is written at once, when all is decided."""
    customers = [context.customer_id for context in locked]
    return session.no_autoflush if len(set(customers)) == len(customers) else nullcontext()


def _in_place(
    context: StepContext | Answer, group: Group, act: Callable[[StepContext], Answer | None]
) -> Answer | None:
    if isinstance(context, Answer):
        return context
    work, before = context.work, context.enrollment
    if before.position != (group.path or None):
        work.change(before._replace(position=group.path or None))
    answer = act(context)
    after = unstuck(context.enrollment)
    if answer is None and after.position != before.position:
        after = after._replace(position=before.position)
    if after is not context.enrollment:
        work.change(after)
    return answer


def _raise_unless_own(error: Exception) -> None:
    """Trouble with the database is not a member's own, but that of all."""
    if isinstance(error, SQLAlchemyError) and not isinstance(error, DataError):
        raise error


def arrive(context: StepContext, step: Step | None, at: datetime) -> datetime | None:
    """Put the enrollment before `step`, reached at `at`; end it if there is none. Returns the due time of a wait."""
    context.work.change(before_step(context.enrollment, step, at))
    if step is None:
        end(context.work, context.enrollment, "finished", at, wake=False)
        return at
    arrival = arrival_of(step.verb)
    return arrival(context, step, at) if arrival else None


def settle_arrivals(work: UnitOfWork, group: Group, now: datetime) -> list[Answer]:
    """The members stand before a wait, or at the end: register the wait, or settle it if its time has come."""

    def act(context: StepContext) -> Answer:
        step = context.plan.steps.get(group.path)
        executor = executor_of(step.verb) if step else None
        if step and executor:
            return executor(context, step)
        due = arrive(context, step, context.reached)
        return context.over() if due is None else context.later(due)

    return for_each_member(work, group, now, act)


def carry_out(work: UnitOfWork, group: Group, now: datetime, executor: Executor) -> list[Answer]:
    """Carry out the step for each member that stands before it."""

    def act(context: StepContext) -> Answer:
        return executor(context, context.plan.steps[group.path])

    return for_each_member(work, group, now, act)


def is_held_out(context: StepContext) -> bool:
    """Whether the customer is of the global holdout or the journey's, for whom nothing is sent, issued or assigned."""
    return holdout_of(context.plan, context.library.policy, context.entered_as) is not None


def suppress(context: StepContext, step: Step, what: str, reason: str, because: str | None = None) -> Answer:
    """Pass the step without doing it: `what` was to be done."""
    record(
        context.work, context.enrollment, "suppressed", what, context.at, step=step.path, reason=reason, because=because
    )
    return context.done(step, "suppressed")
