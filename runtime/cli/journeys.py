"""Commands for the life cycle of journeys: publish, diff, pause, resume, stop, and what became of each."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from runtime import StartError
from runtime.cli.shared import (
    LANG,
    SPECS,
    TEMPLATES,
    Data,
    Lang,
    Specs,
    Templates,
    database,
    existing,
    journey_file,
    operator,
    record,
    say,
)

if TYPE_CHECKING:
    from domain.store.work import UnitOfWork
    from workflows.plan.model import Plan
    from workflows.terms.values import Language

app = typer.Typer()

Name = Annotated[str, typer.Argument(help="The journey's name.")]
STATES = {"live": "生效中", "paused": "已暂停", "stopped": "已停止"}
ACTIONS = {
    "published": "发布", "paused": "暂停", "resumed": "恢复", "stopped": "停止", "stopped_customer": "停止了一位客户",
}  # fmt: skip


@app.command()
def publish(
    journeys: Annotated[list[str] | None, typer.Argument(help="Names, or paths of files; all, without any.")] = None,
    running: Annotated[
        Literal["finish", "stop", "move"], typer.Option(help="What becomes of those in older versions.")
    ] = "finish",
    force: Annotated[bool, typer.Option("--force", help="Also over what was published elsewhere.")] = False,
    data: Data = None,
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
    lang: Lang = LANG,
) -> None:
    """Publish journeys and the texts they send; without any named, everything in the directories."""
    from runtime.authoring.publishing import publish_directory, publish_files
    from runtime.authoring.reports import has_errors, published_text
    from runtime.platform.stored_clock import clock_of

    paths = [journey_file(name, specs) for name in journeys or ()]
    existing(*paths, *([] if paths else [specs]), templates)
    if running != "finish" and not paths:
        does = "ends what runs on" if running == "stop" else "moves what runs on"
        raise StartError(f"--running {running} {does} older versions; name the journeys that it is for")
    with database(data) as db:
        now = clock_of(db).now()
        if paths:
            report = publish_files(db, paths, templates, now, operator(), running, lang, force=force)
        else:
            report = publish_directory(db, specs, templates, now, operator(), lang, force=force)
    say(published_text(report, lang))
    raise typer.Exit(1 if has_errors(report.diagnostics) else 0)


@app.command()
def pull(
    force: Annotated[bool, typer.Option("--force", help="Also over files with changes of their own.")] = False,
    data: Data = None,
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
    lang: Lang = LANG,
) -> None:
    """Bring what was published elsewhere into the files: journeys, texts, shared documents; all, if there are none."""
    from runtime.authoring.pulling import pull as bring

    for place in (specs, templates):
        if place.exists() and not place.is_dir():
            raise StartError(f"{place} is no directory")
    with database(data) as db, db() as session:
        done = bring(session, specs, templates, force=force)
    for path in done.written:
        say(f"{'取回' if lang == 'zh' else 'pulled'}  {path}")
    for path in done.left:
        zh = f"{path} 自己也改过，没有动；要以已发布的为准：aftershow pull --force"
        en = (
            f"{path} has changes of its own, and was left; what is published replaces them with: aftershow pull --force"
        )
        say(zh if lang == "zh" else en)
    if not done.written and not done.left:
        say("文件与已发布的一致" if lang == "zh" else "the files have all that is published")
    raise typer.Exit(1 if done.left else 0)


@app.command()
def diff(
    journey: Annotated[str, typer.Argument(help="Its name, or the path of its file.")],
    data: Data = None,
    specs: Specs = SPECS,
    templates: Templates = TEMPLATES,
    lang: Lang = LANG,
) -> None:
    """Tell what publishing a journey's file and the shared documents beside it would change, and for whom not."""
    from domain.journeys.lifecycle import journey_status, plan_of
    from domain.journeys.moving import count_movable
    from domain.published.library import read_library
    from runtime.authoring.reports import shared_lines
    from runtime.authoring.shared import changes_of_shared
    from runtime.platform.stored_clock import clock_of
    from workflows.words.diff import diff as changes

    path = existing(journey_file(journey, specs))[0]
    plan, texts = _read(path, templates)
    with database(data) as db, db() as session, _known(plan.journey):
        now = journey_status(session, plan.journey)
        library = read_library(session)
        shared = changes_of_shared(session, library, path.parent, clock_of(db).now(), lang)
        lines = changes(plan_of(session, plan.journey), plan, now.running.get(now.version, 0), lang)
        moving, staying = count_movable(session, plan)
    for (template, channel), body in sorted(texts.items()):
        if library.texts.get((template, channel)) != body:
            is_new = (template, channel) not in library.texts
            if lang == "zh":
                how = "是新的" if is_new else "有改动，在途客户也会收到新的"
                lines.append(f"「{template}」的 {channel} 文案{how}")
            else:
                how = "is new" if is_new else "changes, for running customers too"
                lines.append(f'the {channel} text of "{template}" {how}')
    same = f"nothing differs from version {now.version}, which is {now.state}"
    if lang == "zh":
        same = f"与版本 {now.version}（{STATES[now.state]}）没有差别"
    say("\n".join(lines) or same)
    say(running_words(now.running, lang))
    if moving or staying:
        zh = f"按 --running move 发布：{moving} 位转到新版本，{staying} 位在旧版本走完"
        en = f"with --running move, {moving} would go on under the new version and {staying} finish the old one"
        say(zh if lang == "zh" else en)
    for line in shared_lines(shared, lang):
        say(line)


