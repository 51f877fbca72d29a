"""What is published in a scratch database: copied from the live one, with drafts put in their place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from domain.published.library import mark_published
from domain.published.publishing import publish_journey, publish_text
from domain.published.tables import Journey, PublishedPlan
from domain.store.work import Database
from runtime import StartError
from runtime.authoring.check import check
from runtime.authoring.publishing import publish_shared
from runtime.authoring.reports import diagnostics_text, has_errors
from runtime.platform.providers.webhooks import webhook_targets
from workflows.plan.model import Plan
from workflows.source.diagnostics import did_you_mean


@dataclass(frozen=True)
class Draft:
    """A journey that isn't published yet, with the texts that go with it.

    The policy, segments and coupons beside its file count too; without them, the live ones do.
    """

    plan: Plan
    texts: dict[tuple[str, str], str]
    beside: dict[str, str]


def read_draft(path: Path, templates: Path) -> Draft:
    """Read a journey's file. Raises StartError with every mistake in it."""
    shared = [
        file
        for name in ("_policy", "_segments", "_tags", "_coupons", "_calendar")
        if (file := path.parent / f"{name}.yaml").is_file()
    ]
    report = check([path, *shared], templates, webhook_targets())
    errors = [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == "error"]
    if has_errors(errors) or not report.plans:
        raise StartError(f"{path} has mistakes\n{diagnostics_text(errors)}")
    (plan,) = report.plans.values()
    return Draft(plan, report.texts, {file.stem: file.read_text(encoding="utf-8") for file in shared})


def put_up(db: Database, wanted: Sequence[str | Draft], now: datetime, *, only: bool, going: bool = True) -> list[str]:
    """Publish the drafts and, with `only`, take down what isn't wanted. Returns the journeys' names.

    `going` lets paused journeys go on, and stopped ones that are wanted. Raises LookupError for one that isn't there
    or, without `going`, is stopped.
    """
    names = []
    with db.begin() as work:
        known = work.exec(select(Journey.name)).all()
        stopped = work.exec(select(Journey.name).where(col(Journey.stopped))).all()
        for draft in wanted:
            if isinstance(draft, Draft):
                _publish(work, draft, now)
            elif draft not in known:
                hint = did_you_mean(draft, known)
                raise LookupError(f"no journey {draft} is published{hint}")
            elif draft in stopped and not going:
                raise LookupError(f"{draft} is stopped; name the path of its file to simulate it as a draft")
            names.append(draft.plan.journey if isinstance(draft, Draft) else draft)
        if only:
            work.execute(delete(Journey).where(col(Journey.name).not_in(names)))
        if going:
            work.execute(update(Journey).values(paused=False))
            work.execute(update(Journey).where(col(Journey.name).in_(names)).values(stopped=False))
            live = select(Journey.plan_id).where(col(Journey.name).in_(names))
            work.execute(update(PublishedPlan).where(col(PublishedPlan.id).in_(live)).values(ended=None))
        mark_published(work)
    return names


def _publish(session: Session, draft: Draft, now: datetime) -> None:
    for name, text in draft.beside.items():
        publish_shared(session, name, text)
    for (template, channel), body in draft.texts.items():
        publish_text(session, template, channel, body)
    publish_journey(session, draft.plan, "", now)
