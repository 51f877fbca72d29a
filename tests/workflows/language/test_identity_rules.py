"""`_identity.yaml`: what is left out holds as before, and what can't be is told at its place, in both languages."""

import json
from pathlib import Path

import pytest

from workflows.language.identity import DEFAULTS, IdentityRules, read_identity
from workflows.source.diagnostics import render

SHIPPED = Path(__file__).parents[3] / "journey_specs" / "_identity.yaml"


def test_the_shipped_file_says_what_holds_without_it() -> None:
    rules, found = read_identity(SHIPPED.read_text(encoding="utf-8"), "_identity.yaml")
    assert found == []
    assert rules is not None
    assert rules.kinds == DEFAULTS
    assert (rules.joins, rules.asks, rules.never, rules.most_identifiers) == (
        IdentityRules().joins,
        IdentityRules().asks,
        IdentityRules().never,
        IdentityRules().most_identifiers,
    )


def test_a_kind_that_is_left_out_keeps_its_rule() -> None:
    rules, _ = read_identity("kinds: {phone: {each: 5}}\n", "_identity.yaml")
    assert rules is not None
    assert (rules.of("phone").each, rules.of("openid:mini").per, rules.of("unionid").each) == (5, "account", 1)
    assert IdentityRules.published(rules.body()) == rules
    assert rules.strength == list(DEFAULTS)


@pytest.mark.parametrize("kinds", [list(DEFAULTS), list(DEFAULTS)[::-1], ["phone", "openid"]])
def test_how_strong_kinds_are_is_kept_though_json_keeps_no_order(kinds: list[str]) -> None:
    rules, _ = read_identity(f"kinds: {{{', '.join(f'{kind}: {{}}' for kind in kinds)}}}\n", "_identity.yaml")
    assert rules is not None
    body = json.loads(json.dumps(rules.body(), sort_keys=True))
    assert IdentityRules.published(body).strength == rules.strength


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("kinds: {phone: {per: account}}\n", "phone carries no account", "phone 没有账号之分"),
        ("kinds: {device_id: {anonymous: true, each: 2}}\n", "there is no `each` for it", "不能写 `each`"),
        ("joins: [phone, email]\n", "email is in `joins` and in `asks`", "既在 `joins` 又在 `asks`"),
        ("joins: [device_id]\n", "it can't join or ask", "不能用来合并或询问"),
        ("joins: [mobile]\n", '"mobile" is not possible here', "mobile"),
        ("most_identifiers: 1\n", "it must be 2 or more", "2"),
        ("nevr: {}\n", 'did you mean "never"?', "never"),
    ],
)
def test_what_can_not_be_is_told(text: str, english: str, chinese: str) -> None:
    rules, (found,) = read_identity(text, "_identity.yaml")
    assert rules is None
    assert english in render(found, text, "en")
    assert chinese in render(found, text, "zh")
