"""Groups of which little or nothing can be said: no number that isn't one, no verdict that isn't earned, in words."""

from datetime import UTC, datetime
from math import isfinite, isnan

import pytest

from domain.insight.results import Comparison, _compare
from domain.insight.statistics import Sample
from domain.insight.telling import comparison_words
from domain.insight.units import Group

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOBODY = Sample(0, 0, 0)
FEW, OPEN, SAME = ("can't be trusted", "few"), ("keep going", None), ("no difference worth having", None)


def group(name: str, reached: Sample, revenue: Sample) -> Group:
    return Group(name, 0, reached, revenue, revenue, AT)


share = Sample.of_proportion


def paid(*amounts: int, n: int) -> Sample:
    """Who paid so much, among so many."""
    return Sample(sum(amounts), sum(each**2 for each in amounts), n)


@pytest.mark.parametrize(
    ("group_a", "group_b", "verdict", "lift_is_told", "money_is_told"),
    [
        ((NOBODY, NOBODY), (NOBODY, NOBODY), FEW, False, False),
        ((share(1, 1), paid(500, n=1)), (NOBODY, NOBODY), FEW, False, False),
        ((share(0, 99), paid(n=99)), (share(99, 99), paid(*[9] * 99, n=99)), FEW, False, False),
        ((share(400, 400), paid(n=400)), (share(400, 400), paid(n=400)), SAME, True, False),
        ((share(0, 400), paid(n=400)), (share(0, 400), paid(n=400)), OPEN, False, False),
        ((share(0, 400), paid(n=400)), (share(400, 400), paid(n=400)), ("better", None), False, False),
        ((share(0, 400), paid(n=400)), (share(0, 400), paid(10**12, n=400)), OPEN, False, True),
        ((share(40, 400), paid(*[100] * 40, n=400)),
         (share(41, 400), paid(*[100] * 40, 10**12, n=400)), OPEN, True, True),
        ((share(40, 400), paid(*[-100] * 40, n=400)),
         (share(40, 400), paid(*[-90] * 40, n=400)), OPEN, True, True),
        ((share(50_000_000, 100_000_000), paid(n=100_000_000)),
         (share(50_000_100, 100_000_000), paid(n=100_000_000)), SAME, True, False),
        ((share(41, 306), paid(n=306)), (share(308, 1194), paid(n=1194)), ("better", None), True, False),
    ],
    ids=["nobody", "one", "all of few", "all", "none", "all beside none", "one huge order", "a huge order among others",
         "more given back than paid", "millions alike", "a lift whose base is only known about"],
)  # fmt: skip
def test_what_is_said_of_little(
    group_a: tuple[Sample, Sample],
    group_b: tuple[Sample, Sample],
    verdict: tuple[str, str | None],
    lift_is_told: bool,
    money_is_told: bool,
) -> None:
    found: Comparison = _compare(group("ten", *group_b), group("control", *group_a), 30.0)
    assert (found.verdict, found.doubt) == verdict
    assert (isfinite(found.goal.low), isfinite(found.revenue.low)) == (lift_is_told, money_is_told)
    assert not any(isnan(each) for each in (found.goal.estimate, found.goal.low, found.goal.high))
    if found.doubt is None and group_a[0].total + group_b[0].total:
        assert (found.verdict in ("better", "worse")) == found.rates.excludes_zero
    for lang in ("zh", "en"):
        words = "\n".join(comparison_words(found, lang))
        assert not any(bad in words for bad in ("nan", "inf", "None"))
