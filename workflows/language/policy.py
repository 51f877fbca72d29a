"""What holds for every journey: the policy, the segments and the terms of coupon campaigns, and how they are read."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from workflows.language.checks import References, check_not_past, check_segments
from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic, did_you_mean, quoted
from workflows.source.tree import TooManyError, read_source
from workflows.terms.calendar import zone_names
from workflows.terms.conditions import Condition
from workflows.terms.fields import check_condition
from workflows.terms.limits import Limits, Percent
from workflows.terms.scope import Scope
from workflows.terms.values import (
    Day,
    Duration,
    Frozen,
    Language,
    TextForm,
    at_local,
    local_day,
    money_words,
    parse_money,
)


class PerCustomer(TextForm):
    """At most `count` coupons of a campaign for one customer, within `days` or, without, for ever."""

    PATTERN = re.compile(r"(?P<count>[1-9]\d{0,5})(?:\s+per\s+(?P<days>[1-9]\d{0,3})d)?")
    HINT = "a limit; write it like `1` or `1 per 30d`"

    count: int
    days: int | None = None


class Validity(TextForm):
    """How long a coupon holds: so long from its issue, to the end of that day or not, or until the end of a day."""

    PATTERN = re.compile(
        r"until\s+(?P<day>\d{4}-\d\d-\d\d)"
        r"|(?P<span>[1-9]\d{0,5}\s*[mhdw])(?:\s+(?P<whole>to the end of the day))?"
    )
    HINT = "how long a coupon holds; write it like `30d`, `30d to the end of the day` or `until 2026-12-31`"

    day: Day | None = None
    span: Duration | None = None
    whole: str | None = None

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        if self.day is not None:
            return f"until {self.day}"
        return f"{self.span} to the end of the day" if self.whole else str(self.span)

    def after(self, issued_at: datetime, zone: ZoneInfo) -> datetime:
        """The instant from which a coupon of this instant no longer holds; days are those of `zone`."""
        if self.span is None:
            assert self.day is not None
            return at_local(self.day + timedelta(days=1), time.min, zone, issued_at)
        ends_at = self.span.after(issued_at, zone)
        return (
            at_local(local_day(ends_at, zone) + timedelta(days=1), time.min, zone, ends_at) if self.whole else ends_at
        )


_ZONES_MEANT = {"Asia/Beijing": "Asia/Shanghai", "Beijing": "Asia/Shanghai", "PRC": "Asia/Shanghai"}
"""Names that people give to zones."""


def _from_person(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get("written"))


def _fen(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and not _from_person(info):
        return value
    amount = parse_money(value) if isinstance(value, str) else None
    if amount is None:
        example = value if isinstance(value, int | float) and not isinstance(value, bool) else 59
        raise PydanticCustomError("E015", "not an amount of money; write it like {example}元", {"example": example})
    return amount


def _limit(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Fen = Annotated[
    int,
    BeforeValidator(_fen),
    Field(ge=0),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\s*\d{1,12}(?:\.\d{1,2})?\s*元\s*$",
            "description": "an amount of money; write it like 59元",
        }
    ),
]
Limit = Annotated[PerCustomer, BeforeValidator(_limit)]


class Policy(Limits):
    """What holds for every journey.

    `shop` is the name that messages go out under; `language` is what workers and reports speak; `holdout` is the
    percentage of customers not messaged, `sms_price` what a part of a short message costs. A journey's own limits may
    be stricter.
    """

    shop: Annotated[str, Field(min_length=1, max_length=20)] = "本店"
    language: Language = "zh"
    timezone: str = "Asia/Shanghai"
    attribution: Duration = Field(default_factory=lambda: Duration(amount=3, unit="d"))
    holdout: Percent = 0.0
    sms_price: Fen | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in zone_names():
            known = {"name": quoted(name), "hint": did_you_mean(_ZONES_MEANT.get(name, name), zone_names())}
            raise PydanticCustomError("E038", "unknown timezone {name}{hint}", known)
        return name

    def overridden(self, changes: Mapping[str, Any]) -> "Policy":
        """This policy with some values replaced, each written as in `_policy.yaml`; of `caps` only those given.

        Raises pydantic.ValidationError.
        """
        values: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        values.update(changes)
        if isinstance(changes.get("caps"), Mapping):
            values["caps"] = {**self.caps, **changes["caps"]}
        return Policy.model_validate(values)


Refund = Literal["restore", "forfeit"]
PartialRefund = Literal["share", "reprice"]
Products = Literal["lot", "companions"]


class CouponTerms(Frozen):
    """What a coupon of a campaign is worth: `amount_off` or `percent_off` (up to `ceiling`) from `threshold` on.

    Money is fen. It holds for every product, unless `products` is `lot` (that of the journey's lot, which `sku` names
    once it is issued) or `companions` (what goes with the products of the trigger, which `skus` names then), or `skus`
    and `categories` name them. `combines` lets it be used beside others that do, too;
    `refund` says whether it may be used again when its whole order was given back; `partial_refund`, when a part was,
    whether each unit takes its `share` of the discount with it, or what is kept is priced anew (`reprice`).
    """

    name: str
    amount_off: Fen | None = None
    percent_off: int | None = None
    ceiling: Fen | None = None
    threshold: Fen = 0
    valid: Validity
    per_customer: Limit | None = None
    budget_count: int | None = None
    budget_money: Fen | None = None
    products: Products | None = None
    skus: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    combines: bool = False
    refund: Refund = "restore"
    partial_refund: PartialRefund = "share"
    sku: str | None = None

    @property
    def discount_reaches_threshold(self) -> bool:
        """Whether it takes off all that must be spent, or more."""
        return self.percent_off == 100 or (self.amount_off is not None and 0 < self.threshold <= self.amount_off)


Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Budget(Frozen):
    count: Annotated[StrictInt, Field(ge=1)] | None = None
    money: Fen | None = None


class WrittenCoupon(Frozen):
    """A coupon campaign as it is written."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    amount_off: Annotated[Fen, Field(ge=1)] | None = None
    percent_off: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    ceiling: Annotated[Fen, Field(ge=1)] | None = None
    threshold: Fen = 0
    valid: Validity
    per_customer: Limit | None = None
    budget: _Budget = Field(default_factory=_Budget)
    products: Products | None = None
    skus: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    categories: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    combines: StrictBool = False
    refund: Refund = "restore"
    partial_refund: PartialRefund = "share"

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.amount_off is None) == (self.percent_off is None):
            raise PydanticCustomError("E041", "a coupon has exactly one of `amount_off` and `percent_off`")
        if self.ceiling is not None and self.percent_off is None:
            raise PydanticCustomError("E041", "`ceiling` goes with `percent_off` only")
        if self.products and (self.skus or self.categories):
            raise PydanticCustomError("E041", "`products` chooses by itself; `skus` and `categories` name others")
        if self.budget.money is not None and self.percent_off is not None and self.ceiling is None:
            raise PydanticCustomError(
                "E041", "`budget.money` with `percent_off` needs a `ceiling`, the most that one can cost"
            )
        return self

    def terms(self) -> CouponTerms:
        values = {name: value for name, value in vars(self).items() if name != "budget" and value is not None}
        return CouponTerms(**values, budget_count=self.budget.count, budget_money=self.budget.money)


