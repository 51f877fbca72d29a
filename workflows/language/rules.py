"""The rules that keep tags and segments up to date: which events can change what they say of a customer, and when time
alone can.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from propcache.api import cached_property
from pydantic import BaseModel

from workflows.language.quick import Test, test_of
from workflows.language.tags import TagRule
from workflows.terms.conditions import (
    Condition,
    EventCondition,
    FieldCondition,
    Measure,
    MeasureCondition,
    SegmentCondition,
    TagCondition,
)
from workflows.terms.fields import DERIVED, RANKED
from workflows.terms.operands import Comparison, FieldRef
from workflows.terms.values import Duration, Shows, parts_of

Kind = Literal["tag", "segment"]
Key = tuple[Kind, str]
"""What names a rule."""

ADDED: Mapping[Kind, str] = {"tag": "tag.added", "segment": "segment.entered"}
REMOVED: Mapping[Kind, str] = {"tag": "tag.removed", "segment": "segment.left"}

_PROFILE = frozenset({"customer.registered", "customer.updated"})
_ORDERS = frozenset({"order.paid", "order.refunded"})
_TAGS = frozenset({"tag.added", "tag.removed"})
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """What a condition goes by.

    `listens` are the types of events that can change it. Time alone can when an event of `windows` (a type and a span)
    is too old to count, when a show begins (`shows`: a type and how many shows), so many whole `days` after the last
    order (None: any day), and with the hour or the day of the customer's clock. `ranked` says that it goes by what is
    worked out of all customers.
    """

    listens: Set[str] = frozenset()
    windows: Set[tuple[str, Duration]] = frozenset()
    shows: Set[tuple[str, int]] = frozenset()
    days: Set[int | None] = frozenset()
    clock: Set[Literal["hour", "day"]] = frozenset()
    ranked: bool = False

    def __or__(self, other: "Asked") -> "Asked":
        return Asked(
            self.listens | other.listens, self.windows | other.windows, self.shows | other.shows,
            self.days | other.days, self.clock | other.clock, self.ranked or other.ranked,
        )  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """A tag or a segment and who has it or is in it: of whom `when` holds, a tag for the span `keep` after, too."""

    kind: Kind
    name: str
    when: Condition
    keep: Duration | None = None
    asked: Asked = field(default_factory=Asked)
    version: str = ""
    """A hash of all that it goes by."""
    gates: Mapping[str, Sequence[Test]] = field(default_factory=dict, compare=False)
    """Of types of events that are only counted: what one must be like, to be counted at all."""

    def may_change(self, type: str, data: Mapping[str, Any], zone: ZoneInfo) -> bool:
        """Whether such an event can change what the rule says; time is seen to elsewhere."""
        tests = self.gates.get(type)
        return tests is None or any(test(data, zone) for test in tests)

    @property
    def key(self) -> Key:
        return self.kind, self.name


class Rules:
    """All rules that are published, those of tags before the tags that ask for them."""

    def __init__(
        self,
        tags: Mapping[str, TagRule],
        segments: Mapping[str, Condition],
        measures: Mapping[str, Measure],
        timezone: str = "",
    ) -> None:
        self._segments = segments
        self._measures = measures
        self._timezone = timezone
        given: list[Rule] = [
            *(Rule("tag", name, rule.when, rule.keep) for name, rule in tags.items()),
            *(Rule("segment", name, when) for name, when in segments.items()),
        ]
        self.every: Sequence[Rule] = [self._complete(rule) for rule in self._in_order(given)]
        self.by_key: Mapping[Key, Rule] = {rule.key: rule for rule in self.every}

    def __bool__(self) -> bool:
        return bool(self.every)

    @cached_property
    def listening(self) -> Mapping[str, Sequence[Rule]]:
        """The rules that an event can change, by its type."""
        found: dict[str, list[Rule]] = {}
        for rule in self.every:
            for type in rule.asked.listens:
                found.setdefault(type, []).append(rule)
        return found

    @cached_property
    def asked(self) -> Asked:
        """What all of them go by."""
        return self.asked_by(self.every)

    @staticmethod
    def asked_by(rules: Iterable[Rule]) -> Asked:
        """What these go by together."""
        asked = Asked()
        for rule in rules:
            asked = asked | rule.asked
        return asked

    def _in_order(self, rules: Sequence[Rule]) -> Iterator[Rule]:
        """A tag comes after the tags that it asks for, whatever way; a circle, which `check` refuses, is cut."""
        by_tag = {rule.name: rule for rule in rules if rule.kind == "tag"}
        done: set[str] = set()

        def before(rule: Rule) -> Iterator[Rule]:
            if rule.name in done:
                return
            done.add(rule.name)
            for part in self._parts(rule.when):
                if isinstance(part, TagCondition) and part.tag in by_tag:
                    yield from before(by_tag[part.tag])
            yield rule

        for rule in by_tag.values():
            yield from before(rule)
        yield from (rule for rule in rules if rule.kind == "segment")

    def _complete(self, rule: Rule) -> Rule:
        parts = list(self._parts(rule.when))
        asked = self.asked_by([])
        for part in parts:
            asked = asked | self._asked_of(part)
        whole = [_dumped(part) for part in parts if isinstance(part, BaseModel)]
        text = json.dumps([rule.key, str(rule.keep), self._timezone, whole], sort_keys=True, default=str)
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        return Rule(rule.kind, rule.name, rule.when, rule.keep, asked, version, self._gates(parts))

    def _gates(self, parts: Sequence[Any]) -> Mapping[str, Sequence[Test]]:
        """A rule that asks for a tag has none: the tag may come with the event."""
        gates: dict[str, list[Test | None]] = {}
        for part in parts:
            if isinstance(part, TagCondition):
                return {}
            counts = isinstance(part, EventCondition) and part.where is not None
            test = test_of(part.where) if counts else None
            for type in self._asked_of(part).listens:
                gates.setdefault(type, []).append(test)
        known = {type: [test for test in tests if test is not None] for type, tests in gates.items()}
        return {type: tests for type, tests in known.items() if len(tests) == len(gates[type])}

    def _parts(self, of: Any, seen: Set[Key | tuple[str, str]] = frozenset()) -> Iterator[Any]:
        """All that a condition consists of, the segments and measures that it names included."""
        for part in parts_of(of):
            yield part
            inner: Any = None
            name: tuple[str, str] = "", ""
            if isinstance(part, SegmentCondition):
                name, inner = ("segment", part.segment), self._segments.get(part.segment)
            elif isinstance(part, FieldCondition | FieldRef) and part.field.startswith("measure."):
                name = "measure", part.field.split(".")[1]
                inner = self._measures.get(name[1])
            if inner is not None and name not in seen:
                yield from self._parts(inner, seen | {name})

    def _asked_of(self, part: Any) -> Asked:
        match part:
            case TagCondition():
                return Asked(listens=_TAGS)
            case EventCondition(event=type, within=within) | Measure(of=type, within=within) if not (
                isinstance(part, Measure) and part.of_list
            ):
                windows = {(type, within)} if isinstance(within, Duration) else set()
                shows = {(type, within.number)} if isinstance(within, Shows) else set()
                return Asked(frozenset({type}), frozenset(windows), frozenset(shows)) | _paths(_arguments(part))
            case Measure():
                return _paths([part.of, *_arguments(part)])
            case FieldCondition(field="customer.recency_days"):
                return Asked(listens=_ORDERS, days=_days(part))
            case MeasureCondition():
                return Asked()
            case FieldCondition() | FieldRef():
                return _paths([part.field])
        return _paths(
            [each for name in ("some", "every", "field", "of") if isinstance(each := getattr(part, name, None), str)]
        )


def _dumped(part: BaseModel) -> Any:
    return [type(part).__name__, part.model_dump(mode="json", by_alias=True)]


def _arguments(part: Any) -> Sequence[str]:
    return [part.argument] if isinstance(part, Measure) and isinstance(part.argument, str) else []


def _paths(paths: Iterable[str]) -> Asked:
    """What fields go by."""
    asked = Asked()
    for path in paths:
        root, _, rest = path.partition(".")
        first = rest.partition(".")[0]
        if root == "now":
            asked = asked | Asked(clock=frozenset({"hour"} if first in ("hour", "minute") else {"day"}))
        elif root == "customer" and first == "recency_days":
            asked = asked | Asked(listens=_ORDERS, days=frozenset({None}))
        elif root == "customer" and first in DERIVED:
            asked = asked | Asked(listens=_ORDERS)
        elif root == "customer":
            asked = asked | Asked(listens=_PROFILE, ranked=first in RANKED)
    return asked


def _days(comparison: Comparison) -> Set[int | None]:
    """After how many whole days since the last order a comparison with that number can come out otherwise."""
    found: set[int | None] = set()
    for operator, right in comparison.asked():
        if operator == "exists":
            continue
        for each in right if isinstance(right, tuple) else (right,):
            if isinstance(each, int | float) and not isinstance(each, bool) and abs(each) < 10**6:
                found |= {math.ceil(each), math.floor(each) + 1}
            elif isinstance(each, FieldRef):
                found.add(None)
    return found


def next_day(days: Iterable[int | None], last_order_at: datetime, now: datetime) -> datetime | None:
    """When, after `now`, so many whole days are over since the last order; None is any number of days."""
    gone = (now - last_order_at) // _DAY
    ahead = [gone + 1 if number is None else number for number in days if number is None or number > gone]
    return last_order_at + min(ahead) * _DAY if ahead else None
