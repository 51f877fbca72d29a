"""What was sold by day, as the forecast reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class History:
    """Units of each product on each of the consecutive days from `first` on.

    `demand` has a row per day and a column per product, NaN where nothing is known. `stocked` is the part of the day on
    which some could be sold (None: all of it): of the rest the demand is unknown. `closed` marks days without business,
    `flags` days that something known beforehand made special (a holiday, a promotion, a show), a column each, named by
    `flag_names`. `closed` and `flags` may go on beyond the last day of demand: what is planned.
    """

    first: date
    demand: Floats
    stocked: Floats | None = None
    closed: Truths | None = None
    flags: Truths | None = None
    flag_names: Sequence[str] = field(default_factory=tuple)

    @property
    def days(self) -> int:
        return int(self.demand.shape[0])

    @property
    def products(self) -> int:
        return int(self.demand.shape[1])

    def weekday(self, day: int) -> int:
        """Of the day of this index (0: Monday)."""
        return (self.first.weekday() + day) % 7

    def is_closed(self, day: int) -> bool:
        return self.closed is not None and day < len(self.closed) and bool(self.closed[day])

    def flags_of(self, day: int) -> Sequence[int]:
        """The columns of `flags` that hold on a day."""
        if self.flags is None or day >= len(self.flags):
            return ()
        return [int(at) for at in np.flatnonzero(self.flags[day])]
