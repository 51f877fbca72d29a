"""What a WeChat text says it is, whatever is filled in, and what is told of one that is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.texts.rendering import render
from domain.texts.wechat import Article, Plain, Subscription, TextError, check, read, subscribed_template
from runtime.authoring.check import check as check_all

LINES = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
STORABLE = st.characters(codec="utf-8", exclude_characters="\0")
HOSTILE = st.text(st.sampled_from(f"-:{{}}%# abthing19subscribe王{LINES}"), max_size=40)
HOSTILE |= st.text(STORABLE, max_size=20)
DATED = datetime(2026, 3, 2, 20, tzinfo=UTC)


def head(*lines: str, rest: str = "") -> str:
    return "\n".join(["---", *lines, "---", rest])


class TestText:
    def test_without_a_head_is_a_text_message(self) -> None:
        assert read("您好\n---\n再见") == Plain("您好\n---\n再见")

    def test_with_a_head_is_what_it_says(self) -> None:
        assert read(head("article: 手冲", "url: https://a", rest="四步\n\n就够")) == Article(
            "手冲", "https://a", "", "四步\n就够"
        )
        assert read(head("subscribe: T1", "", "thing1: 白虾: 冻", "amount2: 59.90元")) == Subscription(
            "T1", {"thing1": "白虾: 冻", "amount2": "59.90元"}
        )

    @pytest.mark.parametrize(
        ("argument", "value", "taken"),
        [
            ("thing1", "字" * 20, "字" * 20),
            ("thing1", "字" * 21, "字" * 19 + "…"),
            ("thing1", "", None),
            ("number1", "1" * 32, "1" * 32),
            ("number1", "3.5", "3.5"),
            ("number1", "1" * 33, None),
            ("number1", "三", None),
            ("letter1", "abc", "abc"),
            ("letter1", "a1", None),
            ("symbol1", "!!", "!!"),
            ("symbol1", "!!!!!!", None),
            ("character_string1", "SF-10086", "SF-10086"),
            ("character_string1", "x" * 33, None),
            ("character_string1", "单号1", None),
            ("time1", "15:01", "15:01"),
            ("time1", "2019年10月1日 15:01", "2019年10月1日 15:01"),
            ("time1", "10月1日 15:01", None),
            ("date1", "2019年10月1日", "2019年10月1日"),
            ("date1", "2019-12-25 09:42", "2019-12-25 09:42"),
            ("date1", "2019年10月1日~2019年10月7日", "2019年10月1日~2019年10月7日"),
            ("date1", "明天", None),
            ("amount1", "￥59.90", "￥59.90"),
            ("amount1", "59元", "59元"),
            ("amount1", "12345678901", None),
            ("phone_number1", "+86-0766-66888866", "+86-0766-66888866"),
            ("phone_number1", "1" * 18, None),
            ("car_number1", "粤A8Z888挂", "粤A8Z888挂"),
            ("car_number1", "粤A8Z888888", None),
            ("name1", "王小明", "王小明"),
            ("name1", "字" * 11, None),
            ("name1", "a" * 20, "a" * 20),
            ("phrase1", "配送中", "配送中"),
            ("phrase1", "正在加急配送", None),
            ("phrase1", "ok", None),
            ("const1", "", ""),
            ("goods1", "虾", None),
            ("thing", "虾", None),
        ],
    )
    def test_arguments_are_as_wechat_wants_them(self, argument: str, value: str, taken: str | None) -> None:
        body = head("subscribe: T1", f"{argument}: {value}")
        if taken is None:
            with pytest.raises(TextError, match=f"^47003 {argument} "):
                read(body)
        else:
            assert read(body) == Subscription("T1", {argument: taken})

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ("  ", "44004"),
            (head("thing1: a"), "40037"),
            (head("subscribe:", "thing1: a"), "40037"),
            (head("subscribe: T1"), "47003"),
            (head("article: a"), "44003 the article has no url"),
            (head("article:", "url: https://a"), "44003 the article has no title"),
            ("---\n", "40037"),
        ],
    )
    def test_that_is_nothing_is_refused(self, body: str, says: str) -> None:
        with pytest.raises(TextError, match=says):
            read(body)

    @given(HOSTILE)
    def test_keeps_its_form_whatever_is_filled_in(self, name: str) -> None:
        source = head(
            "subscribe: T1", "{% set who = name ~ '' %}", "thing1: {{ who }}!", "name2: 王{% if name %}{% endif %}"
        )
        found = read(render("t/wechat", source, {"name": name}))
        assert isinstance(found, Subscription)
        assert (found.template, list(found.arguments), found.page) == ("T1", ["thing1", "name2"], None)
        assert subscribed_template(source) == "T1"

    @given(HOSTILE | HOSTILE.map(lambda name: f"---\n---\nsubscribe: T9\nthing1: {name}\n---"))
    def test_gets_no_head_by_what_is_filled_in(self, name: str) -> None:
        found = read(render("t/wechat", "{{ name }}\n您好", {"name": name}))
        assert isinstance(found, Plain)
        assert found.text.endswith("您好")

    def test_keeps_its_lines_where_a_block_ends_one(self) -> None:
        source = head("subscribe: T1", "thing1: {% if yes %}虾{% endif %}", "date2: {{ at.strftime('%Y年%m月%d日') }}")
        found = read(render("t/wechat", source, {"yes": True, "at": DATED}))
        assert found == Subscription("T1", {"thing1": "虾", "date2": "2026年03月02日"})


class TestCheck:
    @pytest.mark.parametrize(
        ("source", "place", "code", "says"),
        [
            ("---\nsubscribe: T1\nthing1: a", (1, 1), "E050", "isn't closed"),
            ("---\nthing1: a\n---", (1, 1), "E050", "neither subscribe: nor article:"),
            ("\n---\nsubscribe: T1\nthng1: a\nthing2: b\n---", (4, 1), "E050", 'did you mean "thing1"'),
            ("---\nsubscribe: T1\nthing1: a\nthing1: b\n---", (4, 1), "E050", "written twice"),
            ("---\nsubscribe: T1\n{{ data.more }}\nthing1: a\n---", (3, 1), "E050", "not a line like"),
            ("---\nsubscribe: {{ data.id }}\nthing1: a\n---", (2, 1), "E050", "by its id"),
            ("---\nsubscribe:\nthing1: a\n---", (2, 1), "E050", "by its id"),
            ("---\nsubscribe: T1\n---", (2, 1), "E050", "has arguments"),
            ("---\nsubscribe: T1\nthing1: {{ a -}}\nthing2: a\n---", (3, 14), "E050", "without the -"),
            ("---\nsubscribe: T1\nminiprogram: wx1\nthing1: a\n---", (3, 14), "E050", "an appid"),
            ("---\nsubscribe: T1\n  phrase1: 正在加急配送\n---", (3, 12), "E051", "1 to 5 Chinese characters"),
            ("---\r\nsubscribe: T1\r\nthing1: " + "字" * 21 + "\r\n---", (3, 9), "E051", "1 to 20 characters"),
            ("---\narticle: 手冲\npicture: https://a\n---", (2, 1), "E050", "a title and a url:"),
            ("---\narticle: 手冲\nurl: https://a\npage: x\n---", (4, 1), "E050", 'unknown key "page"'),
            ("{% set a = 1 %}\n---\nsubscribe: T1\nthing1: a\n---", (2, 1), "E050", "the first thing"),
        ],
    )
    def test_tells_what_is_wrong_at_its_place(self, source: str, place: tuple[int, int], code: str, says: str) -> None:
        (found,) = check("t/wechat.j2", source)
        assert ((found.line, found.column), found.code) == (place, code)
        assert says in found.message

    def test_takes_what_is_right(self) -> None:
        for source in (
            "您好",
            "---\nsubscribe: T1\npage: https://a/{{ x }}\nminiprogram: wx1/p?a=1\n\n"
            "{# 虾 #}\nthing1: {{ x }}{{ x }}\n---",
            "---\narticle: {{ x }}\nurl: https://a\n---\n四步",
        ):
            assert list(check("t/wechat.j2", source)) == []

    @given(HOSTILE.map(lambda text: f"---\n{text}"))
    def test_never_raises(self, source: str) -> None:
        list(check("t/wechat.j2", source))

    def test_is_part_of_checking_all(self, tmp_path: Path) -> None:
        for channel in ("wechat", "sms"):
            path = tmp_path / "hello" / f"{channel}.j2"
            path.parent.mkdir(exist_ok=True)
            path.write_text("---\nnothing\n")
        found = [each for each in check_all([], tmp_path).diagnostics if each.code == "E050"]
        assert [Path(each.path).name for each in found] == ["wechat.j2"]
