"""The right sides of comparisons, and the comparisons that a condition can ask of its subject."""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from workflows.terms.values import Frozen, parse_money


class FieldRef(Frozen):
    """The value of another field, on the right side of a comparison: `{field: trigger.cart_id}`."""

    field: str


LIKE_MONEY = re.compile(r"[¥￥$]\s*[\d.,]+|-?[\d.,，．０-９]+\s*(?:元|块|块钱|毛|角|rmb|cny|yuan)", re.IGNORECASE)
"""What somebody means for an amount of money, though it isn't written as one."""


def _fen(value: Any, info: ValidationInfo) -> Any:
    amount = parse_money(value) if isinstance(value, str) else None
    if amount is None and info.context and isinstance(value, str) and LIKE_MONEY.fullmatch(value.strip()):
        raise PydanticCustomError("E015", "not {hint}", {"hint": "an amount of money; write it like 59元 or 59.90元"})
    return value if amount is None else amount


def _form(value: Any) -> str | None:
    """Which form a right side has: tags are in angle brackets, so that no key can be taken for one."""
    if isinstance(value, FieldRef | Mapping):
        return "<ref>"
    if isinstance(value, list | tuple):
        return "<list>"
    return "<value>" if isinstance(value, Scalar) and _storable(value) else None


def _storable(value: Any) -> bool:
    """Whether Postgres can hold the value; what it can't, no event can bring."""
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, str) or re.search("[\x00\ud800-\udfff]", value) is None


Scalar = bool | int | float | str
Text = Annotated[
    Annotated[FieldRef, Tag("<ref>")] | Annotated[Scalar, Tag("<value>")],
    Discriminator(
        _form, custom_error_type="E013", custom_error_message="must be a value or `{field: …}`, not a list or nothing"
    ),
]
Operand = Annotated[Text, BeforeValidator(_fen)]
"""A right side; an amount of money (`59元`) becomes fen."""

Operands = Annotated[
    Annotated[FieldRef, Tag("<ref>")] | Annotated[tuple[Operand, ...], Tag("<list>")],
    Discriminator(_form, custom_error_type="E013", custom_error_message="must be a list or `{field: …}`"),
]

OPERATORS = (
    "is", "is_not", "at_least", "at_most", "above", "below", "in", "not_in", "contains", "exists", "before", "after",
)  # fmt: skip


class Comparison(Frozen):
    """What is asked of a value; every key that is given must hold."""

    is_: Operand | None = Field(None, alias="is")
    is_not: Operand | None = None
    at_least: Operand | None = None
    at_most: Operand | None = None
    above: Operand | None = None
    below: Operand | None = None
    in_: Operands | None = Field(None, alias="in")
    not_in: Operands | None = None
    contains: Text | None = None
    exists: StrictBool | None = None
    before: Operand | None = None
    after: Operand | None = None

    @model_validator(mode="after")
    def _compares(self) -> Self:
        if next(self.asked(), None) is None:
            raise PydanticCustomError("E019", "nothing is compared; add one of {keys}", {"keys": ", ".join(OPERATORS)})
        return self

    def asked(self) -> Iterator[tuple[str, Any]]:
        """The operators given, with their right sides."""
        for name in OPERATORS:
            value = getattr(self, f"{name}_" if name in ("is", "in") else name)
            if value is not None:
                yield name, value
