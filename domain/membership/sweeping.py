"""What keeps tags and segments true beside events: time that passes, shows that begin, and rules that are published.

Each function does a page of work in the caller's transaction and returns how much that was; one process at a time does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, text
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from domain.conditions.facts import BatchFacts, CustomerFacts, Moment, is_readable
from domain.conditions.sql import matching
from domain.customers.resolution import lock_customers
from domain.customers.tables import Customer, CustomerRow
from domain.membership.deciding import (
    Change,
    decide,
    ends_after,
    look_after,
    next_by_orders,
    next_on_clock,
    tell,
)
from domain.membership.state import read_memberships
from domain.membership.tables import RuleProgress
from domain.published.library import Library
from domain.stock import inventory
from domain.store.bulk import as_json, is_among
from domain.store.work import UnitOfWork
from workflows.language.rules import Asked, Key, Rule, Rules

PAGE = 500
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('membership'))")


def is_ours(work: UnitOfWork) -> bool:
    """Whether no other process looks after memberships until this transaction ends."""
    return bool(work.connection().execute(_LOCK).scalar_one())


def look_again(work: UnitOfWork, library: Library, now: datetime, limit: int = PAGE) -> int:
    """Ask all rules of the customers who are due for it, and end tags that ran out. Returns how many customers."""
    connection = work.connection()
    due = [id for (id,) in connection.execute(_DUE, {"now": now, "limit": limit})]
    ended = connection.execute(_ENDED, {"now": now, "limit": limit}).scalars().all()
    ids = {*due, *ended}
    if not ids:
        return 0
    customers = {customer.id: customer for customer in lock_customers(work, ids).values()}
    connection.execute(_LOOKED, {"ids": list(ids)})
    ask(work, library, list(customers.values()), library.rules.every, now)
    return len(ids)


_DUE = text("SELECT customer FROM next_looks WHERE at <= :now ORDER BY at LIMIT :limit")
_ENDED = text("""
SELECT customer_id FROM customer_tags JOIN customers ON customers.id = customer_id
WHERE until <= :now AND NOT ruled AND merged_into IS NULL ORDER BY until LIMIT :limit
""")
"""What somebody had who became one with another stays with them, for the way back; it is nobody's meanwhile."""
_LOOKED = text("DELETE FROM next_looks WHERE customer = ANY (CAST(:ids AS bigint[]))")


def ask(
    work: UnitOfWork, library: Library, customers: Sequence[CustomerRow], rules: Sequence[Rule], now: datetime
) -> Sequence[Change]:
    """Ask rules of customers, whom the caller has locked, as of now; note when they are to be looked at again."""
    ids = [customer.id for customer in customers]
    memberships = read_memberships(work, ids)
    batch = BatchFacts(work, {id: Moment(now) for id in ids})
    asked = Rules.asked_by(rules)
    ahead = _first_to_leave(work, asked, ids, now)
    changes: list[Change] = []
    looks: dict[int, datetime] = {}
    cause = now.isoformat()
    for customer in customers:
        for key, held in list(memberships.held.get(customer.id, {}).items()):
            if not held.ruled and held.until is not None and held.until <= now:
                memberships.take(customer.id, key)
                changes.append(Change(customer.id, key, False, now, cause, by="time"))
        if not is_readable(library, customer):
            continue
        facts = CustomerFacts(work, library, customer, now, batch=batch)
        facts.retag(memberships.tags_of(customer.id, now))
        changes += decide(memberships, rules, facts, now, cause)
        times = [ahead.get(customer.id), next_on_clock(asked, facts, now), next_by_orders(asked, facts, now)]
        known = [*(at for at in times if at is not None), *ends_after(memberships, customer.id, now)]
        if known:
            looks[customer.id] = min(known)
    memberships.write(work)
    look_after(work, looks)
    tell(work, changes)
    return changes


def _first_to_leave(work: UnitOfWork, asked: Asked, ids: Collection[int], now: datetime) -> Mapping[int, datetime]:
    """When the first event of each customer leaves a window that is asked for."""
    first: dict[int, datetime] = {}
    for type, span in asked.windows:
        rows = work.connection().execute(_OLDEST, {"ids": list(ids), "type": type, "since": span.ago(now), "now": now})
        for id, oldest in rows:
            leaves = oldest + span.nominal
            first[id] = min(leaves, first.get(id, leaves))
    return first


