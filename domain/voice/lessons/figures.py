"""The figures of a show that is over, from what was stored of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.published.library import read_library
from domain.stock.live import LONGEST
from domain.stock.studio import board
from domain.stock.tables import Replenishment, Stream
from domain.store.bulk import as_json
from domain.voice.alerts import alerts
from domain.voice.products import product_names
from domain.voice.reports import report
from domain.voice.tables import Task
from domain.voice.themes import ASPECTS
from domain.voice.topics import Scope
from workflows.terms.quantities import number_of

BEFORE = 5
"""A show is compared with as many shows before it."""

AGAIN = timedelta(days=7)
"""Buyers who order again within this time after the show come back."""

SLOT = 5
"""Minutes of a point of the watching curve."""

TOPICS = 20
QUIET = timedelta(minutes=5)
"""A product that ran out is taken to have sold nothing after its last sale, if that is longer before the end."""

RATE = timedelta(minutes=20)
"""What a product would have sold is judged by so long before its last sale."""


def end_of(stream: Stream) -> datetime:
    """When a show was over; one that nobody ended, 12 hours after it began."""
    return stream.ended_at or stream.starts_at + LONGEST


def figures(session: Session, stream: Stream, now: datetime) -> dict[str, Any]:
    """All figures of a show as of now. Money in fen, quantities in units, shares from 0 to 1; none about a person."""
    key = _key_figures(session, stream, now)
    past = _shows_before(session, stream)
    others = [_key_figures(session, each, now) for each in past]
    said = report(session, Scope(stream_id=stream.stream_id))
    return {
        "key": key,
        "compared": {"shows": [each.stream_id for each in past], "mean": _mean(others)},
        "curve": _curve(session, stream),
        "products": _products(session, stream, now),
        "alarms": _alarms(session, stream),
        "complaints": _complaints(session, stream),
        "coupons": _coupons(session, stream),
        "journeys": _journeys(session, stream),
        "comments": {
            "comments": said.comments,
            "speakers": said.speakers,
            "sentiments": dict(said.sentiments),
            "topics": [
                {
                    "sku": each.sku,
                    "product": each.product,
                    "aspect": each.key.aspect,
                    "sentiment": each.key.sentiment,
                    "topic": each.key.topic,
                    "title": each.name,
                    "count": each.count.said,
                    "speakers": each.count.of,
                    "rises": each.rises,
                    "quotes": [],
                }
                for each in said.topics[:TOPICS]
            ],
        },
    }


_PEOPLE = text("""
SELECT count(DISTINCT customer_id) FILTER (WHERE type = 'stream.joined') AS viewers,
    count(DISTINCT customer_id) FILTER (WHERE type = 'cart.updated') AS carts,
    count(DISTINCT customer_id) FILTER (WHERE type = 'order.paid') AS buyers,
    count(DISTINCT customer_id) FILTER (WHERE type = 'stream.commented') AS speakers,
    count(*) FILTER (WHERE type = 'stream.commented') AS comments
FROM events WHERE customer_id IS NOT NULL AND data @> CAST(:show AS jsonb)
    AND type IN ('stream.joined', 'cart.updated', 'order.paid', 'stream.commented')
""")

_PAID = """
WITH paid AS (
    SELECT DISTINCT data->>'order_id' AS order_id FROM events
    WHERE type = 'order.paid' AND customer_id IS NOT NULL AND data @> CAST(:show AS jsonb)
)
"""

_MONEY = text(f"""{_PAID}
SELECT count(*) AS orders, coalesce(sum(total - refunded), 0) AS revenue, coalesce(sum(refunded), 0) AS refunded,
    count(DISTINCT customer_id) FILTER (WHERE NOT EXISTS (
        SELECT FROM orders AS earlier
        WHERE earlier.customer_id = orders.customer_id AND earlier.paid_at < orders.paid_at
            AND earlier.order_id NOT IN (SELECT order_id FROM paid)
    )) AS new_customers,
    count(DISTINCT customer_id) FILTER (WHERE EXISTS (
        SELECT FROM orders AS later
        WHERE later.customer_id = orders.customer_id AND later.paid_at > :end AND later.paid_at <= :until
            AND later.order_id NOT IN (SELECT order_id FROM paid)
    )) AS came_back
