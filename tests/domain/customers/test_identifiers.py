"""Identifiers: one spelling for each, the strongest first."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customers.identifiers import STRENGTH, IdentifierError, identify, normalise, read_phone

PHONE = "+8613800000001"

SPELLINGS = [
    ("phone", "13800000001", PHONE),
    ("phone", " 138 0000 0001 ", PHONE),
    ("phone", "138-0000-0001", PHONE),
    ("phone", "+86 138 0000 0001", PHONE),
    ("phone", "008613800000001", PHONE),
    ("phone", "8613800000001", PHONE),
    ("phone", "１３８００００００01", PHONE),
    ("phone", "+1 415 555 2671", "+14155552671"),
    ("email", " Li@Example.COM ", "li@example.com"),
    ("unionid", " uAb1 ", "uAb1"),
    ("openid", "oX1", "oX1"),
    ("openid:mini", "oX1", "oX1"),
    ("external_userid:corp1", "wm1", "wm1"),
    ("member_no", "007", "007"),
    ("device_id", "aa:bb", "aa:bb"),
]

REFUSED = [
    ("phone", "", "empty"),
    ("phone", "  ", "empty"),
    ("phone", "123", "bad_phone"),
    ("phone", "hello", "bad_phone"),
    ("phone", "+86", "bad_phone"),
    ("phone", "+999123456789", "bad_phone"),
    ("phone", "1" * 60, "bad_phone"),
    ("phone", "1" * 201, "too_long"),
    ("email", "li.example.com", "bad_email"),
    ("email", "li@", "bad_email"),
    ("email", "a@b@c", "bad_email"),
    ("unionid", "u" * 201, "too_long"),
    ("unionid", "u\x001", "bad_character"),
    ("unionid", "u\ud800", "bad_character"),
    ("unionid", 7, "wrong_type"),
    ("qq", "1", "unknown_kind"),
    ("", "1", "unknown_kind"),
    ("Phone", "13800000001", "unknown_kind"),
    ("phone:mini", "13800000001", "unknown_kind"),
    ("openid:", "oX1", "unknown_kind"),
    ("openid:mini shop", "oX1", "unknown_kind"),
]


class TestNormalise:
    @pytest.mark.parametrize(("kind", "value", "normal"), SPELLINGS)
    def test_gives_one_spelling(self, kind: str, value: str, normal: str) -> None:
        assert normalise(kind, value) == normal
        assert normalise(kind, normal) == normal

    @pytest.mark.parametrize(("kind", "value", "reason"), REFUSED)
    def test_refuses(self, kind: str, value: str, reason: str) -> None:
        with pytest.raises(IdentifierError) as refused:
            normalise(kind, value)
        assert refused.value.reason == reason
        assert isinstance(refused.value, ValueError)

    @given(st.sampled_from(STRENGTH), st.text())
    def test_is_settled_after_one_pass(self, kind: str, value: str) -> None:
        try:
            normal = normalise(kind, value)
        except IdentifierError:
            return
        assert normalise(kind, normal) == normal


class TestIdentify:
    def test_the_strongest_comes_first(self) -> None:
        customer = {"device_id": "d", "email": "a@b.cn", "phone": "13800000001", "openid:mini": "o", "member_no": "m"}
        found = identify("unionid:u1", customer | {"external_userid": "w"})
        assert [kind for kind, _ in found] == [
            "unionid", "member_no", "external_userid", "openid:mini", "phone", "email", "device_id",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("subject", "ident"),
        [
            ("unionid:u1", ("unionid", "u1")),
            ("phone:138 0000 0001", ("phone", PHONE)),
            ("openid:oX1", ("openid", "oX1")),
            ("openid:mini:oX1", ("openid:mini", "oX1")),
            ("external_userid:corp1:wm1", ("external_userid:corp1", "wm1")),
            ("device_id:aa:bb", ("device_id", "aa:bb")),
        ],
    )
    def test_a_subject_is_a_kind_and_a_value(self, subject: str, ident: tuple[str, str]) -> None:
        assert identify(subject, None) == (ident,)

    def test_the_official_accounts_openid_has_one_name(self) -> None:
        assert identify("openid:oa:oX1", {"openid": "oX1"}) == (("openid", "oX1"),)

    def test_the_same_identifier_twice_is_one(self) -> None:
        assert identify("phone:13800000001", {"phone": "+86 138 0000 0001"}) == (("phone", PHONE),)

    def test_none_is_not_given(self) -> None:
        assert identify(None, {"phone": None}) == ()
        assert identify(None, None) == ()

    @pytest.mark.parametrize(
        ("subject", "customer", "field"),
        [
            ("u1", None, "subject"),
            ("", None, "subject"),
            ("orders:1", None, "subject"),
            ("openid:mini:", None, "subject"),
            (None, {"phone": "1"}, "data.customer.phone"),
            (None, {"phone": 13800000001}, "data.customer.phone"),
            (None, {"openid:mini": ""}, "data.customer.openid:mini"),
            (None, {"qq": "1"}, "data.customer.qq"),
            (None, {"13800000001": "phone"}, "data.customer"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, subject: str | None, customer: Any, field: str) -> None:
        with pytest.raises(IdentifierError) as refused:
            identify(subject, customer)
        assert refused.value.field == field

    def test_no_refusal_repeats_the_value(self) -> None:
        with pytest.raises(IdentifierError) as refused:
            identify(None, {"phone": "138000000012345"})
        assert "1380" not in str(refused.value)


@given(st.from_regex(r"(\+86)?1[0-9]{10}", fullmatch=True))
def test_what_looks_like_a_chinese_mobile_is_spelled_as_if_it_were_read_in_full(value: str) -> None:
    try:
        read = read_phone(value)
    except IdentifierError as error:
        with pytest.raises(IdentifierError, match=str(error)):
            normalise("phone", value)
    else:
        assert normalise("phone", value) == read
