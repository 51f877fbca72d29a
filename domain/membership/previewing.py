"""Who a condition would be: how many, a sample with the reasons, and their tags; exact, and bounded in time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

from psycopg.errors import QueryCanceled
from sqlalchemy import CTE, Select, func, text
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from domain.conditions.facts import BatchFacts, CustomerFacts, Moment, is_readable
from domain.conditions.sets import selecting
from domain.customers.tables import Customer, CustomerTag
from domain.published.library import Library
from domain.store.bulk import is_among
from workflows.terms.conditions import Condition

SAMPLE = 20
TAGS = 50
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
    " set_config('parallel_tuple_cost', '0.01', true),"
    " set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)"
)


def preview(session: Session, library: Library, condition: Condition, now: datetime) -> Preview:
    """Ask a condition of all customers. Raises TooSlowError."""
    began = perf_counter()
    chosen = select(Customer.id).where(selecting(condition, library, now)).cte("chosen").prefix_with("MATERIALIZED")
    with bounded(session):
        size, of, first, tags = session.execute(_asked_of(chosen, now)).one()
    sample = _sample(session, library, condition, first, now)
    return Preview(size, of, sample, dict(tags or ()), round((perf_counter() - began) * 1000))


def _asked_of(chosen: CTE, now: datetime) -> Select[Any]:
    """How many they are, of how many, the first, and how many have which tag, the commonest first."""
    size = select(func.count()).select_from(chosen)
    everybody = select(func.count()).select_from(Customer).where(col(Customer.merged_into).is_(None))
    first = select(chosen.c.id).order_by(chosen.c.id).limit(SAMPLE)
    lasting = col(CustomerTag.until).is_(None) | (col(CustomerTag.until) > now)
    tagged = select(CustomerTag.tag, func.count().label("size")).join(chosen, chosen.c.id == CustomerTag.customer_id)
    counted = tagged.where(lasting).group_by(col(CustomerTag.tag)).subquery()
    commonest = sa_select(counted).order_by(counted.c.size.desc(), counted.c.tag).limit(TAGS).subquery()
    pair = func.jsonb_build_array(commonest.c.tag, commonest.c.size)
    tags = sa_select(func.jsonb_agg(aggregate_order_by(pair, commonest.c.size.desc(), commonest.c.tag)))
    return sa_select(
        size.scalar_subquery(), everybody.scalar_subquery(), func.array(first.scalar_subquery()), tags.scalar_subquery()
    )


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


def members(session: Session, library: Library, condition: Condition, now: datetime) -> Sequence[int]:
    """The customers for whom it holds, by id. Raises TooSlowError."""
    chosen = select(Customer.id).where(selecting(condition, library, now)).order_by(col(Customer.id))
    with bounded(session):
        return session.exec(chosen).all()


def overlap(
    session: Session, library: Library, one: Condition, other: Condition, now: datetime
) -> tuple[int, int, int]:
    """How many are in each of two, and in both. Raises TooSlowError."""
    first, second = (
        select(Customer.id).where(selecting(each, library, now)).cte().prefix_with("MATERIALIZED")
        for each in (one, other)
    )
    both = first.join(second, first.c.id == second.c.id)
    counts = (select(func.count()).select_from(each).scalar_subquery() for each in (first, second, both))
    with bounded(session):
        sizes = session.execute(sa_select(*counts)).one()
    return sizes[0], sizes[1], sizes[2]
