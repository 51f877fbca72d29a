"""Conditions, spans and limits in plain words, in Chinese and in English."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.terms.because import FUNCTION_WORDS
from workflows.terms.calendar import LAST_DAY, WEEKDAYS, ordinal
from workflows.terms.channels import CHANNEL_KINDS
from workflows.terms.conditions import (
    AllCondition,
    AnyCondition,
    Condition,
    EventCondition,
    EveryCondition,
    FieldCondition,
    Measure,
    MeasureCondition,
    NearCondition,
    NotCondition,
    SegmentCondition,
    SomeCondition,
    TagCondition,
)
from workflows.terms.limits import Limits
from workflows.terms.names.events import EVENT_NAMES, event_name
from workflows.terms.names.fields import field_name, value_name
from workflows.terms.operands import Comparison, FieldRef
from workflows.terms.values import (
    MONEY_FUNCTIONS,
    Duration,
    Language,
    Shows,
    Window,
    amount_words,
    is_money,
    span_words,
)

_OPERATORS = {
    "zh": {
        "is": "是",
        "is_not": "不是",
        "at_least": "至少",
        "at_most": "至多",
        "above": "大于",
        "below": "小于",
        "in": "属于",
        "not_in": "不属于",
        "contains": "包含",
        "before": "早于",
        "after": "晚于",
    },
    "en": {
        "is": "is",
        "is_not": "is not",
        "at_least": "is at least",
        "at_most": "is at most",
        "above": "is above",
        "below": "is below",
        "in": "is in",
        "not_in": "is not in",
        "contains": "contains",
        "before": "is before",
        "after": "is after",
    },
}


@dataclass(frozen=True)
class Wording:
    """Says things in one language, and of coupon campaigns the names that people gave them.

    `amounts` are the fields that hold fen, besides those that always do: measures of `_tags.yaml`.
    """

    lang: Language
    campaigns: Mapping[str, str] = field(default_factory=dict)
    amounts: Collection[str] = ()

    def pick(self, zh: str, en: str) -> str:
        """The phrase of this language."""
        return zh if self.lang == "zh" else en

    def span(self, span: Duration) -> str:
        """`3 天`, `3 days`."""
        return span_words(span, self.lang)

    def window(self, window: Window) -> str:
        """`最近 3 场直播`, `3 天`; `the last 3 shows`, `3 days`."""
        if isinstance(window, Shows):
            return self.pick(f"最近 {window.number} 场直播", f"the last {window}")
        return self.span(window)

    def measure(self, measure: Measure) -> str:
        """What is worked out, and of what."""
        argument = self.field(measure.argument) if isinstance(measure.argument, str) else ""
        words = FUNCTION_WORDS[measure.function][0 if self.lang == "zh" else 1].format(argument)
        if measure.share is not None:
            words += self.pick(f"（{self.condition(measure.share)}）", f" that has ({self.condition(measure.share)})")
        rows = self.event(measure.of, measure.where)
        if measure.within:
            span = self.window(measure.within)
            return self.pick(f"{span}内 {rows} 的{words}", f"{words} of {rows} within {span}")
        return self.pick(f"{rows} 的{words}", f"{words} of {rows}")

    def channel(self, name: str) -> str:
        """`短信`, `sms`."""
        return CHANNEL_KINDS[name].name if self.lang == "zh" and name in CHANNEL_KINDS else name

    def happening(self, event: str) -> str:
        """`已下单`, `order.paid`; of an event that nobody has named, its type."""
        return event_name(event, self.lang)

    def field(self, name: str) -> str:
        """`下单次数`; in English, or if nobody has named it, the field as code."""
        return field_name(name, self.lang) or f"`{name}`"

    def campaign(self, key: str) -> str:
        """`满59减10`, `full59_minus10` if nobody knows its name."""
        return self.campaigns.get(key, key)

    def coupon(self, key: str) -> str:
        """The campaign inside a sentence: its name in quotes, else its key as code."""
        name = self.campaigns.get(key)
        return self.pick(f"「{name}」", f"“{name}”") if name else f"`{key}`"

    def weekday(self, number: int) -> str:
        """`周一`, `Monday`; 0 is Monday."""
        return self.pick("周" + "一二三四五六日"[number], WEEKDAYS[number].capitalize())

    def month_day(self, number: int) -> str:
        """`1 日`, `the 1st`; -1 is the last day."""
        if number == LAST_DAY:
            return self.pick("当月最后一天", "the last day of the month")
        return self.pick(f"{number} 日", f"the {ordinal(number)}")

    def condition(self, condition: Condition) -> str:
        """A condition as a part of a sentence."""
        match condition:
            case AllCondition(all=parts):
                return self._joined(parts, self.pick("，并且 ", " and "))
            case AnyCondition(any=parts):
                return self._joined(parts, self.pick("，或者 ", " or "))
            case NotCondition(not_=part):
                return self.pick(f"并非（{self.condition(part)}）", f"not ({self.condition(part)})")
            case SegmentCondition(segment=name):
                return self.pick(f"客户属于人群「{name}」", f"the customer is in segment “{name}”")
            case TagCondition(tag=name):
                return self.pick(f"客户有标签「{name}」", f"the customer has the tag “{name}”")
            case FieldCondition(field=name):
                money = is_money(name) or name in self.amounts
                return self._comparison(self.field(name), condition, money=money, of=name)
            case NearCondition(field=name, within_km=km, of=of):
                one, other = self.field(name), self.field(of)
                return self.pick(f"{one} 在 {other} {km:g} 公里内", f"{one} is within {km:g} km of {other}")
            case EventCondition():
                return self.happened(condition)
            case MeasureCondition(measure=measure):
                money = measure.function in MONEY_FUNCTIONS and is_money(str(measure.argument))
                return self._comparison(self.measure(measure), condition, money=money)
            case SomeCondition(some=name, where=where):
                items, inner = self.field(name), self.condition(where)
                return self.pick(f"{items} 中有一项满足（{inner}）", f"some item of {items} has ({inner})")
            case EveryCondition(every=name, where=where):
                items, inner = self.field(name), self.condition(where)
                return self.pick(f"{items} 中每一项都满足（{inner}）", f"every item of {items} has ({inner})")
        raise TypeError(f"not a condition: {condition!r}")

    def happened(self, condition: EventCondition) -> str:
        """That an event happened, how often and how lately."""
        words = self.event(condition.event, condition.where)
        if condition.within:
            span = self.window(condition.within)
            words = self.pick(f"{span}内发生过 {words}", f"{words} happened within {span}")
        else:
            words = self.pick(f"发生过 {words}", f"{words} happened")
        if condition.times:
            words += self.pick("，", ", ") + self._comparison(self.pick("次数", "the number of times"), condition.times)
        return words

    def event(self, name: str, where: Condition | None) -> str:
        """An event, or a list that a measure is of, and what must hold of it."""
        named = f"「{EVENT_NAMES[name]}」" if self.lang == "zh" and name in EVENT_NAMES else self.field(name)
        if where is None:
            return named
        return self.pick(f"{named}（{self.condition(where)}）", f"{named} where {self.condition(where)}")

    def limits(self, limits: Limits) -> str:
        """When it is quiet, and how often a customer is written to."""
        quiet = self.pick("、", ", ").join(
            self.weekday(WEEKDAYS.index(hours.weekday)) if hours.weekday else str(hours) for hours in limits.quiet_hours
        )
        words = [self.pick(f"{quiet} 不打扰", f"quiet {quiet}")] if quiet else []
        if limits.holdout:
            share = f"{limits.holdout:g}%"
            words.append(self.pick(f"{share} 的客户作为对照组，不发送", f"{share} of customers are held out"))
        for name, cap in limits.caps.items():
            channel = self.pick("所有渠道", "all channels") if name == "all" else self.channel(name)
            days = self.pick(f"每 {cap.days} 天", "a day" if cap.days == 1 else f"in {cap.days} days")
            words.append(self.pick(f"{channel} {days}至多 {cap.count} 条", f"at most {cap.count} by {channel} {days}"))
        return self.pick("，", ", ").join(words)

    def _joined(self, parts: Sequence[Condition], word: str) -> str:
        return word.join(
            f"({self.condition(part)})" if isinstance(part, AllCondition | AnyCondition) else self.condition(part)
            for part in parts
        )

    def _comparison(self, subject: str, comparison: Comparison, *, money: bool = False, of: str = "") -> str:
        return self.pick("，并且 ", " and ").join(
            self._compared(subject, operator, right, money=money, of=of) for operator, right in comparison.asked()
        )

    def _compared(self, subject: str, operator: str, right: Any, *, money: bool, of: str) -> str:
        if operator == "exists":
            return f"{subject} " + (self.pick("有值", "exists") if right else self.pick("没有值", "is missing"))
        return f"{subject} {_OPERATORS[self.lang][operator]} {self._value_words(right, money=money, of=of)}"

    def _value_words(self, right: Any, *, money: bool, of: str) -> str:
        if isinstance(right, FieldRef):
            return self.field(right.field)
        if isinstance(right, tuple):
            return self.pick("、", ", ").join(self._value_words(item, money=money, of=of) for item in right)
        if isinstance(right, bool):
            return self.pick("真" if right else "假", "true" if right else "false")
        if isinstance(right, str):
            return value_name(of, right, self.lang)
        return amount_words(right) if money and isinstance(right, int | float) else str(right)
