"""Publishing: specs, policy and texts become what the workers read. Published plans never change."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.published.library import mark_published
from domain.published.tables import Document, Journey, MessageText, PublishedPlan
from domain.store.bulk import inserting
from workflows.plan.model import Plan


def publish_journey(session: Session, plan: Plan, source: str, now: datetime) -> PublishedPlan:
    """Make the plan its journey's live version. The same plan twice is one version; running enrollments keep theirs.

    A paused journey stays paused; a stopped one is live again.
    """
    mark_published(session)  # first, for its lock orders all that publish
    body = plan.model_dump(mode="json")
    plan_id = plan_id_of(plan)
    published = session.get(PublishedPlan, plan_id)
    if published is None:
        newest = session.exec(
            select(func.max(PublishedPlan.version)).where(PublishedPlan.journey == plan.journey)
        ).one()
        published = PublishedPlan(
            id=plan_id, journey=plan.journey, version=(newest or 0) + 1, source=source, plan=body, published_at=now
        )
        session.add(published)
    published.ended = None
    session.flush()
    live = insert(Journey).values(name=plan.journey, plan_id=plan_id, paused=False, stopped=False)
    session.execute(live.on_conflict_do_update(index_elements=["name"], set_={"plan_id": plan_id, "stopped": False}))
    mark_published(session)
    return published


def plan_id_of(plan: Plan) -> str:
    """What the plan is published as: the hash of its content."""
    body = plan.model_dump(mode="json")
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def publish_document(session: Session, name: str, body: Mapping[str, Any], source: str | None = None) -> None:
    """Replace `_policy` or another shared document, and the text that it is from; it holds for running enrollments."""
    _publish_documents(session, [{"name": name, "body": body, "source": source}])


def remove_document(session: Session, name: str) -> None:
    """Take a document away."""
    session.execute(delete(Document).where(col(Document.name) == name))
    mark_published(session)


def publish_documents(session: Session, bodies: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace several, by their names, without any text."""
    _publish_documents(session, [{"name": name, "body": body, "source": None} for name, body in bodies.items()])


def _publish_documents(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    new = inserting(Document, rows)
    values = {"body": new.excluded.body, "source": new.excluded.source}
    session.execute(new.on_conflict_do_update(index_elements=["name"], set_=values))
    mark_published(session)


def has_policy(session: Session) -> bool:
    """Whether a policy was ever published; until then nothing bounds when and how often a journey would write."""
    return session.get(Document, "_policy") is not None


def publish_text(session: Session, template: str, channel: str, body: str) -> None:
    """Replace the text of a template on a channel; running enrollments get the new one too."""
    publish_texts(session, {(template, channel): body})


def publish_texts(session: Session, texts: Mapping[tuple[str, str], str]) -> None:
    """Replace several, by template and channel."""
    rows = [{"template": template, "channel": channel, "body": body} for (template, channel), body in texts.items()]
    new = inserting(MessageText, rows)
    session.execute(new.on_conflict_do_update(index_elements=["template", "channel"], set_={"body": new.excluded.body}))
    mark_published(session)


def remove_text(session: Session, template: str, channel: str) -> None:
    """Take a text away, which nothing needs any more."""
    session.execute(
        delete(MessageText).where(col(MessageText.template) == template, col(MessageText.channel) == channel)
    )
    mark_published(session)