@app.command()
def pause(journey: Name, data: Data = None, lang: Lang = LANG) -> None:
    """Let nobody enter a journey and hold its messages; waits go on."""
    from domain.journeys import lifecycle
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, _known(journey), db.begin() as work, _audited(work, "journey.pause", journey):
        new = lifecycle.pause(work, journey, clock_of(db).now(), operator())
    zh = f"{journey} {'已暂停' if new else '本来就在暂停'}"
    say(zh if lang == "zh" else f"{journey} {'is' if new else 'was already'} paused")


@app.command()
def resume(
    journey: Name,
    late: Annotated[Literal["send", "drop"], typer.Option(help="What becomes of the messages that were held.")],
    data: Data = None,
    lang: Lang = LANG,
) -> None:
    """Let a paused journey go on."""
    from domain.journeys import lifecycle
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, _known(journey):
        now = clock_of(db).now()
        with db.begin() as work, _audited(work, "journey.resume", journey, late=late):
            new = lifecycle.resume(work, journey, now, operator(), late=late)
        lifecycle.in_pages(db, lifecycle.release_page, journey, now)
    zh = f"{journey} {'继续运行' if new else '没有暂停'}"
    say(zh if lang == "zh" else f"{journey} {'goes on' if new else 'was not paused'}")


@app.command()
def stop(
    journey: Name,
    customer: Annotated[int | None, typer.Option(help="Only this customer, by id; the journey stays live.")] = None,
    data: Data = None,
    lang: Lang = LANG,
) -> None:
    """Stop a journey: nobody enters any more, and whoever is inside is done. Or stop it for one customer."""
    from domain.journeys import lifecycle
    from runtime.platform.stored_clock import clock_of

    with database(data) as db, _known(journey):
        now = clock_of(db).now()
        if customer is not None:
            with db.begin() as work, _audited(work, "journey.stop_customer", journey, customer=customer):
                count = lifecycle.stop_customer(work, journey, customer, now, operator())
            if not count:
                zh = f"客户 {customer} 不在 {journey} 里"
                raise StartError(zh if lang == "zh" else f"customer {customer} isn't in {journey}")
            zh = f"客户 {customer} 的 {journey} 已结束"
            say(zh if lang == "zh" else f"{journey} is over for customer {customer}")
            return
        with db.begin() as work, _audited(work, "journey.stop", journey):
            new = lifecycle.stop(work, journey, now, operator())
        lifecycle.in_pages(db, lifecycle.stop_page, journey, now)
    zh = f"{journey} {'已停止' if new else '本来就已停止'}"
    say(zh if lang == "zh" else f"{journey} {'is' if new else 'was already'} stopped")


@app.command()
def journeys(data: Data = None, lang: Lang = LANG) -> None:
    """List the journeys: live version, state, how many are inside, stuck and failed, and the last thing done."""
    from domain.journeys.lifecycle import journey_statuses
    from domain.published.library import read_library

    with database(data) as db, db() as session:
        zone = read_library(session).policy_zone
        for status in journey_statuses(session):
            last, zh = status.last, lang == "zh"
            parts = [f"{status.journey} v{status.version}", STATES[status.state] if zh else status.state]
            parts.append(running_words(status.running, lang))
            if status.stuck:
                parts.append(f"{status.stuck} 位卡住" if zh else f"{status.stuck} stuck")
            if status.failed:
                parts.append(f"{status.failed} 位出错中止" if zh else f"{status.failed} failed")
            if last:
                done = ACTIONS.get(last.action, last.action) if zh else last.action.replace("_", " ")
                by = f"{last.by} {done}" if zh else f"{done} by {last.by}"
                parts.append(f"{by}{'，' if zh else ', '}{last.at.astimezone(zone):%Y-%m-%d %H:%M}")
            say(" · ".join(parts))


