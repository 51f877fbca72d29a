"""Metrics as they are told: the periods that are over as they are kept, the others counted (`metrics.py`).

A period is kept by day, week and month, once nothing of it is to come: it is over, and so is the time that the metric
looks ahead. Triggers on what metrics read note the hour of all that changes, whoever writes it and however late
(`metric_changes`); from that instant on a period with such an hour is counted again, until the next night keeps it
anew. So what is told is what counting would give, at every instant.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session, col, delete, insert

from domain.insight import metrics
from domain.insight.definitions import METRICS, Metric
from domain.insight.metrics import Period, Point
from domain.insight.tables import MetricPoint
from domain.store.bulk import as_json

_LENGTH: Mapping[Period, int] = {"day": 1, "week": 7, "month": 31}
"""Days after the first of a period that lie in the next, at the earliest."""

LEAST_RUN = 4
"""Periods that are kept between others; fewer are counted with their neighbours, which takes one look at all."""

_SPAN = ("since", "until")
EVER = datetime(9999, 1, 1, tzinfo=UTC)

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('metrics'))")
_IF_FREE = text("SELECT pg_try_advisory_xact_lock(hashtext('metrics'))")
_CHANGED = "source = ANY({sources}) AND hour < ends AND ({lasts} OR hour + interval '1 hour' > starts)"
_KEPT = text(f"""
SELECT day, ends, numerator, denominator FROM metric_points
WHERE metric = :metric AND definition = :definition AND by = :by AND starts >= :since AND ends <= :until
    AND NOT EXISTS (SELECT FROM metric_changes WHERE {_CHANGED.format(sources=":sources", lasts=":lasts")})
ORDER BY day
""")
_FORGET = text(f"""
WITH gone AS (DELETE FROM metric_changes RETURNING source, hour), changed AS (SELECT DISTINCT source, hour FROM gone),
watched AS (
    SELECT * FROM jsonb_to_recordset(CAST(:watched AS jsonb)) AS each(metric text, sources text[], lasts boolean)
)
DELETE FROM metric_points USING watched WHERE watched.metric = metric_points.metric
    AND EXISTS (SELECT FROM changed WHERE {_CHANGED.format(sources="watched.sources", lasts="watched.lasts")})
