"""Decisions about a customer in plain words, in Chinese and in English."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from workflows.terms.because import worded
from workflows.terms.values import Language
from workflows.terms.wording import Wording

_Words = dict[Language, dict[str, str]]

_REASONS: _Words = {
    "zh": {
        "again": "再次进入的规则不允许",
        "audience": "不属于对象人群",
        "paused": "旅程已暂停",
        "inactive": "不在有效期内",
        "where": "触发条件不满足",
        "too_old": "事件到得太晚",
        "expired": "已过时效",
        "holdout": "属于对照组",
        "no_consent": "客户没有同意接收",
        "unreachable": "没有可送达的渠道",
        "capped": "已达发送上限",
        "out_of_stock": "已售罄",
        "coupon_refused": "发不出优惠券",
        "per_customer": "该客户已领满",
        "budget": "预算已用完",
        "text": "文案填不出来",
        "unknown_campaign": "没有这个优惠券活动",
        "no_time": "等待的时间不存在",
        "provider": "服务商暂时不接收",
        "unknown_webhook": "没有配置这个外部系统",
        "private_address": "其地址不是公网地址",
        "no_such_host": "找不到其地址",
        "no_connection": "无法连接",
        "timeout": "没有及时回应",
        "broken_off": "连接中断",
        "too_large": "内容太大",
        "replaced": "发布了新版本",
        "journey_stopped": "旅程已停止",
        "stopped_by_operator": "由操作人员停止",
        "held_by_pause": "到期时旅程已暂停",
        "run_ended": "运行由操作人员终止",
    },
    "en": {
        "again": "the rule for entering again doesn't allow it",
        "audience": "not in the audience",
        "paused": "the journey is paused",
        "inactive": "outside of the time that the journey is active",
        "where": "the trigger's condition doesn't hold",
        "too_old": "the event came too late",
        "expired": "it is of no use any more",
        "holdout": "in the holdout",
        "no_consent": "the customer hasn't consented",
        "unreachable": "no channel reaches the customer",
        "capped": "as many messages as the caps allow were sent",
        "out_of_stock": "sold out",
        "coupon_refused": "no coupon could be given",
        "per_customer": "the customer has had as many as allowed",
        "budget": "the budget is used up",
        "text": "its text can't be made",
        "unknown_campaign": "there is no such coupon campaign",
        "no_time": "there is no such time to wait for",
        "provider": "the provider takes nothing for now",
        "unknown_webhook": "no such webhook is configured",
        "private_address": "it isn't on the public internet",
        "no_such_host": "its host can't be found",
        "no_connection": "nothing answers there",
        "timeout": "it didn't answer in time",
        "broken_off": "the connection broke off",
        "too_large": "there is too much to say",
        "replaced": "a new version was published",
        "journey_stopped": "the journey was stopped",
        "stopped_by_operator": "stopped by an operator",
        "held_by_pause": "held by a pause",
        "run_ended": "run ended by an operator",
    },
}
_FORMER_REASONS = {
    _REASONS["en"][code]: code
    for code in ("replaced", "journey_stopped", "stopped_by_operator", "held_by_pause", "run_ended")
}
"""The codes of reasons that were stored as sentences."""

_ENDINGS: _Words = {
    "zh": {"finished": "走完全程", "goal": "达成目标", "exit": "中途退出", "stopped": "提前结束", "failed": "出错中止"},
    "en": {
        "finished": "came to its end",
        "goal": "ended: the goal is reached",
        "exit": "ended by an exit",
        "stopped": "stopped",
        "failed": "failed",
    },
}


@dataclass(frozen=True)
class Decision:
    """One thing that was decided about a customer. `event` names what a journey wasn't entered on."""

    at: datetime
    journey: str
    what: str
    value: str
    enrollment: int | None = None
    step: str | None = None
    via: str | None = None
    reason: str | None = None
    until: datetime | None = None
    because: str | None = None
    event: str | None = None


