"""Commands that tell what journeys brought."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from runtime import CONSOLE, StartError
from runtime.cli.shared import LANG, Data, Lang, database, record, say

if TYPE_CHECKING:
    from domain.insight.definitions import Unit
    from domain.insight.units import Group
    from workflows.terms.values import Language

app = typer.Typer()
ltv_app = typer.Typer(help="What customers are worth.", no_args_is_help=True)
app.add_typer(ltv_app, name="ltv")
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only who entered from this day on, in the policy's zone.")
]


@app.command()
def results(
    journey: Annotated[str | None, typer.Argument(help="Its name; without one, all journeys together.")] = None,
    since: Since = None,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """Tell what a journey brought: who was held out beside who wasn't, and the orders owed to its messages."""
    from domain.insight import results as insight
    from domain.insight.telling import results_words, together_words
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db() as session:
        library, now = read_library(session), clock_of(db).now()
        start = since.replace(tzinfo=library.policy_zone) if since else None
        if journey is None:
            together = insight.of_all_journeys(session, now, start)
            comparison, words = together.comparison, together_words(together, lang)
        else:
            if journey not in insight.journeys(session):
                raise StartError(f"nobody ever entered a journey {journey}; aftershow journeys lists those there are")
            outcome = insight.results(session, journey, now, start)
            comparison, words = outcome.comparison, results_words(outcome, lang)
    _print([comparison.group, comparison.control], words, lang)