def read_policy(text: str, path: str) -> tuple[Policy | None, list[Diagnostic]]:
    """Read `_policy.yaml`. Never raises; the policy is None where there are errors."""
    source = read_source(text, path)
    with suppress(TooManyError):
        for key in ("timezone", "quiet_hours", "caps"):
            if source.root and key not in source.root.entries:
                source.report(source.root, "E011", f"{quoted(key)} is missing")
    return validate(Policy, source), source.sorted()


def read_segments(
    text: str, path: str, references: References | None = None
) -> tuple[dict[str, Condition] | None, list[Diagnostic]]:
    """Read `_segments.yaml`: conditions by name. Never raises; None where there are errors."""
    source = read_source(text, path)
    segments: dict[str, Condition] | None = validate(dict[str, Condition], source)
    check_segments(source, references)
    segments = None if source.broken else segments
    return segments, source.sorted()


def read_condition(
    text: str, path: str, references: References | None = None
) -> tuple[Condition | None, list[Diagnostic]]:
    """Read a document of one condition about customers, its `when`. Never raises; None where there are errors."""
    source = read_source(text, path)
    written: _When | None = validate(_When, source)
    with suppress(TooManyError):
        if source.root is not None:
            check_condition(source.root.get("when"), Scope(source, references, frozenset({"customer"})))
    return None if source.broken or written is None else written.when, source.sorted()


class _When(Frozen):
    when: Condition


def limits_of(campaigns: Mapping[str, CouponTerms]) -> dict[str, tuple[int, int | None]]:
    """How many coupons of each campaign a customer gets, of those that limit it, and in how many days."""
    limits = ((name, terms.per_customer) for name, terms in campaigns.items())
    return {name: (limit.count, limit.days) for name, limit in limits if limit is not None}


def read_coupons(
    text: str, path: str, references: References | None = None
) -> tuple[dict[str, CouponTerms] | None, list[Diagnostic]]:
    """Read `_coupons.yaml`: terms by campaign. Never raises; None where there are errors."""
    source = read_source(text, path)
    written = validate(dict[str, WrittenCoupon], source)
    terms = {name: coupon.terms() for name, coupon in written.items()} if written is not None else None
    with suppress(TooManyError):
        for name, each in (terms or {}).items():
            node = source.root.entries[name] if source.root else None
            if node is not None:
                then = "a coupon would have run out before it is given"
                check_not_past(node.get("valid"), each.valid.day, then, source, references)
            if node is not None and each.discount_reaches_threshold:
                place = node.get("amount_off") or node.get("percent_off") or node
                off = f"{each.percent_off}%" if each.amount_off is None else money_words(each.amount_off)
                message = f"this takes off {off}, and {money_words(each.threshold)} is all that must be spent"
                source.report(place, "W007", message, "warning")
    return terms, source.sorted()
