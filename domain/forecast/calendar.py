"""Days that are known beforehand to be special, by the calendar of China."""

from collections.abc import Sequence
from datetime import date, timedelta

import holidays
import numpy as np

from domain.forecast.history import Truths

GIFTS = ("春节", "端午节", "中秋节")
"""Festivals of the lunar calendar, so on another day each year, for which people buy in the days before."""

BEFORE = 7
"""How many days before."""

OFF, MADE_UP = "放假", "调休上班"


def special_days(first: date, days: int) -> tuple[Sequence[str], Truths]:
    """What is special on each of the days from `first` on, a column each: days off, made-up workdays, and festivals.

    The days off are those that the `holidays` package knows, with the days at weekends that are worked for them.
    """
    span = [first + timedelta(days=day) for day in range(days)]
    years = range(first.year, (span[-1] if span else first).year + 2)
    calendar = holidays.country_holidays("CN", years=years, language="zh_CN")
    begins = {
        name: [
            min(found)
            for year in years
            if (found := [day for day, names in calendar.items() if day.year == year and name in names.split("; ")])
        ]
        for name in GIFTS
    }
    columns = {
        OFF: [day in calendar for day in span],
        MADE_UP: [day in calendar.weekend_workdays for day in span],
        **{
            f"{name}前": [any(0 < (begin - day).days <= BEFORE for begin in begins[name]) for day in span]
            for name in GIFTS
        },
        **{name: [name in calendar.get(day, "").split("; ") for day in span] for name in GIFTS},
    }
    return tuple(columns), np.array(list(columns.values()), bool).T.reshape(days, len(columns))
