"""Who is one person: what identifiers count for, which of them join customers, and how the rules are read."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import read_source
from workflows.terms.values import Frozen

Kind = Literal["unionid", "member_no", "external_userid", "openid", "phone", "email", "device_id"]
"""What an identifier can be; `openid` and `external_userid` may carry an account, like `openid:mini`."""

_WITH_ACCOUNTS = frozenset({"openid", "external_userid"})
_Value = Annotated[str, Field(min_length=1, max_length=200)]

_NEVER: Mapping[Kind | Literal["any"], tuple[str, ...]] = {
    "phone": ("+8613800000000", "+8613888888888"),
    "device_id": ("0", "unknown"),
    "any": ("null", "undefined", "none", "N/A", "0", "test", "[object Object]"),
}


class KindRule(Frozen):
    """What holds for a kind of identifier.

    A person has at most `each` values of it, `per: account` in each account; without, any number. One that is
    `anonymous` names somebody only until a person is known by it.
    """

    each: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None
    per: Literal["account"] | None = None
    anonymous: StrictBool = False


class IdentityRules(Frozen):
    """When two customers are one: an event that names both by kinds in `joins` joins them, unless a limit is broken.

    By kinds in `asks` it puts them up for a decision. `kinds` has the strongest first; one that is left out keeps what
    holds without the file. Values in `never` name nobody.
    """

    kinds: dict[Kind, KindRule] = Field(default_factory=dict)
    joins: tuple[Kind, ...] = ("unionid", "member_no", "external_userid", "openid", "phone")
    asks: tuple[Kind, ...] = ("email",)
    never: dict[Kind | Literal["any"], tuple[_Value, ...]] = Field(default_factory=lambda: dict(_NEVER))
    most_identifiers: Annotated[StrictInt, Field(ge=2, le=10_000)] = 50

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for kind, rule in self.kinds.items():
            if rule.per and kind not in _WITH_ACCOUNTS:
                raise PydanticCustomError(
                    "E055", "{kind} carries no account, so there is no `per` for it", {"kind": kind}
                )
            if rule.anonymous and rule.each is not None:
                raise PydanticCustomError("E055", "{kind} is anonymous, so there is no `each` for it", {"kind": kind})
        for kind in self.joins:
            if kind in self.asks:
                raise PydanticCustomError("E055", "{kind} is in `joins` and in `asks`", {"kind": kind})
        for kind in (*self.joins, *self.asks):
            if self.of(kind).anonymous:
                raise PydanticCustomError("E055", "{kind} is anonymous, so it can't join or ask", {"kind": kind})
        return self

    def of(self, kind: str) -> KindRule:
        """What holds for a kind, which may carry its account; nothing for one that is not in the rules."""
        base = kind.partition(":")[0]
        return self.kinds.get(base) or DEFAULTS.get(base, _UNRULED)  # type: ignore[call-overload, no-any-return]

    @property
    def strength(self) -> Sequence[Kind]:
        """The kinds, the strongest evidence first.

        Those of `kinds` are in their order, in the places that they have without the file; others stay where they are.
        """
        order = list(DEFAULTS)
        places = sorted(order.index(kind) for kind in self.kinds)
        for place, kind in zip(places, self.kinds, strict=True):
            order[place] = kind
        return order

    def body(self) -> Mapping[str, Any]:
        """As it is published: only what was written, and the order of `kinds` if it is another, which JSON loses."""
        written: dict[str, Any] = self.model_dump(mode="json", exclude_unset=True)
        return written | ({} if self.strength == list(DEFAULTS) else {_ORDER: list(self.kinds)})

    @classmethod
    def published(cls, body: Mapping[str, Any]) -> Self:
        """The rules of a `body`, whose keys may have come in any order."""
        written = dict(body)
        kinds: Mapping[str, Any] = written.get("kinds", {})
        order = written.pop(_ORDER, None) or [kind for kind in DEFAULTS if kind in kinds]
        return cls.model_validate(written | ({"kinds": {kind: kinds[kind] for kind in order}} if kinds else {}))


DEFAULTS: Mapping[Kind, KindRule] = {
    "unionid": KindRule(each=1),
    "member_no": KindRule(each=1),
    "external_userid": KindRule(each=1, per="account"),
    "openid": KindRule(each=1, per="account"),
    "phone": KindRule(each=3),
    "email": KindRule(each=3),
    "device_id": KindRule(anonymous=True),
}
"""What holds for each kind without the file, the strongest evidence first."""

_UNRULED = KindRule()
_ORDER = "kinds_in_order"


def read_identity(text: str, path: str) -> tuple[IdentityRules | None, list[Diagnostic]]:
    """Read `_identity.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    return validate(IdentityRules, source), source.sorted()
