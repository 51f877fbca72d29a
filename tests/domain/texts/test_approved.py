"""Texts that SMS providers have approved: where ours differ, and what fills their variables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.texts.approved import differences, filled
from workflows.language.approved import ApprovedText, read_approved
from workflows.source.chinese import in_chinese

TEXT = "您的${off}折券${code}明天到期。拒收请回复R"
COUPON = ApprovedText(aliyun="SMS_1", text=TEXT, variables={"off": "coupon.off", "code": 'coupon.code or "见小程序"'})
OURS = "{{ shop.sign }}您的{{ coupon.off }}折券{{ coupon.code or '见小程序' }}明天到期。拒收请回复R\n"


@pytest.mark.parametrize(
    "source",
    [
        OURS,
        OURS.replace("{{ shop.sign }}", "【绿野鲜踪】"),
        OURS.replace("{{ coupon.off }}", "{{coupon.off}}"),
        OURS.replace("您的", "{% set x = 1 %}您的"),
    ],
)
def test_a_text_is_the_approved_one(source: str) -> None:
    assert list(differences(source, COUPON)) == []


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (OURS.removeprefix("{{ shop.sign }}"), 1,
         "an approved text is sent with a signature: {{ shop.sign }} must stand in front"),
        (OURS.replace("明天", "后天"), 1,
         'the approved text has "明天到期。拒收请回复R" where this has "后天到期。拒收请回复R"'),
        (OURS.replace("coupon.off", "coupon.value"), 1,
         '"coupon.value" is none of the variables of the approved text'),
        (OURS.replace("明天", "\n{% if stream %}明天{% endif %}"), 2,
         "an approved text is always the same but for its variables, without {% %}"),
        (OURS.replace("拒收请回复R", ""), 1, 'the approved text has "拒收请回复R" where this has ""'),
        (OURS.replace("明天", "\n明天"), 1, 'the approved text has "明天到期。拒收请回复R" where this has'
         ' "↵明天到期。拒收请回复R"'),
        (OURS.rstrip() + "！", 1, 'the approved text has "" where this has "！"'),
    ],
)  # fmt: skip
def test_where_a_text_differs_is_told(source: str, line: int, message: str) -> None:
    (found,) = differences(source, COUPON)
    assert (found.line, found.message) == (line, message)
    assert in_chinese(message) != message


@given(st.text(max_size=20).map(str.strip), st.text(max_size=20))
def test_what_fills_the_variables_makes_the_text_again(off: str, code: str) -> None:
    body = "【店】" + TEXT.replace("${off}", off).replace("${code}", code)
    for each in filled(body, {"coupon": COUPON}):
        again = TEXT
        for name, value in each.arguments.items():
            again = again.replace(f"${{{name}}}", value)
        assert f"【{each.signature}】{again}" == body
        return
    raise AssertionError("the text wasn't recognised")


def test_the_template_with_the_most_fixed_words_is_meant() -> None:
    wide, twice = ApprovedText(aliyun="SMS_2", text="您的${x}"), ApprovedText(aliyun="SMS_3", text="${a}和${a}")
    body = "【店】" + TEXT.replace("${off}", "9").replace("${code}", "A1")
    known = {"wide": wide, "coupon": COUPON, "twice": twice}
    assert [each.template for each in filled(body, known)] == ["coupon", "wide"]
    assert [dict(each.arguments) for each in filled("【店】我和我", known)] == [{"a": "我"}]
    assert list(filled("【店】我和你", known)) == []
    assert list(filled(body.removeprefix("【店】"), known)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text: 您好\n", "says neither aliyun: nor tencent:, so that nobody has approved it"),
        ("aliyun: 123\ntext: 您好\n", None),
        ("aliyun: SMS_x\ntext: 您好\n", "\"SMS_x\" is not a code of Aliyun's, like SMS_123456789"),
        ("tencent: 7\ntext: 【店】您好\n",
         "the signature isn't part of an approved text; it stands in sms.j2 alone"),
        ("tencent: 7\ntext: 您好${x}\n", 'variables: doesn\'t say what "x" is in our text'),
        ("tencent: 7\ntext: 您好\nvariables: {x: customer.name}\n", 'the approved text has no "${x}"'),
        ("tencent: 7\ntext: 您好${x}${y}\nvariables: {x: a, y: b}\n",
         "two variables stand side by side; one of them can hold both"),
        ("tencent: 7\ntext: 您好${1}\nvariables: {1: a}\n",
         '"1" is not a variable: a letter first, then letters, digits and `_`'),
        ("tencent: 7\ntext: 您好\nsign: 店\n", None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_declaration_is_told(text: str, message: str | None) -> None:
    approved, diagnostics = read_approved(text, "sms.yaml")
    assert approved is None
    assert message in (None, diagnostics[0].message)
    assert in_chinese(diagnostics[0].message) != diagnostics[0].message
