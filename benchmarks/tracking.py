"""Events a second that the API takes in the formats of other makers, beside the same events in our own batches.

The ratio is that of the processor time, of the API and Postgres, which says the same however busy the machine is.
"""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from urllib.parse import urlencode

from benchmarks.harness.driver import drive, driver
from benchmarks.harness.processes import api, postgres, used
from benchmarks.harness.stack import store
from domain.access.keys import create_key

BATCH, BATCHES = 100, 60
CONNECTIONS = 2
ROUNDS = 3
AIM = 0.8
PRODUCT = "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0"
ACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
PAYLOAD = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
numbers = count()

Made = tuple[str, str, Callable[[Sequence[int]], bytes]]
"""Where a format is posted to, by which authorization, and its body of these events."""


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table: each format, the best of some rounds, between which ours is measured, too."""
    with store() as parts, api(parts) as (url, process), driver() as driving:
        server = postgres(parts)
        with parts.db.begin() as work:
            key = create_key(work, "site", ["track"], datetime.now(UTC))

        def rate(made: Made) -> tuple[float, float]:
            """Events a second, and µs of processor time that the API and Postgres take for each."""
            path, authorization, body = made
            bodies = [body([next(numbers) for _ in range(BATCH)]) for _ in range(BATCHES)]
            before = used(process) + used(server)
            elapsed, _ = driving.submit(drive, f"{url}{path}", authorization, bodies, CONNECTIONS).result()
            spent = used(process) + used(server) - before
            return BATCH * BATCHES / elapsed, spent / BATCH / BATCHES * 1e6

        ours: Made = ("/v1/events", parts.key, _native)
        rate(ours)
        for name, made in _formats(key).items():
            pairs = [(rate(ours), rate(made)) for _ in range(ROUNDS)]
            (beside, native), (best, theirs) = (
                (max(rate for rate, _ in of), min(cost for _, cost in of)) for of in zip(*pairs, strict=True)
            )
            yield (
                f"events/s in {name}, batches of {BATCH}",
                f"{best:,.0f}, {theirs:.0f} µs of processor time each",
                f"our own: {beside:,.0f}, {native:.0f} µs",
                f"{native / theirs:.2f}",
                f"≥ {AIM}",
            )


def _formats(key: str) -> dict[str, Made]:
    basic = f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"
    return {
        "神策": (f"/sa?{urlencode({'token': key})}", "", _sensors),
        "Segment": ("/v1/batch", basic, _segment),
        "RudderStack": ("/v1/batch", basic, lambda events: _segment(events, "originalTimestamp")),
        "Snowplow": ("/com.snowplowanalytics.snowplow/tp2", "", lambda events: _snowplow(events, key)),
    }


def _native(events: Sequence[int]) -> bytes:
    now = datetime.now(UTC).isoformat()
    return json.dumps(
        [
            {
                "id": f"e{n}", "source": "shop", "type": "product.viewed", "time": now,
                "data": {"customer": {"member_no": f"m{n % 5000}"}, "sku": f"s{n % 90}", "price": 8950},
            }
            for n in events
        ]
    ).encode()  # fmt: skip


def _segment(events: Sequence[int], time: str = "timestamp") -> bytes:
    now = datetime.now(UTC).isoformat()
    calls = [
        {
            "type": "track", "event": "Product Viewed", "messageId": f"e{n}", "userId": f"m{n % 5000}", time: now,
            "properties": {"product_id": f"s{n % 90}", "price": 89.5},
        }
        for n in events
    ]  # fmt: skip
    return json.dumps({"batch": calls, "sentAt": now}).encode()


def _sensors(events: Sequence[int]) -> bytes:
    now = int(datetime.now(UTC).timestamp() * 1000)
    records = [
        {
            "type": "track", "event": "commodityDetail", "time": now,
            "identities": {"$identity_login_id": f"m{n % 5000}"},
            "properties": {"commodity_id": f"s{n % 90}", "present_price": 89.5, "n": n},
        }
        for n in events
    ]  # fmt: skip
    return urlencode({"data_list": base64.b64encode(json.dumps(records).encode()).decode()}).encode()


def _snowplow(events: Sequence[int], key: str) -> bytes:
    now = str(int(datetime.now(UTC).timestamp() * 1000))
    action = _packed({"data": {"schema": ACTION, "data": {"type": "product_view"}}})
    records = [
        {
            "e": "ue", "eid": f"e{n}", "aid": key, "uid": f"m{n % 5000}", "dtm": now, "stm": now, "ue_px": action,
            "cx": _packed({"data": [{"schema": PRODUCT, "data": {"id": f"s{n % 90}", "price": 89.5}}]}),
        }
        for n in events
    ]  # fmt: skip
    return json.dumps({"schema": PAYLOAD, "data": records}).encode()


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")