_OLDEST = text("""
SELECT customer_id, min(time) FROM events
WHERE customer_id = ANY (CAST(:ids AS bigint[])) AND type = :type AND time > :since AND time <= :now
GROUP BY customer_id
""")


def follow_shows(work: UnitOfWork, library: Library, now: datetime) -> int:
    """Have those looked at whose events a show that began, or was called off, brought out of a window or into it."""
    touched = 0
    for number in sorted({number for _, number in library.rules.asked.shows}):
        types = [type for type, shows in library.rules.asked.shows if shows == number]
        since = func.greatest(inventory.since_shows(number, now), _EVER)
        parameters = {"shows": number, "since": work.execute(sa_select(since)).scalar_one()}
        before = work.connection().execute(_SHOWS_BEFORE, parameters).scalar_one_or_none()
        if before is not None and before != parameters["since"]:
            both = sorted([before, parameters["since"]])
            change = {"types": types, "from": both[0], "to": both[1], "now": now}
            touched += work.connection().execute(_TOUCHED_BY_SHOWS, change).rowcount
        if before != parameters["since"]:
            work.connection().execute(_KEEP_SHOWS, parameters)
    return touched


_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWS_BEFORE = text("SELECT since FROM shows_since WHERE shows = :shows")
_KEEP_SHOWS = text("""
INSERT INTO shows_since (shows, since) VALUES (:shows, :since)
ON CONFLICT (shows) DO UPDATE SET since = excluded.since
""")
_TOUCHED_BY_SHOWS = text("""
INSERT INTO next_looks (customer, at)
SELECT DISTINCT customer_id, CAST(:now AS timestamptz) FROM events
WHERE customer_id IS NOT NULL AND type = ANY (CAST(:types AS text[])) AND time >= :from AND time < :to
ON CONFLICT (customer) DO UPDATE SET at = excluded.at WHERE next_looks.at > excluded.at
""")


def follow_rules(work: UnitOfWork, library: Library, now: datetime) -> None:
    """Note which rules are new, changed or gone: after each publication, for `ask_everybody`."""
    rows = {(row.kind, row.name): row for row in work.exec(select(RuleProgress))}
    for key, rule in library.rules.by_key.items():
        row = rows.get(key)
        if row is None or row.gone or row.version != rule.version:
            work.merge(RuleProgress(kind=rule.kind, name=rule.name, version=rule.version, begun_at=now))
    kept = {(kind, name) for kind, name in work.connection().execute(_KEPT)}
    for kind, name in {*kept, *rows} - library.rules.by_key.keys():
        if (row := rows.get((kind, name))) is None or not row.gone:
            work.merge(RuleProgress(kind=kind, name=name, version="", gone=True, begun_at=now))
    work.flush()


_KEPT = text("""
SELECT DISTINCT 'tag', tag FROM customer_tags JOIN customers ON customers.id = customer_id
WHERE ruled AND merged_into IS NULL
UNION ALL
SELECT DISTINCT 'segment', segment FROM segment_members JOIN customers ON customers.id = customer_id
WHERE merged_into IS NULL
""")


def ask_everybody(work: UnitOfWork, library: Library, now: datetime, limit: int = 2 * PAGE) -> int:
    """Ask the next page of all customers what was published, each rule from where it is. Returns how many there were.

    Rules that stand at the same customer go on together.
    """
    open_rows = work.exec(select(RuleProgress).where(col(RuleProgress.done_at).is_(None))).all()
    if not open_rows:
        return 0
    gone = [row for row in open_rows if row.gone]
    if gone:
        return _take_from_all(work, gone[0], now, limit)
    upto = min(row.upto for row in open_rows)
    together = [row for row in open_rows if row.upto == upto]
    rules = [rule for rule in library.rules.every if any((row.kind, row.name) == rule.key for row in together)]
    page = select(Customer.id).where(Customer.id > upto, col(Customer.merged_into).is_(None))
    ids = work.exec(page.order_by(col(Customer.id)).limit(limit)).all()
    if rules and ids:
        _ask_page(work, library, rules, ids, now)
    for row in together:
        row.asked += len(ids)
        row.upto = ids[-1] if ids else row.upto
        row.done_at = now if len(ids) < limit else None
        work.add(row)
    work.flush()
    return len(ids) or len(together)


