"""What journeys brought: `/v1/results`, `/v1/journeys/{name}/results` and `…/experiments/{step}`."""

from datetime import date, datetime
from math import isfinite
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.insight import results as insight
from domain.insight.splits import UnknownSplitError, experiments
from domain.insight.statistics import Difference, Doubt, Verdict
from domain.insight.telling import experiment_words, results_words, together_words
from domain.insight.units import Group
from domain.published.library import read_library
from workflows.terms.values import Language

router = APIRouter(tags=["results"], responses=documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\W\d][\w-]*$", description="the journey's name")]
Step = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[\w.#-]+$", description="the id of the split")]
Since = Annotated[AwareDatetime | None, Query(description="only who entered from this instant on")]
Lang = Annotated[Language, Query(description="of the words")]


class Interval(BaseModel):
    """An estimate with its interval, which holds however often one looks; null where it can't be said yet."""

    estimate: float | None
    low: float | None
    high: float | None


class ComparedGroup(BaseModel):
    """Customers who are compared. `revenue` is what a customer paid less refunds, in fen, on average."""

    name: str
    customers: int
    still_open: int
    reached: int
    revenue: float


class GroupComparison(BaseModel):
    """A group beside the one it is compared with: the goal rate's relative lift, the difference of the two rates, by
    which the verdict is, that in fen a customer, and in the measure that was asked for.

    So many more customers are missing in each group, which takes about so many days; null where that can't be said.
    `doubt` is why it can't be trusted: `sizes` that are no chance, `few` customers, or goals that aren't told any more
    (`lost`).
    """

    group: str
    control: str
    verdict: Verdict
    doubt: Doubt | None
    goal: Interval
    rates: Interval
    revenue: Interval
    measure: Interval | None
    more_days: int | None
    more_customers: int | None


class JourneyResults(BaseModel):
    """What a journey brought; money in fen. `a_month` is what it brings in 30 days, `as_of` up to when is counted."""

    journey: str
    as_of: datetime
    since: datetime | None
    entered: int
    sent: int
    clicked: int
    attributed_orders: int
    attributed_revenue: int
    groups: list[ComparedGroup]
    comparison: GroupComparison
    a_month: Interval | None
    words: list[str]


class ExperimentResults(BaseModel):
    """How the variants of a split differ. `chance_of_sizes` is how likely the groups' sizes are by chance."""

    journey: str
    step: str
    as_of: datetime
    groups: list[ComparedGroup]
    comparisons: list[GroupComparison]
    chance_of_sizes: float
    words: list[str]


class ExperimentLook(BaseModel):
    """What could be said at the end of a day of each variant beside the first."""

    day: date
    comparisons: list[GroupComparison]


class ExperimentSummary(BaseModel):
    """A split of a journey. It is `closed` where one variant has all the weight, the split is gone or the journey
    stopped.
    """

    journey: str
    title: str
    step: str
    variants: list[str]
    closed: bool


class AllResults(BaseModel):
    """All journeys together, by the global holdout. `a_month` is what they bring in 30 days, in fen."""

    as_of: datetime
    groups: list[ComparedGroup]
    comparison: GroupComparison
    a_month: Interval | None
    words: list[str]


@router.get("/v1/results", summary="Read what all journeys together brought")
def get_results(request: Request, _: Reader, since: Since = None, lang: Lang = "zh") -> AllResults:
    env = context(request)
    with env.db() as session:
        together = insight.of_all_journeys(session, env.clock.now(), since, kept=True)
    comparison = together.comparison
    return AllResults(
        as_of=together.as_of,
        groups=[_group(comparison.group), _group(comparison.control)],
        comparison=_comparison(comparison),
        a_month=interval(together.a_month) if together.a_month else None,
        words=together_words(together, lang),
    )


@router.get("/v1/journeys/{name}/results", summary="Read what a journey brought")
def get_journey_results(
    request: Request, _: Reader, name: Name, since: Since = None, lang: Lang = "zh"
) -> JourneyResults:
    env = context(request)
    with env.db() as session:
        if name not in read_library(session).journeys and name not in insight.journeys(session):
            raise NotFound(f"There is no journey {name}.")
        outcome = insight.results(session, name, env.clock.now(), since, kept=True)
    return JourneyResults(
        journey=name,
        as_of=outcome.as_of,
        since=outcome.since,
        entered=outcome.entered,
        sent=outcome.sent,
        clicked=outcome.clicked,
        attributed_orders=outcome.attributed_orders,
        attributed_revenue=outcome.attributed_revenue,
        groups=[_group(outcome.comparison.group), _group(outcome.comparison.control)],
        comparison=_comparison(outcome.comparison),
        a_month=interval(outcome.a_month) if outcome.a_month else None,
        words=results_words(outcome, lang),
    )


@router.get("/v1/journeys/{name}/experiments/{step}", summary="Read which variant of a split brings more")
def get_experiment(
    request: Request,
    _: Reader,
    name: Name,
    step: Step,
    since: Since = None,
    measure: Annotated[str | None, Query(max_length=64, description="of `_tags.yaml`, to compare them by, too")] = None,
    lang: Lang = "zh",
) -> ExperimentResults:
    env = context(request)
    with env.db() as session:
        try:
            found = insight.experiment(session, name, step, env.clock.now(), since, kept=True, measure=measure)
        except UnknownSplitError as problem:
            raise NotFound(f"{problem}.") from None
        except insight.UnknownMeasureError as problem:
            raise Invalid(f"{problem}.") from None
    return ExperimentResults(
        journey=name,
        step=step,
        as_of=found.as_of,
        groups=[_group(group) for group in found.groups],
        comparisons=[_comparison(each) for each in found.comparisons],
        chance_of_sizes=found.chance_of_sizes,
        words=experiment_words(found, lang),
    )


@router.get("/v1/journeys/{name}/experiments/{step}/history", summary="Read how an experiment stood, day by day")
def get_experiment_history(request: Request, _: Reader, name: Name, step: Step) -> list[ExperimentLook]:
    """Up to 60 days on which windows closed, the newest the last. The intervals hold at all looks together."""
    env = context(request)
    with env.db() as session:
        try:
            looks = insight.history(session, name, step, env.clock.now(), kept=True)
        except UnknownSplitError as problem:
            raise NotFound(f"{problem}.") from None
    return [
        ExperimentLook(day=look.day, comparisons=[_comparison(each) for each in look.comparisons]) for look in looks
    ]


@router.get("/v1/experiments", summary="List the experiments")
def get_experiments(request: Request, _: Reader) -> list[ExperimentSummary]:
    """Those that run come first."""
    env = context(request)
    with env.db() as session:
        return [
            ExperimentSummary(
                journey=each.journey, title=each.title, step=each.step, variants=list(each.variants), closed=each.closed
            )
            for each in experiments(session)
        ]


def _group(group: Group) -> ComparedGroup:
    return ComparedGroup(
        name=group.name,
        customers=group.n,
        still_open=group.still_open,
        reached=round(group.reached.total),
        revenue=group.plain_revenue.mean,
    )


def _comparison(comparison: insight.Comparison) -> GroupComparison:
    return GroupComparison(
        group=comparison.group.name,
        control=comparison.control.name,
        verdict=comparison.verdict,
        doubt=comparison.doubt,
        goal=interval(comparison.goal),
        rates=interval(comparison.rates),
        revenue=interval(comparison.revenue),
        measure=interval(comparison.measure) if comparison.measure else None,
        more_days=comparison.more_days,
        more_customers=comparison.more_customers,
    )


def interval(change: Difference) -> Interval:
    """A difference as it is told."""
    values = (change.estimate, change.low, change.high)
    estimate, low, high = (value if isfinite(value) else None for value in values)
    return Interval(estimate=estimate, low=low, high=high)
