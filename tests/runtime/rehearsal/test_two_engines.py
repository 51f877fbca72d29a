"""Random journeys and random events: the rehearsal and Temporal tell the same story."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from copies import by_copy, cohorts_of, copied, sizes_in_turn
from histories import plain, replay
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from random_journeys import (
    CUSTOMER,
    FORMS,
    LOTS,
    OF_CUSTOMERS,
    SEGMENTS,
    STREAMS,
    TAGS,
    TEXTS,
    Happening,
    Written,
    events,
    events_of,
    happening,
    instant,
    journeys,
    journeys_of,
    numbered,
    of_forms,
    pieces,
    versions,
    words_of,
)
from sqlalchemy import Engine

from domain.journeys.lifecycle import Running
from domain.store.work import Database
from runtime.rehearsal.cases import ONLY, Case
from runtime.rehearsal.engine import rehearse
from runtime.rehearsal.temporal_engine import TemporalEngine
from runtime.rehearsal.world import CaseStock, Line, pinned
from workflows.language.compile import compile_plan
from workflows.language.policy import CouponTerms, Policy
from workflows.language.spec import Journey
from workflows.plan.model import Plan
from workflows.verbs.split import Split

ROOMY = Policy().overridden({"quiet_hours": "22:00-08:00", "caps": {"all": "100 per 1d"}})
GIFT = CouponTerms.model_validate({"name": "gift", "amount_off": 500, "valid": "4d", "per_customer": "2"})
PHONE = "+8613800000001"


@pytest.fixture(scope="module")
def temporal(migrated: tuple[Engine, Database]) -> Iterator[TemporalEngine]:
    with TemporalEngine(migrated[0], cohorts_of(500)) as engine:
        yield engine


def told(lines: list[Line]) -> list[tuple[Any, ...]]:
    """A timeline without the ids; lines of one instant are told per enrollment, in its order."""
    ids = {line.enrollment for line in lines if line.enrollment is not None}
    ranks = {None: -1} | {id: rank for rank, id in enumerate(sorted(ids))}
    return sorted(
        (
            (line.at, ranks[line.enrollment], line.what, line.value, line.via, line.reason, line.until, line.text)
            for line in lines
        ),
        key=lambda line: line[:2],
    )


def planned(journey: Written, variant: str) -> Plan:
    """Its plan, each split decided: by itself it goes by the customer's id, which the engines don't share."""
    plan = compile_plan(Journey.model_validate({**journey, "steps": numbered(journey["steps"])}, by_alias=True))
    splits = {step.written_id for step in plan.steps.values() if isinstance(step, Split)}
    return pinned(plan, dict.fromkeys(splits, variant))


def story(
    journey: Written, happenings: list[Happening], variant: str, later: Mapping[int, tuple[str, list[Written]]]
) -> tuple[Case, CaseStock]:
    """A journey and what happens; `later` are versions by the time that they are published at."""
    case = Case.model_validate(
        {
            "name": "random",
            "customer": {"identifiers": {"phone": PHONE}, **CUSTOMER},
            "lots": LOTS,
            "streams": STREAMS,
            "publish": [
                {"at": instant(minutes), "spec": "", "running": running} for minutes, (running, _) in later.items()
            ],
            "events": [happening(number, *event) for number, event in enumerate(happenings)],
            "expect": [],
        }
    )
    plans = [planned({**journey, "steps": [*journey["steps"], *steps]}, variant) for _, steps in later.values()]
    shelf = CaseStock(planned(journey, variant), ROOMY, SEGMENTS, {"gift": GIFT}, TEXTS, TAGS, versions=tuple(plans))
    return case, shelf


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), print_blob=True)
@given(journey=journeys, happenings=events, variant=st.sampled_from("ab"), later=versions)
def test_both_engines_tell_the_same_story(
    migrated: tuple[Engine, Database],
    temporal: TemporalEngine,
    journey: Written,
    happenings: list[Happening],
    variant: str,
    later: dict[int, tuple[str, list[Written]]],
) -> None:
    first = min(minutes for minutes, *_ in happenings)
    case, shelf = story(journey, happenings, variant, {first + after: each for after, each in later.items()})
    rehearsed = told(rehearse(migrated[0], case, shelf))
    note(str(rehearsed))
    assert told(temporal.play(case, shelf)) == rehearsed
    histories = temporal.histories()
    assert [run for run, history in histories.items() if PHONE in plain(history)] == []
    replay(histories.values())


def test_random_journeys_have_every_word_of_the_language() -> None:
    """Every key of the grammar, and every form that is written as a text; seen in many more pieces than are played."""
    seen: set[str] = set()

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(journey=journeys, pieces=pieces, later=versions)
    def look(journey: Written, pieces: list[Written], later: dict[int, tuple[str, list[Written]]]) -> None:
        seen.update(words_of([{**journey, "steps": numbered(journey["steps"])}, *pieces]))
        seen.update(f"running {running}" for running, _ in later.values())

    look()
    keys = {key for part in parts_of_schema(Journey.model_json_schema()) for key in part.get("properties", ())}
    forms = {f"{key} {name}" for key, forms in FORMS.items() for form in forms for name in form.model_fields}
    forms |= {f"running {each}" for each in get_args(Running)}
    forms |= {f"again {each}" for each in ("never", "always", "restart", "after")}
    forms |= {f"for_each {each}" for each in ("birthday", "segment", "near_expiry_lot")}
    assert len(keys) > 80
    assert (keys | forms) - seen == set()


def parts_of_schema(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from parts_of_schema(inner)


@pytest.mark.parametrize(("size", "copies", "examples"), [(1, 2, 4), (2, 4, 4), (7, 14, 4), (500, 200, 2)])
def test_what_happens_to_one_member_of_a_cohort_is_nothing_to_the_others(
    migrated: tuple[Engine, Database], temporal: TemporalEngine, size: int, copies: int, examples: int
) -> None:
    """All enter at once; then everything happens to the odd copies alone."""

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(journey=journeys_of(of_forms), happenings=events_of(OF_CUSTOMERS, 4), variant=st.sampled_from("ab"))
    def tell(journey: Written, happenings: list[Happening], variant: str) -> None:
        first = (0, "form.filled", 2)
        later = [(minutes + 1, name, number) for minutes, name, number in happenings]
        busy, shelf = story(journey, [first, *later], variant, {})
        quiet = busy.model_copy(update={"events": busy.events[:1]})
        together = copied(busy, copies)
        spared = {f"{ONLY}#{copy}" for copy in range(0, copies, 2)}
        kept = [each for each in together.events if each.at == busy.events[0].at or each.customer not in spared]
        lines = by_copy(temporal.play(together.model_copy(update={"events": tuple(kept)}), shelf))
        alone = [told(rehearse(migrated[0], case, shelf)) for case in (quiet, busy)]
        for copy in range(copies):
            assert told(lines[copy]) == alone[copy % 2]

    with sizes_in_turn([size]):
        tell()
