"""A text is bounded in output and in work, strict about names, and can't reach out of its box."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain.rendering import MAX_CHARACTERS, RenderError, render, when, yuan

CONTEXT = {"hundred": list(range(100)), "tree": [1], "big": "x" * 3000, "trigger": {"items": [{"name": "豆"}]}}
TWENTY = range(20)
ONE = '{% set a = "xxxxxxxx" %}'

ENDLESS = {
    "nested loops": "".join(f"{{% for a{n} in hundred %}}" for n in TWENTY) + "{% endfor %}" * 20,
    "a loop in itself": "{% for x in tree recursive %}{{ loop([x]) }}{% endfor %}",
    "a macro that calls itself": "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "a block that calls itself": "{% block a %}{{ self.a() }}{% endblock %}",
    "blocks that double": "".join(
        f"{{% block b{n} %}}{{{{ self.b{n + 1}() }}}}{{{{ self.b{n + 1}() }}}}{{% endblock %}}" for n in range(40)
    )
    + "{% block b40 %}{% endblock %}",
}
HUGE = {
    "too long": "{{ big }}{{ big }}",
    "a text times a number": '{{ "x" * 10**9 }}',
    "a list times a number": "{{ ([1] * 1000000000) | length }}",
    "a power": "{{ 9 ** 999999999 }}",
    "a width": '{{ "%999999999d" % 1 }}',
    "a format": '{{ "{:>999999999}".format(1) }}',
    "a method": '{{ "x".ljust(999999999) }}',
    "a number's method": '{{ (1).to_bytes(999999999, "big") | length }}',
    "an indent": "{{ [1] | tojson(indent=999999999) }}",
    "doubling by ~": ONE + "{% set a = a ~ a %}" * 40,
    "doubling by +": ONE + "{% set a = a + a %}" * 40,
    "doubling by blocks": ONE + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40,
    "doubling by macros": "{% macro f(s) %}{{ f(s ~ s) }}{% endmacro %}{{ f('xxxx') }}",
    "replacing": '{{ "aaaaaaaaaa"' + '|replace("a", "aaaaaaaaaa")' * 12 + " }}",
    "joining": ONE + "{% set a = a | list | join(a) %}" * 12,
    "a list as a text": '{{ "a"' + "|list|string" * 14 + " }}",
    "a deep list": "{% set l = [1] %}" + "{% set l = [l, l] %}" * 40 + "{{ l }}",
    "a deep list in lower case": "{% set l = [1] %}" + "{% set l = [l, l] %}" * 40 + "{{ l | lower }}",
    "a deep list in a join": "{% set l = [1] %}" + "{% set l = [l, l] %}" * 40 + "{{ [l, l] | join }}",
}
ESCAPES = {
    "a class": '{{ "".__class__.__mro__ }}',
    "by a filter": '{{ "" | attr("__class__") }}',
    "globals": "{{ when.__globals__ }}",
    "a mapping's class": "{{ trigger.__class__.__init__ }}",
    "a file": '{% include "x" %}',
    "a change": '{{ hundred.append("x") }}',
}


@pytest.mark.parametrize("source", [*ENDLESS.values(), *HUGE.values()], ids=[*ENDLESS, *HUGE])
def test_what_would_never_end_is_refused_at_once(source: str) -> None:
    started = time.thread_time()
    with pytest.raises(RenderError, match="template hello/sms: "):
        render("hello/sms", source, CONTEXT)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("source", ESCAPES.values(), ids=ESCAPES)
def test_nothing_leads_out_of_the_box(source: str) -> None:
    try:
        text = render("hello/sms", source, CONTEXT)
    except RenderError:
        return
    assert text == ""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 5990 | yuan }}元 {{ 5900 | yuan }}元", "59.90元 59元"),
        ("{% for item in trigger.items %}{{ item.name }}{% endfor %}", "豆"),
        ('{{ trigger.items | map(attribute="name") | join("、") }}', "豆"),
        ('{{ trigger.items | join("、", attribute="name") }}', "豆"),
        (
            '{{ "a" ~ 1 ~ "b" }} {{ 2 * 3 + 4 % 3 }} {{ "aXa" | replace("a", "b") }} {{ 1.26 | round(1) }}',
            "a1b 7 bXb 1.3",
        ),
        ("[{{ trigger.missing }}]", "[]"),
        ("{{ '中' * 1 if false else '好' }}", "好"),
        ("x" * MAX_CHARACTERS, "x" * MAX_CHARACTERS),
    ],
)
def test_what_texts_are_made_of(source: str, text: str) -> None:
    assert render("hello/sms", source, CONTEXT) == text


def test_a_name_that_nothing_provides_is_an_error() -> None:
    with pytest.raises(RenderError, match="template hello/sms: 'nobody' is undefined"):
        render("hello/sms", "{{ nobody }}", CONTEXT)


def test_money_and_instants_as_people_say_them() -> None:
    assert [yuan(fen) for fen in (0, 5, 5900, 5990)] == ["0", "0.05", "59", "59.90"]
    assert when(datetime(2026, 3, 2, 8, 5, tzinfo=ZoneInfo("Asia/Shanghai"))) == "3月2日 08:05"
