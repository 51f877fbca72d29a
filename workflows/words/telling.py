"""Decisions about a customer in plain words, in Chinese and in English."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from workflows.source.chinese import in_chinese
from workflows.terms.because import worded
from workflows.terms.values import Language
from workflows.terms.wording import Wording
from workflows.verbs.base import Decision
from workflows.verbs.coupon import COUPONS_LIFE
from workflows.verbs.registry import STEPS, TRAIL

_Words = dict[Language, dict[str, str]]

_REASONS: Mapping[str, tuple[str, str]] = {
    "again": ("再次进入的规则不允许", "the rule for entering again doesn't allow it"),
    "audience": ("不属于对象人群", "not in the audience"),
    "paused": ("旅程已暂停", "the journey is paused"),
    "inactive": ("不在有效期内", "outside of the time that the journey is active"),
    "where": ("触发条件不满足", "the trigger's condition doesn't hold"),
    "too_old": ("事件到得太晚", "the event came too late"),
    "day": ("定时触发不在这一天", "its schedule doesn't fire on this day"),
    "birthday": ("这一天不是客户的生日", "it isn't the customer's birthday"),
    "segment": ("不在触发的人群里", "not in the segment that it is for"),
    "holdout": ("属于对照组", "in the holdout"),
    "journey_holdout": ("属于本旅程的对照组", "in the journey's own holdout"),
    "replaced": ("发布了新版本", "a new version was published"),
    "journey_stopped": ("旅程已停止", "the journey was stopped"),
    "erased": ("应本人要求删除了资料", "the customer's data was erased on request"),
    "stopped_by_operator": ("由操作人员停止", "stopped by an operator"),
    "held_by_pause": ("到期时旅程已暂停", "held by a pause"),
    "bad_timezone": ("客户的时区不存在", "there is no such time zone as the customer's"),
    "bad_fields": ("客户的资料无法读取", "what is stored of the customer can't be read"),
    "run_ended": ("运行由操作人员终止", "run ended by an operator"),
} | {reason: words for step in STEPS.values() for reason, words in step.reasons.items()}
_FORMER_REASONS = {
    _REASONS[code][1]: code
    for code in ("replaced", "journey_stopped", "stopped_by_operator", "held_by_pause", "run_ended", "worker_lost")
}
"""The codes of reasons that were stored as sentences."""

_ENDING_WORDS: _Words = {
    "zh": {
        "finished": "走完全程",
        "goal": "达成目标",
        "exit": "中途退出",
        "stopped": "提前结束",
        "failed": "出错中止",
        "merged": "客户合并，由较早的一次继续",
    },
    "en": {
        "finished": "came to its end",
        "goal": "ended: the goal is reached",
        "exit": "ended by an exit",
        "stopped": "stopped",
        "failed": "failed",
        "merged": "two customers became one, the earlier enrollment goes on",
    },
}

ENDINGS = tuple(_ENDING_WORDS["en"])
"""How an enrollment can end."""


def render(decision: Decision, say: Wording, zone: ZoneInfo) -> str:
    """The decision in one sentence, with its reason and what decided it."""
    words = _words(decision, say, zone)
    if decision.because:
        because = _reason(worded(decision.because, say.lang), say)
        words += say.pick(f"（因为 {because}）", f" (because {because})")
    return words


def _words(decision: Decision, say: Wording, zone: ZoneInfo) -> str:
    value, reason = decision.value, _reason(decision.reason, say)
    match decision.what:
        case "entered":
            return say.pick("进入旅程", "entered") + (say.pick(f"（{reason}）", f", {reason}") if reason else "")
        case "stuck":
            zh = f"停在步骤 {decision.step or '结束'}：程序出错（{reason}），稍后自动重试"
            return say.pick(zh, f"stuck at {decision.step or 'its end'} on a defect ({reason}); it is tried again")
        case "restarted":
            return say.pick("因新的事件重新开始", "started over, on a newer event")
        case "moved":
            zh = f"转到第 {value} 版，从步骤 {decision.step} 接着走"
            return say.pick(zh, f"goes on under version {value}, at step {decision.step}")
        case "not_entered":
            event = say.happening(decision.event or "")
            on = say.pick(f"（{event}）", f" on {event}") if event else ""
            words = say.pick(f"没有进入{on}：{_reason(value, say)}", f"not entered{on}: {_reason(value, say)}")
            return words + (_next_time(decision.until.astimezone(zone), say) if decision.until else "")
        case "suppressed":
            return say.pick(f"不发送 {value}：{reason}", f"{value} suppressed: {reason}")
        case "ended":
            return ending_words(value, say) + (say.pick(f"：{reason}", f": {reason}") if reason else "")
        case "joined":
            return say.pick(f"与客户 {value} 是同一个人，合并为一位", f"is one person with customer {value}: joined")
        case "split":
            return say.pick(f"与客户 {value} 不是同一个人，已拆开", f"is not customer {value}: split")
        case "converted":
            return say.pick("结束之后达成目标", "reached the goal after its end")
        case "tag_added":
            return say.pick(f"按规则得到标签「{value}」", f"got the tag “{value}” by its rule")
        case "tag_removed" if decision.reason == "time":
            return say.pick(f"标签「{value}」到期", f"the tag “{value}” ran out")
        case "tag_removed":
            return say.pick(f"按规则失去标签「{value}」", f"lost the tag “{value}” by its rule")
        case "segment_entered":
            return say.pick(f"进入人群「{value}」", f"came into the segment “{value}”")
        case "segment_left":
            return say.pick(f"离开人群「{value}」", f"left the segment “{value}”")
    if decision.what in COUPONS_LIFE:
        order = f" {decision.reason}" if decision.reason else ""
        became = say.pick(*COUPONS_LIFE[decision.what]).format(f"{order} " if say.lang == "zh" and order else order)
        return say.pick(f"优惠券 {say.campaign(value)} {became}", f"coupon {say.campaign(value)} {became}").rstrip()
    if words_of := TRAIL.get(decision.what):
        until = decision.until.astimezone(zone) if decision.until else None
        return words_of(replace(decision, reason=reason, until=until), say)
    return f"{decision.what}: {value}" + (say.pick(f"：{reason}", f": {reason}") if reason else "")


def reasons_in_words(say: Wording) -> dict[str, str]:
    """What every reason means, by its code."""
    return {code: say.pick(*words) for code, words in _REASONS.items()}


def ending_words(ending: str, say: Wording) -> str:
    """How an enrollment ended, in words."""
    return _ENDING_WORDS[say.lang].get(ending, ending)


def _next_time(at: datetime, say: Wording) -> str:
    return say.pick(f"，下一次是 {at:%Y-%m-%d %H:%M}", f"; it next fires on {at:%Y-%m-%d %H:%M}")


def _reason(reason: str | None, say: Wording) -> str:
    code = _FORMER_REASONS.get(reason or "", reason or "")
    return say.pick(*_REASONS.get(code, (in_chinese(code), code)))
