"""A text is bounded in output and in work, strict about names, and can't reach out of its box."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain.texts.links import Site, TextLinks
from domain.texts.rendering import MAX_CHARACTERS, MAX_SOURCE, RenderError, faults, render, when, yuan

KEY = b"the signing key of the shop here"
LINKER = TextLinks(Site("https://shop.example", KEY), 7)
CONTEXT = {
    "hundred": list(range(100)),
    "tree": [1],
    "rows": [[0] * 1000] * 1000,
    "big": "x" * 3000,
    "huge": "x y" * 30_000,
    "trigger": {"items": [{"name": "豆"}], "nothing": None},
    **LINKER.functions(),
}
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
NESTED = "{% for a in hundred %}{% for b in hundred %}{% for c in hundred %}{% endfor %}{% endfor %}{% endfor %}"
NO_METER = {
    "set": "{% set _meter = ''.strip %}" + NESTED,
    "set to the environment": "{% set environment = ''.strip %}{% set turn = environment %}" + NESTED,
    "with": "{% with _meter = ''.strip, turn = ''.strip %}" + NESTED + "{% endwith %}",
    "a loop's variable": "{% for _meter in [''.strip] %}" + NESTED + "{% endfor %}",
    "a macro's argument": "{% macro f(_meter, environment) %}" + NESTED + "{% endmacro %}{{ f(''.strip, ''.strip) }}",
}
DEAR = {
    f"{name}, over and over": f"{{% for a in hundred %}}{{% set b = {work} %}}{{% endfor %}}"
    for name, work in {
        "title": "huge|title", "sort": "huge|sort", "map": "huge|map('upper')|list", "striptags": "huge|striptags",
        "unique": "huge|unique|list", "groupby": "huge|groupby(0)", "capitalize": "huge|capitalize",
        "truncate": "huge|truncate(9)", "wordcount": "huge|wordcount", "urlencode": "huge|urlencode",
        "reverse": "huge|reverse", "a method": "huge.upper()", "a slice": "huge[1:]",
        "a comparison": "huge|list == hundred", "a test": "huge is lower", "a default": "missing|default(huge)",
    }.items()
}  # fmt: skip
DEAR |= {
    "lists that are summed": "{{ rows|sum(start=[]) }}",
    "lists of lists that are compared": "{% set a = [1] %}{% set b = [1] %}"
    + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40
    + "{{ a == b }}",
    "pairs of pairs as a key": "{% set a = (1,) %}" + "{% set a = (a, a) %}" * 40 + "{{ {a: 1}|length }}",
    "many slices": "{% set l = [" + "huge[1:]," * 1000 + "] %}",
    "constants, worked out beforehand": '{{ "xxxxxxxx"' + "|list|join('xxxxxxxx')" * 9 + " }}",
    "a long template": "{#" + "x" * MAX_SOURCE + "#}",
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


@pytest.mark.parametrize("source", (KINDS := ENDLESS | NO_METER | DEAR | HUGE).values(), ids=KINDS)
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
        ("[{{ trigger.nothing }}{{ none ~ none }}{{ [none, 1, none]|join }}{{ none|upper }}]", "[1]"),
        ("[{{ trigger.nothing|yuan }}{{ trigger.nothing|when }}]", "[]"),
        ("{{ -550 | yuan }} {{ -1 | yuan }} {{ -5900 | yuan }}", "-5.50 -0.01 -59"),
        (
            "{{ 12345678.0 }} {{ 1e-07 }} {{ 0.1 ~ 2.50 }} {{ [1e20]|join }} {{ -0.0 }}",
            "12345678 0.0000001 0.12.5 100000000000000000000 0",
        ),
        ("{{ '<b>好</b>  &amp;'|striptags }} {{ [1, 2.5]|sum }} {{ [{'n': 2}]|sum('n') }}", "好 & 3.5 2"),
        (
            "{{ preferences()[:31] }} {{ link('https://a.example')[:23] }}",
            "https://shop.example/preference https://shop.example/r/",
        ),
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


@pytest.mark.parametrize(
    "source",
    [
        "{{ preferences }}", "{{ link }}", "{{ [link]|max(attribute='__self__') }}", "{{ link|string }}",
        "{{ link ~ 1 }}", "{{ [link]|join }}", "{{ preferences|upper }}", "{{ link|replace('a', 'b') }}",
        "{{ [link]|map('string')|first }}", "{{ link.__closure__ }}", "{{ link|attr('__closure__') }}", "{{ self }}",
        "{% macro f() %}{% endmacro %}{{ f }}", "{{ '%s'|format(link) }}", "{{ link|title|length }}",
    ],
)  # fmt: skip
def test_what_must_be_called_is_not_written(source: str) -> None:
    with pytest.raises(RenderError) as raised:
        render("hello/sms", source, CONTEXT)
    assert "signing key" not in str(raised.value)


def test_no_key_is_shown_with_what_holds_it() -> None:
    assert "signing key" not in f"{LINKER!r}{LINKER.site!r}{LINKER.functions()!r}"


MISTAKES = {
    "{{ 'a'|replace }}": 1,
    "{{ 'a'|replace('b') }}": 1,
    "您好\n{{ 5|replace(1, 2, 'x') }}": 2,
    "{{ 'tomorrow'|when }}": 1,
    "{{ shop.name|when }}": 1,
    "\n{{ 1e999|int }}": 2,
    "{{ 1e999 }}": 1,
    "{{ customer.name|yuan(1) }}": 1,
    "{{ 'x'|yuan }}": 1,
    "{{ 1|abs(2) }}": 1,
    "{{ customer.name|attr }}": 1,
    "{{ 'a'|map('nothing')|list }}": 1,
    "{{ 1 is divisibleby(0) }}": 1,
    "{{ 1 // 0 }}": 1,
    "{{ preferences }}": 1,
    "{% if customer.vip %}{% else %}\n{{ link }}{% endif %}": 2,
    "{{ link('shop.example') }}": 1,
    "{{ nobody | nonsense }}": 1,
    "{{ " + "9" * 5000 + " }}": 1,
    "x" * (MAX_SOURCE + 1): 1,
}


@pytest.mark.parametrize("source", MISTAKES, ids=range(len(MISTAKES)))
def test_whatever_goes_wrong_is_a_fault_of_the_text_and_found_beforehand(source: str) -> None:
    known = {"shop": {"name": "店"}, **TextLinks(None, 0).functions()}
    assert [line for line, _ in faults(source, known)][:1] == [MISTAKES[source]]
    with pytest.raises(RenderError, match="template hello/sms: ") as raised:
        render("hello/sms", source, {**CONTEXT, **known, "customer": {"name": "张三", "vip": False}, "nobody": 1})
    assert "张三" not in raised.value.reason


@pytest.mark.parametrize(
    "source",
    [
        "{% for key, value in trigger.items() %}{{ key }}{{ value|yuan }}{% endfor %}",
        "{{ names[:3]|join('、') }}{% if names|length > 3 %}等{{ names|length - 3 }}样{% endif %}",
        "{{ about[video] }}{{ {'a': 1}[video] }}{{ 100 / customer.orders }}{{ 5 - customer.orders }}{{ -data.n }}",
        "{% if 'a' in customer.tags and customer.tags in 'abc' and 3 < customer.n %}{{ [1, data.n]|max }}{% endif %}",
        "{{ customer.name.strip().split(' ')[0]|truncate(14, true, '…', 0) }}{{ link(data.url) }}{{ data.at|when }}",
        "{{ trigger.items|map(attribute='name', default='')|select|list|join }}{{ trigger.items|sum('price')|yuan }}",
        "{{ trigger.items|groupby('sku')|length }}{{ 'a' if customer.x is defined else 'b' }}{{ [data.n, 2]|sum }}",
    ],
)
def test_what_is_not_known_beforehand_is_no_fault(source: str) -> None:
    assert list(faults(source, TextLinks(None, 0).functions())) == []
