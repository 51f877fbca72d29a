"""Texts are checked like journeys: every field, filter and sum, in every way in which a journey sends them."""

import pytest

from domain.texts.checking import text_problems, unknown_names
from domain.texts.rendering import render
from domain.texts.shapes import EVENTS, ROOTS, Provided, Shape, provided
from workflows.language.compile import read_journey
from workflows.language.needs import text_needs
from workflows.language.policy import CouponTerms, read_coupons
from workflows.language.tags import Tags
from workflows.terms.fields import DERIVED, FIELDS

PAID = Provided({**ROOTS, "trigger": EVENTS["order.paid"]})
DELIVERED = Provided({**ROOTS, "trigger": EVENTS["order.delivered"]})

SOUND = (
    "{{ trigger.order_id }} {{ trigger.total | yuan }}元",
    '{{ customer.name or "顾客" }}{{ customer.city | default("本地") }}',
    "{% if customer.name %}{{ customer.name }}，{% endif %}您好",
    "{% if not customer.name %}顾客{% else %}{{ customer.name }}{% endif %}",
    "{% if customer.name and customer.city %}{{ customer.city }}{{ customer.name }}{% endif %}",
    "{{ customer.name ~ '，' if customer.name else '' }}您好",
    "{% for item in trigger.items %}{{ item.sku }}{{ item.name or '' }}{% endfor %}",
    "{% for item in trigger.items if item.price %}{{ item.price | yuan }}元{% else %}无{% endfor %}",
    "{% if trigger.items %}{{ trigger.items[0].sku }}{{ trigger.items | first | attr('sku') }}{% endif %}",
    "{{ trigger.items | map(attribute='name', default='') | select | join('、') }}",
    "{{ 1 + 2 }}",
    "{% set items = trigger.items or [] %}{{ items | length }}件",
    "{% set first = trigger.items[0] if trigger.items else none %}{% if first %}{{ first.sku }}{% endif %}",
    "{% if trigger.total > 5900 %}{{ (trigger.total - 5900) | yuan }}{% endif %}",
    "{% if trigger.gift %}{{ trigger.gift }}{% endif %}{{ trigger.gift or '' }}",
    "{{ stream.starts_at | when }}{{ stream.starts_at.year }}",
    "{{ customer.name }}",
    "您好\n  {{ customer.city }}  \n再见",
    "{% if 'items' in trigger %}{% for each in trigger['items'] %}{{ each['sku'] }}{% endfor %}{% endif %}",
    "{% macro row(item) %}{{ item.whatever }}{% endmacro %}{% for i in trigger.items %}{{ row(i) }}{% endfor %}",
    "{{ link('https://a.example') }} {{ preferences() }} {{ shop.sign }}",
    "{% with total = trigger.total %}{{ total | yuan }}{% endwith %}{% set x %}好{% endset %}{{ x | upper }}",
    "{% for item in trigger.items %}{{ loop.index }}{{ item.sku.upper() }}{% endfor %}",
    "{{ companions(trigger.items, 3) }}",
    "{% set more = companions(trigger.items, 20) %}{% if more %}再带上{{ more }}{% endif %}",
    "{% for each in companions(trigger.items) %}{{ each.name }}{{ each.category or '' }}{% endfor %}",
)

