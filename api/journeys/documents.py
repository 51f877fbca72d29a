"""The documents that hold for every journey, edited by form over their text and published: `/v1/documents`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import ChangedMeanwhile, Conflict, Forbidden, Invalid, NotFound, Unauthorized, documented
from api.journeys.draft_bodies import DraftText, Number
from api.journeys.drafts import IfMatch, guarded, known_document, seen_revision, shown, target_of
from api.journeys.specs import Edited, Lang, Mistake, Written
from domain.access import audit
from domain.access.actors import Actor
from domain.published import drafts, history
from domain.published.drafts import DraftMovedError, DraftState
from domain.published.fitting import published_references, still_asked
from domain.published.library import mark_published, read_library
from domain.published.publishing import publish_document
from domain.published.tables import Document
from domain.store.work import UnitOfWork
from workflows.language.documents import FORMS, READERS, body_of, edit_document
from workflows.language.editing import SpecEditError
from workflows.source.chinese import in_chinese
from workflows.source.diagnostics import Diagnostic
from workflows.source.editing import places
from workflows.source.merging import differences
from workflows.source.tree import Node, Source, read_source
from workflows.terms.values import Language
from workflows.words.forms import TITLES, Kind, form_of
from workflows.words.shared_documents import shared_changes

router = APIRouter(prefix="/v1/documents", tags=["documents"], responses=documented(Unauthorized, Forbidden, Invalid))

Reader = Annotated[Actor, Depends(require("journeys.read"))]
Editor = Annotated[Actor, Depends(require("journeys.publish"))]
Name = Annotated[str, Depends(known_document)]

_CALLED = {"_coupons": "coupon campaign", "_calendar": "day"}
_PART: dict[str, str] = {"_policy": "policy", "_coupons": "campaigns", "_calendar": "calendar"}
_TEXT = "# our own days\n店庆: 05-20\n"


class DocumentListed(BaseModel):
    """A shared document. `live` is its live version, null if none was published; `draft` the draft's revision."""

    document: str
    title: str
    live: int | None
    draft: int


class DocumentChoice(BaseModel):
    """A value that may stand there, and what it means."""

    value: str
    label: str


class DocumentField(BaseModel):
    """A key, what it is called and how it is written.

    A `list` holds texts, of which a single one may stand `alone`, without it; a `group` has `fields` of its own. A
    `span` is a text like `3d`, a `cap` like `2 per 7d`, a `limit` like `1 per 30d`, a `validity` like `30d` or
    `until 2026-12-31`, `money` like `59元` and a `percent` like `5%`.
    """

    key: str
    label: str
    about: str
    kind: Kind
    required: bool
    choices: list[DocumentChoice]
    fields: list["DocumentField"]
    least: int | None
    most: int | None
    alone: bool


class DocumentForm(BaseModel):
    """The form of a document, generated from its grammar. With `entries`, it has any number of these, by name."""

    title: str
    entries: DocumentField | None
    fields: list[DocumentField]


class DocumentText(BaseModel):
    """A shared document as it is published: its text, the number of its version, null if there is none, its form."""

    document: str
    text: str
    version: int | None
    form: DocumentForm


class DocumentRead(BaseModel):
    """What a text says, as far as it can be read, and what is wrong in it."""

    value: dict[str, Any]
    diagnostics: list[Mistake]


class DocumentEdited(BaseModel):
    """The text after the edits, and what it says."""

    text: str
    outline: DocumentRead


class DocumentChange(BaseModel):
    """A change in words. With `risky`, more is given away or more people are written to."""

    words: str
    risky: bool


class DocumentReview(BaseModel):
    """What publishing a draft would change, and what is wrong with it.

    `base` is the version that it goes out from, `live` the one that is live. `sound`: it can be published; `seconded`:
    a second person has to agree.
    """

    revision: int
    live: int | None
    base: int | None
    changes: list[DocumentChange]
    sound: bool
    seconded: bool
    problems: list[Mistake]


