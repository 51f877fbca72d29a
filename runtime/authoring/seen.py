"""What a directory of specs has seen of what is published, so that what was published elsewhere isn't overwritten.

Each version of a journey, each text and each shared document is known by the hash of its content; those that were ever
in the files, or were brought into them, are in `.published.json` beside the specs. It belongs to these files, and to no
other checkout.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from sqlmodel import Session, col, select

from domain.access.tables import AuditEntry
from domain.published.publishing import plan_id_of
from domain.published.tables import Document, Journey, MessageText, PublishedPlan
from workflows.plan.model import Plan
from workflows.source.diagnostics import Diagnostic

RECORD = ".published.json"
_MOST = 100
"""Versions of one journey, text or document that are remembered, the newest."""

Text = tuple[str, str]


def text_id_of(body: str) -> str:
    """The hash of a text, or of a shared document's."""
    return hashlib.sha256(body.encode()).hexdigest()[:16]


class Seen:
    """The record of a directory. What can't be read or written of it counts as nothing seen."""

    def __init__(self, specs: Path) -> None:
        self._file = specs / RECORD
        self._known: dict[str, list[str]] = {}
        with suppress(OSError, ValueError):
            self._known = dict(json.loads(self._file.read_text("utf-8")))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever published from these files."""
        return not self._known

    def journey(self, name: str) -> list[str]:
        """The versions of a journey that were in the files."""
        return self._known.get(f"journey:{name}", [])

    def text(self, text: Text) -> list[str]:
        """Those of a text."""
        return self._known.get(f"text:{'/'.join(text)}", [])

    def document(self, name: str) -> list[str]:
        """Those of a shared document."""
        return self._known.get(f"document:{name}", [])

    def add_journey(self, name: str, plan_id: str) -> None:
        """This version is in the files now."""
        self._add(f"journey:{name}", plan_id)

    def add_text(self, text: Text, body: str) -> None:
        """This text is in the files now."""
        self._add(f"text:{'/'.join(text)}", text_id_of(body))

    def add_document(self, name: str, body: str) -> None:
        """This text of a shared document is in the files now."""
        self._add(f"document:{name}", text_id_of(body))

    def _add(self, key: str, version: str) -> None:
        versions = [each for each in self._known.get(key, []) if each != version]
        self._known[key] = [*versions, version][-_MOST:]

    def keep(self) -> None:
        """Write the record."""
        with suppress(OSError):
            self._file.write_text(json.dumps(self._known, ensure_ascii=False, indent=1), encoding="utf-8")


def unseen_journey(session: Session, seen: Seen, plan: Plan, path: Path) -> Diagnostic | None:
    """What keeps a journey from being published: its live version was made elsewhere, and the file hasn't seen it.

    Of a journey that the record doesn't know, only a version that somebody published without files is that.
    """
    live = session.get(Journey, plan.journey)
    if live is None or live.plan_id == plan_id_of(plan) or live.plan_id in seen.journey(plan.journey):
        return None
    if not seen.journey(plan.journey) and not _without_files(session, plan.journey):
        return None
    version = session.get_one(PublishedPlan, live.plan_id).version
    return Diagnostic(
        str(path), 1, 1, "E061",
        f"version {version} was published elsewhere, and this file hasn't seen it; bring it in with `aftershow pull`, "
        "or publish over it with --force",
    )  # fmt: skip


def unseen_text(session: Session, seen: Seen, text: Text, body: str, path: Path) -> Diagnostic | None:
    """The same of a text that was in these files before."""
    live = session.get(MessageText, text)
    if live is None or live.body == body or not seen.text(text) or text_id_of(live.body) in seen.text(text):
        return None
    words = "this text was changed elsewhere, and this file hasn't seen it; bring it in with `aftershow pull`, "
    return Diagnostic(str(path), 1, 1, "E061", f"{words}or publish over it with --force")


def unseen_document(session: Session, seen: Seen, name: str, body: str, path: Path) -> Diagnostic | None:
    """The same of a shared document that was in these files before."""
    live = session.get(Document, name)
    if live is None or live.source in (None, body) or not seen.document(name):
        return None
    if text_id_of(live.source) in seen.document(name):
        return None
    words = "this file was changed elsewhere, and what is here hasn't seen it; bring it in with `aftershow pull`, "
    return Diagnostic(str(path), 1, 1, "E061", f"{words}or publish over it with --force")


def _without_files(session: Session, journey: str) -> bool:
    """Whether the newest version was published by the API or the console."""
    published = select(AuditEntry.actor).where(
        AuditEntry.action == "journey.publish", AuditEntry.target == f"journey:{journey}"
    )
    actor = session.exec(published.order_by(col(AuditEntry.id).desc()).limit(1)).first()
    return actor is not None and not actor.startswith("cli:")