WRONG = {
    "{{ companions() }}": "E052 companions() takes products and how many to tell: companions(trigger.items, 3)",
    "{{ companions(trigger.items, 3, 4) }}": "E052 companions() takes products and how many to tell",
    "{{ companions(trigger.total, 3) }}": "E052 companions() takes a list of products, each with its `sku`",
    "{{ companions(trigger, 3) }}": "E052 companions() takes a list of products, each with its `sku`",
    "{{ companions(trigger.items, 0) }}": "E052 companions() tells from 1 to 20 products",
    "{{ companions(trigger.items, 21) }}": "E052 companions() tells from 1 to 20 products",
    "{{ companions(trigger.items, 'x') }}": "E052 companions() takes how many to tell, as a number",
    "{{ companions(trigger.itms, 3) }}": 'E027 order.paid has no field "itms"; did you mean "items"?',
    "{% for x in companions(trigger.items, 3) %}{{ x.price }}{% endfor %}": 'E027 companion has no field "price"',
    "{{ trigger.totl | yuan }}": 'E027 order.paid has no field "totl"; did you mean "total"?',
    "{{ customer.nmae }}": 'E027 customer has no field "nmae"; did you mean "name"?',
    "{{ customer.nmae or '' }}": 'E027 customer has no field "nmae"; did you mean "name"?',
    "{% if trigger.totl %}好{% endif %}": 'E027 order.paid has no field "totl"; did you mean "total"?',
    "{{ trigger.weather }}": 'E027 order.paid has no field "weather"; it has',
    "{{ trigger.items }}": 'E052 "trigger.items" is a list; write its items: '
    '{{ trigger.items | map(attribute="name", default="") | join("、") }}',
    "{{ trigger.items | upper }}": 'E052 the filter "upper" takes a text',
    "{{ trigger.items | join('、') }}": 'E052 the filter "join" needs to know which field',
    "{{ trigger.items | join('、', attribute='nmae') }}": 'E027 the filter "join" asks for "nmae"',
    "{{ trigger.items | map(attribute='prise') | join }}": 'E027 the filter "map" asks for "prise"',
    "{{ trigger.items | sum(attribute='name') }}": 'E052 the filter "sum" adds numbers up',
    "{{ trigger.items.sku }}": 'E052 "trigger.items" is a list; its items have fields: {{ trigger.items[0].sku }}',
    "{{ trigger.items[0].prize | yuan }}": 'E027 order.paid.items has no field "prize"; did you mean "price"?',
    "{% for item in trigger.items %}{{ item.prize | yuan }}{% endfor %}": 'E027 order.paid.items has no field "prize"',
    "{% for x in trigger.total %}{% endfor %}": "E052 a loop goes through a list, and this is an amount of money",
    "{{ trigger }}": 'E052 "trigger" has fields and is no text itself; write one of them: trigger.order_id',
    "{{ trigger.order_id | yuan }}": 'E052 the filter "yuan" takes an amount in fen',
    "{{ trigger.total | when }}": 'E052 the filter "when" takes an instant',
    "{{ trigger.order_id.length }}": 'E052 "trigger.order_id" is a text, which has no field "length"',
    "{{ trigger.order_id + 1 }}": 'E052 "+" works on numbers, and "trigger.order_id" is a text',
    "{{ trigger.items[0].price - 100 }}": 'E052 "trigger.items[0].price" can be missing, and then it can\'t be',
    "您好 {{ customer.name }}": 'W006 "customer.name" can be missing, and then nothing is written for it; '
    'write {{ customer.name or "顾客" }}',
    "您好 {{ customer.city | upper }}": 'W006 "customer.city" can be missing, and then nothing is written for it; '
    "write {% if customer.city %}…{% endif %} around it",
    "第一件 {{ trigger.items[0].sku }}": 'W006 "trigger.items[0].sku" can be missing',
    "共{{ trigger.total }}": 'W006 "trigger.total" is an amount in fen, 5900 for 59元; '
    "write {{ trigger.total | yuan }}元",
    "{{ stream.starts_at }}开播": 'W006 "stream.starts_at" is written like 2026-03-02 20:00:00+08:00; '
    "write {{ stream.starts_at | when }}",
    "{% if customer.name %}{% endif %}您好{{ customer.name }}": 'W006 "customer.name" can be missing',
    "{% if customer.city or customer.name %}好{{ customer.name }}{% endif %}": 'W006 "customer.name" can be missing',
}


@pytest.mark.parametrize("source", SOUND)
def test_a_sound_text_has_no_problem(source: str) -> None:
    assert text_problems(source, PAID) == []


