"""Random journeys and random events: the rehearsal and Temporal tell the same story."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from copies import by_copy, cohorts_of, copied, sizes_in_turn
from histories import plain
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

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

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
ROOMY = Policy().overridden({"quiet_hours": "22:00-08:00", "caps": {"all": "100 per 1d"}})
GIFT = CouponTerms.model_validate({"name": "gift", "amount_off": 500, "valid": "4d", "per_customer": "2"})

numbers = st.integers(1, 3)
spans = st.sampled_from(["30m", "1h", "5h", "1d", "2d"])
conditions = st.one_of(
    st.builds(lambda n: {"field": "trigger.size", "at_least": n}, numbers),
    st.builds(lambda n: {"event": "order.paid", "times": {"at_least": n}}, numbers),
    st.builds(lambda n: {"some": "trigger.parts", "where": {"field": "item.size", "is": n}}, numbers),
    st.builds(
        lambda n: {"measure": {"sum": "event.total", "of": "order.paid", "within": "1d"}, "above": n * 100}, numbers
    ),
    st.just({"tag": "met"}),
    st.builds(lambda n: {"field": "customer.level", "is": n}, numbers),
    st.builds(lambda n: {"field": "measure.spent", "at_least": n * 100}, numbers),
    st.builds(lambda n: {"every": "trigger.parts", "where": {"field": "item.size", "at_least": n}}, numbers),
    st.builds(lambda n: {"field": "now.hour", "below": 8 * n}, numbers),
    st.builds(lambda n: {"field": "trigger.place", "of": "customer.home", "within_km": n * 60}, numbers),
)
verbs = st.one_of(
    st.builds(
        lambda kind: {"send": "note", "via": ["sms"], "kind": kind}, st.sampled_from(["marketing", "transactional"])
    ),
    st.just({"send": "note", "via": ["wecom", "sms"], "coupon": "gift", "expires": "6h"}),
    st.builds(lambda span: {"wait": span}, spans),
    st.sampled_from([{"wait": "until 10:00"}, {"wait": "until day 1 at 09:30"}]),
    st.sampled_from(["1d at 10:00", "until sunday at 20:00", "until the 3rd at 10:00"]).map(
        lambda wait: {"wait": wait}
    ),
    st.just({"wait": {"each": "5h", "of": "trigger.size", "at_most": "12h"}}),
    st.just({"set": {"level": {"field": "trigger.size"}}}),
    st.just({"wait": {"each": "3h", "of": {"count": True, "of": "order.paid"}, "at_most": "9h"}}),
    st.just(
        {"send": "note", "via": ["sms"], "data": {"paid": {"events": "order.paid", "within": "1 show", "at_most": 2}}}
    ),
    st.just({"send": "note", "via": ["sms"], "expires": {"field": "trigger.day"}}),
    st.sampled_from([{"tag": "met"}, {"untag": "met"}, {"coupon": "gift"}, {"stop": "enough"}]),
    st.sampled_from([{"todo": "call", "assign": "owner", "due": "8h"}, {"webhook": "crm", "data": {"level": 1}}]),
)


def arm(variant: str, steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {"variant": variant, "weight": 50, "steps": steps}


def branches(steps: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda c, a, b: {"if": c, "then": a, "else": b}, conditions, steps, steps),
        st.builds(lambda c, a, b: {"choose": [{"when": c, "steps": a}], "else": b}, conditions, steps, steps),
        st.builds(
            lambda span, a, b: {"wait_for": {"event": "order.paid"}, "within": span, "then": a, "else": b},
            spans, steps, steps,
        ),
        st.builds(
            lambda span, a, b, c: {
                "wait_for": {"any": [{"event": "order.paid"}, {"event": "cart.cleared"}]},
                "within": span, "then": a, "on": {"cart.cleared": b}, "else": c,
            },
            spans, steps, steps, steps,
        ),
        st.builds(lambda n, a: {"repeat": n, "until": {"tag": "met"}, "steps": a or [{"wait": "1h"}]}, numbers, steps),
        st.builds(
            lambda a: {"split": [arm("a", a), arm("b", [])]},
            steps,
        ),
    )  # fmt: skip


journeys = st.fixed_dictionaries(
    {
        "journey": st.just("random"),
        "trigger": st.just({"event": "form.filled"}),
        "entry": st.sampled_from([{"again": again} for again in ("never", "always", "restart", "after 1d")]),
        "steps": st.recursive(
            st.lists(verbs, min_size=1, max_size=4),
            lambda inner: st.lists(st.one_of(verbs, branches(inner)), min_size=1, max_size=4),
            max_leaves=6,
        ),
    },
    optional={
        "exit": st.just([{"event": "cart.cleared"}]),
        "goal": st.just({"event": "order.paid", "where": {"field": "event.total", "at_least": 300}, "within": "2d"}),
    },
)
follows = st.sampled_from(
    [
        {"wait": {"until": {"field": "stream.starts_at", "minus": "30m"}}},
        {"wait": {"until": {"field": "stream.starts_at"}}},
    ]
)
business = st.fixed_dictionaries(
    {
        "journey": st.just("random"),
        "trigger": st.just({"event": "stream.scheduled", "for_each": "segment:all"}),
        "entry": st.sampled_from([{"again": again} for again in ("never", "always", "after 1d")]),
        "steps": st.lists(st.one_of(verbs, follows, branches(st.lists(verbs, max_size=2))), min_size=1, max_size=4),
    },
    optional={"exit": st.just([{"event": "stream.cancelled"}])},
)
monthly = st.builds(
    lambda journey, at: {**journey, "trigger": {"schedule": at, "for_each": "segment:all"}},
    journeys,
    st.sampled_from(["every month on the 4th at 10:00", "every year on 03-03 at 09:30", "every day at 12:00"]),
)  # fmt: skip
events = st.lists(
    st.tuples(
        st.integers(0, 4 * 24 * 12),
        st.sampled_from(
            ["form.filled", "form.filled", "order.paid", "cart.cleared", "stream.scheduled", "stream.cancelled"]
        ),
        numbers,
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda event: event[0],
)


PHONE = "+8613800000001"
TAGS: dict[str, object] = {"measures": {"spent": {"sum": "event.total", "of": "order.paid", "within": "2d"}}}


@pytest.fixture(scope="module")
def temporal(migrated: tuple[Engine, Database]) -> Iterator[TemporalEngine]:
    with TemporalEngine(migrated[0], cohorts_of(500)) as engine:
        yield engine


def numbered(steps: list[dict[str, Any]], path: str = "s") -> list[dict[str, Any]]:
    """The steps with an id each, as some verbs need one."""
    named = []
    for number, step in enumerate(steps):
        own = f"{path}{number}"
        step = {
            **step,
            **({"id": own} if {"send", "wait", "wait_for", "split", "todo", "webhook", "repeat"} & step.keys() else {}),
        }
        for branch in ("then", "else"):
            if branch in step:
                step[branch] = numbered(step[branch], f"{own}{branch[0]}")
        if "repeat" in step:
            step["steps"] = numbered(step["steps"], f"{own}r")
        if "on" in step:
            step["on"] = {name: numbered(inner, f"{own}o") for name, inner in step["on"].items()}
        if "choose" in step:
            step["choose"] = [{**case, "steps": numbered(case["steps"], f"{own}c")} for case in step["choose"]]
        if "split" in step:
            step["split"] = [
                {**arm, "steps": numbered(arm["steps"], f"{own}{arm['variant']}")} for arm in step["split"]
            ]
        named.append(step)
    return named


def happening(number: int, minutes: int, name: str, size: int) -> dict[str, Any]:
    data = {
        "form.filled": {
            "size": size, "parts": [{"size": 1}, {"size": size}], "day": f"2026-03-0{size + 1}",
            "place": {"lat": 30 + size / 2, "lon": 120},
        },
        "stream.scheduled": {
            "stream_id": "s", "starts_at": (START + timedelta(minutes=5 * minutes, hours=9 * size)).isoformat()
        },
        "stream.cancelled": {"stream_id": "s"},
        "order.paid": {"order_id": f"o{number}", "total": size * 100},
        "cart.cleared": {"cart_id": "k"},
    }[name]  # fmt: skip
    return {"at": instant(minutes), "event": name, "data": data}


def instant(minutes: int) -> str:
    """So many times five minutes after the start."""
    return f"{START + timedelta(minutes=5 * minutes):%Y-%m-%d %H:%M}+00:00"


def told(lines: list[Line]) -> list[tuple[Any, ...]]:
    """A timeline without the ids; lines of one instant are told per enrollment, in its order."""
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys(line.enrollment for line in lines))}
    return sorted(
        ((line.at, ranks[line.enrollment], line.what, line.value, line.via, line.reason, line.until) for line in lines),
        key=lambda line: line[:2],
    )


def planned(journey: dict[str, Any], variant: str) -> Plan:
    """Its plan, each split decided: by itself it goes by the customer's id, which the engines don't share."""
    plan = compile_plan(Journey.model_validate({**journey, "steps": numbered(journey["steps"])}, by_alias=True))
    splits = {step.written_id for step in plan.steps.values() if isinstance(step, Split)}
    return pinned(plan, dict.fromkeys(splits, variant))


def story(
    journey: dict[str, Any],
    happenings: list[tuple[int, str, int]],
    variant: str,
    later: dict[int, dict[str, Any]] | None = None,
) -> tuple[Case, CaseStock]:
    """A journey and what happens; `later` are versions to which the enrollments are moved, by their minutes."""
    plan = planned(journey, variant)
    versions = [
        planned({**journey, "steps": [*journey["steps"], *each["steps"]]}, variant) for each in (later or {}).values()
    ]
    case = Case.model_validate(
        {
            "name": "random",
            "customer": {
                "identifiers": {"phone": PHONE},
                "consent": ["sms"],
                "timezone": "Asia/Shanghai",
                "fields": {"home": {"lat": 30, "lon": 120}},
            },
            "publish": [{"at": instant(minutes), "spec": "", "running": "move"} for minutes in later or {}],
            "events": [happening(number, *event) for number, event in enumerate(happenings)],
            "expect": [],
        }
    )
    return case, CaseStock(
        plan, ROOMY, {"all": {"field": "customer.home", "exists": True}}, {"gift": GIFT},
        {("note", via): "note" for via in ("sms", "wecom")}, TAGS, tuple(versions),
    )  # fmt: skip


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), print_blob=True)
@given(
    journey=journeys | business | monthly,
    happenings=events,
    variant=st.sampled_from("ab"),
    later=st.dictionaries(st.integers(1, 36), journeys, max_size=2),
)
def test_both_engines_tell_the_same_story(
    migrated: tuple[Engine, Database],
    temporal: TemporalEngine,
    journey: dict[str, Any],
    happenings: list[tuple[int, str, int]],
    variant: str,
    later: dict[int, dict[str, Any]],
) -> None:
    first = min(minutes for minutes, *_ in happenings)
    case, shelf = story(journey, happenings, variant, {first + after: each for after, each in later.items()})
    rehearsed = told(rehearse(migrated[0], case, shelf))
    note(str(rehearsed))
    assert told(temporal.play(case, shelf)) == rehearsed
    assert [run for run, history in temporal.histories().items() if PHONE in plain(history)] == []


@pytest.mark.parametrize(("size", "copies", "examples"), [(1, 2, 4), (2, 4, 4), (7, 14, 4), (500, 500, 2)])
def test_what_happens_to_one_member_of_a_cohort_is_nothing_to_the_others(
    migrated: tuple[Engine, Database], temporal: TemporalEngine, size: int, copies: int, examples: int
) -> None:
    """All enter at once; then everything happens to the odd copies alone."""

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(journey=journeys, happenings=events, variant=st.sampled_from("ab"))
    def tell(journey: dict[str, Any], happenings: list[tuple[int, str, int]], variant: str) -> None:
        first = (0, "form.filled", 2)
        later = [(minutes + 1, name, number) for minutes, name, number in happenings]
        busy, shelf = story(journey, [first, *later], variant)
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
