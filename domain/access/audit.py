"""The audit: a row for every change that somebody made, and for every refusal worth knowing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from domain.access.actors import Actor
from domain.access.tables import AuditEntry


def record(
    session: Session,
    actor: Actor,
    action: str,
    target: str,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down, in the transaction of the change, what an actor did to what (`journey:cart`), in real time.

    Of `before` and `after` only the members that differ are kept; if both are given and none differs, there was no
    change and there is no row. They must hold no personal data.
    """
    old, new = dict(before or {}), dict(after or {})
    if before is not None and old == new:
        return
    same = {name for name in old.keys() & new.keys() if old[name] == new[name]}
    session.add(
        AuditEntry(
            at=now,
            actor=actor.reference,
            name=actor.name,
            address=actor.address,
            action=action,
            target=target,
            before={name: value for name, value in old.items() if name not in same} or None,
            after={name: value for name, value in new.items() if name not in same} or None,
        )
    )


def entries(
    session: Session, *, actor: str | None, action: str | None, target: str | None, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """The newest entries older than the one with the id `before`; `actor` and `target` as in the entry, `action`
    whole or as its first part (`journey`).
    """
    query = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if actor is not None:
        query = query.where(AuditEntry.actor == actor)
    if action is not None:
        whole = col(AuditEntry.action)
        query = query.where(or_(whole == action, whole.startswith(f"{action}.", autoescape=True)))
    if target is not None:
        query = query.where(AuditEntry.target == target)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return session.exec(query).all()
