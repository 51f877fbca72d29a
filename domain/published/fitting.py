"""Whether plans and texts fit each other: what a new plan may refer to, and what running plans still need."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session, col, select

from domain.catalogue.page import FIELD_TYPES, FIELDS
from domain.catalogue.types import BUSINESS
from domain.journeys.tables import Enrollment
from domain.published.library import Library, read_library, read_plan
from domain.published.tables import Journey, PublishedPlan
from domain.texts.checking import text_problems
from domain.texts.rendering import variables
from domain.texts.shapes import provided
from workflows.language.needs import names_asked, text_needs
from workflows.language.policy import limits_of
from workflows.language.tags import measure_types
from workflows.plan.model import Plan
from workflows.terms.scope import Named, References
from workflows.terms.values import local_day
from workflows.verbs.set import SetFields
from workflows.verbs.tag import SetTag

Text = tuple[str, str]
"""A template and a channel."""


@dataclass(frozen=True)
class Misfit:
    """A text that a plan which is live, or has running enrollments, couldn't send any more, and why."""

    text: Text
    journey: str
    version: int
    step: str
    reason: str

    def __str__(self) -> str:
        template, channel = self.text
        return (
            f'the {channel} text of "{template}" no longer fits step {self.step} of {self.journey}, version '
            f"{self.version}, which is live or still has customers in it: {self.reason}"
        )


def published_references(library: Library, webhooks: Collection[str], now: datetime) -> References:
    """What a journey may refer to now, going by what is published and which webhooks are configured."""
    channels: dict[str, frozenset[str]] = {}
    for template, channel in library.texts:
        channels[template] = channels.get(template, frozenset()) | {channel}
    return References(
        templates=channels,
        campaigns=frozenset(library.campaigns),
        segments=frozenset(library.segments),
        webhooks=webhooks,
        policy=library.policy,
        measures=frozenset(library.measures),
        ruled=frozenset(library.tags),
        limits=limits_of(library.campaigns),
        elsewhere=partial(_given_in, library),
        days=frozenset(library.calendar),
        events=FIELDS,
        business=BUSINESS,
        types={**FIELD_TYPES, "measure": measure_types(library.measures, FIELD_TYPES)},
        today=local_day(now, library.policy_zone),
        variables={text: variables(body) for text, body in library.texts.items()},
    )


def _given_in(library: Library) -> frozenset[Named]:
    """The tags and fields that live journeys give customers."""
    steps = [step for live in library.journeys.values() for step in live.plan.steps.values()]
    fields = (("field", name) for step in steps if isinstance(step, SetFields) for name in step.fields)
    return frozenset([*(("tag", step.tag) for step in steps if isinstance(step, SetTag)), *fields])


def misfits(
    session: Session,
    texts: Mapping[Text, str],
    gone: Collection[Text] = (),
    *,
    replaced: Collection[str] = (),
    ending: bool = False,
) -> list[Misfit]:
    """What would break, live or for running enrollments, if these texts replaced the published ones, others being gone.

    `replaced` are journeys that get a new version at the same time; with `ending`, their enrollments end.
    """
    misfits_found: list[Misfit] = []
    library = read_library(session)
    for plan, version in _in_use(session, replaced=replaced, ending=ending):
        journey = plan.journey
        for need in text_needs(plan):
            text = need.text
            if text in gone:
                misfits_found.append(Misfit(text, journey, version, need.step, "it is gone"))
            elif text in texts and (missing := variables(texts[text]) - need.given):
                names = ", ".join(f'"{name}"' for name in sorted(missing))
                misfits_found.append(Misfit(text, journey, version, need.step, f"nothing there provides {names}"))
            elif text in texts:
                given = provided(plan, need, library.campaigns, library.measures)
                errors = [each for each in text_problems(texts[text], given) if each.severity == "error"]
                misfits_found += [Misfit(text, journey, version, need.step, each.message) for each in errors[:1]]
    return misfits_found


def still_asked(session: Session) -> Mapping[tuple[str, str], str]:
    """The segments, measures and campaigns that what is live or running refers to, by file and name, each with one who
    does.
    """
    library = read_library(session)
    asked: dict[tuple[str, str], str] = {}
    for plan, version in _in_use(session):
        texts = "".join(library.texts.get(need.text, "") for need in text_needs(plan))
        named = [("_tags", name) for name in re.findall(r"\bmeasure\.(\w+)", texts)]
        asked |= dict.fromkeys([*names_asked(plan), *named], f"{plan.journey}, version {version}")
    return asked


def _in_use(session: Session, *, replaced: Collection[str] = (), ending: bool = False) -> Iterator[tuple[Plan, int]]:
    """The plans that are live or have running enrollments, with their versions."""
    ended = read_library(session).ended
    running = select(Enrollment.plan_id).where(col(Enrollment.ending).is_(None))
    live = select(Journey.plan_id).where(col(Journey.stopped).is_(False), col(Journey.name).not_in(replaced))
    plans = select(PublishedPlan.id, PublishedPlan.version)
    plans = plans.where(col(PublishedPlan.id).in_(running) | col(PublishedPlan.id).in_(live))
    if ending:
        plans = plans.where(col(PublishedPlan.journey).not_in(replaced))
    rows = session.exec(plans.order_by(col(PublishedPlan.journey), col(PublishedPlan.version))).all()
    return ((read_plan(session, plan_id), version) for plan_id, version in rows if plan_id not in ended)