FROM orders JOIN paid USING (order_id)
""")


def _show(stream: Stream) -> str:
    return as_json({"stream_id": stream.stream_id})


def _key_figures(session: Session, stream: Stream, now: datetime) -> dict[str, Any]:
    end = end_of(stream)
    given = {"show": _show(stream), "end": end, "until": end + AGAIN}
    connection = session.connection()
    people = connection.execute(_PEOPLE, {"show": given["show"]}).one()._mapping
    money = connection.execute(_MONEY, given).one()._mapping
    counted = {name: int(value) for name, value in {**people, **money}.items()}
    viewers, buyers = counted["viewers"], counted["buyers"]
    return {
        **counted,
        "minutes": round((end - stream.starts_at) / timedelta(minutes=1)),
        "conversion": round(buyers / viewers, 4) if viewers else None,
        "repurchase": round(counted["came_back"] / buyers, 4) if buyers else None,
        "repurchase_is_final": now >= end + AGAIN,
    }


def _shows_before(session: Session, stream: Stream) -> Sequence[Stream]:
    query = select(Stream).where(
        col(Stream.starts_at) < stream.starts_at, col(Stream.cancelled_at).is_(None), col(Stream.ended_at).is_not(None)
    )
    return session.exec(query.order_by(col(Stream.starts_at).desc()).limit(BEFORE)).all()


def _mean(others: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    if not others:
        return {}
    names = [name for name, value in others[0].items() if not isinstance(value, bool)]
    known = {name: [each[name] for each in others if each[name] is not None] for name in names}
    return {name: round(sum(values) / len(values), 4) for name, values in known.items() if values}


_CURVE = text("""
WITH slots AS (
    SELECT slot, slot + make_interval(mins => :minutes) AS next
    FROM generate_series(
        CAST(:start AS timestamptz), CAST(:end AS timestamptz), make_interval(mins => :minutes)
    ) AS slot
), moves AS (
    SELECT customer_id, time, type FROM events
    WHERE customer_id IS NOT NULL AND data @> CAST(:show AS jsonb) AND type IN ('stream.joined', 'stream.left')
), shown AS (
    SELECT time, data->>'sku' AS sku FROM events
    WHERE type = 'stream.showing' AND customer_id IS NULL AND data->>'stream_id' = :stream
        AND time BETWEEN CAST(:start AS timestamptz) - interval '1 hour' AND :end
)
SELECT slot,
    (SELECT count(*) FROM moves WHERE type = 'stream.joined' AND time < next)
        - (SELECT count(*) FROM moves WHERE type = 'stream.left' AND time < next) AS watching,
    (SELECT coalesce(sum(units), 0) FROM live_sales WHERE stream_id = :stream AND minute >= slot AND minute < next),
    ARRAY(SELECT sku FROM shown WHERE time < next AND time >= slot ORDER BY time) AS began,
    (SELECT sku FROM shown WHERE time < slot ORDER BY time DESC LIMIT 1) AS going_on
FROM slots ORDER BY slot
""")


def _curve(session: Session, stream: Stream) -> list[dict[str, Any]]:
    """How many watched, what was sold and which products were shown, by five minutes."""
    given = {
        "show": _show(stream),
        "stream": stream.stream_id,
        "start": stream.starts_at,
        "end": end_of(stream),
        "minutes": SLOT,
    }
    rows = session.connection().execute(_CURVE, given).all()
    names = product_names(session, {sku for *_, began, going_on in rows for sku in (*began, going_on) if sku})
    return [
        {
            "at": slot.isoformat(),
            "watching": max(0, watching),
            "units": number_of(units),
            "shown": [names.get(sku, sku) for sku in (*([going_on] if going_on else []), *began)],
        }
        for slot, watching, units, began, going_on in rows
    ]


_LAST_SALES = text("""
SELECT sku, max(minute) AS last,
    coalesce(sum(units) FILTER (WHERE minute > recent.last - CAST(:rate AS interval)), 0) AS recent
