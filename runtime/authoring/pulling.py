"""Brings what was published elsewhere, by the API, the console or other files, back into the files."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session, col, select

from domain.published.publishing import plan_id_of
from domain.published.tables import Document, Journey, MessageText, PublishedPlan
from runtime.authoring.files import read_text
from runtime.authoring.seen import Seen, text_id_of
from runtime.authoring.send_test import NAME as SEND_TEST
from workflows.language.compile import read_journey
from workflows.source.diagnostics import Diagnostic


@dataclass(frozen=True)
class Pulled:
    """The files that were written, and those that were left, for they have changed as well."""

    written: list[Path] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)


def pull(session: Session, specs: Path, templates: Path, *, force: bool) -> Pulled:
    """Write each shared document, live journey and text that the files haven't seen; over one that has changes of its
    own only by force.

    A journey that is stopped and has no file gets none.
    """
    done, seen = Pulled(), Seen(specs)
    for document in session.exec(select(Document).order_by(col(Document.name))):
        if document.source is None:
            continue
        path, live_id = specs / f"{document.name}.yaml", text_id_of(document.source)
        if _bring(done, path, document.source, live_id, _text_id(path), seen.document(document.name), force=force):
            seen.add_document(document.name, document.source)
    live = select(Journey, PublishedPlan).join(PublishedPlan, col(Journey.plan_id) == PublishedPlan.id)
    for journey, plan in session.exec(live.order_by(col(Journey.name))):
        path = specs / f"{journey.name}.yaml"
        if (journey.stopped and not path.exists()) or plan.source.startswith("{"):  # made by the product, as JSON
            continue
        if _bring(done, path, plan.source, plan.id, _plan_id(path), seen.journey(journey.name), force=force):
            seen.add_journey(journey.name, plan.id)
    for text in session.exec(select(MessageText).where(col(MessageText.template) != SEND_TEST)):
        key = text.template, text.channel
        path = templates / text.template / f"{text.channel}.j2"
        if _bring(done, path, text.body, text_id_of(text.body), _text_id(path), seen.text(key), force=force):
            seen.add_text(key, text.body)
    seen.keep()
    return done


def _bring(done: Pulled, path: Path, body: str, live: str, own: str | None, seen: list[str], *, force: bool) -> bool:
    """Whether what is live is in the file now."""
    if own == live:
        return True
    if live in seen:
        return False
    if path.exists() and own not in seen and not force:
        done.left.append(path)
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8")
    done.written.append(path)
    return True


def _plan_id(path: Path) -> str | None:
    text = read_text(path) if path.exists() else None
    plan = read_journey(text, str(path), None).plan if isinstance(text, str) else None
    return None if plan is None else plan_id_of(plan)


def _text_id(path: Path) -> str | None:
    text = read_text(path) if path.exists() else None
    return None if text is None or isinstance(text, Diagnostic) else text_id_of(text)
