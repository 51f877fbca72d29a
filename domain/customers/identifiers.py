"""Identifiers: what names a customer, in one spelling, the strongest first."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

Ident = tuple[str, str]
"""A kind (`phone`, `openid:mini`) and a normalised value."""

STRENGTH = ("unionid", "member_no", "external_userid", "openid", "phone", "email", "device_id")
"""The kinds, strongest evidence first, unless `_identity.yaml` says otherwise."""

ACCOUNT_KINDS = frozenset({"openid", "external_userid"})
"""The kinds whose values mean something only within an account, and may carry it: `openid:mini`."""

DEFAULT_REGION = "CN"
MAX_LENGTH = 200

_CHINESE_MOBILE = re.compile(r"(?:\+86)?(1(?!79)[3-9][0-9]{9})")
"""What nearly every phone looks like; reading it in full takes a hundred times as long, and finds the same."""

_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_SAFE_NAME = re.compile(r"[A-Za-z_]{1,40}(:[A-Za-z_-]{1,40})?")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffd]")


class IdentifierError(ValueError):
    """An identifier that can't be taken. The words never repeat its value.

    `field` says where it stood (`subject`, `data.customer.phone`), `reason` is a stable code.
    """

    def __init__(self, reason: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.field = field


def base_kind(kind: str) -> str:
    """The kind without its account: `openid` for `openid:mini`."""
    return kind.partition(":")[0]


def normalise(kind: str, value: str) -> str:
    """The one spelling of an identifier's value: E.164 for a phone (of China unless it says otherwise), lower case for
    an email, without surrounding blanks for the rest.

    Raises IdentifierError for an unknown kind, and for a value that is empty, too long or can't be of its kind.
    """
    base = _checked_kind(kind)
    if not isinstance(value, str):
        raise IdentifierError("wrong_type", "must be text")
    value = value.strip()
    if not value:
        raise IdentifierError("empty", "must not be empty")
    if len(value) > MAX_LENGTH:
        raise IdentifierError("too_long", f"must have at most {MAX_LENGTH} characters")
    if _UNPRINTABLE.search(value):
        raise IdentifierError("bad_character", "must not hold control characters")
    if base == "phone":
        return _phone(value)
    if base == "email":
        if not _EMAIL.fullmatch(value):
            raise IdentifierError("bad_email", "is not an email address")
        return value.lower()
    return value


def identify(subject: str | None, customer: Mapping[str, Any] | None) -> tuple[Ident, ...]:
    """The identifiers that an event's `subject` (`kind:value`) and `data.customer` give, the strongest first.

    A member of `customer` that is None isn't given; `openid:oa`, the official account's, is spelled `openid`.
    Raises IdentifierError with the field that is wrong.
    """
    idents: set[Ident] = set()
    if subject is not None:
        idents.add(_read("subject", *_split(subject)))
    for kind, value in (customer or {}).items():
        if value is not None:
            field = f"data.customer.{kind}" if _SAFE_NAME.fullmatch(kind) else "data.customer"
            idents.add(_read(field, kind, value))
    return sort_by_strength(idents)


def sort_by_strength(idents: Iterable[Ident], strength: Sequence[str] = STRENGTH) -> tuple[Ident, ...]:
    """Each of them once, the strongest evidence first, by the kinds in their order; others come first."""

    def rank(ident: Ident) -> tuple[int, str, str]:
        kind, value = ident
        return (strength.index(base) if (base := base_kind(kind)) in strength else -1), kind, value

    return tuple(sorted(set(idents), key=rank))


def _read(field: str, kind: str, value: Any) -> Ident:
    try:
        return ("openid" if kind == "openid:oa" else kind, normalise(kind, value))
    except IdentifierError as error:
        raise IdentifierError(error.reason, str(error), field) from None


def _split(subject: str) -> Ident:
    kind, separator, value = subject.partition(":")
    if not separator:
        raise IdentifierError("bad_subject", "must be a kind and a value, like unionid:u1", "subject")
    if kind in ACCOUNT_KINDS and ":" in value:
        account, _, value = value.partition(":")
        kind = f"{kind}:{account}"
    return kind, value


def _checked_kind(kind: str) -> str:
    base, separator, account = kind.partition(":")
    if base not in STRENGTH:
        raise IdentifierError("unknown_kind", f"is no known kind of identifier; the kinds are {', '.join(STRENGTH)}")
    if separator and base not in ACCOUNT_KINDS:
        raise IdentifierError("unknown_kind", f"{base} doesn't carry an account")
    if separator and not _ACCOUNT.fullmatch(account):
        raise IdentifierError("unknown_kind", f"the account of {base} must be letters, digits, _ and -")
    return base


def _phone(value: str) -> str:
    if mobile := _CHINESE_MOBILE.fullmatch(value):
        return f"+86{mobile[1]}"
    return read_phone(value)


def read_phone(value: str) -> str:
    """The E.164 spelling of any phone number. Raises IdentifierError."""
    try:
        number = phonenumbers.parse(value, DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        raise IdentifierError("bad_phone", "is not a phone number") from None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise IdentifierError("bad_phone", "is not a possible phone number")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
