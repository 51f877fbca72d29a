"""The review of a show on paper."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from domain.published.library import read_library
from domain.voice.lessons.reviews import Review
from domain.voice.papers import Paper, Part, Table
from domain.voice.tables import Task
from domain.voice.tasks import DEPARTMENTS
from workflows.terms.wording import Wording

_KEY = {
    "viewers": ("观众", "Viewers"),
    "carts": ("加购的人", "Filled a cart"),
    "buyers": ("付款的人", "Paid"),
    "conversion": ("转化率", "Conversion"),
    "orders": ("订单", "Orders"),
    "revenue": ("销售额", "Revenue"),
    "refunded": ("退款", "Refunded"),
    "new_customers": ("新客", "New customers"),
    "repurchase": ("7 天复购率", "Bought again in 7 days"),
    "comments": ("评论", "Comments"),
    "minutes": ("时长（分钟）", "Minutes"),
}
STAGES = {
    "first": ("初稿", "first"),
    "day1": ("1 天后", "after a day"),
    "day3": ("3 天后", "after 3 days"),
    "day7": ("7 天后，已完整", "after 7 days, complete"),
}


def paper_of(session: Session, review: Review) -> Paper:
    """The review as people read it, in the policy's language."""
    library = read_library(session)
    say, zone = Wording(library.policy.language), library.policy_zone
    stream = review.stream
    name = stream.title or stream.stream_id
    begins, made = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (stream.starts_at, review.as_of))
    stage = say.pick(*STAGES.get(review.stage, (review.stage, review.stage)))
    about = say.pick(f"{begins} 开播；数字截至 {made}（{stage}）。", f"Began {begins}; figures as of {made} ({stage}).")
    return Paper(say.pick(f"直播复盘：{name}", f"Review of {name}"), about, list(_parts(review, say, zone)))


def _parts(review: Review, say: Wording, zone: ZoneInfo) -> Iterator[Part]:
    found = review.figures
    key, mean = found["key"], found["compared"]["mean"]
    rows = [[say.pick(*names), _figure(name, key.get(name))] for name, names in _KEY.items()]
    heads = say.pick("指标/本场", "Figure/This show").split("/")
    if shows := len(found["compared"]["shows"]):
        heads.append(say.pick(f"前 {shows} 场平均", f"Last {shows}, mean"))
        rows = [[*row, _figure(name, mean.get(name))] for row, name in zip(rows, _KEY, strict=True)]
    yield Part(say.pick("总览", "In figures"), table=Table(heads, rows))
    if found["curve"]:
        rows = [
            [_clock(each["at"], zone), str(each["watching"]), _number(each["units"]), "、".join(each["shown"])]
            for each in found["curve"]
        ]
        heads = say.pick("时间 在看 卖出 在讲", "Time Watching Sold Shown").split()
        yield Part(say.pick("观看曲线", "Watching"), table=Table(heads, rows))
    if found["products"]:
        rows = [_product(each, zone) for each in found["products"]]
        heads = say.pick("商品/卖出/预计/卖空时间/估计少卖", "Product/Sold/Expected/Ran out/Lost").split("/")
        yield Part(say.pick("销售与预测", "Sales beside the forecast"), table=Table(heads, rows))
    yield from _alarms(found, say, zone)
    coupons = found["coupons"]
    cost = _yuan(coupons["cost"])
    yield Part(
        say.pick("优惠券", "Coupons"),
        [
            say.pick(
                f"直播期间发出 {coupons['issued']} 张；本场订单用了 {coupons['redeemed']} 张，让利 {cost}。",
                f"{coupons['issued']} given meanwhile; {coupons['redeemed']} used on its orders: {cost}.",
            )
        ],
    )
    if found["journeys"]:
        rows = [
            [each["title"], str(each["entered"]), str(each["reached"]), str(each["orders"]), _yuan(each["revenue"])]
            for each in found["journeys"]
        ]
        heads = say.pick("旅程 进入 达成 订单 销售额", "Journey Entered Reached Orders Revenue").split()
        yield Part(say.pick("开始的旅程和带来的", "Journeys begun, and what they brought"), table=Table(heads, rows))
    topics = found["comments"]["topics"]
    if topics:
        rows = [
            [each["product"] or each["sku"] or "–", each["title"], f"{each['count']} / {each['speakers']}",
             "；".join(each["quotes"])]
            for each in topics
        ]  # fmt: skip
        heads = say.pick("商品 话题 说的人 原话", "Product Topic Said Words").split()
        yield Part(say.pick("评论里的话题", "What was said"), table=Table(heads, rows))
    if review.decisions:
        yield Part(
            say.pick("决定", "Decisions"), bullets=[f"{each['text']}（{each['by']}）" for each in review.decisions]
        )
    yield _todos(say.pick("各部门待办", "Todos"), review.todos, say)
    if review.last_todos:
        yield _todos(say.pick("上一场的待办", "Todos of the show before"), review.last_todos, say)


def _alarms(found: Mapping[str, Any], say: Wording, zone: ZoneInfo) -> Iterator[Part]:
    kinds = {
        "selling_fast": say.pick("卖得太快", "selling fast"),
        "selling_out": say.pick("快卖完了", "selling out"),
    }
    bullets = [
        f"{_clock(each['at'], zone)} {each['sku']} {kinds.get(each['kind'], each['kind'])}："
        + (each["answer"] or say.pick("没有补货单", "nothing was ordered"))
        for each in found["alarms"]
    ]
    bullets += [
        f"{_clock(each['at'], zone)} {each['product'] or each['sku']} “{each['topic']}” "
        + f"{each['count']}/{each['speakers']}："
        + (each["answer"] or (say.pick("已处理", "answered") if each["answered_at"] else say.pick("待答复", "open")))
        for each in found["complaints"]
    ]
    if bullets:
        yield Part(say.pick("报警与应对", "Alarms, and how they were answered"), bullets=bullets)


def _todos(heading: str, tasks: Sequence[Task], say: Wording) -> Part:
    done, still = say.pick("完成", "done"), say.pick("未完成", "open")
    rows = [
        [
            say.pick(DEPARTMENTS[task.department], task.department),  # type: ignore[index]
            task.text,
            task.owner or "–",
            f"{task.due_on:%Y-%m-%d}",
            (done if task.done_at else still) + (f"：{task.note}" if task.note else ""),
        ]
        for task in tasks
    ]
    heads = say.pick("部门 待办 负责人 截止 进展", "Department Todo Owner Due State").split()
    return Part(heading, [] if rows else [say.pick("没有。", "None.")], table=Table(heads, rows) if rows else None)


def _product(each: Mapping[str, Any], zone: ZoneInfo) -> list[str]:
    return [
        each["name"] or each["sku"],
        _number(each["sold"]),
        "–" if each["expected"] is None else _number(each["expected"]),
        _clock(each["sold_out_at"], zone) if each["sold_out_at"] else "–",
        _number(each["lost"]) if each["sold_out_at"] else "–",
    ]


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name in ("revenue", "refunded"):
        return _yuan(value)
    return f"{value:.1%}" if name in ("conversion", "repurchase") else _number(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _yuan(fen: float) -> str:
    return f"¥{fen / 100:,.2f}"


def _clock(at: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(at).astimezone(zone):%H:%M}"
