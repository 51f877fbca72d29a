"""What changed in the documents that hold for every journey: policy, segments, measures, tags, coupons, stock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.language.calendar import Calendar
from workflows.language.connectors import Connector
from workflows.language.identity import DEFAULTS, IdentityRules
from workflows.language.outputs import Output
from workflows.language.policy import CouponTerms, Policy
from workflows.language.stock_rules import StockRules
from workflows.language.supply import Supply
from workflows.language.tags import TagRule
from workflows.language.tracking import Tracking
from workflows.language.voice import Voice
from workflows.terms.conditions import Condition, Measure
from workflows.terms.limits import Cap, quiet_minutes
from workflows.terms.values import Duration, Language, money_words
from workflows.terms.wording import Wording
from workflows.verbs.changes import Changes

SHOWN_WORDS = 10
"""Of a list that changed."""

_MONEY = frozenset({"amount_off", "ceiling", "threshold", "budget_money"})
_FIELDS: Mapping[str, tuple[str, str]] = {
    "name": ("名称", "its name"),
    "amount_off": ("减免金额", "the amount off"),
    "percent_off": ("减免百分比", "the percentage off"),
    "ceiling": ("最多减", "the most it takes off"),
    "threshold": ("门槛", "the threshold"),
    "valid": ("有效期", "how long it is valid"),
    "per_customer": ("每人限领", "the limit for a customer"),
    "budget_count": ("发放总数", "how many there are"),
    "budget_money": ("总预算", "the budget"),
    "products": ("适用商品", "the products"),
    "skus": ("适用商品", "the products"),
    "categories": ("适用品类", "the categories"),
    "combines": ("与其他券同用", "whether it combines with others"),
    "refund": ("退单后", "what a refund does"),
    "partial_refund": ("部分退货后", "what a refund of a part does"),
}


@dataclass(frozen=True)
class SharedDocuments:
    """The documents as they are published, or as they stand in the files."""

    policy: Policy
    segments: Mapping[str, Condition]
    campaigns: Mapping[str, CouponTerms]
    stock: StockRules
    measures: Mapping[str, Measure]
    identity: IdentityRules
    tags: Mapping[str, TagRule]
    voice: Voice
    calendar: Calendar
    tracking: Tracking
    supply: Supply
    connectors: Mapping[str, Connector]
    outputs: Mapping[str, Output]


@dataclass(frozen=True)
class SharedChange:
    """A change of a document (`_policy`). With `risky`, more is given away or more people are written to."""

    document: str
    words: str
    risky: bool = False


def shared_changes(
    old: SharedDocuments, new: SharedDocuments, sizes: Mapping[str, tuple[int, int]], lang: Language
) -> list[SharedChange]:
    """A sentence for each change. `sizes` are the customers in each segment that changed, before and after."""
    say = Wording(lang)
    changes = Changes(say, 0)
    return [
        *_policy(old.policy, new.policy, changes),
        *_segments(old.segments, new.segments, sizes, changes),
        *_measures(old.measures, new.measures, changes),
        *_tags(old.tags, new.tags, changes),
        *_campaigns(old.campaigns, new.campaigns, changes),
        *_stock(old.stock, new.stock, say),
        *_identity(old.identity, new.identity, say),
        *_voice(old.voice, new.voice, say),
        *_calendar(old.calendar, new.calendar, changes),
        *_tracking(old.tracking, new.tracking, say),
        *_supply(old.supply, new.supply, say),
        *_each("connectors", old.connectors, new.connectors, say.pick("连接", "connector"), say),
        *_each("outputs", old.outputs, new.outputs, say.pick("输出", "output"), say),
    ]


def _policy(old: Policy, new: Policy, changes: Changes) -> Iterator[SharedChange]:
    pick = changes.say.pick
    plain = {
        "shop": ("店名", "the shop's name"),
        "timezone": ("时区", "the timezone"),
        "language": ("语言", "the language"),
    }
    for field, names in plain.items():
        for words in changes.changed(pick(*names), str(getattr(old, field)), str(getattr(new, field))):
            yield SharedChange("_policy", words)
    quiet = (", ".join(map(str, policy.quiet_hours)) or pick("没有", "none") for policy in (old, new))
    louder = bool(quiet_minutes(old.quiet_hours) - quiet_minutes(new.quiet_hours))
    for words in changes.changed(pick("免打扰时段", "the quiet hours"), *quiet):
        yield SharedChange("_policy", words, louder)
    for channel in dict.fromkeys([*old.caps, *new.caps]):
        before, after = old.caps.get(channel), new.caps.get(channel)
        name = pick("所有渠道", "all channels") if channel == "all" else changes.say.channel(channel)
        limits = (_cap_words(before, changes.say), _cap_words(after, changes.say))
        told = changes.changed(pick(f"{name} 的发送上限", f"the cap of {name}"), *limits)
        looser = before is not None and (after is None or after.looser_than(before) or after.days < before.days)
        for words in told:
            yield SharedChange("_policy", words, looser)
    spans = (changes.say.span(policy.attribution) for policy in (old, new))
    for words in changes.changed(pick("归因窗口", "the attribution window"), *spans):
        yield SharedChange("_policy", words)
    prices = ("" if each.sms_price is None else money_words(each.sms_price) for each in (old, new))
    for words in changes.changed(pick("一条短信的价钱", "the price of a short message"), *prices):
        yield SharedChange("_policy", words)
    for words in changes.changed(pick("全局对照组", "the holdout"), f"{old.holdout:g}%", f"{new.holdout:g}%"):
        yield SharedChange("_policy", words)


def _cap_words(cap: Cap | None, say: Wording) -> str:
    return say.pick(f"每 {cap.days} 天 {cap.count} 条", str(cap)) if cap else ""


def _segments(
    old: Mapping[str, Condition], new: Mapping[str, Condition], sizes: Mapping[str, tuple[int, int]], changes: Changes
) -> Iterator[SharedChange]:
    say = changes.say
    for name in dict.fromkeys([*old, *new]):
        before, after = (say.condition(each[name]) if name in each else "" for each in (old, new))
        label = say.pick(f"人群「{name}」", f"the segment “{name}”")
        for words in changes.changed(label, before, after):
            count = sizes.get(name)
            if count is None:
                yield SharedChange("_segments", words)
                continue
            people = say.pick(
                f"；客户数由 {count[0]} 变为 {count[1]}", f"; it had {count[0]} customers and gets {count[1]}"
            )
            yield SharedChange("_segments", words + people, bool(before and after) and count[1] > count[0])


def _measures(old: Mapping[str, Measure], new: Mapping[str, Measure], changes: Changes) -> Iterator[SharedChange]:
    say = changes.say
    for name in dict.fromkeys([*old, *new]):
        before, after = (say.measure(each[name]) if name in each else "" for each in (old, new))
        label = say.pick(f"度量「{name}」", f"the measure “{name}”")
        yield from (SharedChange("_tags", words) for words in changes.changed(label, before, after))


def _tags(old: Mapping[str, TagRule], new: Mapping[str, TagRule], changes: Changes) -> Iterator[SharedChange]:
    say = changes.say

    def told(rule: TagRule) -> str:
        kept = say.pick(f"，之后保留 {say.span(rule.keep)}", f", kept for {say.span(rule.keep)}") if rule.keep else ""
        return say.condition(rule.when) + kept

    for name in dict.fromkeys([*old, *new]):
        before, after = (told(each[name]) if name in each else "" for each in (old, new))
        label = say.pick(f"标签「{name}」", f"the tag “{name}”")
        yield from (SharedChange("_tags", words) for words in changes.changed(label, before, after))


def _campaigns(
    old: Mapping[str, CouponTerms], new: Mapping[str, CouponTerms], changes: Changes
) -> Iterator[SharedChange]:
    say = changes.say
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        terms = after or before
        assert terms is not None
        label = say.pick(f"优惠券「{terms.name}」（{name}）", f"the coupon “{terms.name}” ({name})")
        if before is None:
            yield SharedChange("_coupons", say.pick(f"增加{label}", f"{label} is added"), _free(terms))
        elif after is None:
            yield SharedChange("_coupons", say.pick(f"去掉{label}", f"{label} is removed"))
        else:
            for field, words in _FIELDS.items():
                what = say.pick(f"{label}：{words[0]}", f"{label}: {words[1]}")
                shown = (_shown(field, getattr(each, field), say) for each in (before, after))
                risky = field in ("amount_off", "threshold", "percent_off") and _free(after)
                for sentence in changes.changed(what, *shown):
                    yield SharedChange("_coupons", sentence, risky)


def _free(terms: CouponTerms) -> bool:
    """Whether a coupon takes off all that must be spent, or more."""
    return terms.discount_reaches_threshold


def _shown(field: str, value: Any, say: Wording) -> str:
    match value:
        case None | () | "":
            return ""
        case bool():
            return say.pick("可以" if value else "不可以", "yes" if value else "no")
        case int() if field in _MONEY:
            return money_words(value)
        case Duration():
            return say.span(value)
        case tuple():
            return say.pick("、", ", ").join(value)
    return f"{value}%" if field == "percent_off" else str(value)


def _stock(old: StockRules, new: StockRules, say: Wording) -> Iterator[SharedChange]:
    before, after = _rules(old), _rules(new)
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            parts = {**before.get(name, {}), **after.get(name, {})}
            fields = [each for each in parts if before.get(name, {}).get(each) != after.get(name, {}).get(each)]
            told = say.pick("、", ", ").join(fields)
            yield SharedChange("_stock", say.pick(f"库存规则 {name} 改了 {told}", f"the stock rules of {name}: {told}"))


def _identity(old: IdentityRules, new: IdentityRules, say: Wording) -> Iterator[SharedChange]:
    """That more joins customers is risky: what was joined is taken back one by one."""
    looser = any(_loosened(old.of(kind).each, new.of(kind).each) for kind in DEFAULTS)
    parts = [f"kinds.{kind}" for kind in DEFAULTS if old.of(kind) != new.of(kind)]
    parts += [
        name for name in ("joins", "asks", "never", "most_identifiers") if getattr(old, name) != getattr(new, name)
    ]
    if parts:
        risky = looser or bool(set(new.joins) - set(old.joins)) or new.most_identifiers > old.most_identifiers
        told = say.pick("、", ", ").join(parts)
        yield SharedChange("_identity", say.pick(f"身份规则改了 {told}", f"the rules of identity: {told}"), risky)


def _voice(old: Voice, new: Voice, say: Wording) -> Iterator[SharedChange]:
    """The words that come and go; every comment is read anew by them, none that is stored."""
    before, after = old.words(), new.words()
    for words, told in ((after - before, say.pick("多了", "gains")), (before - after, say.pick("少了", "loses"))):
        if words:
            listed = say.pick("、", ", ").join(sorted(words)[:SHOWN_WORDS])
            more = say.pick(" 等", " and more") if len(words) > SHOWN_WORDS else ""
            yield SharedChange(
                "_voice", say.pick(f"评论词表{told} {listed}{more}", f"the lexicon {told} {listed}{more}")
            )


def _calendar(old: Calendar, new: Calendar, changes: Changes) -> Iterator[SharedChange]:
    for name in dict.fromkeys([*old, *new]):
        before, after = (", ".join(map(str, each.get(name, ()))) for each in (old, new))
        label = changes.say.pick(f"日子「{name}」", f"the day “{name}”")
        yield from (SharedChange("_calendar", words) for words in changes.changed(label, before, after))


def _supply(old: Supply, new: Supply, say: Wording) -> Iterator[SharedChange]:
    for name in dict.fromkeys([*old.suppliers, *new.suppliers]):
        before, after = old.suppliers.get(name), new.suppliers.get(name)
        if before != after:
            told = say.pick(f"供应商 {name} 的条款改了", f"the terms of supplier {name} change")
            yield SharedChange("_supply", told, risky=bool(before and after and before.way != after.way))


def _each(
    folder: str, old: Mapping[str, object], new: Mapping[str, object], what: str, say: Wording
) -> Iterator[SharedChange]:
    """Whatever changes in one, data goes another way: that is for somebody to look at."""
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            gone = ("去掉", "is gone") if name not in new else ("改了", "changes")
            done = say.pick(*(("新增", "is new") if name not in old else gone))
            yield SharedChange(f"{folder}/{name}", f"{what} {name} {done}", risky=True)


def _tracking(old: Tracking, new: Tracking, say: Wording) -> Iterator[SharedChange]:
    """The names whose meaning changes, from the next event on."""
    for before, after, words in (
        (old.events, new.events, say.pick("埋点事件", "tracked events")),
        (old.identities, new.identities, say.pick("埋点身份", "tracked identities")),
        (dict.fromkeys(old.ignore), dict.fromkeys(new.ignore), say.pick("不收的埋点事件", "ignored events")),
    ):
        names = [name for name in {**before, **after} if before.get(name, ...) != after.get(name, ...)]
        if names:
            listed = say.pick("、", ", ").join(names[:SHOWN_WORDS])
            more = say.pick(" 等", " and more") if len(names) > SHOWN_WORDS else ""
            yield SharedChange("_tracking", say.pick(f"{words}改了 {listed}{more}", f"{words}: {listed}{more}"))


def _loosened(old: int | None, new: int | None) -> bool:
    return old is not None and (new is None or new > old)


def _rules(rules: StockRules) -> Mapping[str, Mapping[str, Any]]:
    named = {"defaults": rules.defaults, **rules.categories, **rules.products}
    return {name: rule.model_dump(mode="json", exclude_unset=True) for name, rule in named.items()}