class DocumentToPublish(BaseModel):
    """`base` is the version that was live when the review was read; what was published since is not overwritten."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
    base: Number | None = None


class DocumentOutcome(BaseModel):
    """The number of the version that was published; null while a second person has to agree."""

    version: int | None
    draft: DraftText


class WrittenVersionListed(BaseModel):
    """A version of a text: who published it, when and why; null where nobody knows."""

    version: int
    by: str | None
    at: datetime | None
    reason: str | None


class VersionLine(BaseModel):
    """A line of both texts, of the version alone, or of the live text alone."""

    what: Literal["same", "gone", "new"]
    text: str


class WrittenVersionText(BaseModel):
    """A version as it was written, and how the live text differs from it: what is `gone` since, and what is `new`."""

    version: int
    text: str
    lines: list[VersionLine]


@router.get("", summary="List the shared documents")
def get_documents(request: Request, _: Reader, lang: Lang = "zh") -> list[DocumentListed]:
    """Those that are edited by forms: coupons, policy and calendar."""
    found = []
    with context(request).db() as session:
        for name in FORMS:
            found.append(
                DocumentListed(
                    document=name,
                    title=TITLES[name][0 if lang == "zh" else 1],
                    live=drafts.live_text(session, name)[1],
                    draft=drafts.draft_state(session, name).revision,
                )
            )
    return found


@router.get("/{name}", summary="Read a shared document", responses=documented(NotFound))
def get_document(request: Request, _: Reader, name: Name, lang: Lang = "zh") -> DocumentText:
    with context(request).db() as session:
        text, version = drafts.live_text(session, name)
    form = DocumentForm.model_validate(form_of(name, lang), from_attributes=True)
    return DocumentText(document=name, text=text, version=version, form=form)


@router.post(
    "/{name}/outline",
    summary="Read a shared document's text",
    openapi_extra=described(Written, {"text": _TEXT}),
    responses=documented(NotFound),
)
async def post_outline(request: Request, _: Editor, name: Name, lang: Lang = "zh") -> DocumentRead:
    """What has mistakes is told as far as it can be read. Nothing is saved."""
    written = await read_json(request, Written)
    return await run_in_threadpool(_read, context(request), name, written.text, lang)


@router.post(
    "/{name}/edit",
    summary="Edit a shared document's text",
    openapi_extra=described(Edited, {"text": _TEXT, "edits": [{"op": "set", "at": "/双十一", "value": "11-11"}]}),
    responses=documented(NotFound),
)
async def post_edit(request: Request, _: Editor, name: Name, lang: Lang = "zh") -> DocumentEdited:
    """Makes edits as `/v1/specs/edit` does: all or none, and every byte stays that they aren't about."""
    edited = await read_json(request, Edited)
    env = context(request)

    def act() -> DocumentEdited:
        try:
            text = edit_document(edited.text, edited.edits)
        except SpecEditError as refused:
            detail = in_chinese(str(refused)) if lang == "zh" else str(refused)
            error = {"field": f"edits.{refused.number}", "reason": "refused", "detail": detail}
            raise Invalid("None of the edits was made.", errors=[error]) from None
        return DocumentEdited(text=text, outline=_read(env, name, text, lang))

    return await run_in_threadpool(act)


@router.get("/{name}/versions", summary="List the versions of a shared document", responses=documented(NotFound))
def get_versions(request: Request, _: Reader, name: Name) -> list[WrittenVersionListed]:
    """The newest first."""
    with context(request).db() as session:
        return versions_of(session, name)


@router.get("/{name}/versions/{version}", summary="Read a version of a shared document", responses=documented(NotFound))
def get_version(request: Request, _: Reader, name: Name, version: int) -> WrittenVersionText:
    with context(request).db() as session:
        return version_of(session, name, version, drafts.live_text(session, name)[0])


@router.get(
    "/{name}/draft/review",
    summary="See what publishing a shared document's draft would change",
    responses=documented(NotFound),
)
def get_review(request: Request, _: Editor, name: Name, lang: Lang = "zh") -> DocumentReview:
    env = context(request)
    with env.db() as session:
        state = drafts.draft_state(session, name)
        value, problems = _judged(env, session, name, state.text)
        old = read_library(session).shared
        changes = [] if value is None else shared_changes(old, replace(old, **{_PART[name]: value}), {}, lang)
        live = drafts.live_text(session, name)[1]
    return DocumentReview(
        revision=state.revision, live=live, base=state.base, sound=value is not None, seconded=env.four_eyes,
        changes=[DocumentChange(words=each.words, risky=each.risky) for each in changes],
        problems=_mistakes(read_source(state.text, name), problems, lang),
    )  # fmt: skip


