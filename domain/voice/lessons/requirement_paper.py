"""A requirement on paper."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from domain.published.library import read_library
from domain.voice.lessons.requirements import quotes
from domain.voice.papers import Paper, Part, Table, percent
from domain.voice.products import product_names
from domain.voice.tables import Requirement
from domain.voice.tasks import DEPARTMENTS
from workflows.terms.wording import Wording

STATUSES: Mapping[str, tuple[str, str]] = {
    "review": ("评审中", "under review"),
    "draft": ("待修改", "to be changed"),
    "approved": ("已通过，等新品上市", "approved, waiting for the product"),
    "refused": ("已否决", "refused"),
    "lapsed": ("无人评审，已作罢", "lapsed without a review"),
    "launched": ("已上市，等首场直播", "launched, waiting for its first show"),
    "closed": ("已衡量，关闭", "measured and closed"),
}
_VERDICTS = {"approve": ("通过", "approve"), "change": ("要修改", "change"), "refuse": ("否决", "refuse")}


def paper_of(session: Session, requirement: Requirement) -> Paper:
    """The requirement as people read it, in the policy's language."""
    library = read_library(session)
    say = Wording(library.policy.language)
    status = say.pick(*STATUSES[requirement.status])
    by = requirement.created_by
    about = say.pick(f"状态：{status}。提出：{by}。", f"Status: {status}. Asked for by {by}.")
    number = f"#{requirement.id} {requirement.title}"
    title = say.pick(f"产品需求 {number}", f"Requirement {number}")
    return Paper(title, about, list(_parts(session, requirement, say, library.policy_zone)))


def _parts(session: Session, requirement: Requirement, say: Wording, zone: ZoneInfo) -> Iterator[Part]:
    found = requirement.evidence
    since, until = (f"{datetime.fromisoformat(found[name]).astimezone(zone):%Y-%m-%d}" for name in ("since", "until"))
    usual = "" if found["usual"] is None else say.pick("，平时 ", "; usually ") + percent(found["usual"])
    yield Part(
        say.pick("客户怎么说", "What customers say"),
        [
            say.pick(
                f"{since} 至 {until}，说到它的 {found['speakers']} 位客户里有 {found['count']} 位这么说"
                f"（{percent(found['share'])}{usual}），其中 {found['buyers']} 位买过。",
                f"From {since} to {until}, {found['count']} of {found['speakers']} customers who speak of it say so "
                f"({percent(found['share'])}{usual}); {found['buyers']} of them bought it.",
            )
        ],
        bullets=quotes(session, requirement),
    )
    yield Part(
        say.pick("销售与退货", "Sales and returns"),
        [
            say.pick(
                f"近 90 天 {found['orders']} 笔订单，{found['units']:g} 件；因此退货 {found['returns']} 笔。",
                f"{found['orders']} orders, {found['units']:g} units in 90 days; {found['returns']} returned for this.",
            )
        ],
    )
    yield Part(say.pick("建议的改动", "Proposed change"), [requirement.proposal])
    yield Part(say.pick("怎样算成功", "How success is measured"), [requirement.measure])
    if requirement.reviews:
        rows = [
            [
                say.pick(DEPARTMENTS[each["department"]], each["department"]),
                say.pick(*_VERDICTS[each["verdict"]]),
                each["reason"] or "–",
                each["by"],
                str(each["round"]),
            ]
            for each in requirement.reviews
        ]
        heads = say.pick("部门 意见 理由 谁 轮次", "Department Verdict Reason Who Round").split()
        yield Part(say.pick("评审", "Reviews"), table=Table(heads, rows))
    if requirement.new_sku:
        name = product_names(session, [requirement.new_sku]).get(requirement.new_sku)
        product = requirement.new_sku if name is None else f"{name}（{requirement.new_sku}）"
        yield Part(say.pick("新品", "The product"), [product])
    if requirement.result:
        yield Part(say.pick("结果", "Result"), [_result(requirement.result, say)])


def _result(result: Mapping[str, Any], say: Wording) -> str:
    usual = result["usual_per_minute"]
    before = say.pick("没有可比的场次", "nothing to compare with") if usual is None else f"{usual:g}"
    return say.pick(
        f"首场 {result['stream_id']}：每分钟卖 {result['per_minute']:g} 件（原品平时 {before}）；"
        f"再说同样的话的占 {percent(result['share'])}（原来 {percent(result['share_before'])}）。",
        f"First show {result['stream_id']}: {result['per_minute']:g} units a minute (the old one: {before}); "
        f"{percent(result['share'])} say the same again ({percent(result['share_before'])} before).",
    )
