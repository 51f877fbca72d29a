"""Who the identifiers of events name, worked out from what is known of them: whom they link, join, or are kept from."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from domain.customers.identifiers import Ident, IdentifierError, base_kind, normalise
from workflows.language.identity import IdentityRules

UNNAMED = "device_id:unnamed"
"""The kind under which a device's own customer is kept, to whom goes what happens on it without a name."""


@dataclass(frozen=True)
class Conflict:
    """An identifier of a group that does not name the group's customer, and whom it names, if anybody."""

    ident: Ident
    other: int | None
    reason: str


@dataclass(frozen=True)
class Join:
    """Two customers that a group of identifiers says are one; `evidence` are the group's that name them."""

    one: int
    other: int
    group: int
    evidence: tuple[Ident, ...]


@dataclass
class ResolvedCustomer:
    """The customer an event is about, and its identifiers that do not name it."""

    customer_id: int
    conflicts: list[Conflict] = field(default_factory=list)


@dataclass(frozen=True)
class Person:
    """What decides whether a customer can be joined: its identifiers, all its ids, and whom it is kept apart from."""

    idents: Set[Ident] = frozenset()
    ids: Set[int] = frozenset()
    apart: Set[int] = frozenset()


class Nobody:
    """The identifiers that name nobody, by the rules' `never`."""

    def __init__(self, rules: IdentityRules) -> None:
        self._values = {value.casefold() for value in rules.never.get("any", ())}
        self._idents = {(kind, _spelled(kind, value)) for kind, values in rules.never.items() for value in values}

    def __contains__(self, ident: Ident) -> bool:
        return ident[1].casefold() in self._values or (base_kind(ident[0]), ident[1]) in self._idents


def _spelled(kind: str, value: str) -> str:
    try:
        return normalise(kind, value)
    except IdentifierError:
        return value


def is_plain(rules: IdentityRules, group: Sequence[Ident], owners: Mapping[Ident, int]) -> bool:
    """Whether a group names one customer, by whatever is known of it, and nothing in it is new."""
    first = owners.get(group[0])
    return (
        first is not None and all(owners.get(ident) == first for ident in group) and not rules.of(group[0][0]).anonymous
    )


def spellings(rules: IdentityRules, idents: Iterable[Ident]) -> Iterator[Ident]:
    """What must be looked up for these: an anonymous one may stand for its unnamed self."""
    for kind, value in idents:
        yield kind, value
        if rules.of(kind).anonymous:
            yield f"{base_kind(kind)}:unnamed", value