@router.post(
    "/{name}/draft/publish",
    summary="Publish a shared document's draft",
    openapi_extra=described(DocumentToPublish, {"reason": "the spring sale", "base": 3}),
    responses=documented(NotFound, ChangedMeanwhile, Conflict),
)
async def post_publish(
    request: Request, response: Response, caller: Editor, name: Name, if_match: IfMatch = None
) -> DocumentOutcome:
    """Publishes the revision that `If-Match` names, or `412`; it holds at once, in running journeys, too.

    `409` if another version than `base` is live by now. Where two people are needed, the first call asks; another
    person's call, of the same revision, publishes.
    """
    wanted = await read_json(request, DocumentToPublish)
    env, seen = context(request), seen_revision(if_match)

    def act(work: UnitOfWork) -> DocumentOutcome:
        mark_published(work)  # so that nobody publishes anything else between the check and this
        state = drafts.draft_state(work, name, locked=True)
        if state.revision != seen or not seen:
            raise DraftMovedError(state)
        value, problems = _judged(env, work, name, state.text)
        if value is None:
            errors = [vars(each) for each in _mistakes(read_source(state.text, name), problems, "zh")]
            raise Invalid("The document has mistakes.", errors=errors)
        before, live = drafts.live_text(work, name)
        if live is None and (document := work.get(Document, name)) is not None and document.body:
            raise Conflict("The document was published without its text; publish its file once more first.")
        if live != wanted.base:
            raise Conflict("Another version was published meanwhile; look at what it changed first.", live=live)
        now = env.wall.now()
        if env.four_eyes and (state.asked is None or state.asked["by"] == caller.reference):
            return DocumentOutcome(version=None, draft=shown(work, _ask(work, name, seen, caller, wanted, now)))
        reason = state.asked["reason"] if state.asked else wanted.reason
        history.keep(work, name, None if live is None else before, state.text, caller, now, reason)
        publish_document(work, name, body_of(value), state.text)
        version = drafts.live_text(work, name)[1]
        audit.record(
            work, caller, "document.publish", target_of(name), now,
            before={"version": live}, after={"version": version, "reason": reason},
        )  # fmt: skip
        drafts.discard(work, name, seen)
        return DocumentOutcome(version=version, draft=shown(work, drafts.draft_state(work, name)))

    outcome = await run_in_threadpool(guarded, env, act)
    response.headers["ETag"] = outcome.draft.etag
    return outcome


def versions_of(session: Session, what: str) -> list[WrittenVersionListed]:
    """The versions of a text or a document."""
    return [
        WrittenVersionListed(version=each.version, by=each.name, at=each.at, reason=each.reason)
        for each in history.versions(session, what)
    ]


def version_of(session: Session, what: str, number: int, live: str) -> WrittenVersionText:
    """One of them, beside the live text. Raises NotFound."""
    found = history.version(session, what, number) if 0 < number < 2**31 else None
    if found is None:
        raise NotFound("There was no such version, or it isn't kept.")
    lines = [VersionLine(what=mark, text=line) for mark, line in differences(found.text, live)]
    return WrittenVersionText(version=number, text=found.text, lines=lines)


def _ask(work: UnitOfWork, name: str, seen: int, caller: Actor, wanted: DocumentToPublish, now: datetime) -> DraftState:
    wish = {"by": caller.reference, "name": caller.name, "at": now.isoformat(), "running": "finish"}
    audit.record(work, caller, "draft.ask", target_of(name), now, after={"revision": seen})
    return drafts.ask(work, name, seen, {**wish, "reason": wanted.reason})


def _judged(env: Context, session: Session, name: str, text: str) -> tuple[Any, list[Diagnostic]]:
    """What a text says, or None if it can't be published, and all that is wrong with it."""
    library = read_library(session)
    value, found = READERS[name](text, f"{name}.yaml", published_references(library, (), env.clock.now()))
    asked = still_asked(session) if name in _CALLED and value is not None else {}
    for entry in getattr(library, _PART[name]) if asked else ():
        user = asked.get((name, entry))
        if entry not in value and user is not None:
            message = f'the {_CALLED[name]} "{entry}" is gone from here, but {user} refers to it and is live or still '
            found.append(Diagnostic(f"{name}.yaml", 1, 1, "E046", f"{message}has customers in it"))
    sound = value is not None and not any(each.severity == "error" for each in found)
    return value if sound else None, found


def _read(env: Context, name: str, text: str, lang: Language) -> DocumentRead:
    source = read_source(text, f"{name}.yaml")
    with env.db() as session:
        _, found = _judged(env, session, name, text)
    value = source.root.plain if source.root is not None else {}
    return DocumentRead(value=value, diagnostics=_mistakes(source, found, lang))


def _mistakes(source: Source, found: Sequence[Diagnostic], lang: Language) -> list[Mistake]:
    return [
        Mistake(
            line=each.line, column=each.column, width=each.width, code=each.code, severity=each.severity,
            detail=in_chinese(each.message) if lang == "zh" else each.message, at=_place(source, each),
        )
        for each in found
    ]  # fmt: skip


def _place(source: Source, diagnostic: Diagnostic) -> str | None:
    """The innermost entry that a diagnostic is about."""
    if source.root is None:
        return None
    known, spot = places(source.root), None
    with suppress(IndexError, ValueError):
        spot = source.start_of(diagnostic.line) + diagnostic.column - 1
    best: tuple[int, str] | None = None
    for node, start in _spans(source.root):
        if spot is not None and start <= spot < max(node.end, start + 1):
            size = node.end - start
            best = min(best or (size, known[id(node)]), (size, known[id(node)]))
    return best[1] if best else None


def _spans(root: Node) -> Sequence[tuple[Node, int]]:
    """Each value with where it begins, its key included."""
    entries = [(child, node.keys[name].start) for node in root.walk() for name, child in node.entries.items()]
    return [*entries, *((item, item.start) for node in root.walk() for item in node.items)]
