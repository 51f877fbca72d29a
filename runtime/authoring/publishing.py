"""Publishing a directory of specs and texts: what is in order goes live, what is not is told and left as it was."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from domain.access import audit
from domain.access.actors import at_terminal
from domain.journeys import lifecycle
from domain.journeys.lifecycle import Running
from domain.journeys.moving import settle_running
from domain.plays.publishing import publish_play
from domain.plays.running import live_play
from domain.published import history
from domain.published.fitting import Misfit, Text, misfits, published_references, still_asked
from domain.published.library import mark_published, read_library
from domain.published.publishing import has_policy, publish_document, publish_text, remove_document, remove_text
from domain.published.tables import Document, Journey
from domain.store.clock import SystemClock
from domain.store.work import Database
from runtime.authoring.check import check
from runtime.authoring.files import PLAYS, document_of, documents_in, home_of, is_play
from runtime.authoring.seen import Seen, unseen_document, unseen_journey, unseen_text
from runtime.authoring.shared import changes_of_shared
from runtime.platform.providers.webhooks import webhook_targets
from workflows.language.approved import ApprovedText
from workflows.language.compile import read_journey
from workflows.language.documents import body_of, reader_of
from workflows.language.needs import text_needs
from workflows.plays.model import Play
from workflows.source.diagnostics import Diagnostic
from workflows.terms.values import Language
from workflows.words.shared_documents import SharedChange

_NAMED = {"_segments": "segment", "_coupons": "coupon campaign", "_tags": "measure", "_calendar": "day"}


@dataclass(frozen=True)
class PublishReport:
    """The live version of each journey and of each of the `plays` that is in order, what is wrong with the others, and
    which stay stopped.

    `paused` are the journeys that stay paused. `shared` is what changed in shared documents, `left` what their files
    say otherwise and was left as it is published.
    """

    versions: dict[str, int]
    diagnostics: list[Diagnostic]
    stopped: list[str] = field(default_factory=list)
    plays: dict[str, int] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    shared: list[SharedChange] = field(default_factory=list)
    left: list[SharedChange] = field(default_factory=list)


def publish_directory(
    db: Database,
    specs: Path,
    templates: Path,
    now: datetime,
    by: str = "aftershow",
    lang: Language = "en",
    *,
    force: bool = False,
) -> PublishReport:
    """Publish every spec and text of the directories that has no error, in one transaction.

    A journey that was stopped stays so; it starts again when it is published by its name. Without a policy, now or
    from before, no journey goes live. What changes in shared documents is told in `lang`. What was published elsewhere
    and isn't in the files is left, unless by `force`.
    """
    report = check([specs], templates, webhook_targets(), now=now)
    broken = {diagnostic.path for diagnostic in report.diagnostics if diagnostic.severity == "error"}
    done = PublishReport({}, report.diagnostics)
    seen = Seen(specs)
    shared = {path: path.read_text(encoding="utf-8") for path in documents_in(specs) if str(path) not in broken}
    with db.begin() as work:
        mark_published(work)
        unseen_shared = [unseen_document(work, seen, _name(path), text, path) for path, text in shared.items()]
        if not force and any(unseen_shared):  # journeys may need what those files lack
            return PublishReport({}, [*report.diagnostics, *filter(None, unseen_shared)])
        if has_policy(work):
            done.shared.extend(changes_of_shared(work, read_library(work), specs, now, lang))
        stopped = set(work.exec(select(Journey.name).where(col(Journey.stopped))))
        before = {name: _document(work, name) for name in _NAMED}
        for path, text in shared.items():
            name = _name(path)
            document = work.get(Document, name)
            was = document.source if document else None
            history.keep(work, name, was, text, at_terminal(by), SystemClock().now())
            publish_shared(work, name, text)
            _note(work, by, "document", name, was, text)
            seen.add_document(name, text)
        _remove_documents(work, specs, seen, by)
        for path in sorted(specs.glob("*.yaml")):
            if str(path) in broken or path in shared:
                continue
            text = path.read_text(encoding="utf-8")
            if path.stem in stopped:
                done.stopped.append(path.stem)
            elif has_policy(work):
                plan = read_journey(text, str(path), None).plan
                unseen = unseen_journey(work, seen, plan, path) if plan is not None and not force else None
                if unseen is not None:
                    done.diagnostics.append(unseen)
                elif plan is not None:
                    with _audited(work, by, plan.journey):
                        published = lifecycle.publish(work, plan, text, now, by)
                    done.versions[plan.journey] = published.version
                    seen.add_journey(plan.journey, published.id)
        if has_policy(work):
            for path in sorted((specs / PLAYS).glob("*.yaml")):
                if str(path) not in broken and path.stem in report.plays:
                    done.plays[path.stem] = _publish_play(
                        work, report.plays[path.stem], report.sources[str(path)], now, by
                    )
        done.diagnostics.extend(_retain_required(work, specs, before))
        sound = {text: body for text, body in report.texts.items() if str(_file(templates, text)) not in broken}
        there = {(path.parent.name, path.stem) for path in templates.glob("*/*.j2")}
        gone = {text for text in set(read_library(work).texts) - there if seen.is_empty or seen.text(text)}
        done.diagnostics.extend(_publish_texts(work, templates, sound, gone, seen, by, force=force))
        publish_approved(work, report.approved, {file.parent.name for file in templates.glob("*/sms.yaml")})
        done.paused.update(_paused(work))
    seen.keep()
    return done


def _name(path: Path) -> str:
    return document_of(path) or path.stem


def _remove_documents(session: Session, specs: Path, seen: Seen, by: str) -> None:
    """Take away the connectors and outputs that were published from these files, and whose files are gone."""
    there = {_name(path) for path in documents_in(specs)}
    for document in session.exec(select(Document).where(col(Document.name).contains("/"))).all():
        if document.name not in there and seen.document(document.name):
            remove_document(session, document.name)
            _note(session, by, "document", document.name, document.source, None)


def _paused(session: Session) -> Sequence[str]:
    return session.exec(select(Journey.name).where(col(Journey.paused))).all()


def publish_files(
    db: Database,
    paths: Sequence[Path],
    templates: Path,
    now: datetime,
    by: str,
    running: Running,
    lang: Language = "en",
    *,
    force: bool = False,
) -> PublishReport:
    """Publish some journeys and the texts that they send; all of them, or none if one has an error.

    What else they refer to is what is published already; where the files beside them say otherwise, it is told.
    """
    webhooks = webhook_targets()
    report = check(list(paths), templates, webhooks, now=now)
    texts: dict[Text, str] = {}
    for plan in (*report.plans.values(), *report.letters):
        texts |= {key: report.texts[key] for need in text_needs(plan) if (key := need.text) in report.texts}
    done = PublishReport({}, report.diagnostics)
    if not report.ok:
        return done
    seen = {folder: Seen(folder) for folder in dict.fromkeys(map(home_of, paths))}
    with db() as session:
        mark_published(session)
        of_texts, ending = seen[home_of(paths[0])], running == "stop"
        done.diagnostics.extend(
            _publish_texts(
                session, templates, texts, (), of_texts, by, force=force, replaced=report.plans, ending=ending
            )
        )
        publish_approved(session, {name: report.approved[name] for name, _ in texts if name in report.approved})
        if not has_policy(session):
            words = "no policy is published; publish it first, with all that is beside it: aftershow publish"
            done.diagnostics.append(Diagnostic(str(home_of(paths[0]) / "_policy.yaml"), 1, 1, "E008", words))
        known = replace(published_references(read_library(session), webhooks, now), elsewhere=None)
        for path in paths:
            text = report.sources.get(str(path), "")
            if is_play(path):
                done.plays[path.stem] = _publish_play(session, report.plays[path.stem], text, now, by)
                continue
            compiled = read_journey(text, str(path), known)
            done.diagnostics.extend(
                diagnostic for diagnostic in compiled.diagnostics if diagnostic not in done.diagnostics
            )
            if compiled.plan is not None:
                known_here = seen[path.parent]
                unseen = None if force else unseen_journey(session, known_here, compiled.plan, path)
                done.diagnostics.extend([unseen] if unseen else [])
                with _audited(session, by, compiled.plan.journey, running=running):
                    published = lifecycle.publish(session, compiled.plan, text, now, by, running=running)
                done.versions[compiled.plan.journey] = published.version
                known_here.add_journey(compiled.plan.journey, published.id)
        is_wrong = any(diagnostic.severity == "error" for diagnostic in done.diagnostics)
        if is_wrong:
            session.rollback()
        if has_policy(session):
            for folder in seen:
                done.left.extend(changes_of_shared(session, read_library(session), folder, now, lang))
        if is_wrong:  # it may refer to what only the files have
            return PublishReport({}, done.diagnostics, left=done.left)
        done.paused.update(_paused(session))
        session.commit()
    for each in seen.values():
        each.keep()
    for name in done.versions:
        settle_running(db, name, running, now)
    return done


def _publish_play(session: Session, play: Play, text: str, now: datetime, by: str) -> int:
    live = live_play(session, play.play)
    version = publish_play(session, play, text, now).version
    if live is None or live[0].version != version:
        audit.record(
            session,
            at_terminal(by),
            "play.publish",
            f"play:{play.play}",
            SystemClock().now(),
            after={"version": version},
        )
    return version


def _audited(session: Session, by: str, journey: str, **details: Any) -> AbstractContextManager[object]:
    return lifecycle.audited(session, at_terminal(by), "journey.publish", journey, SystemClock().now(), **details)


def _note(session: Session, by: str, kind: str, name: str, before: str | None, after: str | None) -> None:
    """Writes a text or a shared document that was published, or a text that was taken away, into the audit."""
    was, now = {"sha256": _fingerprint(before)}, {"sha256": _fingerprint(after)}
    actor, action = at_terminal(by), f"{kind}.{'remove' if after is None else 'publish'}"
    audit.record(session, actor, action, f"{kind}:{name}", SystemClock().now(), before=was, after=now)


def _fingerprint(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()[:16]


def _retain_required(session: Session, specs: Path, before: Mapping[str, Mapping[str, Any]]) -> Iterator[Diagnostic]:
    """Put back the segments and campaigns that were taken away while something live or running refers to them."""
    required = still_asked(session)
    for name, what in _NAMED.items():
        now, was = _entries(_document(session, name)), _entries(before[name])
        retained = {entry: body for entry, body in was.items() if entry not in now and (name, entry) in required}
        if retained:
            together = {**now, **retained}
            body = {**_document(session, name), "measures": together} if name == "_tags" else together
            document = session.get(Document, name)
            publish_document(session, name, body, document.source if document else None)
        for entry in retained:
            words = f'{what} "{entry}" is gone from here and stays as it was: {required[name, entry]}, refers to it'
            yield Diagnostic(
                str(specs / f"{name}.yaml"), 1, 1, "E046", f"{words} and is live or still has customers in it"
            )


def _entries(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a document names: measures stand one level down."""
    measures: Mapping[str, Any] = document.get("measures", document)
    return measures


