"""A customer's own words in a text of the shop: nobody can write to others in its name, or turn its text around."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sending.text_context import LONGEST_NAME, as_word


@pytest.mark.parametrize(
    "name", ["李雷", "J. R. Smith", "小李👨‍👩‍👧❤️", "Zoë O'Neill", "阿依古丽·买买提", "3.5斤的猫", "v2.0", "山田 太郎"]
)
def test_a_name_stays_as_it_is(name: str) -> None:
    assert as_word(name) == name


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("【招商银行】李", "招商银行李"),
        ("李\r\n雷\u2028雷", "李 雷 雷"),
        ("\u202e雷李\u2066\u200b\u00ad\ufeff", "雷李"),
        ("点 https://a.example/x?y=1 领", "点 领"),
        ("HTTP:// a.cn", ""),
        ("看www.a.example", "看"),
        ("a.com", ""),
        ("领奖lvye.cn/x1", "领奖"),
        ("ｈｔｔｐ：／／ａ．ｃｎ 李", "李"),
        ("ht\u200btp://a.cn", ""),
        ("ht【tp://a.b", ""),
        ("李://a", "李"),
        ("李" * 10_000, "李" * 39 + "…"),
        ("", ""),
    ],
)
def test_what_does_not_belong_into_a_text_is_left_out(name: str, word: str) -> None:
    assert as_word(name) == word


@given(st.text(st.sampled_from("李a.:/ \n\u202e【】cnhtpw"), max_size=60) | st.text(max_size=60))
def test_a_word_is_short_and_plain_and_stays_so(name: str) -> None:
    word = as_word(name)
    assert len(word) <= LONGEST_NAME
    assert not set("【】\r\n\u202e\u2028") & set(word)
    assert "://" not in word
    assert as_word(word) == word
