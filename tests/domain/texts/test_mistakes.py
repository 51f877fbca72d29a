"""What is no template is told in words, with what to write instead, in both languages."""

import pytest

from domain.texts.links import TextLinks
from domain.texts.rendering import RenderError, faults, render
from workflows.source.chinese import in_chinese

KNOWN = {"shop": {"name": "店", "sign": "【店】"}, **TextLinks(None, 0).functions()}


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("{{ customer.name", '"{{" is not closed by "}}", or "{%" by "%}"', "“{{”没有用“}}”结束，或“{%”没有用“%}”结束"),
        ("{{ customer.name }", '"}" has no place here', '这里不能写 "}"'),
        ("{% if a %}x", "{% if %} is not closed by {% endif %}", "{% if %} 没有用 {% endif %} 结束"),
        ("x{% endif %}", "{% endif %} has nothing to close", "{% endif %} 没有可以结束的东西"),
        ("{% for a in b %}{% endif %}", "{% endif %} stands where {% for %} is to be closed by {% endfor %}",
         "这里写了 {% endif %}，可 {% for %} 还没有用 {% endfor %} 结束"),
        ("{% elseif x %}", 'there is no tag "elseif"; did you mean "elif"?', '没有 "elseif" 这种写法；是不是“elif”？'),
        ("{{ a | yaun }}", 'there is no filter "yaun"; did you mean "yuan"?', '没有 "yaun" 这个过滤器；是不是“yuan”？'),
        ("{{ a ｜ yuan }}", '"｜" means nothing here; write "|"', '"｜" 在这里没有意思；请写 "|"'),
        ("{{ a，b }}", '"，" means nothing here; write ","', '"，" 在这里没有意思；请写 ","'),
        ("{{ a § b }}", '"§" means nothing here', '"§" 在这里没有意思'),
        ('{{ a | default("顾客) }}', "a text in quotes is not closed", "引号里的文字没有用引号结束"),
        ("{% if a = 1 %}b{% endif %}", '"=" has no place here; compare with "=="', "这里不能用“=”；比较要写“==”"),
        ("{{ a | default: 1 }}", '":" has no place here', '这里不能写 ":"'),
        ("{{ a is foo }}", 'there is no test "foo"', '没有 "foo" 这种判断'),
        ('{{ a["b" }}', '"]" is missing', '缺少 "]"'),
        ("{{ }}", 'between "{{" and "}}" something is missing', "“{{”和“}}”之间少了东西"),
        ("{{ a and }}", 'between "{{" and "}}" something is missing', "“{{”和“}}”之间少了东西"),
        ("{% %}", 'between "{%" and "%}" something is missing', "“{%”和“%}”之间少了东西"),
        ("{# note", '"{#" is not closed by "#}"', "“{#”没有用“#}”结束"),
        ("{% raw %}x", "{% raw %} is not closed by {% endraw %}", "{% raw %} 没有用 {% endraw %} 结束"),
        ("{{ 1 / 0 }}", "it can't be filled in: it divides by zero", "填不出来：除数是 0"),
        ('{% include "x" %}', "it can't be filled in: other texts can't be included here",
         "填不出来：这里不能引用别的文案"),
        ("{{ 1 | join }}", "it can't be filled in: it takes a number for a list", "填不出来：把数当成了列表"),
        ("{{ preferences }}", "it writes what must be called, like preferences()",
         "要加括号才能用，例如 preferences()"),
        ('{{ link("shop") }}', "link() takes an address that begins with https:// or http://",
         "link() 里要写 https:// 或 http:// 开头的网址"),
        ("{{ [1] }}", "it writes a list or a mapping; write its items", "写出来的是列表或一组字段；请写出其中的每一项"),
        ("{{ 'a' + 1 }}", '"+" works on plain numbers only; texts are joined by "~"', "“+”只能用在数上；连接文字用“~”"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_mend(text: str, english: str, chinese: str) -> None:
    found = [message for _, message in faults(text, KNOWN)]
    assert found == [english]
    assert in_chinese(english) == chinese


@pytest.mark.parametrize("text", ["{{ a.b.c }}", "{{ a.b.c.d }}", "{{ nobody }}"])
def test_what_is_missing_while_a_text_is_filled_in_is_named(text: str) -> None:
    with pytest.raises(RenderError) as caught:
        render("t", text, {"a": {"b": 3}})
    name = "nobody" if "nobody" in text else "c"
    assert caught.value.reason == f"'{name}' is undefined"
    assert in_chinese(caught.value.reason) == f"没有 {name}"


def test_a_sum_of_fractions_is_written_as_people_add() -> None:
    assert render("t", "{{ 0.1 + 0.2 }} {{ 1 / 3 }} {{ 1e16 }}", {}) == "0.3 0.333333333333333 10000000000000000"
