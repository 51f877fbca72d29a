"""Random journeys of every word of the language, and random events that they listen to, as strategies."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from workflows.language.spec import Schedule
from workflows.verbs.wait import Clock, DaysOn
from workflows.verbs.wait_for import RECEIPTS

Written = dict[str, Any]
Happening = tuple[int, str, int]
"""So many times five minutes after the start, a type of event, and a number that its data comes of."""

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
SEGMENTS: dict[str, object] = {
    "all": {"field": "customer.home", "exists": True},
    "buyers": {"measure": {"count": True, "of": "order.paid", "within": "2d"}, "at_least": 2},
}
TAGS: dict[str, object] = {"measures": {"spent": {"sum": "event.total", "of": "order.paid", "within": "2d"}}}
TEXTS = {
    ("note", "sms"): "note {{ customer.level }} {{ measure.spent | yuan }}",
    ("note", "wecom"): "note {{ customer.level }}",
    ("seen", "sms"): "seen {% for each in data.paid %}{{ each.total | yuan }} {% endfor %}{{ data.size }}",
}
CUSTOMER = {
    "consent": ["sms"],
    "timezone": "Asia/Shanghai",
    "fields": {"home": {"lat": 30, "lon": 120}, "birthday": "1990-03-04", "birthday_lunar": "01-16"},
}
LOTS = {"L": {"sku": "milk", "category": "乳品", "city": "杭州", "expires": "2026-03-06", "available": 40}}
STREAMS = {"s": {"city": "杭州", "starts_at": "2026-03-05 20:00"}}

numbers = st.integers(1, 3)
spans = st.sampled_from(["30m", "1h", "5h", "1d", "2d"])
windows = st.sampled_from(["6h", "1d", "1 show", "2 shows"])


def one_of(*forms: Written | str) -> st.SearchStrategy[Any]:
    """One of these, with a number in each place that says `N`, and a number of yuan for `M`."""
    return st.builds(_numbered, st.sampled_from(forms), numbers)


def _numbered(form: Any, number: int) -> Any:
    match form:
        case "N":
            return number
        case "M":
            return number * 100
        case dict():
            return {key: _numbered(value, number) for key, value in form.items()}
        case list():
            return [_numbered(value, number) for value in form]
    return form


comparisons = one_of(
    {"is": "N"}, {"is_not": "N"}, {"at_least": "N"}, {"at_most": "N"}, {"above": "N"}, {"below": "N"},
    {"in": ["N", 7]}, {"not_in": ["N", 7]}, {"contains": "N"}, {"exists": True}, {"exists": False},
    {"is": {"field": "customer.level"}}, {"at_least": 1, "below": "N"},
)  # fmt: skip
of_numbers = st.builds(
    lambda field, asked: {"field": field, **asked},
    st.sampled_from(["trigger.size", "trigger.parts.size", "customer.level", "customer.orders", "lot.days_left"]),
    comparisons,
)
of_items = st.builds(lambda asked: {"field": "item.size", **asked}, comparisons)
of_payments = st.builds(lambda asked: {"field": "event.total", **asked}, one_of({"at_least": "M"}, {"is_not": "M"}))
measures = st.one_of(
    st.builds(
        lambda function, within: {**function, "of": "order.paid", "within": within},
        one_of(
            {"sum": "event.total"}, {"average": "event.total"}, {"min": "event.total"}, {"max": "event.total"},
            {"latest": "event.total"}, {"first": "event.total"}, {"distinct": "event.items.sku"},
            {"share": {"field": "event.total", "above": "M"}},
            {"count": True, "where": {"field": "event.total", "is": "M"}},
        ),
        windows,
    ),
    one_of(
        {"sum": "item.size", "of": "trigger.parts"},
        {"max": "item.size", "of": "trigger.parts", "where": {"field": "item.size", "below": "N"}},
    ),
)  # fmt: skip
leaves = st.one_of(
    of_numbers,
    one_of(
        {"field": "trigger.name", "contains": "b"}, {"field": "trigger.day", "before": "2026-03-03"},
        {"field": "trigger.day", "after": {"field": "customer.seen"}},
        {"field": "customer.last_order_at", "after": "2026-03-03"},
        {"field": "customer.birthday.month", "is": "N"}, {"field": "trigger.day.weekday", "is": "tuesday"},
        {"field": "now.hour", "below": 12}, {"field": "now.day", "is": "N"},
        {"field": "measure.spent", "at_least": "M"}, {"field": "stream.starts_at", "exists": True},
        {"field": "trigger.place", "of": "customer.home", "within_km": 100},
        {"field": "lot.available", "above": 39}, {"field": "coupon.status", "is": "issued"},
        {"tag": "met"}, {"segment": "all"}, {"segment": "buyers"},
    ),
    st.builds(lambda key, where: {key: "trigger.parts", "where": where}, st.sampled_from(["some", "every"]), of_items),
    st.builds(lambda measure, asked: {"measure": measure, **asked}, measures, one_of({"above": "M"}, {"is": "N"})),
    st.builds(
        lambda where, within, times: {"event": "order.paid", "where": where, "within": within, "times": times},
        of_payments, windows, one_of({"at_least": "N"}, {"below": "N"}),
    ),
    st.just({"event": "order.paid", "where": {"some": "event.items", "where": {"field": "item.sku", "is": "sku1"}}}),
)  # fmt: skip
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(
            lambda key, parts: {key: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=2, max_size=3)
        ),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=3,
)  # fmt: skip
waits = st.one_of(
    spans,
    st.sampled_from(
        [
            "until 10:00", "until day 1 at 09:30", "1d at 10:00", "until sunday at 20:00", "until wednesday at 08:00",
            "until the 3rd at 10:00", "until the last day at 10:00",
            {"until": {"field": "trigger.day"}}, {"until": {"field": "trigger.day", "plus": "3h"}},
            {"until": {"field": "stream.starts_at", "minus": "30m"}}, {"until": {"field": "stream.starts_at"}},
            {"until": {"field": "lot.expires_on", "minus": "1d"}},
            {"each": "5h", "of": "trigger.size", "at_most": "12h"}, {"each": "2h", "of": "trigger.parts.size"},
            {"until": "usual_hour"}, {"until": "usual_hour", "between": "11:30-13:00"},
            {"each": "3h", "of": {"count": True, "of": "order.paid"}, "at_most": "9h"},
        ]
    ),
)  # fmt: skip
_SEEN: Written = {
    "send": "seen", "via": ["sms"],
    "data": {
        "paid": {"events": "order.paid", "within": "1 show", "at_most": 2}, "size": {"field": "trigger.size"},
    },
}  # fmt: skip
verbs = st.one_of(
    st.builds(lambda wait: {"wait": wait}, waits),
    one_of(
        {"send": "note", "via": ["sms"]}, {"send": "note", "via": ["sms"], "kind": "transactional"},
        {"send": "note", "via": ["wecom", "sms"], "coupon": "gift", "expires": "6h"},
        {"send": "note", "via": ["sms"], "coupon": "gift", "without_coupon": "send"},
        {"send": "note", "via": ["sms"], "expires": {"field": "trigger.day"}},
        _SEEN, {"set": {"level": {"field": "trigger.size"}}}, {"set": {"level": "N", "seen": "2026-03-03"}},
        {"tag": "met"}, {"tag": "met", "for": "1d"}, {"untag": "met"}, {"coupon": "gift"}, {"stop": "enough"},
        {"todo": "call", "assign": "owner", "due": "8h"}, {"webhook": "crm", "data": {"level": 1}},
    ),
)  # fmt: skip


def answers(steps: st.SearchStrategy[list[Written]]) -> st.SearchStrategy[Written]:
    """A step, and one behind it that waits for a receipt of it: both are one `about` until they have ids."""
    return st.builds(
        lambda receipt, span, a, b: {"about": receipt, "within": span, "then": a, "else": b},
        st.sampled_from([*RECEIPTS, "any"]), spans, steps, steps,
    )  # fmt: skip


def branches(steps: st.SearchStrategy[list[Written]]) -> st.SearchStrategy[Written]:
    """Steps with steps inside."""
    return st.one_of(
        st.builds(lambda c, a, b: {"if": c, "then": a, "else": b}, conditions, steps, steps),
        st.builds(lambda c, a, b: {"choose": [{"when": c, "steps": a}], "else": b}, conditions, steps, steps),
        st.builds(
            lambda where, span, a, b: {
                "wait_for": {"event": "order.paid", "where": where}, "within": span, "then": a, "else": b,
            },
            of_payments, spans, steps, steps,
        ),
        st.builds(
            lambda span, a, b, c: {
                "wait_for": {"any": [{"event": "order.paid"}, {"event": "cart.cleared"}]},
                "within": span, "then": a, "on": {"cart.cleared": b}, "else": c,
            },
            spans, steps, steps, steps,
        ),
        answers(steps),
        st.builds(
            lambda n, c, a: {"repeat": n, "until": c, "steps": a or [{"wait": "1h"}]}, numbers, conditions, steps
        ),
        st.builds(
            lambda a, more: {"split": [_arm("a", a), _arm("b", [])], **more},
            steps, st.sampled_from([{}, {"winner": "auto"}]),
        ),
    )  # fmt: skip


def _arm(variant: str, steps: list[Written]) -> Written:
    return {"variant": variant, "weight": 50, "steps": steps}


steps = st.recursive(
    st.lists(verbs, min_size=1, max_size=4),
    lambda inner: st.lists(st.one_of(verbs, branches(inner)), min_size=1, max_size=4),
    max_leaves=6,
)
schedules = st.sampled_from(
    [
        "every day at 12:00", "every wednesday at 10:00", "every year on 03-03 at 09:30",
        "every month on the 4th at 10:00", "every month on the last day at 10:00", "on 清明节 -32d at 10:00",
    ]
)  # fmt: skip
of_forms = st.one_of(
    st.just({"event": "form.filled"}),
    st.builds(lambda where: {"event": "form.filled", "where": where}, conditions),
)
triggers = st.one_of(
    of_forms,
    of_forms,
    st.just({"event": "stream.scheduled", "for_each": "segment:all"}),
    st.just({"event": "lot.received", "for_each": "segment:all", "where": {"field": "event.quantity", "above": 1}}),
    st.builds(lambda at: {"schedule": at, "for_each": "segment:all"}, schedules),
    st.builds(
        lambda each: {"schedule": "every day at 09:00", "for_each": each},
        st.sampled_from(["birthday", "birthday -1d", "birthday +1d"]),
    ),
    st.builds(
        lambda where: {"schedule": "every day at 09:00", "for_each": "near_expiry_lot", "where": where},
        st.just({"field": "lot.days_left", "at_most": 3}),
    ),
)  # fmt: skip


policies = st.sampled_from(
    [
        {"quiet_hours": ["21:00-09:00", "wednesday"]}, {"caps": {"sms": "1 per 1d", "all": "2 per 2d"}},
        {"holdout": "100%"}, {"holdout": "0%"},
    ]
)  # fmt: skip


def journeys_of(triggers: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    """Journeys that one of these begins."""
    return st.fixed_dictionaries(
        {
            "journey": st.just("random"),
            "trigger": triggers,
            "entry": st.builds(
                lambda again, more: {"again": again, **more},
                st.sampled_from(["never", "always", "restart", "after 1d"]),
                st.sampled_from([{}, {"per": ["customer", "trigger.size"]}, {"cohort": 1}]),
            ),
            "steps": steps,
        },
        optional={
            "name": st.just("Random"),
            "audience": conditions,
            "active": st.sampled_from([{"from": "2026-03-02", "until": "2026-03-04"}, {"until": "2026-03-03"}]),
            "exit": st.sampled_from([[{"event": "cart.cleared"}], [{"event": "stream.cancelled"}]]),
            "goal": st.builds(
                lambda where, span: {"event": "order.paid", "where": where, "within": span}, of_payments, spans
            ),
            "policy": policies,
        },
    )  # fmt: skip


journeys = journeys_of(triggers)
versions = st.dictionaries(
    st.integers(1, 36), st.tuples(st.sampled_from(["move", "move", "finish", "stop"]), steps), max_size=2
)
"""Versions that are published so long after the first event: what becomes of the older ones, and the steps added."""

OF_CUSTOMERS = (
    *["form.filled"] * 4, "order.paid", "order.paid", "cart.cleared", "message.clicked", "message.delivered",
    "message.read", "message.replied", "todo.done", "customer.updated", "consent.withdrawn",
)  # fmt: skip
OF_BUSINESS = (
    "stream.scheduled",
    "stream.scheduled",
    "stream.cancelled",
    "stream.started",
    "lot.received",
    "lot.received",
)


def events_of(types: Sequence[str], most: int = 8) -> st.SearchStrategy[list[Happening]]:
    """Events of these types in four days, at an instant of its own each."""
    one = st.tuples(st.integers(0, 4 * 24 * 12), st.sampled_from(types), numbers)
    return st.lists(one, min_size=1, max_size=most, unique_by=lambda event: event[0])


events = events_of([*OF_CUSTOMERS, *OF_BUSINESS])


def instant(minutes: int) -> str:
    """So many times five minutes after the start."""
    return f"{START + timedelta(minutes=5 * minutes):%Y-%m-%d %H:%M}+00:00"


def happening(number: int, minutes: int, name: str, size: int) -> Written:
    """An event as a case has it."""
    data: Mapping[str, Written] = {
        "form.filled": {
            "size": size, "parts": [{"size": 1}, {"size": size}], "day": f"2026-03-0{size + 1}", "name": "abc"[:size],
            "place": {"lat": 30 + size / 2, "lon": 120},
        },
        "stream.scheduled": {
            "stream_id": "s", "starts_at": (START + timedelta(minutes=5 * minutes, hours=9 * size)).isoformat()
        },
        "stream.cancelled": {"stream_id": "s"},
        "stream.started": {"stream_id": "s"},
        "lot.received": {"lot_id": f"m{size}", "sku": "milk", "quantity": size, "expires_on": f"2026-03-0{size + 3}"},
        "order.paid": {
            "order_id": f"o{number}", "total": size * 100, "items": [{"sku": f"sku{size}", "quantity": size}]
        },
        "cart.cleared": {"cart_id": "k"},
        "customer.updated": {"city": "杭州", "level": size},
        "consent.withdrawn": {"channel": "wecom" if size < 3 else "sms"},
    }  # fmt: skip
    of_step = {"step": f"s{size - 1}g"}  # the step that a receipt is waited for of, at the top
    return {"at": instant(minutes), "event": name, "data": data.get(name, of_step)}


_NAMED = {"send", "wait", "wait_for", "split", "todo", "webhook", "repeat"}


def numbered(steps: Sequence[Written], path: str = "s") -> list[Written]:
    """The steps with an id each, as some verbs need one, and two in place of one that waits for a receipt."""
    named: list[Written] = []
    for number, written in enumerate(steps):
        own, step = f"{path}{number}", dict(written)
        if receipt := step.pop("about", None):
            given = (
                {"todo": "call", "assign": "owner", "due": "8h"}
                if receipt == "done"
                else {"send": "note", "via": ["sms"], "coupon": "gift"}
            )
            named.append({"id": f"{own}g", **given})
            awaited = [{"clicked": f"{own}g"}, {"replied": f"{own}g"}] if receipt == "any" else None
            step["wait_for"] = {"any": awaited} if awaited else {receipt: f"{own}g"}
        if step.keys() & _NAMED:
            step["id"] = own
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


def _several(*parts: tuple[int, st.SearchStrategy[Written]]) -> st.SearchStrategy[list[Written]]:
    together = st.tuples(*(st.lists(part, min_size=number, max_size=number) for number, part in parts))
    return together.map(lambda lists: [each for some in lists for each in some])


pieces = st.builds(
    lambda conditions, steps, others: [*conditions, *numbered(steps), *others],
    _several((16, leaves), (6, of_numbers), (6, measures)),
    _several((4, branches(st.just([{"tag": "met"}]))), (4, answers(st.just([]))), (8, verbs), (2, st.just(_SEEN))),
    _several((4, triggers), (4, schedules.map(lambda at: {"schedule": at})), (3, policies)),
)
"""Parts that journeys are made of, so many of each that none of their words is left to luck."""


def words_of(written: Any) -> set[str]:
    """The keys of a journey, at any depth, and the forms of its waits, schedules and windows."""
    match written:
        case Mapping():
            return set(written).union(*(words_of(value) | _forms(key, value) for key, value in written.items()))
        case list():
            return set().union(*map(words_of, written))
    return set()


FORMS = {
    "wait": [Clock, DaysOn],
    "schedule": [Schedule],
}


def _forms(key: str, value: Any) -> set[str]:
    if not isinstance(value, str):
        return set()
    if key in ("again", "for_each", "within", "of"):
        return {f"{key} {re.split(r'[ :]', value)[-1 if key == 'within' else 0]}"}
    matches = [form.PATTERN.fullmatch(value) for form in FORMS.get(key, ())]
    return {f"{key} {name}" for match in matches if match for name, group in match.groupdict().items() if group}