def _ask_page(work: UnitOfWork, library: Library, rules: Sequence[Rule], ids: Sequence[int], now: datetime) -> None:
    """Of these customers, those of whom a rule says something else than is held are locked and asked."""
    differs: set[int] = set()
    for rule in rules:
        holds = matching(rule.when, library, now)
        of_page = select(Customer.id).where(is_among(Customer.id, ids), holds)
        held, otherwise = _holders(work, rule, ids)
        differs |= (set(work.exec(of_page)) ^ held) | otherwise
    asked = Rules.asked_by(rules)
    look_after(work, _first_to_leave(work, asked, ids, now))
    if asked.clock or asked.days:
        differs |= set(ids)
    for part in _pages(sorted(differs)):
        customers = {customer.id: customer for customer in lock_customers(work, part).values()}
        ask(work, library, list(customers.values()), rules, now)


def _holders(work: UnitOfWork, rule: Rule, ids: Sequence[int]) -> tuple[set[int], set[int]]:
    """Who of them has the tag by its rule and for good, or is in the segment; and who has the tag by hand, or only
    because the rule kept it a while when it still said so.
    """
    parameters = {"name": rule.name, "ids": list(ids), "keeps": rule.keep is not None}
    rows = work.connection().execute(_HOLDERS[rule.key[0]], parameters).all()
    return {id for id, for_good in rows if for_good}, {id for id, for_good in rows if not for_good}


_HOLDERS = {
    "tag": text("""
SELECT customer_id, ruled AND until IS NULL FROM customer_tags
WHERE tag = :name AND customer_id = ANY (CAST(:ids AS bigint[])) AND (until IS NULL OR NOT ruled OR NOT :keeps)
"""),
    "segment": text("""
SELECT customer_id, true FROM segment_members WHERE segment = :name AND customer_id = ANY (CAST(:ids AS bigint[]))
"""),
}


def _take_from_all(work: UnitOfWork, row: RuleProgress, now: datetime, limit: int) -> int:
    """A page of those who have what no rule keeps any more loses it."""
    key: Key = ("tag" if row.kind == "tag" else "segment"), row.name
    ids = work.connection().execute(_HAVING[key[0]], {"name": row.name, "limit": limit}).scalars().all()
    customers = {customer.id for customer in lock_customers(work, ids).values()} if ids else set()
    memberships = read_memberships(work, customers)
    changes = []
    for customer in sorted(customers):
        held = memberships.held.get(customer, {}).get(key)
        if held is not None and held.ruled:
            memberships.take(customer, key)
            changes.append(Change(customer, key, False, now, now.isoformat()))
    memberships.write(work)
    tell(work, changes)
    if len(ids) < limit:
        work.delete(row)
        work.flush()
    return len(ids) or 1


_HAVING = {
    "tag": text("""
SELECT customer_id FROM customer_tags JOIN customers ON customers.id = customer_id
WHERE tag = :name AND ruled AND merged_into IS NULL ORDER BY customer_id LIMIT :limit
"""),
    "segment": text("""
SELECT customer_id FROM segment_members JOIN customers ON customers.id = customer_id
WHERE segment = :name AND merged_into IS NULL ORDER BY customer_id LIMIT :limit
"""),
}


def count_segments(work: UnitOfWork, library: Library, now: datetime) -> None:
    """Write down how many customers are in each segment today."""
    day = now.astimezone(library.policy_zone).date()
    rows = [{"segment": name, "day": day} for name in library.segments]
    work.connection().execute(_COUNT, {"rows": as_json(rows)})


_COUNT = text("""
INSERT INTO segment_sizes (segment, day, size)
SELECT segment, day, (
    SELECT count(*) FROM segment_members JOIN customers ON customers.id = customer_id
    WHERE segment_members.segment = given.segment AND merged_into IS NULL
)
FROM json_to_recordset(CAST(:rows AS json)) AS given (segment text, day date)
ON CONFLICT (segment, day) DO UPDATE SET size = excluded.size
""")
COUNT_EVERY = timedelta(hours=1)


def _pages(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