FROM live_sales JOIN (
    SELECT sku, max(minute) AS last FROM live_sales WHERE stream_id = :stream GROUP BY sku
) AS recent USING (sku)
WHERE stream_id = :stream GROUP BY sku
""")


def _products(session: Session, stream: Stream, now: datetime) -> list[dict[str, Any]]:
    """What sold beside what was expected; of what ran out, the sales lost, at the rate before its last sale."""
    seen = board(session, stream.stream_id, now)
    end = end_of(stream)
    given = {"stream": stream.stream_id, "rate": RATE}
    sales = {sku: (last, recent) for sku, last, recent in session.connection().execute(_LAST_SALES, given)}
    products = []
    for each in seen.products if seen else ():
        last, recent = sales[each.sku]
        silent = end - last
        sold_out = each.alarm == "selling_out" and silent > QUIET
        lost = float(recent) / (RATE / timedelta(minutes=1)) * (silent / timedelta(minutes=1)) if sold_out else 0.0
        products.append(
            {
                "sku": each.sku,
                "name": each.name,
                "sold": number_of(each.sold),
                "expected": each.expected,
                "sold_out_at": last.isoformat() if sold_out else None,
                "lost": round(lost, 1),
            }
        )
    return products


def _alarms(session: Session, stream: Stream) -> list[dict[str, Any]]:
    """The alarms about stock, and what became of the order that each began."""
    query = text("""
        SELECT id, time, data FROM events
        WHERE type = 'stock.alarm' AND customer_id IS NULL AND data->>'stream_id' = :stream
            AND time BETWEEN :start AND CAST(:end AS timestamptz) + interval '1 day'
        ORDER BY time LIMIT 200
    """)
    given = {"stream": stream.stream_id, "start": stream.starts_at, "end": end_of(stream)}
    rows = session.connection().execute(query, given).all()
    orders = select(Replenishment).where(col(Replenishment.alarm_id).in_([row.id for row in rows]))
    answered = {order.alarm_id: order for order in session.exec(orders)}
    return [
        {
            "at": row.time.isoformat(),
            "sku": row.data.get("sku"),
            "kind": row.data.get("kind"),
            "answer": answered[row.id].status if row.id in answered else None,
            "quantity": _number(answered[row.id].quantity) if row.id in answered else None,
        }
        for row in rows
    ]


def _number(quantity: Any) -> float | None:
    return None if quantity is None else number_of(quantity)


def _complaints(session: Session, stream: Stream) -> list[dict[str, Any]]:
    """The alerts about what was said, and whether the manager has answered."""
    tasks = session.exec(select(Task).where(Task.stream_id == stream.stream_id, col(Task.key).startswith("alert/")))
    by_topic = {task.key: task for task in tasks}
    zone = read_library(session).policy_zone
    found = []
    for each in alerts(session, stream_id=stream.stream_id, limit=200):
        day = f"{each.at.astimezone(zone):%Y-%m-%d}"
        topic = each.topic.removeprefix(f"{ASPECTS[each.aspect]}·")
        task = by_topic.get(f"alert/{each.sku}/{each.aspect}/{topic}/{day}")
        found.append(
            {
                "at": each.at.isoformat(),
                "sku": each.sku,
                "product": each.product,
                "topic": each.topic,
                "count": each.count,
                "speakers": each.speakers,
                "answered_at": task.done_at.isoformat() if task and task.done_at else None,
                "answer": task.note if task else None,
            }
        )
    return found


def _coupons(session: Session, stream: Stream) -> dict[str, int]:
    """How many coupons were given while it ran, and how many its orders used, at what cost."""
    query = text(f"""{_PAID}
        SELECT (SELECT count(*) FROM coupons WHERE issued_at BETWEEN :start AND :end),
            count(*), coalesce(sum(cost), 0)
        FROM coupons JOIN paid USING (order_id) WHERE status = 'redeemed'
    """)
    given = {"show": _show(stream), "start": stream.starts_at, "end": end_of(stream)}
    issued, redeemed, cost = session.connection().execute(query, given).one()
    return {"issued": issued, "redeemed": redeemed, "cost": int(cost)}


def _journeys(session: Session, stream: Stream) -> list[dict[str, Any]]:
    """The journeys that events of the show began, whom they brought to their goal, and the orders owed to them."""
    query = text("""
        WITH begun AS (
            SELECT enrollments.id, journey, converted_at IS NOT NULL OR ending = 'goal' AS reached
            FROM events JOIN enrollments ON trigger_id = events.id
            WHERE events.customer_id IS NOT NULL AND data @> CAST(:show AS jsonb)
        ), owed AS (
            SELECT enrollment_id AS id, count(*) AS orders, sum(total - refunded) AS revenue
            FROM attributions JOIN orders USING (order_id) WHERE enrollment_id IN (SELECT id FROM begun) GROUP BY 1
        )
        SELECT journey, count(*), count(*) FILTER (WHERE reached), coalesce(sum(orders), 0), coalesce(sum(revenue), 0)
        FROM begun LEFT JOIN owed USING (id) GROUP BY journey ORDER BY count(*) DESC, journey
    """)
    return [
        {"journey": name, "entered": entered, "reached": reached, "orders": int(orders), "revenue": int(revenue)}
        for name, entered, reached, orders, revenue in session.connection().execute(query, {"show": _show(stream)})
    ]
