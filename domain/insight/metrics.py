"""Metrics of the shop: each has one definition, here, which `docs/metrics.md` tells and is checked against.

All are counted from what is stored, so that late events and refunds correct past days. Days, weeks (from Monday) and
months are those of the policy's zone; money is in fen, less refunds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session

Period = Literal["day", "week", "month"]
Unit = Literal["count", "fen", "share"]

LONGEST = timedelta(days=5 * 366)
MOST_DAYS = 366
"""The longest `days` of a metric that looks ahead."""


@dataclass(frozen=True)
class Metric:
    """A number by day, week or month: `numerator`, or that beside `denominator`, of the rows of `source`.

    `source` is SQL that gives `at`, the instant by which a row belongs to a period, and the columns that both use. It
    may name `:now` and, if the metric looks `days` ahead, `:days`.
    """

    zh: str
    en: str
    means_zh: str
    means_en: str
    table: str
    unit: Unit
    source: str
    numerator: str
    denominator: str | None = None
    days: int | None = None


@dataclass(frozen=True)
class Point:
    """A period's first day, and the number: the numerator, or that by the denominator (None if that is 0)."""

    day: date
    numerator: float
    denominator: float | None

    @property
    def value(self) -> float | None:
        """The number itself."""
        if self.denominator is None:
            return self.numerator
        return self.numerator / self.denominator if self.denominator else None


_FIRST = "SELECT customer_id, min(paid_at) AS at FROM orders GROUP BY customer_id"
_ORDERS = "SELECT paid_at AS at, customer_id, total, total - refunded AS paid FROM orders"

METRICS: Mapping[str, Metric] = {
    "new_customers": Metric(
        "新客数", "new customers",
        "第一次下单的客户", "customers who ordered for the first time",
        "orders", "count", _FIRST, "count(*)",
    ),
    "active_customers": Metric(
        "活跃客户数", "active customers",
        "至少有一个事件的客户，消息回执不算", "customers with at least one event that isn't a receipt of a message",
        "events", "count",
        "SELECT time AS at, customer_id FROM events WHERE customer_id IS NOT NULL AND type NOT LIKE 'message.%'"
        " AND time >= :since AND time < :until",
        "count(DISTINCT customer_id)",
    ),
    "orders": Metric(
        "订单数", "orders", "付款的订单", "orders that were paid", "orders", "count", _ORDERS, "count(*)",
    ),
    "buyers": Metric(
        "下单客户数", "buyers", "下过单的客户", "customers who ordered", "orders", "count", _ORDERS,
        "count(DISTINCT customer_id)",
    ),
    "revenue": Metric(
        "收入", "revenue", "付款减退款", "what was paid, less refunds", "orders", "fen", _ORDERS, "sum(paid)",
    ),
    "average_order": Metric(
        "客单价", "average order", "收入除以订单数", "revenue by orders", "orders", "fen", _ORDERS, "sum(paid)",
        "count(*)",
    ),
    "repurchase": Metric(
        "复购率", "repurchase rate",
        "首单在这一期、且首单后 N 天已过完的客户里，N 天内又下单的比例",
        "of customers whose first order lies in the period and whose N days after it are over, those with another order"
        " within N days",
        "orders", "share",
        f"SELECT first.at, EXISTS (SELECT FROM orders WHERE orders.customer_id = first.customer_id"
        f" AND paid_at > first.at AND paid_at <= first.at + CAST(:days AS interval)) AS again FROM ({_FIRST}) AS first"
        " WHERE first.at + CAST(:days AS interval) <= :now",
        "count(*) FILTER (WHERE again)", "count(*)", days=30,
    ),
    "monthly_repurchase": Metric(
        "期内复购率", "repurchase within the period",
        "这一期下过单的客户里，下过至少两单的比例",
        "of customers who ordered in the period, those who ordered twice or more",
        "orders", "share",
        "SELECT min(paid_at) AS at, count(*) AS times FROM orders WHERE paid_at >= :since AND paid_at < :until"
        " GROUP BY date_trunc(:by, paid_at AT TIME ZONE :zone), customer_id",
        "count(*) FILTER (WHERE times > 1)", "count(*)",
    ),
    "sent": Metric(
        "发送数", "messages sent", "发出去的消息", "messages that went", "messages", "count",
        "SELECT called_at AS at FROM messages WHERE status IN ('pending_staff', 'sent', 'delivered', 'read')",
        "count(*)",
    ),
    "coupons_issued": Metric(
        "发券数", "coupons issued",
        "发出且没有收回的券", "coupons that were issued and not taken back", "coupons", "count",
        "SELECT issued_at AS at FROM coupons WHERE status <> 'revoked'", "count(*)",
    ),
    "coupon_redemption": Metric(
        "券核销率", "coupons redeemed",
        "这一期发出的券里已核销的比例", "of the coupons that were issued in the period, those redeemed by now",
        "coupons", "share",
        "SELECT issued_at AS at, status FROM coupons WHERE status <> 'revoked'",
        "count(*) FILTER (WHERE status = 'redeemed')", "count(*)",
    ),
    "coupon_cost": Metric(
        "券成本", "cost of coupons",
        "这一期发出的券已核销的优惠额", "what the redeemed of the coupons issued in the period took off",
        "coupons", "fen",
        "SELECT issued_at AS at, cost FROM coupons WHERE status = 'redeemed'", "coalesce(sum(cost), 0)",
    ),
    "viewers": Metric(
        "观看客户数", "viewers", "进入过直播间的客户", "customers who joined a show", "events", "count",
        "SELECT time AS at, customer_id FROM events WHERE type = 'stream.joined' AND customer_id IS NOT NULL"
        " AND time >= :since AND time < :until",
        "count(DISTINCT customer_id)",
    ),
    "attributed_revenue": Metric(
        "归因收入", "attributed revenue",
        "归因到消息的订单的收入", "revenue of the orders that are owed to messages",
        "attributions", "fen",
        "SELECT orders.paid_at AS at, total - refunded AS paid FROM attributions JOIN orders USING (order_id)",
        "sum(paid)",
    ),
}  # fmt: skip


class MetricError(ValueError):
    """A metric that there isn't, or a span that can't be counted over."""


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
) -> list[Point]:
    """A metric by period, from the day `since` to before the day `until`, without the periods in which nothing was.

    Raises MetricError.
    """
    metric = METRICS.get(name)
    if metric is None:
        raise MetricError(f"there is no metric {name}; there are {', '.join(METRICS)}")
    if days is not None and metric.days is None:
        raise MetricError(f"{name} looks no days ahead")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise MetricError(f"days must be from 1 to {MOST_DAYS}")
    if not timedelta() < until - since <= LONGEST:
        raise MetricError(f"the span must have from 1 day to {LONGEST.days}")
    start, end = (datetime.combine(day, time(), zone) for day in (since, until))
    query = text(f"""
        SELECT date_trunc(:by, at AT TIME ZONE :zone)::date, ({metric.numerator})::float8,
            ({metric.denominator or "NULL"})::float8
        FROM ({metric.source}) AS source WHERE at >= :since AND at < :until GROUP BY 1 ORDER BY 1
    """)
    parameters = {
        "by": by, "zone": zone.key, "since": start, "until": end, "now": now,
        "days": timedelta(days=days or metric.days or 0),
    }  # fmt: skip
    rows = session.connection().execute(query, parameters)
    return [Point(day, numerator, denominator) for day, numerator, denominator in rows]
