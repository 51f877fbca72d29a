"""What a journey can be written with: verbs and their grammar, and what the shop knows by name. `/v1/specs`."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, documented
from api.journeys.specs import Lang
from domain.access.actors import Actor
from domain.catalogue.page import FIELDS as EVENT_FIELDS
from domain.catalogue.types import BUSINESS
from domain.customers.tables import CustomerTag
from domain.intake.tables import Event
from domain.published.fitting import published_references
from domain.published.library import read_library
from workflows.language.policy import read_condition
from workflows.language.spec import Journey
from workflows.source.chinese import in_chinese
from workflows.source.pieces import read_again
from workflows.terms.calendar import FESTIVALS
from workflows.terms.constants import FieldKind
from workflows.terms.fields import DERIVED, FIELDS, FORECASTS, HABITS, QUINTILES, type_of
from workflows.terms.names.events import event_name
from workflows.terms.names.fields import field_name, value_name
from workflows.terms.scope import Scope
from workflows.terms.values import Language, is_money, money_words
from workflows.verbs.registry import SPECS, STEPS

router = APIRouter(prefix="/v1/specs", tags=["specs"], responses=documented(Unauthorized, Forbidden, Invalid))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Editor = Annotated[Actor, Depends(require("journeys.publish"))]
PERSONAL = frozenset(
    {
        *("name", "phone", "email", "address", "openid", "unionid", "external_userid", "birthday", "birthday_lunar"),
        *("lat", "lon", "aliases", "text", "comment", "wording", "note", "code", "message", "url"),
    }
)
"""Fields of which examples are shown by their first character: they name somebody, or are theirs to use.

