"""Groups of customers who are compared."""

from dataclasses import dataclass
from datetime import datetime

from domain.insight.statistics import Sample


@dataclass(frozen=True)
class Group:
    """Customers who are compared: how many, in how many the window is still open, and what came of the others.

    `first` is when the first of them came in.
    """

    name: str
    still_open: int
    reached: Sample
    revenue: Sample
    plain_revenue: Sample
    first: datetime | None = None

    @property
    def n(self) -> int:
        """The customers whose window is over."""
        return self.reached.n
