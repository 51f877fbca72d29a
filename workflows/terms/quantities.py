"""How much of a product: pieces, or kilograms of what is sold by weight, to three places.

A quantity is a Decimal, and `numeric(15, 3)` in Postgres: sums are exact, as they are not of binary fractions, and read
as they are written, as they would not in thousandths. In JSON it is a number, without a fraction where it has none.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

PLACES = 3
NONE = Decimal(0)
ONE = Decimal(1)
THOUSANDTH = ONE.scaleb(-PLACES)
_HUGE = ONE.scaleb(18)


def quantity_of(number: int | float | Decimal) -> Decimal:
    """A number as a quantity; what goes beyond three places is rounded, half up."""
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    return exact.quantize(THOUSANDTH, ROUND_HALF_UP) if exact % THOUSANDTH else exact


def number_of(quantity: Decimal | int) -> int | float:
    """A quantity as JSON has it: 2, 0.75."""
    whole = int(quantity)
    return whole if quantity == whole else float(quantity)


def written(quantity: Decimal) -> str:
    """A quantity as people read it: 2, 0.75."""
    return f"{quantity.normalize():f}"


def cost_of(quantity: Decimal | int, price: int) -> int:
    """What it costs at so many fen for one, in fen, rounded half up as scales do."""
    return int((Decimal(quantity) * price).quantize(ONE, ROUND_HALF_UP))


def _read(value: Any) -> Decimal:
    """A JSON number of at most three places."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("float_type", "must be a number")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise PydanticCustomError("float_type", "must be a number")
    if abs(number) < _HUGE and number % THOUSANDTH:
        raise PydanticCustomError("too_fine", "must have at most three places, like 0.75")
    return number


Quantity = Annotated[
    Decimal,
    BeforeValidator(_read),
    PlainSerializer(number_of, return_type=int | float, when_used="json"),
    WithJsonSchema({"type": "number", "multipleOf": 0.001}),
]
"""A quantity in a model."""