def _document(session: Session, name: str) -> Mapping[str, Any]:
    document = session.get(Document, name, populate_existing=True)
    return document.body if document else {}


def _publish_texts(
    session: Session,
    templates: Path,
    texts: Mapping[Text, str],
    gone: Collection[Text],
    seen: Seen,
    by: str,
    *,
    force: bool,
    replaced: Collection[str] = (),
    ending: bool = False,
) -> list[Diagnostic]:
    """Replace texts and take those away that are gone, except where what is live or running needs them as they are,
    or where, by what was `seen`, they were changed elsewhere.
    """
    unseen = {
        text: diagnostic
        for text, body in texts.items()
        if not force and (diagnostic := unseen_text(session, seen, text, body, _file(templates, text)))
    }
    unfit: dict[Text, Misfit] = {}
    for misfit in misfits(session, texts, gone, replaced=replaced, ending=ending):
        unfit.setdefault(misfit.text, misfit)
    live, now = read_library(session).texts, SystemClock().now()
    for (template, channel), body in texts.items():
        if (template, channel) not in unfit.keys() | unseen.keys():
            before = live.get((template, channel))
            history.keep(session, f"{template}/{channel}", before, body, at_terminal(by), now)
            publish_text(session, template, channel, body)
            _note(session, by, "text", f"{template}/{channel}", before, body)
            seen.add_text((template, channel), body)
    for text in gone:
        if text not in unfit:
            remove_text(session, *text)
            _note(session, by, "text", "/".join(text), live.get(text), None)
    told = [Diagnostic(str(_file(templates, text)), 1, 1, "E046", str(misfit)) for text, misfit in unfit.items()]
    return [*unseen.values(), *told]


def publish_approved(
    session: Session, approved: Mapping[str, ApprovedText], there: Collection[str] | None = None
) -> None:
    """Publish what SMS providers have approved, by template; what isn't `there` any more is taken away."""
    before = read_library(session).approved
    after = {name: each for name, each in before.items() if there is None or name in there} | dict(approved)
    if after != before:
        publish_document(session, "_approved", {name: each.model_dump(mode="json") for name, each in after.items()})


def _file(templates: Path, text: Text) -> Path:
    return templates / text[0] / f"{text[1]}.j2"


def publish_shared(session: Session, name: str, text: str) -> None:
    """Publish the policy, the segments, the coupons, the rules of stock or of identity, by the name of their file."""
    if (read := reader_of(name)) is not None:
        publish_document(session, name, body_of(read(text, name, None)[0]), text)
