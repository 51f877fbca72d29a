"""What is asked for each event and each message is found by an index, whatever lies beside it."""

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from typing import Any

from shop import Shop
from sqlalchemy import Engine, event, text

BIG = {"customers", "identifiers", "consents", "events", "orders", "enrollments", "messages", "trail"}
SPEC = """
    journey: visits
    trigger: {event: form.filled, where: {event: product.viewed, within: 30d, times: {at_least: 0}}}
    audience: {all: [{field: customer.orders, at_least: 0}, {not: {tag: staff}}]}
    entry: {again: after 30d}
    exit: [{event: form.withdrawn}]
    goal: {event: order.paid, within: 2d}
    steps: [{id: thank, send: thanks, via: [sms]}, {wait: 1d}]
"""
PEOPLE, EVENTS = 4_000, 20_000
FILL = f"""
SET session_replication_role = replica;
INSERT INTO customers (fields, field_times, created_at) SELECT '{{}}', '{{}}', now() FROM generate_series(1, {PEOPLE});
INSERT INTO identifiers SELECT 'member_no', 'c' || n, n FROM generate_series(1, {PEOPLE}) n;
INSERT INTO identifiers SELECT 'phone', '+86138' || lpad(n::text, 8, '0'), n FROM generate_series(1, {PEOPLE}) n;
INSERT INTO consents (customer_id, channel, purpose, given, at)
    SELECT n, 'sms', 'marketing', true, '2026-01-01' FROM generate_series(1, {PEOPLE}) n;
INSERT INTO events (source, event_id, type, time, received_at, customer_id, data)
    SELECT 'filled', n, 'product.viewed', '2026-03-01', '2026-03-01', n % {PEOPLE} + 1, '{{"sku": "tea"}}'
    FROM generate_series(1, {EVENTS}) n;
INSERT INTO orders SELECT 'f' || n, n % {PEOPLE} + 1, '2026-03-01', 1, 0 FROM generate_series(1, {EVENTS}) n;
INSERT INTO enrollments (journey, plan_id, customer_id, key, slot, exclusive, trigger_id, subject, entered_at, anchor,
        generation, claimed, held, outcomes, ending)
    SELECT 'visits', p.id, n % {PEOPLE} + 1, 'k' || n, 's', false, n, '{{}}', '2026-01-01', '2026-01-01', 0, true,
        false, '[]', 'goal' FROM generate_series(1, {EVENTS}) n, plans p;
INSERT INTO messages (enrollment_id, customer_id, journey, step, template, kind, channel, recipient, body, status,
        refused, counts, day, claimed_at, called_at, written_at, looks)
    SELECT n, n % {PEOPLE} + 1, 'visits', 'thank', 'thanks', 'marketing', 'sms', '', '', 'sent', '[]', true,
        '2026-01-01', '2026-01-01', '2026-01-01', '2026-01-01', 0 FROM generate_series(1, {EVENTS}) n;
INSERT INTO trail (at, customer_id, journey, what, value)
    SELECT '2026-01-01', n % {PEOPLE} + 1, 'visits', 'sent', 'x' FROM generate_series(1, {EVENTS}) n;
SET session_replication_role = DEFAULT;
ANALYZE;
"""


def test_nothing_that_an_event_or_a_message_needs_reads_a_big_table_through(
    shop: Shop, migrated: tuple[Engine, object]
) -> None:
    shop.publish(SPEC)
    with migrated[0].begin() as connection:
        connection.execute(text(FILL))
    with explaining(migrated[0]) as plans:
        for type in ("product.viewed", "form.filled", "order.paid"):
            for names in (["c1"], [f"c{n}" for n in range(2, 52)]):
                shop.take(*(shop.incoming(type, name, order_id=f"{type}{name}", total=1) for name in names))
            if type == "form.filled":
                entered = range(EVENTS + 1, EVENTS + 52)
                answers = shop.give("send", shop.group("thank", entered))
                assert {answer.result for answer in answers} == {"sent"}
    assert {table for table, _ in plans} >= BIG - {"trail"}
    assert not {table for table, how in plans if how == "Seq Scan"} & BIG


@contextmanager
def explaining(engine: Engine) -> Iterator[Set[tuple[str, str]]]:
    """The tables, and how each is read by the statements that are executed meanwhile."""
    plans: set[tuple[str, str]] = set()

    def explain(connection: Any, _: object, statement: str, parameters: Any, *__: object) -> None:
        if statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "WITH")):
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            plans.update(scans(cursor.fetchone()[0][0]["Plan"]))

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def scans(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "Relation Name" in node:
        yield node["Relation Name"], node["Node Type"]
    for part in node.get("Plans", ()):
        yield from scans(part)
