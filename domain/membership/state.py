"""The tags and segments of customers as they are stored, under the locks on the customers' rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import text

from domain.store.bulk import as_json
from domain.store.work import UnitOfWork
from workflows.language.rules import Key


@dataclass(frozen=True)
class Held:
    """A tag, or the place in a segment, of a customer; `until` is when a tag ends, `ruled` that a rule keeps it."""

    since: datetime | None = None
    until: datetime | None = None
    ruled: bool = True
    because: str | None = None


@dataclass
class Memberships:
    """What these customers have, and what is changed of it; `write` writes that."""

    held: dict[int, dict[Key, Held]] = field(default_factory=dict)
    _changed: set[tuple[int, Key]] = field(default_factory=set)

    def tags_of(self, customer: int, now: datetime) -> frozenset[str]:
        """The tags that a customer has now."""
        return frozenset(
            name
            for (kind, name), held in self.held.get(customer, {}).items()
            if kind == "tag" and (held.until is None or held.until > now)
        )

    def put(self, customer: int, key: Key, held: Held) -> None:
        self.held.setdefault(customer, {})[key] = held
        self._changed.add((customer, key))

    def end(self, customer: int, key: Key, until: datetime | None) -> None:
        """Let a tag end at this instant, or last."""
        self.put(customer, key, replace(self.held[customer][key], until=until))

    def take(self, customer: int, key: Key) -> None:
        del self.held[customer][key]
        self._changed.add((customer, key))

    def write(self, work: UnitOfWork) -> None:
        """Write what was changed."""
        changed, self._changed = self._changed, set()
        if not changed:
            return
        put: list[Mapping[str, object]] = []
        gone: list[Mapping[str, object]] = []
        for customer, key in sorted(changed):
            held = self.held[customer].get(key)
            row: dict[str, object] = {"customer": customer, "kind": key[0], "name": key[1]}
            (gone if held is None else put).append(row if held is None else row | vars(held))
        for rows, statements in ((put, _PUT), (gone, _TAKE)):
            for statement in statements if rows else ():
                work.connection().execute(statement, {"rows": as_json(rows)})


def read_memberships(work: UnitOfWork, customers: Collection[int]) -> Memberships:
    """What these customers have, whom the caller has locked."""
    work.write_rows()
    found = Memberships()
    rows: Iterable[Sequence[object]] = work.connection().execute(_READ, {"ids": list(customers)})
    for customer, kind, name, since, until, ruled, because in rows:
        found.held.setdefault(customer, {})[kind, name] = Held(since, until, ruled, because)  # type: ignore[arg-type, index]
    return found


_READ = text("""
SELECT customer_id, 'tag', tag, since, until, ruled, because FROM customer_tags
WHERE customer_id = ANY (CAST(:ids AS bigint[]))
UNION ALL
SELECT customer_id, 'segment', segment, since, NULL, true, because FROM segment_members
WHERE customer_id = ANY (CAST(:ids AS bigint[]))
""")
_GIVEN = """
json_to_recordset(CAST(:rows AS json)) AS given (
    customer bigint, kind text, name text, since timestamptz, until timestamptz, ruled boolean, because text
)
"""
_PUT = (
    text(f"""
INSERT INTO customer_tags (customer_id, tag, since, until, ruled, because)
SELECT customer, name, since, until, ruled, because FROM {_GIVEN} WHERE kind = 'tag'
ON CONFLICT (customer_id, tag) DO UPDATE
SET since = excluded.since, until = excluded.until, ruled = excluded.ruled, because = excluded.because
"""),
    text(f"""
INSERT INTO segment_members (customer_id, segment, since, because)
SELECT customer, name, since, because FROM {_GIVEN} WHERE kind = 'segment'
ON CONFLICT (customer_id, segment) DO NOTHING
"""),
)
_TAKE = (
    text(f"""
DELETE FROM customer_tags USING {_GIVEN}
WHERE kind = 'tag' AND customer_tags.customer_id = given.customer AND customer_tags.tag = given.name
"""),
    text(f"""
DELETE FROM segment_members USING {_GIVEN}
WHERE kind = 'segment' AND segment_members.customer_id = given.customer AND segment_members.segment = given.name
"""),
)