@pytest.mark.parametrize("source", WRONG)
def test_what_does_not_fit_is_told_with_the_mend(source: str) -> None:
    (problem,) = text_problems(source, PAID)
    assert f"{problem.code} {problem.message}".startswith(WRONG[source])
    assert problem.severity == ("warning" if problem.code == "W006" else "error")


def test_a_problem_knows_its_line() -> None:
    (problem,) = text_problems("您好\n{% if customer.name %}\n{{ trigger.totl | yuan }}{% endif %}", PAID)
    assert (problem.line, problem.marked) == (3, "trigger.totl")


def test_the_event_that_begins_the_journey_says_what_there_is() -> None:
    (problem,) = text_problems("{{ trigger.total | yuan }}", DELIVERED)
    assert problem.message == 'order.delivered has no field "total"; it has order_id'


def test_of_an_event_that_nobody_described_everything_may_be_asked_but_an_instant() -> None:
    undescribed = Provided({**ROOTS, "trigger": Shape("json")})
    assert (
        text_problems("{{ trigger.a.b }}{{ trigger.x | yuan }}{% for i in trigger.l %}{{ i }}{% endfor %}", undescribed)
        == []
    )
    (problem,) = text_problems("{{ trigger.starts_at | when }}", undescribed)
    assert problem.message == 'the filter "when" takes an instant, and nobody has described this field as one'


def test_names_that_nothing_provides() -> None:
    (problem,) = unknown_names("您好\n{{ custmer.name }}")
    assert (problem.line, problem.message) == (2, 'nothing provides "custmer"; did you mean "customer"?')


JOURNEY = "journey: j\ntrigger: {trigger}\nentry: {{again: never}}\nsteps:\n{steps}"
MEASURES = Tags.model_validate(
    {
        "measures": {
            "spent": {"sum": "event.total", "of": "order.paid"},
            "last": {"latest": "event.city", "of": "order.paid"},
        }
    }
).measures
COUPONS: dict[str, CouponTerms] | None = read_coupons(
    "off: {name: 券, amount_off: 5元, valid: 3d}\npercent: {name: 折, percent_off: 20, valid: 3d}\n", "_coupons.yaml"
)[0]


def sent(text: str, steps: str, trigger: str = "{event: order.paid}") -> list[str]:
    """The codes of what is wrong with a text, however the journey sends it."""
    plan = read_journey(JOURNEY.format(trigger=trigger, steps=steps), "j", None).plan
    assert plan is not None
    provisions = [provided(plan, need, COUPONS or {}, MEASURES) for need in text_needs(plan)]
    return [problem.code for each in provisions for problem in text_problems(text, each)]


