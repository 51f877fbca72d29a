"""What people are told about specs and texts."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlmodel import Session, col, select

from domain.ledger.tables import Message
from domain.published.library import read_library
from workflows.source.diagnostics import Diagnostic, render


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is more than a warning."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def diagnostics_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Each diagnostic with the line of the file that it is about."""
    return "\n".join(render(diagnostic, _text(Path(diagnostic.path))) for diagnostic in diagnostics)


def published_text(versions: Mapping[str, int], diagnostics: Iterable[Diagnostic]) -> str:
    """What went live, and what is wrong with the rest."""
    live = ", ".join(f"{journey} v{version}" for journey, version in sorted(versions.items()))
    return "\n".join(filter(None, [diagnostics_text(diagnostics), f"live: {live or 'no journey'}"]))


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def messages_text(session: Session, customer: int | None, last: int) -> str:
    """The newest messages with their texts, the newest last; times in the policy's timezone."""
    query = select(Message).order_by(col(Message.id).desc()).limit(last)
    if customer is not None:
        query = query.where(Message.customer_id == customer)
    zone = read_library(session).policy_zone
    return (
        "\n\n".join(
            f"{message.claimed_at.astimezone(zone):%Y-%m-%d %H:%M} {message.channel} to customer {message.customer_id}"
            f" · {message.journey}, step {message.step} · {message.status}\n{message.body}"
            for message in reversed(session.exec(query).all())
        )
        or "no message yet"
    )
