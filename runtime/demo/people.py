"""The customers of the demo shop: who they are, how they can be reached and what they agreed to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Literal

from runtime.demo.catalog import CATEGORIES, CITIES, GIVEN_NAMES, GUIDES, SURNAMES
from runtime.demo.events import Event, draft

Kind = Literal["vip", "regular", "watcher", "newcomer"]
"""`vip` buys often and much, `watcher` looks and doesn't buy, `newcomer` signs up during the show."""

HEADCOUNT: dict[Kind, int] = {"vip": 24, "regular": 101, "watcher": 40, "newcomer": 35}
BIRTHDAYS_AHEAD = 5
"""So many VIPs have their birthday on the days after the show, one a day."""
LEAP_YEARS = (1972, 1976, 1980, 1984, 1988, 1992, 1996)
"""Years that have every day, so that any day after the show can be a birthday."""


@dataclass(frozen=True)
class Person:
    """One customer. `identifiers` maps kind to value; `tastes` are the product categories this person mostly buys."""

    number: int
    kind: Kind
    name: str | None
    city: str
    birthday: date | None
    owner: str | None
    identifiers: dict[str, str]
    tastes: tuple[str, ...]

    @property
    def online(self) -> bool:
        """Whether this person uses the mini-program; the others are known from the store counter only."""
        return "unionid" in self.identifiers

    @property
    def subject(self) -> str:
        """One identifier as a CloudEvents subject, the way the mini-program knows a viewer."""
        kind = "unionid" if self.online else "phone"
        return f"{kind}:{self.identifiers[kind]}"

    @property
    def buyer(self) -> dict[str, str]:
        """The identifiers that an order or a cart carries."""
        return {kind: value for kind, value in self.identifiers.items() if kind in ("phone", "unionid")}


def make_people(rng: Random, today: date) -> list[Person]:
    """All customers; `today` is the local day of the show, from which the coming birthdays are counted."""
    names = rng.sample(
        [surname + given_name for surname in SURNAMES for given_name in GIVEN_NAMES], sum(HEADCOUNT.values())
    )
    kinds: list[Kind] = [kind for kind, count in HEADCOUNT.items() for _ in range(count)]
    return [_person(rng, n, kind, name, today) for n, (kind, name) in enumerate(zip(kinds, names, strict=True), 1)]


def _person(rng: Random, number: int, kind: Kind, name: str, today: date) -> Person:
    store_only = kind == "regular" and rng.random() < 0.07
    friend = not store_only and rng.random() < {"vip": 0.92, "newcomer": 0.75}.get(kind, 0.65)
    follower = not store_only and rng.random() < 0.55
    identifiers = {}
    if kind != "watcher" or rng.random() < 0.8:
        identifiers["phone"] = f"+86138000{10000 + number}"
    if not store_only:
        identifiers["unionid"] = f"uDemo{number:04d}"
    if follower:
        identifiers["openid"] = f"oDemo{number:04d}"
    if friend:
        identifiers["external_userid"] = f"wmDemo{number:04d}"
    return Person(
        number=number,
        kind=kind,
        name=name if rng.random() < 0.93 else None,
        city=rng.choices(list(CITIES), list(CITIES.values()))[0],
        birthday=_birthday(rng, number, today),
        owner=rng.choice(GUIDES) if friend else None,
        identifiers=identifiers,
        tastes=tuple(rng.sample(CATEGORIES, 3)),
    )


def _birthday(rng: Random, number: int, today: date) -> date | None:
    """The first customers, who are VIPs, celebrate on the days after the show; a quarter of the others don't tell."""
    if number <= BIRTHDAYS_AHEAD:
        return (today + timedelta(days=number)).replace(year=rng.choice(LEAP_YEARS))
    born = date(1962, 1, 1) + timedelta(days=rng.randrange(44 * 365))
    return born if rng.random() < 0.75 else None


def registration(rng: Random, person: Person, at: datetime) -> Iterator[Event]:
    """The drafts of signing up at `at` and of the consents given in the seconds after it."""
    profile: dict[str, Any] = {
        "name": person.name,
        "city": person.city,
        "birthday": person.birthday and person.birthday.isoformat(),
        "owner": person.owner,
    }
    known = {field: value for field, value in profile.items() if value is not None}
    yield draft("customer.registered", at, {"customer": dict(person.identifiers)} | known)
    offered = (
        ("sms", "phone", "小程序注册页" if person.online else "门店会员卡", 0.86),
        ("wecom", "external_userid", "扫码添加导购", 0.94),
        ("wechat", "openid", "关注公众号", 0.92),
    )
    for seconds, (channel, identifier, source, likely) in enumerate(offered, 5):
        if identifier in person.identifiers and rng.random() < likely:
            yield consent(person, "given", channel, source, at + timedelta(seconds=seconds))


def consent(person: Person, what: Literal["given", "withdrawn"], channel: str, source: str, at: datetime) -> Event:
    """The draft of a consent given or withdrawn for one channel; `source` is where the customer said so."""
    return draft(f"consent.{what}", at, {"channel": channel, "source": source}, person.subject)
