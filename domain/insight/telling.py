"""Results in words: the number first, then how sure it is, then what to do."""

from math import isfinite

from domain.insight.results import Comparison, Experiment, Results, Together
from domain.insight.statistics import LEAST, MISMATCH, Difference
from workflows.terms.values import Language, money_words
from workflows.terms.wording import Wording

_GROUPS = {"treated": ("发送组", "treated"), "held out": ("对照组", "held out")}


def group_name(name: str, lang: Language) -> str:
    """What a group is called: the holdout's by its name in the language, a variant as it is written."""
    return Wording(lang).pick(*_GROUPS[name]) if name in _GROUPS else name


def results_words(outcome: Results, lang: Language) -> list[str]:
    """What came of a journey, sentence by sentence."""
    say = Wording(lang)
    revenue = money_words(outcome.attributed_revenue)
    zh = f"进入 {outcome.entered:,} 人次，发出 {outcome.sent:,} 条，点击 {outcome.clicked:,} 条；"
    zh += f"归因订单 {outcome.attributed_orders:,} 笔，共 {revenue}"
    en = f"{outcome.entered:,} entered, {outcome.sent:,} messages went, {outcome.clicked:,} were clicked; "
    en += f"{outcome.attributed_orders:,} orders are owed to them, {revenue} in all"
    return [say.pick(zh, en), *comparison_words(outcome.comparison, lang), *_a_month(outcome.a_month, say)]


def together_words(together: Together, lang: Language) -> list[str]:
    """What all journeys together brought, sentence by sentence."""
    return [*comparison_words(together.comparison, lang), *_a_month(together.a_month, Wording(lang))]


def _a_month(change: Difference | None, say: Wording) -> list[str]:
    return [] if change is None else [say.pick("每月多带来：", "more in a month: ") + _money(change, say)]


def experiment_words(found: Experiment, lang: Language) -> list[str]:
    """How the variants of a split differ, sentence by sentence."""
    say = Wording(lang)
    lines = []
    if found.chance_of_sizes < MISMATCH:
        zh = f"各组人数与设定的比例不符（只有 {found.chance_of_sizes:.2g} 的可能是偶然），分流或统计有错，结果不可信"
        en = f"the groups are not as large as they were split (by chance in {found.chance_of_sizes:.2g} of cases): "
        lines.append(say.pick(zh, en + "the split or the counting is broken, and nothing here can be trusted"))
    for comparison in found.comparisons:
        *numbers, verdict = comparison_words(comparison, lang)
        lines += [*numbers, *_measure_words(found.measure, comparison, say), verdict]
    return lines


def _measure_words(measure: str | None, comparison: Comparison, say: Wording) -> list[str]:
    change = comparison.measure
    if measure is None or change is None:
        return []
    zh, en = f"{comparison.group.name} 比 {comparison.control.name}：", f"{comparison.group.name} beside "
    en += f"{comparison.control.name}: "
    if not isfinite(change.low):
        return [say.pick(f"{zh}{measure} 的差别还说不出", f"{en}the difference in {measure} can't be said yet")]
    worth = f"{change.estimate:+,.2f}" + _interval(f"{change.low:+,.2f}", f"{change.high:+,.2f}", say)
    return [say.pick(f"{zh}{measure} 人均差 {worth}", f"{en}{measure}, of each customer, {worth}")]


def _interval(low: str, high: str, say: Wording) -> str:
    return say.pick(f"（95% 区间 {low} 到 {high}）", f" (95%: {low} to {high})")


def comparison_words(comparison: Comparison, lang: Language) -> list[str]:
    """How a group differs from the one it is compared with, and the verdict."""
    say = Wording(lang)
    name, other = (group_name(group.name, lang) for group in (comparison.group, comparison.control))
    zh, en = f"{name} 比 {other}：", f"{name} beside {other}: "
    lift = say.pick(f"{zh}目标达成率的提升还说不出", f"{en}the lift of the goal rate can't be said yet")
    money = say.pick(f"{zh}人均收入的差别还说不出", f"{en}the difference in revenue can't be said yet")
    if isfinite(comparison.goal.low):
        said, apart = _percent(comparison.goal, say), _points(comparison.rates, say)
        lift = say.pick(f"{zh}目标达成率提升 {said}，差 {apart}", f"{en}the goal rate is up by {said}, {apart}")
    if isfinite(comparison.revenue.low):
        said = _money(comparison.revenue, say)
        money = say.pick(f"{zh}人均收入多 {said}", f"{en}a customer brings {said} more")
    return [lift, money, _verdict(comparison, name, other, say)]


def _verdict(comparison: Comparison, name: str, other: str, say: Wording) -> str:
    match comparison.verdict:
        case "better":
            return say.pick(f"结论：{name} 更好", f"verdict: {name} is better")
        case "worse":
            return say.pick(f"结论：{name} 更差", f"verdict: {name} is worse")
        case "no difference worth having":
            return say.pick("结论：没有值得在意的差别", "verdict: no difference worth having")
        case "can't be trusted":
            return say.pick("结论：不可信", "verdict: can't be trusted") + _doubt_words(comparison, say)
    if comparison.more_days is not None:
        zh = f"每组还要 {comparison.more_customers:,} 人，按现在的进度大约 {comparison.more_days:,} 天"
        en = f"{comparison.more_customers:,} more customers in each group, about {comparison.more_days:,} days"
    else:
        zh, en = f"{name} 和 {other} 还分不出高下", f"{name} and {other} can't be told apart yet"
    return say.pick(f"结论：继续观察（{zh}）", f"verdict: keep going ({en})")


def _doubt_words(comparison: Comparison, say: Wording) -> str:
    """Why it can't be trusted, but for the sizes of groups, of which an experiment tells once."""
    match comparison.doubt:
        case "few" if absent := [
            each for each in (comparison.group, comparison.control) if not each.n + each.still_open
        ]:
            name = group_name(absent[0].name, say.lang)
            return say.pick(f"（{name}里还没有人）", f" ({name}: nobody yet)")
        case "few":
            smaller = min(comparison.group.n, comparison.control.n)
            zh = f"（每组至少要 {LEAST} 人，较小的一组现在 {smaller} 人"
            en = f" yet (each group needs {LEAST} customers, the smaller has {smaller}"
            if comparison.more_days is not None:
                zh += f"；按现在的进度大约还要 {comparison.more_days:,} 天"
                en += f"; about {comparison.more_days:,} more days"
            return say.pick(zh + "）", en + ")")
        case "lost":
            zh = "（整整一周有人进入，却没有收到任何人的目标事件，统计断了）"
            return say.pick(zh, " (for a week customers entered and nobody's goal came in: the counting is broken)")
    return ""


def _percent(change: Difference, say: Wording) -> str:
    return f"{change.estimate:+.1%}" + _interval(f"{change.low:+.1%}", f"{change.high:+.1%}", say)


def _points(change: Difference, say: Wording) -> str:
    estimate, low, high = (f"{100 * each:+.1f}" for each in (change.estimate, change.low, change.high))
    return say.pick(f"{estimate} 个百分点", f"{estimate} points") + _interval(low, high, say)


def _money(change: Difference, say: Wording) -> str:
    estimate, low, high = (money_words(round(each)) for each in (change.estimate, change.low, change.high))
    return estimate + _interval(low, high, say)