@pytest.mark.parametrize(
    ("text", "steps", "codes"),
    [
        ("码{{ coupon.code }}", "  - {id: a, send: t, via: [sms], coupon: off}", []),
        ("码{{ coupon.code }}", "  - {id: a, send: t, via: [sms], coupon: off, without_coupon: send}", ["W006"]),
        ("码{{ coupon.code }}", "  - {id: g, coupon: off}\n  - {id: a, send: t, via: [sms]}", ["W006"]),
        ("{{ customer.level }}", "  - {set: {level: 金卡}}\n  - {id: a, send: t, via: [sms]}", []),
        ("是{{ customer.level }}", "  - {set: {level: 金卡}}\n  - {id: a, send: t, via: [sms]}", ["W006"]),
        ("是{{ customer.level }}", "  - {id: a, send: t, via: [sms]}", ["W003"]),
        ("是{{ customer.level or '' }}{{ customer.nmae or '' }}", "  - {id: a, send: t, via: [sms]}", ["E027"]),
        ("{{ measure.spent | yuan }}元{{ measure.last or '' }}", "  - {id: a, send: t, via: [sms]}", []),
        ("{{ measure.spent }}{{ measure.spant }}", "  - {id: a, send: t, via: [sms]}", ["W006", "E027"]),
        (
            "{% for each in data.seen %}{{ each.price | yuan }}{{ each.prise }}{% endfor %}{{ data.seen }}",
            "  - {id: a, send: t, via: [sms], data: {seen: {events: product.viewed, within: 1h, at_most: 5}}}",
            ["W006", "E027", "E052"],
        ),
        (
            "码{{ coupon.code }}",
            "  - {id: g, coupon: off}\n  - if: {field: coupon.status, is: issued}\n"
            "    then: [{id: a, send: t, via: [sms]}]",
            [],
        ),
        ("减{{ coupon.amount_off | yuan }}", "  - {id: a, send: t, via: [sms], coupon: off}", []),
        ("减{{ coupon.amount_off | yuan }}", "  - {id: a, send: t, via: [sms], coupon: percent}", ["W006"]),
        ("荐{{ data.sku }}", "  - {id: a, send: t, via: [sms], data: {sku: beans}}", []),
        ("荐{{ data.skv }}", "  - {id: a, send: t, via: [sms], data: {sku: beans}}", ["E027"]),
        ("荐{{ data.skus }}", "  - {id: a, send: t, via: [sms], data: {skus: [beans]}}", ["E052"]),
        ("荐{{ data.skus | join }}", "  - {id: a, send: t, via: [sms], data: {skus: [beans]}}", []),
        ("荐{{ data.sku }}", "  - {id: a, send: t, via: [sms, wecom]}", ["E027", "E027"]),
    ],
)
def test_each_way_in_which_a_journey_sends_a_text_counts(text: str, steps: str, codes: list[str]) -> None:
    assert sent(text, steps) == codes


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        ("", ["W006"]),
        (", where: {field: event.cart_id, exists: true}", []),
        (", where: {field: event.cart_id, exists: false}", ["W006"]),
    ],
)
def test_what_the_trigger_asks_for_is_there(where: str, codes: list[str]) -> None:
    assert sent("车{{ trigger.cart_id }}", "  - {id: a, send: t, via: [sms]}", f"{{event: order.paid{where}}}") == codes


def test_a_schedule_brings_what_it_is_for() -> None:
    steps = "  - {id: a, send: t, via: [sms]}"
    lots = "{schedule: every day at 09:00, for_each: near_expiry_lot}"
    assert sent("{{ lot.days_left }}{{ trigger.at_risk or 0 }}", steps, lots) == []
    assert sent("{{ stream.starts_at | when }}开播", steps, lots) == ["W006"]
    assert sent("{{ trigger.total | yuan }}", steps, '{schedule: every day at 09:00, for_each: "segment:vip"}') == [
        "E027"
    ]


def test_the_shapes_have_the_fields_that_conditions_know() -> None:
    for root in ("lot", "stream"):
        assert set(ROOTS[root].fields) == set(FIELDS[root])
    assert set(ROOTS["coupon"].fields) >= {"code", "campaign", "status", "expires_at", "name", "amount_off"}
    assert not set(DERIVED) & set(ROOTS["customer"].fields)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("[{{ customer.name }}{{ customer.city.street }}{{ stream.title }}{{ stream.starts_at | when }}]", "[]"),
        ("[{% for item in trigger.items %}{{ item }}{% endfor %}{{ trigger.items | length }}]", "[0]"),
        (
            "[{{ trigger.items[0].name }}{{ trigger.items | map(attribute='sku') | join }}{{ trigger.total | yuan }}]",
            "[]",
        ),
        ("[{{ trigger.lines[7].sku }}{{ trigger['nothing'] }}{{ customer.name or '顾客' }}]", "[顾客]"),
    ],
)
def test_what_a_customer_lacks_is_written_as_nothing(source: str, text: str) -> None:
    context = {"customer": {"name": None}, "trigger": {"items": None, "lines": [{}], "total": None}, "stream": None}
    assert render("hello/sms", source, context) == text