@app.command()
def experiment(
    journey: Annotated[str, typer.Argument(help="Its name; or `plan`, to tell how many customers are needed.")],
    step: Annotated[str | None, typer.Argument(help="The id of the split.")] = None,
    since: Since = None,
    base: Annotated[str | None, typer.Option(help="With plan: the goal rate today, like 10%.")] = None,
    lift: Annotated[str | None, typer.Option(help="With plan: the lift to be found, like 20%.")] = None,
    measure: Annotated[str | None, typer.Option(help="A measure of _tags.yaml to compare them by, too.")] = None,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """Tell which variant of a split brings more; or how many customers that takes."""
    if journey == "plan" and step is None:
        _plan(base, lift, lang)
        return
    if step is None:
        raise StartError("name the split: aftershow experiment JOURNEY STEP; or plan one: aftershow experiment plan")
    from domain.insight.results import UnknownMeasureError
    from domain.insight.results import experiment as compare
    from domain.insight.splits import UnknownSplitError
    from domain.insight.telling import experiment_words
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, db() as session:
        library = read_library(session)
        start = since.replace(tzinfo=library.policy_zone) if since else None
        try:
            found = compare(session, journey, step, clock_of(db).now(), start, measure=measure)
        except (UnknownSplitError, UnknownMeasureError) as problem:
            raise StartError(str(problem)) from None
    _print(found.groups, experiment_words(found, lang), lang)


@app.command()
def metric(
    name: Annotated[
        str | None,
        typer.Argument(help="Its name; without one, all are listed. Or `rebuild`: all that is kept, worked out anew."),
    ] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last.")
    ] = None,
    by: Annotated[Literal["day", "week", "month", "show"], typer.Option(help="The periods, or each show.")] = "day",
    where: Annotated[
        str | None, typer.Option(metavar="PART", help="Only a part: journey:NAME, show:ID or campaign:NAME.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="How far repurchase looks ahead.")] = None,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """Tell a metric by day, week, month or show; of the last 30 days unless a span is given."""
    from domain.insight.definitions import METRICS
    from domain.insight.metrics import MetricError, part_of
    from domain.insight.rollups import points
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    pick: Callable[[str, str], str] = (lambda zh, _: zh) if lang == "zh" else (lambda _, en: en)
    if name is None:
        table = Table(pick("指标", "metric"), pick("名称", "name"), pick("含义", "meaning"))
        for key, each in METRICS.items():
            table.add_row(key, pick(each.zh, each.en), pick(each.means_zh, each.means_en))
        CONSOLE.print(table)
        return
    if name == "rebuild":
        _rebuild(data, lang)
        return
    with database(data) as db, db() as session:
        zone, now = read_library(session).policy_zone, clock_of(db).now()
        end = until.date() if until else now.astimezone(zone).date() + timedelta(days=1)
        start = since.date() if since else end - timedelta(days=30)
        try:
            found = points(session, name, start, end, now, zone, by=by, days=days, where=part_of(where))
        except MetricError as problem:
            raise StartError(str(problem)) from None
    one = METRICS[name]
    say(pick(f"{one.zh}：{one.means_zh}", f"{one.en}: {one.means_en}"))
    head = pick("直播", "show") if by == "show" else pick("从", "from")
    table = Table(head, pick("值", "value"), pick("分子", "numerator"), pick("分母", "denominator"))
    for point in found:
        parts = (f"{part:,.0f}" if part is not None else "" for part in (point.numerator, point.denominator))
        table.add_row(point.show or str(point.day), _value(point.value, one.unit), *parts)
    CONSOLE.print(table)


def _rebuild(data: Data, lang: "Language") -> None:
    from domain.insight.attribution import attribute_again, attributed
    from domain.insight.definitions import METRICS
    from domain.insight.rollups import beginning, rebuild
    from domain.insight.units import keep
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        with db() as session:
            window = read_library(session).policy.attribution.nominal
        after: str | None = ""
        while after is not None:
            with db.begin() as work:
                after = attribute_again(work, after, window)
        with db.begin() as work:
            summed = len(keep(work, clock_of(db).now()))
            orders, owed = attributed(work)
            zone, now = read_library(work).policy_zone, clock_of(db).now()
            first = beginning(work, now, zone)
        periods = otherwise = 0
        for name in METRICS:
            with db.begin() as work:
                number, wrong = rebuild(work, name, first, now, zone)
            periods, otherwise = periods + number, otherwise + wrong
        with db.begin() as work:
            record(work, "metric.rebuild", "counts", after={"orders": orders, "owed": owed, "wrong": otherwise})
    zh = f"已按现在的归因窗口重新计算 {orders:,} 笔订单，其中 {owed:,} 笔归因到消息或券；"
    zh += f"重新汇总了 {summed:,} 个进入人次多的旅程；指标重新算了 {periods:,} 个时段，与原来不同的 {otherwise:,} 个"
    en = f"worked out anew what {orders:,} orders are owed to, {owed:,} of them to messages or coupons, summed up "
    en += f"{summed:,} journeys that many entered, and counted {periods:,} periods of metrics, {otherwise:,} of which "
    say(zh if lang == "zh" else en + "were kept otherwise")


def _value(value: float | None, unit: "Unit") -> str:
    from workflows.terms.values import money_words

    if value is None:
        return "–"
    words = {
        "count": f"{value:,.0f}",
        "share": f"{value:.1%}",
        "fen": money_words(round(value)),
        "days": f"{value:,.1f}",
    }
    return words[unit]


@app.command()
def cohorts(
    months: Annotated[int, typer.Option(min=1, max=60, help="How many months to look back.")] = 12,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """Tell of the customers of each month who came back since, what they brought, and what they are worth."""
    from domain.insight import cohorts as insight
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of
    from workflows.terms.values import money_words

    with database(data) as db, db() as session:
        found = insight.cohorts(session, clock_of(db).now(), read_library(session).policy_zone, months)
    pick: Callable[[str, str], str] = (lambda zh, _: zh) if lang == "zh" else (lambda _, en: en)
    heads = pick("首单月份", "first order"), pick("客户", "customers"), pick("已付", "paid")
    longest = max((len(each.active) for each in found), default=0)
    table = Table(*heads, pick("预期", "expected"), *(f"+{place}" for place in range(1, longest)))
    for each in found:
        paid = money_words(round(each.realised[-1] / each.customers))
        expected = "–" if each.expected is None else money_words(round(each.expected / each.customers))
        shares = (f"{active / each.customers:.0%}" for active in each.active[1:])
        table.add_row(f"{each.month:%Y-%m}", f"{each.customers:,}", paid, expected, *shares)
    CONSOLE.print(table)
    zh = "已付与预期（今后 12 个月）是人均；+1 是首单后第 1 个月又下单的比例，依此类推"
    en = "paid and expected (of 12 months to come) are of each customer; +1 is who ordered a month later, and so on"
    say(pick(zh, en))


@ltv_app.command("fit")
def ltv_fit(lang: Lang = LANG, data: Data = None) -> None:
    """Fit how often and for how much customers order, and write what is expected of each into their fields."""
    from domain.insight.forecasts import fit, write_page
    from domain.insight.lifetime import TooFewOrdersError
    from domain.published.library import read_library
    from runtime.platform.stored_clock import clock_of

    with database(data) as db:
        now = clock_of(db).now()
        try:
            with db.begin() as work:
                kept, forecasts = fit(work, now)
                ordered = kept.customers
                models = kept.purchases | {f"value {name}": value for name, value in kept.order_values.items()}
        except TooFewOrdersError as problem:
            raise StartError(f"{problem}; nothing was changed") from None
        for page in forecasts.pages():
            with db.begin() as work:
                write_page(work, read_library(work), page, now)
        with db.begin() as work:
            record(work, "customer.forecast", "customers", after={"changed": ordered})
    say(", ".join(f"{name} {value:.4g}" for name, value in models.items()))
    zh = f"已为 {ordered:,} 位下过单的客户写入 customer.likely_to_buy 和 customer.expected_value"
    en = f"wrote customer.likely_to_buy and customer.expected_value of {ordered:,} customers who ordered"
    say(zh if lang == "zh" else en)


def _plan(base: str | None, lift: str | None, lang: "Language") -> None:
    from domain.insight.statistics import ALPHA, sample_needed

    rates = [_share(name, value) for name, value in (("--base", base), ("--lift", lift))]
    try:
        needed = sample_needed(*rates, alpha=ALPHA / 2)  # the goal and revenue are judged together
    except ValueError as problem:
        raise StartError(str(problem)) from None
    before, after = f"{rates[0]:.3%}", f"{rates[0] * (1 + rates[1]):.3%}"
    zh = f"每组需要 {needed:,} 人，才有 80% 的把握发现从 {before} 到 {after} 的提升，随时查看都有效"
    en = f"each group needs {needed:,} customers to find a lift from {before} to {after} "
    say(zh if lang == "zh" else en + "in 80 of 100 cases, however often one looks")


def _share(name: str, value: str | None) -> float:
    try:
        return float((value or "").strip().removesuffix("%")) / 100
    except ValueError:
        raise StartError(f"{name} must be a percentage; write it like 10%") from None


def _print(groups: Sequence["Group"], words: Sequence[str], lang: "Language") -> None:
    from domain.insight.telling import group_name
    from workflows.terms.values import money_words
    from workflows.terms.wording import Wording

    pick = Wording(lang).pick
    table = Table(
        pick("组", "group"),
        pick("已到期人数", "customers, window over"),
        pick("未到期", "still open"),
        pick("达成目标", "reached the goal"),
        pick("人均收入", "revenue a customer"),
    )
    for group in groups:
        reached = f"{group.reached.total:,.0f} ({group.reached.mean:.1%})"
        cells = (f"{group.n:,}", f"{group.still_open:,}", reached, money_words(round(group.plain_revenue.mean)))
        table.add_row(group_name(group.name, lang), *cells)
    CONSOLE.print(table)
    for line in words:
        say(line)
