"""What journeys came to, counted over everybody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy
from rich.table import Table
from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from domain.coupons.baskets import worst_case
from domain.coupons.tables import Coupon
from domain.journeys.tables import Enrollment, TrailEntry
from domain.texts.rendering import yuan
from workflows.language.policy import CouponTerms
from workflows.terms.channels import CHANNELS
from workflows.terms.values import Language
from workflows.terms.wording import Wording
from workflows.words.telling import ENDINGS, ending_words, reasons_in_words

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Result:
    """One journey's. `cost` is the most that its coupons can come to, in fen."""

    journey: str
    entered: int = 0
    not_entered: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    coupons: int = 0
    cost: int = 0
    goals: int = 0
    endings: Counter[str] = field(default_factory=Counter)


def results(session: Session, journeys: Sequence[str], *, since: datetime = BEGINNING) -> list[Result]:
    """Count what is in the database, of those who entered at `since` or later."""
    by_journey = {name: Result(name) for name in journeys}
    fresh = col(Enrollment.entered_at) >= since
    endings = select(Enrollment.journey, Enrollment.ending, func.count()).where(fresh)
    for journey, ending, count in session.exec(endings.group_by(col(Enrollment.journey), col(Enrollment.ending))):
        by_journey[journey].entered += count
        by_journey[journey].endings[ending or "open"] = count
    goals = select(Enrollment.journey, func.count()).where(
        fresh, or_(Enrollment.ending == "goal", col(Enrollment.converted_at).is_not(None))
    )
    for journey, count in session.exec(goals.group_by(col(Enrollment.journey))):
        by_journey[journey].goals = count
    columns = [TrailEntry.__table__.c[name] for name in ("journey", "what", "value", "via", "reason")]  # type: ignore[attr-defined]
    counted = sqlalchemy.select(*columns, func.count()).where(
        col(TrailEntry.what).in_(("not_entered", "sent", "suppressed", "failed", "refused"))
    )
    for journey, what, value, via, reason, count in session.execute(counted.group_by(*columns)):
        result = by_journey[journey]
        match what:
            case "not_entered":
                result.not_entered[value] += count
            case "sent":
                result.sent[via] += count
            case "refused":
                result.refused[reason] += count
            case _:
                result.suppressed[reason or what] += count
    issued = select(Enrollment.journey, Coupon.terms, func.count()).join(
        Enrollment, col(Enrollment.id) == col(Coupon.enrollment_id)
    )
    effective = issued.where(fresh, Coupon.status != "revoked").group_by(col(Enrollment.journey), col(Coupon.terms))
    for journey, terms, count in session.exec(effective):
        cost = worst_case(CouponTerms.model_validate(terms))
        by_journey[journey].coupons += count
        by_journey[journey].cost += count * cost
    return list(by_journey.values())


def table_of(outcomes: Sequence[Result], lang: Language) -> Table:
    """One column a journey."""
    say = Wording(lang)
    reasons = reasons_in_words(say) | {"failed": say.pick("发送失败", "failed")}
    channels = {name: say.channel(name) for name in CHANNELS}
    endings = {name: ending_words(name, say) for name in ENDINGS} | {"open": say.pick("仍在途中", "still inside")}
    table = Table(title=say.pick("回放结果", "Back-test"))
    table.add_column("")
    for result in outcomes:
        table.add_column(result.journey, justify="right")
    rows = {
        say.pick("进入", "entered"): [f"{outcome.entered:,}" for outcome in outcomes],
        say.pick("未进入", "not entered"): [_counts(outcome.not_entered, reasons) for outcome in outcomes],
        say.pick("已发送", "sent"): [_counts(outcome.sent, channels) for outcome in outcomes],
        say.pick("未发送", "suppressed"): [_counts(outcome.suppressed, reasons) for outcome in outcomes],
        say.pick("发券", "coupons"): [f"{outcome.coupons:,}" for outcome in outcomes],
        say.pick("最高成本（元）", "greatest cost (yuan)"): [yuan(outcome.cost) for outcome in outcomes],
        say.pick("拒发券", "coupons refused"): [_counts(outcome.refused, reasons) for outcome in outcomes],
        say.pick("达成目标", "goals"): [_goals(outcome) for outcome in outcomes],
        say.pick("结局", "endings"): [_counts(outcome.endings, endings) for outcome in outcomes],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _counts(counter: Counter[str], words: Mapping[str, str]) -> str:
    return "\n".join(f"{words.get(what, what)} {count:,}" for what, count in counter.most_common()) or "–"


def _goals(result: Result) -> str:
    return f"{result.goals:,} ({result.goals / result.entered:.1%})" if result.entered else "0"
