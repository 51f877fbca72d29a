"""The metrics of the shop: each has one definition, here, which `docs/metrics.md` tells and is checked against."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

from domain.insight.goods import DELIVERED, EXPIRED, FORETOLD, ON_HAND, RECEIVED, TURNED_OVER

Unit = Literal["count", "fen", "share", "days"]
Part = Literal["journey", "show", "campaign"]
"""What a metric can be asked for alone: a journey, a livestream, a coupon campaign."""
Of = Literal["customers", "products"]
"""Whom or what a metric is made of."""

Source = Literal[
    "events", "orders", "later_orders", "earlier_orders", "messages", "trail", "enrollments", "coupons", "attributions",
    "stock_moves",
]  # fmt: skip
"""What changes, so that a metric is counted anew: rows of a table by the hour for which they count.

With an order, so do those of the 30 days before by the same customer, and all after it.
"""

JOURNEY, SHOW, CAMPAIGN = (frozenset[Part]({part}) for part in ("journey", "show", "campaign"))


@dataclass(frozen=True)
class Metric:
    """A number by day, week or month: `numerator`, or that beside `denominator`, of the rows of `source`.

    `source` is SQL that gives `at`, the instant by which a row belongs to a period, and the columns that both use. It
    may name `:since`, `:until`, `:zone`, `:by`, `:now` and, if the metric looks `days` ahead, `:days`. It has a column
    for each of `parts`, by which rows can be asked for, and `customer_id` or `sku` if the metric is `of` customers or
    products; `by_product` is used in its place where the source adds up over products. No number is told where the
    numerator is null.

    Where `changes` are named, periods that are over are kept until something of theirs changes (`rollups.py`); if it
    `lasts`, until something before their end does.
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
    parts: frozenset[Part] = frozenset()
    of: Of | None = "customers"
    by_product: str | None = None
    changes: Set[Source] = frozenset()
    lasts: bool = False


_ORDERED = frozenset[Source]({"orders"})
_FIRST_ORDERED = frozenset[Source]({"orders", "later_orders"})
_CAME_AGAIN = frozenset[Source]({"orders", "later_orders", "earlier_orders"})
_TOLD, _SENT = frozenset[Source]({"events"}), frozenset[Source]({"messages"})
_ENTERED = frozenset[Source]({"trail", "enrollments"})
_ISSUED = frozenset[Source]({"coupons"})

_FIRST = "SELECT customer_id, first_order_at AS at FROM order_sums"
_ORDERS = "SELECT paid_at AS at, customer_id, total, total - refunded AS paid FROM orders"

NO_TEST = "journey <> 'send_test'"
"""What somebody sent to themselves to try a text is counted nowhere."""

_TRAIL_ENTERED = f"SELECT at, journey, customer_id FROM trail WHERE what = 'entered' AND {NO_TEST}"
_IN_SHOWS = (
    "SELECT paid_at AS at, customer_id, total - refunded AS paid, stream_id AS show FROM orders"
    " WHERE paid_at >= :since AND paid_at < :until AND stream_id IS NOT NULL"
)
_BOUGHT_IN_SHOWS = (
    "SELECT customer_id, stream_id AS show, paid_at AS at FROM orders WHERE paid_at >= :since AND paid_at < :until"
    " AND stream_id IS NOT NULL AND NOT EXISTS (SELECT FROM orders AS before"
    " WHERE before.customer_id = orders.customer_id AND before.stream_id = orders.stream_id"
    " AND (before.paid_at, before.order_id) < (orders.paid_at, orders.order_id))"
)
_FIRST_ORDERS = (
    "SELECT at, customer_id, (SELECT stream_id FROM orders WHERE orders.customer_id = first.customer_id"
    f" AND paid_at = at ORDER BY order_id LIMIT 1) AS show FROM ({_FIRST}) AS first WHERE at >= :since AND at < :until"
)
_WITH_COUPONS = (
    "SELECT paid_at AS at, coupons.customer_id, campaign, cost, (total - refunded)::numeric"
    " / count(*) OVER (PARTITION BY orders.order_id) AS paid"
    " FROM coupons JOIN orders USING (order_id) WHERE status = 'redeemed'"
)