What an item is called is no name of a person; `customer` is left out altogether.
"""

LOOKED_AT, EXAMPLES = 30, 4
_NOWHERE: frozenset[str] = frozenset()

USUAL = ("send", "wait", "wait_for", "if", "choose", "split", "coupon", "todo", "tag", "untag", "repeat", "set")
"""The verbs in the order in which they are offered; the others follow."""

NOUNS: Mapping[str, tuple[str, str]] = {
    **{step.model_fields["verb"].default: step.noun for step in STEPS.values()},
    "if": ("判断", "if"),
    "choose": ("多路判断", "choose"),
    "untag": ("去标签", "untag"),
}


class VerbWord(BaseModel):
    """What a step can do; `noun` is what it is called."""

    verb: str
    noun: str


class NamedThing(BaseModel):
    name: str
    called: str = Field(description="by people; as it is written, if they have no other name for it")


class FieldWord(NamedThing):
    """A field, what it is called, what it holds if that is known, and the values of one that has but a few."""

    kind: FieldKind | None
    choices: list[NamedThing]


class Template(BaseModel):
    template: str
    channels: list[str]


class EventWord(BaseModel):
    """A type of event, what it is called, and its fields, without the `event.` or `trigger.` before them."""

    event: str
    called: str
    business: bool = Field(description="it is about no customer")
    fields: list[FieldWord]


class Vocabulary(BaseModel):
    """What a journey can be written with. `grammar` is the language as JSON Schema; `fields` are those known everywhere
    a customer is, and those of `lot`, `stream`, `coupon` and `now`.
    """

    verbs: list[VerbWord]
    templates: list[Template]
    campaigns: list[NamedThing]
    segments: list[NamedThing]
    tags: list[NamedThing]
    measures: list[str]
    webhooks: list[str]
    days: list[str] = Field(description="festivals and the shop's own days")
    events: list[EventWord]
    fields: list[FieldWord]
    grammar: dict[str, Any]


class Example(BaseModel):
    """What a field of recent events held."""

    field: str
    values: list[str]


class When(BaseModel):
    when: Any = Field(description="a condition")


class ConditionWords(BaseModel):
    """A condition in words, or what is wrong with it."""

    words: str | None
    problems: list[str]


@router.get("/vocabulary", summary="See what a journey can be written with")
def get_vocabulary(request: Request, _: Reader, lang: Lang = "zh") -> Vocabulary:
    env = context(request)
    with env.db() as session:
        library = read_library(session)
        set_tags = session.exec(select(CustomerTag.tag).distinct().limit(500)).all()
    known = published_references(library, env.webhooks, env.clock.now())
    say, source = library.wording(lang), read_again("")
    verbs = [*USUAL, *(verb for verb in SPECS if verb not in USUAL)]
    customer = [*DERIVED, *QUINTILES, *FORECASTS, *HABITS, "name", "city", "birthday", "owner", "timezone", "location"]
    return Vocabulary(
        verbs=[VerbWord(verb=verb, noun=say.pick(*NOUNS[verb])) for verb in verbs],
        templates=[Template(template=name, channels=sorted(known.templates[name])) for name in sorted(known.templates)],
        campaigns=[NamedThing(name=name, called=terms.name or name) for name, terms in library.campaigns.items()],
        segments=[NamedThing(name=name, called=name) for name in sorted(library.segments)],
        tags=[NamedThing(name=name, called=name) for name in sorted({*library.tags, *set_tags})],
        measures=sorted(known.measures),
        webhooks=sorted(known.webhooks),
        days=[*FESTIVALS, *sorted(known.days)],
        events=[
            EventWord(
                event=name,
                called=event_name(name, lang),
                business=name in BUSINESS,
                fields=[
                    _field("event", each, Scope(source, known, _NOWHERE, event=name), lang) for each in sorted(fields)
                ],
            )
            for name, fields in EVENT_FIELDS.items()
        ],
        fields=[
            _field(root, each, Scope(source, known, _NOWHERE), lang)
            for root, names in {"customer": customer, **FIELDS}.items()
            for each in names
        ],
        grammar=Journey.model_json_schema(),
    )


def _field(root: str, name: str, scope: Scope, lang: Language) -> FieldWord:
    path = f"{root}.{name}"
    held = type_of(path, scope)
    written = name if root == "event" else path
    choices = [NamedThing(name=each, called=value_name(path, each, lang)) for each in (held.choices if held else ())]
    return FieldWord(
        name=written, called=field_name(path, lang) or written, kind=held.kind if held else None, choices=choices
    )


@router.get("/events/{type}/examples", summary="See what fields of recent events held")
def get_examples(
    request: Request,
    _: Editor,
    type: Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[^\x00]*$")],
) -> list[Example]:
    """Of the newest events of the type, money as conditions write it. Of what names people only the beginning."""
    with context(request).db() as session:
        seen: dict[str, dict[str, None]] = {}
        for data in _newest(session, type):
            for name, value in _leaves(data):
                seen.setdefault(name, {})[_example(name, value)] = None
    return [Example(field=name, values=list(values)[:EXAMPLES]) for name, values in sorted(seen.items())]


@router.post("/condition", summary="Say a condition in words", openapi_extra=described(When, {"when": {"tag": "vip"}}))
async def post_condition(request: Request, _: Reader, lang: Lang = "zh") -> ConditionWords:
    """The fields of an event or a lot are taken on trust, for they depend on where the condition stands."""
    asked = await read_json(request, When)

    def act() -> ConditionWords:
        condition, diagnostics = read_condition(json.dumps({"when": asked.when}, ensure_ascii=False), "when", None)
        if condition is None:
            errors = [each.message for each in diagnostics if each.severity == "error"]
            return ConditionWords(words=None, problems=[in_chinese(each) if lang == "zh" else each for each in errors])
        with context(request).db() as session:
            return ConditionWords(words=read_library(session).wording(lang).condition(condition), problems=[])

    return await run_in_threadpool(act)


def _newest(session: Session, type: str) -> Iterator[Mapping[str, Any]]:
    about = col(Event.customer_id).is_(None) if type in BUSINESS else col(Event.customer_id).is_not(None)
    query = select(Event.data).where(Event.type == type, about, ~col(Event.forgotten))
    yield from session.exec(query.order_by(col(Event.time).desc()).limit(LOOKED_AT))


def _leaves(data: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str | float]]:
    for name, value in data.items():
        path = f"{above}{name}"
        if path == "customer":
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}.")
        elif isinstance(value, list):
            for item in value[:5]:
                if isinstance(item, Mapping):
                    yield from _leaves(item, f"{path}.")
        elif value is not None:
            yield path, value


def _example(path: str, value: str | float) -> str:
    above, _, name = path.rpartition(".")
    if name in PERSONAL and above != "items":
        return f"{str(value)[:1]}•••"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and is_money(f"event.{path}"):
        return money_words(value)
    return str(value)[:60]