def render(decision: Decision, lang: Language, zone: ZoneInfo) -> str:
    """The decision in one sentence, with its reason and what decided it."""
    say = Wording(lang)
    words = _words(decision, say, zone)
    if decision.because:
        because = _reason(worded(decision.because, lang), say)
        words += say.pick(f"（因为 {because}）", f" (because {because})")
    return words


def _words(decision: Decision, say: Wording, zone: ZoneInfo) -> str:
    value, reason = decision.value, _reason(decision.reason, say)
    match decision.what:
        case "entered":
            return say.pick("进入旅程", "entered")
        case "restarted":
            return say.pick("因新的事件重新开始", "started over, on a newer event")
        case "not_entered":
            on = say.pick(f"（{decision.event}）", f" on {decision.event}") if decision.event else ""
            return say.pick(f"没有进入{on}：{_reason(value, say)}", f"not entered{on}: {_reason(value, say)}")
        case "sent":
            return say.pick(f"发送 {value}，经 {decision.via}", f"sent {value} by {decision.via}")
        case "suppressed":
            return say.pick(f"不发送 {value}：{reason}", f"{value} suppressed: {reason}")
        case "held":
            if decision.until is None:
                return say.pick(f"{value} 暂缓发送：{reason}", f"{value} held: {reason}")
            until = f"{decision.until.astimezone(zone):%Y-%m-%d %H:%M}"
            return say.pick(f"{value} 暂缓到 {until} 再发送", f"{value} held until {until}")
        case "unknown":
            return say.pick(f"{value} 是否送出不明", f"whether {value} was sent is unknown")
        case "failed":
            return say.pick(f"发送 {value} 失败：{reason}", f"sending {value} failed: {reason}")
        case "reworded":
            zh = f"{value} 里有不宜照抄到消息里的内容（太长、链接、括号或看不见的字符），已去掉"
            en = f"{value} is written without what doesn't belong into a message: it is too long, or holds links"
            return say.pick(zh, f"{en}, brackets or unseen characters")
        case "settled":
            went = value != "failed"
            zh = f"后来查明，步骤 {decision.step} 的消息{'已经送出' if went else '没有送出'}"
            return say.pick(zh, f"step {decision.step}: found out later that it was {'sent' if went else 'not sent'}")
        case "coupon":
            return say.pick(f"发放优惠券 {value}", f"coupon {value} issued")
        case "refused":
            return say.pick(f"不发放优惠券 {value}：{reason}", f"coupon {value} refused: {reason}")
        case "todo":
            return say.pick(f"派出任务 {value}", f"todo {value} assigned")
        case "tag":
            return say.pick(f"打上标签「{value}」", f"tagged “{value}”")
        case "untag":
            return say.pick(f"去掉标签「{value}」", f"tag “{value}” removed")
        case "webhook" if reason:
            return say.pick(f"通知外部系统 {value} 失败：{reason}", f"calling {value} failed: {reason}")
        case "webhook":
            return say.pick(f"通知外部系统 {value}", f"called {value}")
        case "branch":
            place = say.pick("否则", "else") if value == "else" else value
            zh = f"步骤 {decision.step} 走分支「{place}」"
            return say.pick(zh, f"step {decision.step} took the branch “{place}”")
        case "variant":
            return say.pick(f"步骤 {decision.step} 分到「{value}」", f"step {decision.step} gave the variant “{value}”")
        case "waited":
            happened = value == "happened"
            zh = f"步骤 {decision.step} {'等到了' if happened else '等待超时'}"
            return say.pick(zh, f"step {decision.step}: {'it happened' if happened else 'timed out'}")
        case "ended":
            return _ENDINGS[say.lang].get(value, value) + (say.pick(f"：{reason}", f": {reason}") if reason else "")
        case "converted":
            return say.pick("结束之后达成目标", "reached the goal after its end")
    return f"{decision.what}: {value}" + (say.pick(f"：{reason}", f": {reason}") if reason else "")


def _reason(reason: str | None, say: Wording) -> str:
    code = _FORMER_REASONS.get(reason or "", reason or "")
    return _REASONS[say.lang].get(code, code)
