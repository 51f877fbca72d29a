"""Who a condition would be: how many, a sample with the reasons, and their tags; exact, and bounded in time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from psycopg.errors import QueryCanceled
from sqlalchemy import func, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from domain.conditions.facts import BatchFacts, CustomerFacts, Moment, is_readable
from domain.conditions.sets import selecting
from domain.customers.tables import Customer, CustomerTag
from domain.published.library import Library
from domain.store.bulk import is_among
from workflows.terms.conditions import Condition

SAMPLE = 20
LONGEST_MS = 10_000


class TooSlowError(RuntimeError):
    """A condition that asks for more than can be looked through in `LONGEST_MS`; its query was cancelled."""


@dataclass(frozen=True)
class Sampled:
    """A customer of a preview; `because` is what decided it (workflows/terms/because.py)."""

    id: int
    name: str | None
    because: str


@dataclass(frozen=True)
class Preview:
    """How many of how many customers a condition holds for, some of them, and how many have which tag."""

    size: int
    of: int
    sample: Sequence[Sampled]
    by_tag: Mapping[str, int]
    ms: int


@contextmanager
def bounded(session: Session) -> Iterator[None]:
    """What is asked inside may take so long, and as much memory as its sets need. Raises TooSlowError."""
    session.connection().execute(_BOUNDS)
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        seconds = LONGEST_MS // 1000
        raise TooSlowError(
            f"this condition takes longer than {seconds} s; narrow it with `within`, or with a tag or field first"
        ) from None


_BOUNDS = text(
    f"SELECT set_config('statement_timeout', '{LONGEST_MS}', true), set_config('work_mem', '128MB', true),"
    " set_config('jit', 'off', true)"
)


def preview(session: Session, library: Library, condition: Condition, now: datetime) -> Preview:
    """Ask a condition of all customers. Raises TooSlowError."""
    began = perf_counter()
    chosen = selecting(condition, library, now)
    with bounded(session):
        found = select(Customer.id).where(chosen).cte("chosen")
        ids = func.array((select(found.c.id).order_by(found.c.id).limit(SAMPLE)).scalar_subquery())
        size, first = session.execute(select(select(func.count()).select_from(found).scalar_subquery(), ids)).one()
        everybody = select(func.count()).select_from(Customer).where(col(Customer.merged_into).is_(None))
        of = session.exec(everybody).one()
        by_tag = _tags_of(session, library, condition, now)
    sample = _sample(session, library, condition, first, now)
    return Preview(size, of, sample, by_tag, round((perf_counter() - began) * 1000))


def _tags_of(session: Session, library: Library, condition: Condition, now: datetime) -> Mapping[str, int]:
    """How many of them have which tag, the commonest first."""
    if session.exec(select(CustomerTag.tag).limit(1)).first() is None:
        return {}
    lasting = col(CustomerTag.until).is_(None) | (col(CustomerTag.until) > now)
    query = select(CustomerTag.tag, func.count()).join(Customer, col(Customer.id) == CustomerTag.customer_id)
    query = query.where(lasting, selecting(condition, library, now)).group_by(col(CustomerTag.tag))
    return dict(session.exec(query.order_by(func.count().desc(), col(CustomerTag.tag)).limit(50)).all())


def _sample(
    session: Session, library: Library, condition: Condition, ids: Sequence[int], now: datetime
) -> Sequence[Sampled]:
    batch = BatchFacts(session, {id: Moment(now) for id in ids})
    rows = session.exec(select(Customer).where(is_among(Customer.id, ids)).order_by(col(Customer.id))).all()
    return [
        Sampled(row.id, row.name, CustomerFacts(session, library, row, now, batch=batch).holds(condition).because)
        for row in rows
        if is_readable(library, row)
    ]


def members_page(
    session: Session, library: Library, condition: Condition, now: datetime, *, after: int, limit: int
) -> Sequence[int]:
    """The next customers for whom it holds, by id. Raises TooSlowError."""
    with bounded(session):
        query = select(Customer.id).where(Customer.id > after, selecting(condition, library, now))
        return session.exec(query.order_by(col(Customer.id)).limit(limit)).all()


def overlap(
    session: Session, library: Library, one: Condition, other: Condition, now: datetime
) -> tuple[int, int, int]:
    """How many are in each of two, and in both. Raises TooSlowError."""
    first, second = (selecting(each, library, now) for each in (one, other))
    with bounded(session):
        both = select(
            func.count().filter(first), func.count().filter(second), func.count().filter(first & second)
        ).select_from(Customer)
        sizes = session.execute(both).one()
    return sizes[0], sizes[1], sizes[2]