""")
_OUTDATED = text("DELETE FROM metric_points WHERE metric = :metric AND definition <> :definition")
_ALL = text("SELECT by, day, numerator, denominator FROM metric_points WHERE metric = :metric")
_FIRST = text("SELECT least((SELECT min(time) FROM events), (SELECT min(at) FROM stock_moves))")


def points(
    session: Session,
    name: str,
    since: date,
    until: date,
    now: datetime,
    zone: ZoneInfo,
    *,
    by: Period = "day",
    days: int | None = None,
    where: Mapping[str, str] | None = None,
) -> list[Point]:
    """A metric by period, as `metrics.points` says it. Raises MetricError."""
    metric, given = metrics.asked(name, since, until, now, zone, by=by, days=days, where=where)
    if not metric.changes or by == "show" or where or days not in (None, metric.days):
        return metrics.points(session, name, since, until, now, zone, by=by, days=days, where=where)
    asked = {**_definition(name, metric, zone), **_watched(metric), "by": by, **{key: given[key] for key in _SPAN}}
    found, start = list[Point](), since
    for first, end, kept in _runs(session.connection().execute(_KEPT, asked).all(), zone):
        if start < first:
            found += metrics.points(session, name, start, first, now, zone, by=by)
        found += kept
        start = end
    if start < until:
        found += metrics.points(session, name, start, until, now, zone, by=by)
    return found


def forget(session: Session) -> None:
    """Forget what is kept of periods in which something changed, unless another transaction is keeping some."""
    if session.connection().execute(_IF_FREE).scalar_one():
        _forget(session)


def beginning(session: Session, now: datetime, zone: ZoneInfo) -> date:
    """The first day of which anything is stored, as far back as may be asked for."""
    today = now.astimezone(zone).date()
    first = session.connection().execute(_FIRST).scalar_one()
    return max(first.astimezone(zone).date(), today - metrics.LONGEST) if first else today


def keep(session: Session, name: str, first: date, now: datetime, zone: ZoneInfo) -> int:
    """Keep what isn't kept yet of a metric, from a day's periods on. Returns how many periods it was."""
    metric = METRICS[name]
    connection = session.connection()
    connection.execute(_LOCK)
    _forget(session)
    definition = _definition(name, metric, zone)
    connection.execute(_OUTDATED, definition)
    if not metric.changes:
        return 0
    today = now.astimezone(zone).date()
    rows = []
    for by in _LENGTH:
        given = {**definition, "by": by, "sources": [], "lasts": False}
        span = {"since": datetime.combine(first - timedelta(days=31), time(), zone), "until": now}
        kept = {row.day for row in connection.execute(_KEPT, given | span)}
        for start, end in _gaps(first, today, by, kept):
            rows += [
                {**definition, "by": by, **row} for row in _settled(session, metric, name, start, end, now, zone, by)
            ]
    if rows:
        connection.execute(insert(MetricPoint), rows)
    return len(rows)


def rebuild(session: Session, name: str, first: date, now: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """Keep a metric anew. Returns how many periods, and how many of them were kept otherwise."""
    connection = session.connection()
    connection.execute(_LOCK)
    _forget(session)
    kept = set(connection.execute(_ALL, {"metric": name}).all())
    connection.execute(delete(MetricPoint).where(col(MetricPoint.metric) == name))
    number = keep(session, name, first, now, zone)
    right = set(connection.execute(_ALL, {"metric": name}).all())
    return number, len(kept - right)


def _runs(rows: Sequence[Any], zone: ZoneInfo) -> Iterator[tuple[date, date, list[Point]]]:
    """The first day, the day after the last, and the points of periods that follow one another."""
    run: list[Any] = []
    for row, following in zip_longest(rows, rows[1:]):
        run.append(row)
        end = row.ends.astimezone(zone).date()
        if following is None or following.day != end:
            if len(run) >= LEAST_RUN:
                known = [
                    Point(each.day, each.numerator, each.denominator) for each in run if each.numerator is not None
                ]
                yield run[0].day, end, known
            run = []


def _settled(
    session: Session,
    metric: Metric,
    name: str,
    since: date,
    until: date,
    now: datetime,
    zone: ZoneInfo,
    by: Period,
) -> Iterator[Mapping[str, Any]]:
    """What is kept of whole periods: those of which nothing more will count when time goes on."""
    _, given = metrics.asked(name, since, until, now, zone, by=by, days=None, where=None)
    found = {row.day: row for row in metrics.counted(session, metric, given, by=by, where={})}
    in_the_end = found
    if ":now" in metric.source:
        rows = metrics.counted(session, metric, {**given, "now": EVER}, by=by, where={})
        in_the_end = {row.day: row for row in rows}
    for day, end in _periods(since, until, by):
        row, last = found.get(day), in_the_end.get(day)
        if (row and row.rows) == (last and last.rows):
            yield {
                "day": day,
                "starts": datetime.combine(day, time(), zone),
                "ends": datetime.combine(end, time(), zone),
                "numerator": row and row.numerator,
                "denominator": row and row.denominator,
            }


def _gaps(first: date, today: date, by: Period, kept: set[date]) -> Iterator[tuple[date, date]]:
    """Spans of whole periods before a day, of which none is kept; no longer than may be asked for."""
    start: date | None = None
    end = first
    for day, end in _periods(_start(first, by), today, by):
        if start is not None and (day in kept or end - start > metrics.LONGEST):
            yield start, day
            start = None
        if start is None and day not in kept:
            start = day
    if start is not None:
        yield start, end


def _periods(since: date, until: date, by: Period) -> Iterator[tuple[date, date]]:
    """The whole periods from the beginning of one on: the first day of each, and the day after its last."""
    start = since
    while (end := _start(start + timedelta(days=_LENGTH[by]), by)) <= until:
        yield start, end
        start = end


def _start(day: date, by: Period) -> date:
    """The first day of the period that has a day."""
    if by == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if by == "week" else day


def _definition(name: str, metric: Metric, zone: ZoneInfo) -> Mapping[str, str]:
    parts = (metric.source, metric.numerator, metric.denominator, metric.days, zone.key)
    return {"metric": name, "definition": sha256(repr(parts).encode()).hexdigest()[:16]}


def _watched(metric: Metric) -> Mapping[str, Any]:
    return {"sources": sorted(metric.changes), "lasts": metric.lasts}


def _forget(session: Session) -> None:
    watched = [{"metric": name, **_watched(metric)} for name, metric in METRICS.items() if metric.changes]
    session.connection().execute(_FORGET, {"watched": as_json(watched)})