class Naming:
    """Names groups of identifiers in turn. A new customer's id is negative until it is stored.

    `people` are the owners in `owners`; for who is named plainly (`is_plain`) they needn't be there.
    """

    def __init__(self, rules: IdentityRules, owners: Mapping[Ident, int], people: Mapping[int, Person]) -> None:
        self.joins: list[Join] = []
        self.links: dict[Ident, int] = {}
        """The new identifiers, and those that changed hands, with their customers."""
        self.taken: set[Ident] = set()
        """Those of the links that had another owner."""
        self.newcomers = 0
        self._rules = rules
        self._owners = dict(owners)
        self._people = dict(people)
        self._into: dict[int, int] = {}

    def root(self, id: int) -> int:
        """The customer that one is by now."""
        while id in self._into:
            id = self._into[id]
        return id

    def name(self, number: int, group: tuple[Ident, ...]) -> ResolvedCustomer:
        """The customer of a group, the strongest identifier first; `number` is the group's in the joins."""
        if is_plain(self._rules, group, self._owners):
            return ResolvedCustomer(self.root(self._owners[group[0]]))
        named = [ident for ident in group if not self._rules.of(ident[0]).anonymous]
        unnamed = [ident for ident in group if self._rules.of(ident[0]).anonymous]
        if not named:
            return ResolvedCustomer(self._of_devices(unnamed))
        person, conflicts = self._of_names(number, group, named)
        for ident in unnamed:
            person = self._on_device(number, group, person, ident)
        return ResolvedCustomer(person, conflicts)

    def _of_names(self, number: int, group: tuple[Ident, ...], named: Sequence[Ident]) -> tuple[int, list[Conflict]]:
        first, conflicts = named[0], []
        person = self._owner(first)
        is_new, joinable = person is None, self._joins(first)
        if person is None:
            person = self._newcomer(first)
        for ident in named[1:]:
            owner = self._owner(ident)
            if owner == person:
                joinable = joinable or self._joins(ident)
            elif owner is None:
                if reason := self._broken(person, {ident}):
                    conflicts.append(Conflict(ident, None, reason))
                else:
                    self._link(ident, person)
            else:
                reason = None if is_new else self._kept_from(person, owner, joinable and self._joins(ident))
                if reason := reason or self._broken(person, self._person(owner).idents):
                    conflicts.append(Conflict(ident, owner, reason))
                else:
                    person, is_new = self._join(person, owner, number, group), False
                    joinable = True
        return person, conflicts

    @property
    def _joining(self) -> Collection[str]:
        return self._rules.joins

    def _joins(self, ident: Ident) -> bool:
        return base_kind(ident[0]) in self._joining

    def _on_device(self, number: int, group: tuple[Ident, ...], person: int, device: Ident) -> int:
        """A person is seen on a device: what its customer did before anybody was known on it was the person's."""
        holder = self._owner(device)
        if holder == person:
            return person
        if holder is not None and self._may_absorb(person, holder):
            return self._join(person, holder, number, group)
        if not self._broken(person, {device}):
            if holder is not None:
                self.taken.add(device)
                owner = self._person(holder)
                self._people[holder] = Person(owner.idents - {device}, owner.ids, owner.apart)
            self._link(device, person)
        return person

    def _may_absorb(self, person: int, holder: int) -> bool:
        is_free = self._is_nameless(holder) and not self._is_apart(person, holder)
        return is_free and not self._broken(person, self._person(holder).idents)

    def _of_devices(self, devices: Sequence[Ident]) -> int:
        """What happens on a device without a name is its own, and nobody's once somebody is known on it."""
        found: int | None = None
        for kind, value in devices:
            device, holder = (kind, value), self._owner((kind, value))
            if holder is not None and not self._is_nameless(holder):
                device = f"{base_kind(kind)}:unnamed", value
                holder = self._owner(device)
            if found is None:
                found = self._newcomer(device) if holder is None else holder
            elif holder is None and not self._broken(found, {device}):
                self._link(device, found)
        assert found is not None
        return found

    def _owner(self, ident: Ident) -> int | None:
        owner = self._owners.get(ident)
        return None if owner is None else self.root(owner)

    def _person(self, id: int) -> Person:
        return self._people.get(id) or Person(ids=frozenset({id}))

    def _is_nameless(self, id: int) -> bool:
        return all(self._rules.of(kind).anonymous for kind, _ in self._person(id).idents)

    def _newcomer(self, ident: Ident) -> int:
        self.newcomers += 1
        self._people[-self.newcomers] = Person(ids=frozenset({-self.newcomers}))
        self._link(ident, -self.newcomers)
        return -self.newcomers

    def _link(self, ident: Ident, person: int) -> None:
        self._owners[ident] = self.links[ident] = person
        known = self._person(person)
        self._people[person] = Person(known.idents | {ident}, known.ids, known.apart)

    def _kept_from(self, one: int, other: int, joinable: bool) -> str | None:
        if self._is_apart(one, other):
            return "apart"
        return None if joinable else "asks"

    def _is_apart(self, one: int, other: int) -> bool:
        return not self._person(one).apart.isdisjoint(self._person(other).ids)

    def _broken(self, person: int, idents: Set[Ident]) -> str | None:
        """The limit that a person with these identifiers too would break."""
        every = self._person(person).idents | idents
        if len(every) > self._rules.most_identifiers:
            return "too_many"
        counts: dict[str, int] = {}
        for kind, _ in every:
            rule = self._rules.of(kind)
            limited = kind if rule.per else base_kind(kind)
            counts[limited] = counts.get(limited, 0) + 1
            if rule.each is not None and counts[limited] > rule.each:
                return "each"
        return None

    def _join(self, one: int, other: int, number: int, group: tuple[Ident, ...]) -> int:
        """Make them one: the lower id survives, and whoever is stored before who is not."""
        stored = sorted(id for id in (one, other) if id > 0)
        survivor = stored[0] if stored else max(one, other)
        loser = one if survivor == other else other
        if len(stored) == 2:
            self.joins.append(Join(survivor, loser, number, group))
        ours, theirs = self._person(survivor), self._person(loser)
        self._people[survivor] = Person(ours.idents | theirs.idents, ours.ids | theirs.ids, ours.apart | theirs.apart)
        self._into[loser] = survivor
        return survivor
