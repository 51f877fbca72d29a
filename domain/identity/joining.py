"""Joining: two customers become one in a transaction; what was moved or overwritten is noted for the way back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, text, update
from sqlmodel import Session, col, select

from domain.customers.identifiers import Ident
from domain.customers.tables import (
    AnyCustomer,
    Consent,
    Customer,
    CustomerRow,
    CustomerTag,
    IdentityApart,
    IdentityJoin,
)
from domain.identity import flight, moving
from domain.insight.attribution import attribute_customers
from domain.membership.deciding import touch
from domain.published.library import Library
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork
from workflows.terms.comparing import as_instant

_UTC = ZoneInfo("UTC")
PLAIN = ("name", "timezone")
"""What is known of a customer beside its fields."""


def spelled(idents: Sequence[Ident]) -> list[str]:
    """Identifiers as they are kept with events: `phone:+86…`."""
    return [f"{kind}:{value}" for kind, value in idents]


def join(
    work: UnitOfWork,
    library: Library,
    one: CustomerRow,
    other: CustomerRow,
    now: datetime,
    *,
    said_at: datetime,
    evidence: Sequence[Ident] = (),
    by: str | None = None,
    reason: str | None = None,
) -> IdentityJoin:
    """Make two customers one, whose rows the caller has locked. The one with the lower id goes on.

    `said_at` is the time of what joined them: what the person says of consent from then on holds again, where the two
    had said different things. Afterwards nothing that the session had read of either may be relied on.
    """
    survivor, loser = sorted((one, other), key=lambda customer: customer.id)
    ids = survivor.id, loser.id
    work.write_rows()
    in_flight = flight.look(work, library, *ids)
    row = IdentityJoin(
        survivor_id=survivor.id, loser_id=loser.id, at=now, by=by, reason=reason, evidence=spelled(evidence),
        before=profile(survivor), tags=_lengthen_tags(work, *ids), made=_say_strictest(work, *ids, said_at),
    )  # fmt: skip
    absorbed = [loser.id, *loser.former]
    joined = work.change(_with_newer(survivor, loser)._replace(former=[*survivor.former, *absorbed]))
    row.after = profile(joined)
    if by is not None:
        _forget_apart(work, joined.former, absorbed, joined.id)
    work.add(row)
    work.write_rows()
    moving.move(work, row.id, loser.id, survivor.id)
    work.connection().execute(update(Customer).where(is_among(Customer.id, absorbed)).values(merged_into=survivor.id))
    work.connection().execute(_COUNT, {"ids": list(ids)})
    attribute_customers(work, [survivor.id], library.policy.attribution.nominal)
    work.let_go()
    touch(work, library, [survivor.id], now)
    flight.take_up(work, library, in_flight, now)
    return row


_COUNT = text("UPDATE customers SET identity = identity + 1 WHERE id = ANY (CAST(:ids AS bigint[]))")


def profile(customer: AnyCustomer) -> dict[str, Any]:
    """What is known of a customer itself."""
    return {
        "name": customer.name, "timezone": customer.timezone,
        "fields": dict(customer.fields), "field_times": dict(customer.field_times),
    }  # fmt: skip


def _with_newer(survivor: CustomerRow, loser: CustomerRow) -> CustomerRow:
    """Each field has the newer of both values; one that only one of them has is kept."""
    times = dict(survivor.field_times)
    fields = dict(survivor.fields)
    plain = {name: getattr(survivor, name) for name in PLAIN}
    for name, value in loser.fields.items():
        if name not in fields or _is_newer(name, loser, survivor):
            fields[name] = value
            _copy_time(times, name, loser)
    for name in PLAIN:
        value = getattr(loser, name)
        if value is not None and (plain[name] is None or _is_newer(name, loser, survivor)):
            plain[name] = value
            _copy_time(times, name, loser)
    return survivor._replace(fields=fields, field_times=times, **plain)


def _is_newer(name: str, one: CustomerRow, other: CustomerRow) -> bool:
    ours, theirs = (as_instant(each.field_times.get(name), _UTC) for each in (one, other))
    return ours is not None and (theirs is None or ours > theirs)


def _copy_time(times: dict[str, Any], name: str, of: CustomerRow) -> None:
    if name in of.field_times:
        times[name] = of.field_times[name]
    else:
        times.pop(name, None)


def _lengthen_tags(session: Session, survivor: int, loser: int) -> dict[str, Any]:
    """A tag that both carry lasts as long as the longer. Returns the times that were changed, before and after."""
    rows = session.exec(select(CustomerTag).where(is_among(CustomerTag.customer_id, [survivor, loser]))).all()
    ours = {row.tag: row for row in rows if row.customer_id == survivor}
    changed = {}
    for theirs in rows:
        own = ours.get(theirs.tag)
        if theirs.customer_id == survivor or own is None or own.until is None:
            continue
        if theirs.until is None or theirs.until > own.until:
            changed[theirs.tag] = [own.until.isoformat(), theirs.until.isoformat() if theirs.until else None]
            own.until = theirs.until
    return changed


def _say_strictest(session: Session, survivor: int, loser: int, said_at: datetime) -> list[int]:
    """Where one of them refused what the other allowed later, write the refusal down anew. Returns the ids of it."""
    rows = session.connection().execute(_LAST_SAID, {"ids": [survivor, loser], "said_at": said_at}).all()
    refusals = [
        Consent(customer_id=survivor, channel=channel, purpose=purpose, given=False, source="join", at=at)
        for channel, purpose, at in rows
    ]
    session.add_all(refusals)
    session.flush()
    return [each.id for each in refusals]


_LAST_SAID = text("""
SELECT channel, purpose, greatest(max(at), :said_at) FROM (
    SELECT DISTINCT ON (customer_id, channel, purpose) customer_id, channel, purpose, given, at, id
    FROM consents WHERE customer_id = ANY (CAST(:ids AS bigint[]))
    ORDER BY customer_id, channel, purpose, at DESC, id DESC
) AS said
GROUP BY channel, purpose
HAVING count(*) = 2 AND bool_or(given) AND bool_or(NOT given)
ORDER BY channel, purpose
""")
"""Where the two said different things. Who said nothing refused nothing."""


def _forget_apart(session: Session, ids: Collection[int], absorbed: Collection[int], survivor: int) -> None:
    """Who was told apart and is joined by somebody isn't apart any more."""
    one, other = col(IdentityApart.customer_id), col(IdentityApart.other_id)
    ours = {survivor, *ids} - set(absorbed)
    between = (one.in_(ours) & other.in_(absorbed)) | (one.in_(absorbed) & other.in_(ours))
    session.connection().execute(delete(IdentityApart).where(between))