METRICS: Mapping[str, Metric] = {
    "new_customers": Metric(
        "新客数", "new customers",
        "第一次下单的客户", "customers who ordered for the first time",
        "orders", "count", _FIRST, "count(*)", changes=_FIRST_ORDERED,
    ),
    "active_customers": Metric(
        "活跃客户数", "active customers",
        "至少有一个事件的客户，消息回执不算", "customers with at least one event that isn't a receipt of a message",
        "events", "count",
        "SELECT time AS at, customer_id FROM events WHERE customer_id IS NOT NULL AND type NOT LIKE 'message.%'"
        " AND type <> 'send_test'"
        " AND time >= :since AND time < :until",
        "count(DISTINCT customer_id)", changes=_TOLD,
    ),
    "new_from_shows": Metric(
        "直播新客占比", "new customers from shows",
        "第一次下单的客户里，首单来自直播的比例",
        "of customers who ordered for the first time, those who did in a show",
        "orders", "share", _FIRST_ORDERS, "count(*) FILTER (WHERE show IS NOT NULL)", "count(*)",
        changes=_FIRST_ORDERED,
    ),
    "spend": Metric(
        "获客花费", "spend", "`spend.recorded` 记下的花费", "what `spend.recorded` told of", "events", "fen",
        "SELECT time AS at, (data->>'amount')::bigint AS amount, data->>'stream_id' AS show FROM events"
        " WHERE customer_id IS NULL AND type = 'spend.recorded'",
        "sum(amount)", parts=SHOW, of=None,
    ),
    "cac": Metric(
        "获客成本", "cost of a new customer",
        "记下了花费的时段里，花费除以新客数", "spend by new customers, where spend was recorded", "events", "fen",
        "SELECT time AS at, (data->>'amount')::bigint AS amount, 0 AS new FROM events"
        " WHERE customer_id IS NULL AND type = 'spend.recorded'"
        f" UNION ALL SELECT at, NULL, 1 FROM ({_FIRST}) AS first",
        "sum(amount)", "sum(new)", of=None, changes=_FIRST_ORDERED | _TOLD,
    ),
    "orders": Metric(
        "订单数", "orders", "付款的订单", "orders that were paid", "orders", "count", _ORDERS, "count(*)",
        changes=_ORDERED,
    ),
    "buyers": Metric(
        "下单客户数", "buyers", "下过单的客户", "customers who ordered", "orders", "count", _ORDERS,
        "count(DISTINCT customer_id)", changes=_ORDERED,
    ),
    "revenue": Metric(
        "收入", "revenue", "付款减退款", "what was paid, less refunds", "orders", "fen", _ORDERS, "sum(paid)",
        changes=_ORDERED,
    ),
    "average_order": Metric(
        "客单价", "average order", "收入除以订单数", "revenue by orders", "orders", "fen", _ORDERS, "sum(paid)",
        "count(*)", changes=_ORDERED,
    ),
    "repurchase": Metric(
        "复购率", "repurchase rate",
        "首单在这一期、且首单后 N 天已过完的客户里，N 天内又下单的比例",
        "of customers whose first order lies in the period and whose N days after it are over, those with another order"
        " within N days",
        "orders", "share",
        f"SELECT first.at, first.customer_id, EXISTS (SELECT FROM orders WHERE orders.customer_id = first.customer_id"
        f" AND paid_at > first.at AND paid_at <= first.at + CAST(:days AS interval)) AS again FROM ({_FIRST}) AS first"
        " WHERE first.at + CAST(:days AS interval) <= :now",
        "count(*) FILTER (WHERE again)", "count(*)", days=30, changes=_CAME_AGAIN,
    ),
    "monthly_repurchase": Metric(
        "期内复购率", "repurchase within the period",
        "这一期下过单的客户里，下过至少两单的比例",
        "of customers who ordered in the period, those who ordered twice or more",
        "orders", "share",
        "SELECT min(paid_at) AS at, customer_id, count(*) AS times FROM orders WHERE paid_at >= :since"
        " AND paid_at < :until"
        " GROUP BY date_trunc(:by, paid_at AT TIME ZONE :zone), customer_id",
        "count(*) FILTER (WHERE times > 1)", "count(*)", changes=_ORDERED,
    ),
    "reached": Metric(
        "触达客户数", "customers reached", "收到过消息的客户", "customers to whom a message went", "messages", "count",
        "SELECT called_at AS at, journey, customer_id FROM messages"
        f" WHERE status IN ('pending_staff', 'sent', 'delivered', 'read') AND {NO_TEST}",
        "count(DISTINCT customer_id)", parts=JOURNEY, changes=_SENT,
    ),
    "sent": Metric(
        "发送数", "messages sent", "发出去的消息", "messages that went", "messages", "count",
        "SELECT called_at AS at, journey, customer_id FROM messages"
        f" WHERE status IN ('pending_staff', 'sent', 'delivered', 'read') AND {NO_TEST}",
        "count(*)", parts=JOURNEY, changes=_SENT,
    ),
    "entered": Metric(
        "进入人次", "entered", "进入旅程的人次", "how often a journey was entered", "trail", "count", _TRAIL_ENTERED,
        "count(*)", parts=JOURNEY, changes=_ENTERED,
    ),
    "click_rate": Metric(
        "点击率", "clicked",
        "这一期发出的消息里，已有链接被点开的比例", "of the messages that went in the period, those clicked by now",
        "messages", "share",
        "SELECT called_at AS at, journey, messages.customer_id, EXISTS (SELECT FROM events"
        " WHERE events.customer_id = messages.customer_id"
        " AND events.type = 'message.clicked' AND events.data->>'message' = messages.id::text) AS clicked"
        f" FROM messages WHERE status IN ('pending_staff', 'sent', 'delivered', 'read') AND {NO_TEST}",
        "count(*) FILTER (WHERE clicked)", "count(*)", parts=JOURNEY, changes=_SENT,
    ),
    "goal_rate": Metric(
        "目标达成率", "goal rate",
        "这一期进入且目标期限已过的人次里，达成目标的比例；对照组也算",
        "of those who entered in the period and whose time for the goal is over, who reached it, held out or not",
        "enrollments", "share",
        "SELECT entered_at AS at, journey, customer_id, (ending IS NOT DISTINCT"
        " FROM 'goal' OR converted_at IS NOT NULL) AS reached"
        " FROM enrollments WHERE goal_until <= :now",
        "count(*) FILTER (WHERE reached)", "count(*)", parts=JOURNEY, changes=_ENTERED,
    ),
    "lift": Metric(
        "旅程提升", "lift",
        "这一期进入且目标期限已过的人次里，发送组的目标达成率比对照组的多出几成；没有对照组就没有数",
        "of those who entered in the period and whose time for the goal is over, by which part of the goal rate of"
        " those held out that of the others is above it; no number where nobody was held out",
        "enrollments", "share",
        "SELECT entered_at AS at, enrollments.journey, trail.reason IS NOT NULL AS held_out,"
        " (ending IS NOT DISTINCT FROM 'goal' OR converted_at IS NOT NULL)::int AS reached FROM enrollments"
        " JOIN trail ON trail.enrollment_id = enrollments.id AND trail.customer_id = enrollments.customer_id"
        " AND what = 'entered'"
        " WHERE goal_until <= :now",
        "avg(reached) FILTER (WHERE NOT held_out) - avg(reached) FILTER (WHERE held_out)",
        "avg(reached) FILTER (WHERE held_out)", parts=JOURNEY, of=None, changes=_ENTERED,
    ),
    "coupons_issued": Metric(
        "发券数", "coupons issued",
        "发出且没有收回的券", "coupons that were issued and not taken back", "coupons", "count",
        "SELECT issued_at AS at, campaign, customer_id FROM coupons WHERE status <> 'revoked'", "count(*)",
        parts=CAMPAIGN, changes=_ISSUED,
    ),
    "coupon_redemption": Metric(
        "券核销率", "coupons redeemed",
        "这一期发出的券里已核销的比例", "of the coupons that were issued in the period, those redeemed by now",
        "coupons", "share",
        "SELECT issued_at AS at, campaign, customer_id, status FROM coupons WHERE status <> 'revoked'",
        "count(*) FILTER (WHERE status = 'redeemed')", "count(*)", parts=CAMPAIGN, changes=_ISSUED,
    ),
    "coupon_cost": Metric(
        "券成本", "cost of coupons",
        "这一期发出的券已核销的优惠额", "what the redeemed of the coupons issued in the period took off",
        "coupons", "fen",
        "SELECT issued_at AS at, campaign, customer_id, cost FROM coupons"
        " WHERE status = 'redeemed'", "sum(cost)", parts=CAMPAIGN, changes=_ISSUED,
    ),
    "coupon_revenue": Metric(
        "用券收入", "revenue with coupons",
        "用了券的订单的收入；一单用了几张券时平分给它们",
        "revenue of the orders on which coupons were used, shared equally among those of an order",
        "coupons", "fen", _WITH_COUPONS, "sum(paid)", parts=CAMPAIGN, changes=_ORDERED | _ISSUED,
    ),
    "coupon_break_even": Metric(
        "券保本毛利率", "margin at which coupons break even",
        "券成本除以用券收入与券成本之和：毛利率高于它，即使这些订单没有券就不会有，券也不亏",
        "the cost of coupons by the revenue with them and that cost: with a gross margin above it they lost nothing, if"
        " none of the orders would have come without",
        "coupons", "share", _WITH_COUPONS, "sum(cost)", "sum(paid) + sum(cost)", parts=CAMPAIGN,
        changes=_ORDERED | _ISSUED,
    ),
    "viewers": Metric(
        "观看客户数", "viewers", "进入过直播间的客户", "customers who joined a show", "events", "count",
        "SELECT time AS at, customer_id, data->>'stream_id' AS show FROM events WHERE type = 'stream.joined'"
        " AND customer_id IS NOT NULL AND time >= :since AND time < :until",
        "count(DISTINCT customer_id)", parts=SHOW, changes=_TOLD,
    ),
    "watched_minutes": Metric(
        "观看分钟数", "minutes watched", "离开直播间时报来的观看时长", "what was told when customers left a show",
        "events", "count",
        "SELECT time AS at, customer_id, (data->>'watched_minutes')::float8 AS minutes, data->>'stream_id'"
        " AS show FROM events"
        " WHERE type = 'stream.left' AND customer_id IS NOT NULL AND time >= :since AND time < :until",
        "sum(minutes)", parts=SHOW, changes=_TOLD,
    ),
    "show_buyers": Metric(
        "直播下单客户数", "buyers in shows", "在直播里下过单的客户", "customers who ordered in a show",
        "orders", "count", _IN_SHOWS, "count(DISTINCT customer_id)", parts=SHOW, changes=_ORDERED,
    ),
    "show_revenue": Metric(
        "直播收入", "revenue of shows", "直播订单的付款减退款", "what was paid in shows, less refunds", "orders", "fen",
        _IN_SHOWS, "sum(paid)", parts=SHOW, changes=_ORDERED,
    ),
    "show_new_customers": Metric(
        "直播新客数", "new customers of shows", "首单来自直播的客户", "customers whose first order was in a show",
        "orders", "count", f"SELECT * FROM ({_FIRST_ORDERS}) AS first WHERE show IS NOT NULL",
        "count(*)", parts=SHOW, changes=_FIRST_ORDERED,
    ),
    "show_repurchase": Metric(
        "直播复购率", "repurchase after shows",
        "在一场直播下过单、且此后 N 天已过完的客户里，N 天内又下单的比例",
        "of the buyers of a show whose N days after their first order in it are over, those with another order within N"
        " days",
        "orders", "share",
        "SELECT bought.at, bought.customer_id, show, EXISTS (SELECT FROM orders"
        " WHERE orders.customer_id = bought.customer_id"
        " AND paid_at > bought.at AND paid_at <= bought.at + CAST(:days AS interval)) AS again FROM"
        f" ({_BOUGHT_IN_SHOWS}) AS bought"
        " WHERE bought.at + CAST(:days AS interval) <= :now",
        "count(*) FILTER (WHERE again)", "count(*)", days=7, parts=SHOW, changes=_CAME_AGAIN,
    ),
    "turnover_days": Metric(
        "库存周转天数", "days of stock",
        "这一期每天结束时的库存件数之和（账上超卖的按 0 算），除以卖出的件数",
        "units on hand at the end of each day, summed (0 where the books are oversold), by units sold",
        "stock_moves", "days",
        ON_HAND,
        "greatest(sum(on_hand), 0)", "sum(sold)", of="products", by_product=TURNED_OVER,
        changes=frozenset[Source]({"stock_moves"}), lasts=True,
    ),
    "expiry_loss": Metric(
        "临期损耗", "loss by expiry",
        "这一期到期的批次里，到期时还剩的件数占到货件数的比例",
        "of the units received of lots that expired in the period,"
        " those left then",
        "stock_moves", "share",
        EXPIRED, "sum(least(remaining, received))", "sum(received)", of="products",
    ),
    "expiry_loss_money": Metric(
        "临期损耗金额", "loss by expiry in money",
        "这一期到期的批次里，到期时还剩的金额占到货金额的比例，按到货时（`lot.received`）报来的单价；没有报单价的批次不算",
        "of the worth received of lots that expired in the period, what was left then, at the price told at their"
        " receipt (`lot.received`); lots without one don't count",
        "stock_moves", "share",
        f"SELECT expired.*, price FROM ({EXPIRED}) AS expired JOIN (SELECT DISTINCT ON (data->>'lot_id')"
        " data->>'lot_id' AS lot_id, (data->>'price')::bigint AS price FROM events WHERE customer_id IS NULL"
        " AND type = 'lot.received' AND data->>'price' IS NOT NULL ORDER BY data->>'lot_id', time DESC, id DESC"
        ") AS told USING (lot_id)",
        "sum(least(remaining, received) * price)", "sum(received * price)", of="products",
    ),
    "sell_through": Metric(
        "截止前售出率", "sell-through",
        "这一期到销售截止日的批次里，截止前卖出的件数占到货件数的比例；截止日是到期前商品的最短剩余天数",
        "of the units received of lots whose last day for sale lies in the period, those sold by then; it is the"
        " product's least days left before it expires",
        "stock_moves", "share",
        "SELECT last AS at, sku, received, (SELECT coalesce(-sum(quantity), 0) FROM stock_moves"
        " WHERE stock_moves.lot_id = lots.lot_id AND reason IN ('sold', 'returned', 'wholesale') AND at < last) AS sold"
        f" FROM (SELECT lots.*, {RECEIVED} AS received, (expires_on + 1 - coalesce(min_days, 0))::timestamp"
        " AT TIME ZONE :zone AS last FROM lots LEFT JOIN products USING (sku)) AS lots"
        " WHERE received > 0 AND last <= :now",
        "sum(greatest(least(sold, received), 0))", "sum(received)", of="products",
    ),
    "alarms": Metric(
        "库存预警数", "stock alarms", "库存预警", "alarms that a product runs short", "events", "count",
        "SELECT time AS at, data->>'sku' AS sku, data->>'stream_id' AS show FROM events"
        " WHERE customer_id IS NULL AND type = 'stock.alarm'",
        "count(*)", parts=SHOW, of="products",
    ),
    "lead_days": Metric(
        "补货周期", "lead time",
        "这一期收到的补货，从预警到收货的平均天数",
        "days from the alarm to the receipt, of what was received in the period",
        "replenishments", "days",
        "SELECT closed_at AS at, sku, extract(epoch FROM closed_at - created_at) / 86400 AS days FROM replenishments"
        " WHERE received IS NOT NULL AND closed_at IS NOT NULL",
        "sum(days)", "count(*)", of="products",
    ),
    "supplied": Metric(
        "供应商到货率", "supplied",
        "这一期完结的到货里，到了的件数占订货件数的比例，多到的不算",
        "of the units ordered of deliveries that were over in the period, those that came",
        "supply_plans", "share", DELIVERED, "sum(came)", "sum(ordered)", of="products",
    ),
    "delivered_in_time": Metric(
        "准时到货率", "delivered in time",
        "这一期完结的到货里，在约定那天或之前到的商品的比例",
        "of the products ordered of deliveries that were over in the period, those that came by the promised day",
        "supply_plans", "share", DELIVERED, "count(*) FILTER (WHERE in_time)", "count(*)", of="products",
    ),
    "forecast_error": Metric(
        "预测误差", "forecast error",
        "供货计划最近一次预测的每日中位数和当天实际卖出之差的绝对值之和，除以卖出的件数；缺货的日子卖得少，误差会偏大",
        "how far the median that a delivery's proposal last foretold of a day lay from what sold on it, summed, by what"
        " sold; days sold out make it larger",
        "supply_plans", "share", FORETOLD, "sum(abs(sold - median))", "sum(sold)", of="products",
    ),
    "forecast_coverage": Metric(
        "预测上限覆盖率", "forecast coverage",
        "供货计划最近一次预测的九分位没有被当天实际卖出超过的比例，应当接近 90%",
        "how often no more sold on a day than the quantile 0.9 that a delivery's proposal last foretold; about 90% is"
        " right",
        "supply_plans", "share", FORETOLD, "count(*) FILTER (WHERE sold <= high)", "count(*)", of="products",
    ),
    "attributed_revenue": Metric(
        "归因收入", "attributed revenue",
        "归因到旅程的订单的收入", "revenue of the orders that are owed to journeys",
        "attributions", "fen",
        "SELECT orders.paid_at AS at, journey, orders.customer_id, total - refunded AS paid"
        " FROM attributions JOIN orders USING (order_id)",
        "sum(paid)", parts=JOURNEY, changes=_ORDERED | frozenset[Source]({"attributions"}),
    ),
}  # fmt: skip
