"""Journeys as they are written, for whoever edits them elsewhere than in files: `/v1/specs`. Nothing is kept here."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.published.fitting import published_references
from domain.published.library import read_library
from workflows.language.compile import compile_source
from workflows.language.editing import SpecEdit, SpecEditError, edit_spec
from workflows.source.chinese import in_chinese
from workflows.source.diagnostics import Diagnostic
from workflows.source.pieces import read_again
from workflows.source.tree import MAX_BYTES
from workflows.terms.values import Language
from workflows.words.outline import Outline, Way, outline

router = APIRouter(tags=["specs"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Editor = Annotated[Actor, Depends(require("journeys.publish"))]
Lang = Annotated[Language, Query(description="of the words")]
Text = Annotated[str, Field(max_length=MAX_BYTES, description="a journey as YAML, which may be broken")]
MAX_EDITS = 100


class Written(BaseModel):
    """A journey's text."""

    text: Text


class Edited(BaseModel):
    """A journey's text, and the edits to be made one after the other: all of them, or none."""

    text: Text
    edits: list[SpecEdit] = Field(min_length=1, max_length=MAX_EDITS)


class Mistake(BaseModel):
    """What is wrong in a line; `at` is the place of the innermost step that the line belongs to."""

    line: int
    column: int
    width: int
    code: str
    severity: Literal["error", "warning"]
    detail: str
    at: str | None


class OutlineBranch(BaseModel):
    """A branch of a step. A step put in at `{at}/0` becomes its first, also where nothing is written yet."""

    label: str
    at: str
    steps: list[str]


class OutlineNode(BaseModel):
    """A step: its place in the text, its path in the plan, and itself in one line of words.

    Lines are those of the text, both included. `row` counts from the top, `column` is the middle, in widths of a node.
    """

    at: str
    path: str
    id: str | None
    verb: str
    noun: str
    words: str
    first_line: int
    last_line: int
    branches: list[OutlineBranch]
    row: int
    column: float
    value: Any = Field(description="the step as it is written")


class OutlineInsert(BaseModel):
    """Where a step comes to stand that is put in on a way; the label says on which, where one line stands for more."""

    label: str
    at: str


class OutlineEdge(BaseModel):
    """A way between two places; `^` is the beginning, `$` the end."""

    source: str
    target: str
    label: str
    inserts: list[OutlineInsert]


class SpecOutline(BaseModel):
    """A journey's text as a tree to look at. `steps` are those in no branch, `head` is what stands beside.

    `begins` says in words what begins the journey, if it can be read.
    """

    title: str
    steps: list[str]
    nodes: list[OutlineNode]
    edges: list[OutlineEdge]
    rows: int
    width: float
    head: dict[str, Any]
    begins: str | None
    diagnostics: list[Mistake]


class EditedSpec(BaseModel):
    """The text after the edits, and its outline."""

    text: str
    outline: SpecOutline


_EXAMPLE = "journey: thanks\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps:\n  - {wait: 3d}\n"


@router.post(
    "/v1/specs/outline",
    summary="Read a journey's text as a tree",
    openapi_extra=described(Written, {"text": _EXAMPLE}),
)
async def post_outline(request: Request, _: Editor, lang: Lang = "zh") -> SpecOutline:
    """What has mistakes is told as far as it can be read; `diagnostics` says what is wrong, and where."""
    written = await read_json(request, Written)
    return await run_in_threadpool(_outline, context(request), written.text, lang)


@router.post(
    "/v1/specs/edit",
    summary="Edit a journey's text",
    openapi_extra=described(Edited, {"text": _EXAMPLE, "edits": [{"op": "set", "at": "/steps/0/wait", "value": "5d"}]}),
)
async def post_edit(request: Request, _: Editor, lang: Lang = "zh") -> EditedSpec:
    """Makes edits that leave every byte alone that they aren't about, comments and blank lines included.

    Places are JSON pointers, and edits work as in JSON Patch: each is about the text as the edits before it left it.
    `errors` of a `422` names the edit that can't be made.
    """
    edited = await read_json(request, Edited)
    return await run_in_threadpool(_edit, context(request), edited, lang)


def _edit(env: Context, edited: Edited, lang: Language) -> EditedSpec:
    try:
        text = edit_spec(edited.text, edited.edits)
    except SpecEditError as refused:
        detail = in_chinese(str(refused)) if lang == "zh" else str(refused)
        error = {"field": f"edits.{refused.number}", "reason": "refused", "detail": detail}
        raise Invalid("None of the edits was made.", errors=[error]) from None
    return EditedSpec(text=text, outline=_outline(env, text, lang))


def _outline(env: Context, text: str, lang: Language) -> SpecOutline:
    with env.db() as session:
        library = read_library(session)
        known = published_references(library, env.webhooks, env.clock.now())
    source = read_again(text)
    shown = outline(source, library.wording(lang))
    diagnostics = compile_source(source, known).diagnostics
    told = SpecOutline.model_validate(
        {
            **vars(shown),
            "edges": [_edge(each) for each in shown.edges],
            "diagnostics": [_mistake(each, shown, lang) for each in diagnostics],
        },
        from_attributes=True,
    )
    return SpecOutline.model_validate(_whole(told.model_dump())) if "\\" in text else told


def _whole(value: Any) -> Any:
    """A value whose texts can be sent: what an escape like `\\ud800` writes alone is half a character."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _edge(way: Way) -> OutlineEdge:
    inserts = [OutlineInsert(label=label, at=at) for label, at in way.inserts]
    return OutlineEdge(source=way.source, target=way.target, label=way.label, inserts=inserts)


def _mistake(diagnostic: Diagnostic, shown: Outline, lang: Language) -> Mistake:
    return Mistake(
        line=diagnostic.line,
        column=diagnostic.column,
        width=diagnostic.width,
        code=diagnostic.code,
        severity=diagnostic.severity,
        detail=in_chinese(diagnostic.message) if lang == "zh" else diagnostic.message,
        at=shown.at_line(diagnostic.line),
    )