@app.command()
def recount(data: Data = None) -> None:
    """Count anew what happened in journeys, from the trail. Counts that are right stay as they are."""
    from domain.journeys import counts

    with database(data) as db, db.begin() as work:
        number, wrong = counts.recount(work)
        record(work, "counts.recount", "counts", after={"counts": number, "wrong": wrong})
    say(f"{number} counts, {wrong} of them were wrong, and are right now" if wrong else f"{number} counts, all right")


def running_words(running: dict[int, int], lang: "Language" = "en") -> str:
    """How many customers are inside each version."""
    if lang == "zh":
        return (
            "，".join(f"版本 {version} 有 {count} 位在途客户" for version, count in running.items()) or "没有在途客户"
        )
    return ", ".join(f"{count} running on v{version}" for version, count in running.items()) or "nobody is inside"


def _audited(work: "UnitOfWork", action: str, journey: str, **details: Any) -> AbstractContextManager[object]:
    """Writes what is done within into the audit."""
    from domain.access.actors import at_terminal
    from domain.journeys import lifecycle
    from domain.store.clock import SystemClock

    return lifecycle.audited(work, at_terminal(operator()), action, journey, SystemClock().now(), **details)


@contextmanager
def _known(journey: str) -> Iterator[None]:
    from domain.journeys.lifecycle import UnknownJourneyError

    try:
        yield
    except UnknownJourneyError:
        raise StartError(
            f"no journey {journey} was ever published; `aftershow journeys` lists those that were"
        ) from None


def _read(path: Path, templates: Path) -> tuple["Plan", dict[tuple[str, str], str]]:
    from runtime.authoring.check import check
    from runtime.authoring.reports import diagnostics_text
    from runtime.platform.providers.webhooks import webhook_targets
    from workflows.language.needs import text_needs

    report = check([path], templates, webhook_targets())
    if not report.plans:
        mistakes = [diagnostic for diagnostic in report.diagnostics if diagnostic.path == str(path)]
        raise StartError(f"{path} has mistakes\n{diagnostics_text(mistakes)}")
    (plan,) = report.plans.values()
    needed = {need.text for need in text_needs(plan)}
    return plan, {key: body for key, body in report.texts.items() if key in needed}


@app.command()
def edit(
    journey: Annotated[str, typer.Argument(help="Its name, like thanks or _policy, or the path of its file.")],
    edits: Annotated[str, typer.Argument(help="A file with a JSON list of edits; - for what comes in.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    specs: Specs = SPECS,
    lang: Lang = LANG,
) -> None:
    """Edit a journey's file, or a shared document's: all edits or none. Every byte stays that they aren't about."""
    from runtime.authoring.editing import changed_lines, read_edits
    from runtime.authoring.files import document_of, read_text
    from runtime.authoring.reports import diagnostics_text
    from workflows.language.compile import read_journey
    from workflows.language.documents import edit_document, reader_of
    from workflows.language.editing import SpecEditError, edit_spec
    from workflows.source.diagnostics import Diagnostic

    (path,) = existing(journey_file(journey, specs))
    text = read_text(path)
    if isinstance(text, Diagnostic):
        raise StartError(diagnostics_text([text], lang))
    before = path.read_bytes().decode("utf-8")
    asked = read_edits(sys.stdin.read() if edits == "-" else existing(Path(edits))[0].read_text(encoding="utf-8"))
    try:
        after = (edit_document if document_of(path) else edit_spec)(before, asked)
    except SpecEditError as refused:
        raise StartError(f"edit {refused.number + 1} can't be made, so none was: {refused}") from None
    say(changed_lines(before, after, str(path)))
    if not dry_run:
        path.write_bytes(after.encode("utf-8"))
    name = document_of(path)
    read = reader_of(name) if name else None
    if found := read(after, str(path), None)[1] if read else read_journey(after, str(path), None).diagnostics:
        say(diagnostics_text(found, lang))
