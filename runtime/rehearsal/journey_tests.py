"""`aftershow test`: plays the cases of journey tests on an engine and compares the timelines."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from sqlalchemy import Engine

from domain.plays.followers import letters_of
from runtime import terminal_language
from runtime.authoring.files import read_text
from runtime.authoring.reports import diagnostics_text
from runtime.chinese import in_chinese
from runtime.platform.database import connect, upgrade
from runtime.platform.embedded import embedded_postgres
from runtime.rehearsal.cases import Case, CaseFile, Expected, Parts, case_files, read_cases
from runtime.rehearsal.engine import rehearse
from runtime.rehearsal.play_cases import PlayCaseFile, is_about_a_play, read_play_cases
from runtime.rehearsal.play_world import PlayStock
from runtime.rehearsal.temporal_engine import TemporalEngine
from runtime.rehearsal.world import CaseStock, Line, with_texts
from workflows.language.calendar import read_calendar
from workflows.language.compile import read_journey
from workflows.language.policy import Policy, read_coupons, read_policy, read_segments
from workflows.language.tags import read_tags
from workflows.plan.model import Plan
from workflows.plays.model import Play
from workflows.plays.reading import read_play
from workflows.source.diagnostics import Diagnostic
from workflows.terms.values import Language
from workflows.terms.wording import Wording

EngineName = Literal["rehearsal", "temporal"]
ENGINES: tuple[EngineName, ...] = ("rehearsal", "temporal")
Player = Callable[[Case, CaseStock], list[Line]]

_JSON: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True)
class Verdict:
    """How a case went; `problems` is empty if it passed."""

    file: Path
    case: str
    problems: list[str]


@contextmanager
def players(engines: Sequence[EngineName]) -> Iterator[dict[EngineName, Player]]:
    """The engines asked for, on a Postgres (and a Temporal) of their own that leave nothing behind."""
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        url = stack.enter_context(embedded_postgres(data, durable=False))
        upgrade(url)
        engine, _ = connect(url)
        stack.callback(engine.dispose)
        yield {name: _player(name, engine, stack) for name in engines}


def _player(name: EngineName, engine: Engine, stack: ExitStack) -> Player:
    if name == "rehearsal":
        return lambda case, shelf: rehearse(engine, case, shelf)
    return stack.enter_context(TemporalEngine(engine)).play


def play_file(path: Path, play: Player, specs: Path, templates: Path) -> Iterator[Verdict]:
    """Play each case of a file, of a journey or of a play."""
    file, diagnostics = read_play_cases(path) if is_about_a_play(path) else read_cases(path)
    if file is None:
        yield Verdict(path, "", [diagnostics_text(diagnostics)])
        return
    for case in file.cases:
        try:
            shelf = load_shelf(path, file, case, specs, templates)
            problems = compare(case, play(case, shelf), ZoneInfo(shelf.policy.timezone))
        except (ValueError, LookupError) as problem:
            problems = [in_chinese(str(problem)) if terminal_language() == "zh" else str(problem)]
        yield Verdict(path, case.name, problems)


def load_shelf(path: Path, file: CaseFile | PlayCaseFile, case: Case, specs: Path, templates: Path) -> CaseStock:
    """What is published for a case: its journey or play, and our policy, segments, coupons and texts.

    Raises ValueError.
    """
    play: Play | None = None
    if isinstance(file, PlayCaseFile):
        where = path.parent / file.spec if file.spec else specs / "plays" / f"{file.play}.yaml"
        play = _read_play(where)
        letters = [read_journey(text, name, None).plan for name, text in letters_of(play)]
        beside = specs if file.play else where.parent.parent
        started = [_read_plan(beside / f"{name}.yaml") for name in play.starts]
        plan, *others = [plan for plan in (*letters, *started) if plan is not None] or [NOBODY]
        versions = tuple(others)
    else:
        plan = _read_plan(path.parent / file.spec if file.spec else specs / f"{file.journey}.yaml")
        versions = tuple(_read_plan(path.parent / version.spec, plan.journey) for version in case.publish)
    policy = _read(specs / "_policy.yaml", read_policy) or Policy()
    texts = {
        (text.parent.name, text.stem): text.read_text(encoding="utf-8") for text in sorted(templates.glob("*/*.j2"))
    }
    try:
        policy = policy.overridden({**file.policy, **case.policy})
    except ValidationError as problem:
        raise ValueError(f"policy: {problem.errors()[0]['msg']}") from problem
    return PlayStock(
        plan=plan,
        play=play,
        versions=versions,
        policy=policy,
        segments=_JSON.dump_python(_read(specs / "_segments.yaml", read_segments) or {}, mode="json"),
        tags=_JSON.dump_python(_read(specs / "_tags.yaml", read_tags) or {}, mode="json"),
        calendar=_read(specs / "_calendar.yaml", read_calendar) or {},
        campaigns=_read(specs / "_coupons.yaml", read_coupons) or {},
        texts={key: text for each in (plan, *versions) for key, text in with_texts(each, texts).items()},
    )


def _plan_of(text: str) -> Plan:
    plan = read_journey(text, "a journey", None).plan
    assert plan is not None
    return plan


NOBODY = _plan_of("journey: nobody\ntrigger: {event: nothing.ever}\nentry: {again: never}\nsteps: [{stop: nobody}]\n")
"""The journey of a play that writes to nobody."""


def _read_play(spec: Path) -> Play:
    text = read_text(spec)
    if isinstance(text, Diagnostic):
        raise ValueError(diagnostics_text([text]))
    found = read_play(text, str(spec))
    if found.play is None:
        raise ValueError(diagnostics_text(found.diagnostics))
    return found.play


def _read_plan(spec: Path, journey: str | None = None) -> Plan:
    """The plan of a spec; of a later version, whatever its file is called, under the name of its journey."""
    text = read_text(spec)
    if isinstance(text, Diagnostic):
        raise ValueError(diagnostics_text([text]))
    compiled = read_journey(text, f"{journey}.yaml" if journey else str(spec), None)
    if compiled.plan is None:
        raise ValueError(diagnostics_text(compiled.diagnostics))
    return compiled.plan


def _read(path: Path, read: Callable[[str, str], tuple[Any, list[Diagnostic]]]) -> Any:
    if not path.is_file():
        return None
    value, diagnostics = read(path.read_text(encoding="utf-8"), str(path))
    if value is None:
        raise ValueError(diagnostics_text(diagnostics))
    return value


def compare(case: Case, lines: Sequence[Line], zone: ZoneInfo) -> list[str]:
    """What is wrong with a timeline: nothing, or the expected one beside what happened."""
    return [] if fits(case, lines, zone) else [_difference(case, lines, zone)]


def fits(case: Case, lines: Sequence[Line], zone: ZoneInfo) -> bool:
    """Whether a timeline is as expected.

    Lines of different enrollments at one instant compare as a set; those of one enrollment in their order. Of a
    timeline that is expected in parts, other lines may be there.
    """
    parts = case.expect if isinstance(case.expect, Parts) else None
    if parts and any(_says(never, line, case, zone) for never in parts.never for line in lines):
        return False
    left = dict(enumerate(case.expected))
    reached: dict[int | None, int] = {}
    for line in lines:
        match = next((place for place, expected in left.items() if _says(expected, line, case, zone)), None)
        if match is None and parts:
            continue
        if match is None or match < reached.get(line.enrollment, 0):
            return False
        del left[match]
        if line.enrollment is not None:
            reached[line.enrollment] = match
    return not left


def _zone(case: Case, customer: str | None, zone: ZoneInfo) -> ZoneInfo:
    name = case.who(customer)
    person = case.people.get(name) if name else None
    return ZoneInfo(person.timezone) if person and person.timezone else zone


def _says(expected: Expected, line: Line, case: Case, zone: ZoneInfo) -> bool:
    what, value = expected.what
    own = _zone(case, expected.customer, zone)
    return (
        (what, value) == (line.what, line.value)
        and (expected.at is None or expected.at.shows(line.at, own))
        and (expected.text is None or expected.text.fits(line.text))
        and case.who(expected.customer) in (None, line.customer)
        and expected.via in (None, line.via)
        and expected.reason in (None, line.reason)
        and (expected.until is None or (line.until is not None and expected.until.shows(line.until, own)))
    )


def both_in_words(case: Case, lines: Sequence[Line], zone: ZoneInfo, say: Wording) -> tuple[list[str], list[str]]:
    """The lines that are expected, and those that happened."""
    several = len(case.people) > 1
    expected = [_expected_words(item, several=several) for item in case.expected]
    if isinstance(case.expect, Parts):
        expected += [f"never {_expected_words(item, several=several)}" for item in case.expect.never]
    asked = any(item.text for item in (*case.expected, *(case.expect.never if isinstance(case.expect, Parts) else ())))
    happened = [
        _words(line, _zone(case, line.customer, zone), say, several=several)
        + (f", text: {line.text}" if asked and line.text is not None else "")
        for line in lines
    ]
    return expected, happened


def _difference(case: Case, lines: Sequence[Line], zone: ZoneInfo) -> str:
    say = Wording(terminal_language())
    expected, happened = both_in_words(case, lines, zone, say)
    title = say.pick("预期", "expected")
    width = max(map(cell_len, [title, *expected]))
    rows = [f"  {set_cell_size(title, width)}   {say.pick('实际', 'happened')}"]
    for index in range(max(len(expected), len(happened))):
        left = expected[index] if index < len(expected) else ""
        right = happened[index] if index < len(happened) else ""
        rows.append(f"  {set_cell_size(left, width)}   {right}")
    return "\n".join(rows)


def _expected_words(line: Expected, *, several: bool) -> str:
    what, value = line.what
    who = f"{line.customer} " if several and line.customer else ""
    extra = "".join(f", {key}: {detail}" for key in ("via", "reason") if (detail := getattr(line, key)) is not None)
    until = f", until: {line.until.text}" if line.until else ""
    text = f", text {line.text}" if line.text else ""
    return f"{line.at.text + ' ' if line.at else ''}{who}{what}: {value}{extra}{until}{text}"


def _words(line: Line, zone: ZoneInfo, say: Wording, *, several: bool) -> str:
    at = line.at.astimezone(zone)
    who = f"{line.customer} " if several else ""
    extra = "".join(f", {key}: {detail}" for key in ("via", "reason") if (detail := getattr(line, key)) is not None)
    until = f", until: {line.until.astimezone(zone):%Y-%m-%d %H:%M}" if line.until else ""
    seconds = f"{at:%Y-%m-%d %H:%M:%S}" if at.second else f"{at:%Y-%m-%d %H:%M}"
    because = f"  # {say.pick(in_chinese(line.because), line.because)}" if line.because else ""
    return f"{seconds} {who}{line.what}: {line.value}{extra}{until}{because}"


def run_cli(paths: Sequence[Path], engines: Sequence[EngineName], specs: Path, templates: Path, lang: Language) -> int:
    """Play the cases of files and directories on each engine and print how they went. Returns how many failed."""
    console = Console(soft_wrap=True, highlight=False)
    say = Wording(lang)
    marks = {
        True: say.pick("[red]未通过[/red]", "[red]fails[/red]"),
        False: say.pick("[green]通过[/green]", "[green]passes[/green]"),
    }
    files = list(case_files(list(paths)))
    failed = passed = 0
    with players(engines) as chosen:
        for name, play in chosen.items():
            for path in files:
                for verdict in play_file(path, play, specs, templates):
                    console.print(f"{marks[bool(verdict.problems)]}  {name}  {path.name}: {verdict.case}")
                    for problem in verdict.problems:
                        console.print(problem, markup=False)
                    failed += bool(verdict.problems)
                    passed += not verdict.problems
    console.print(say.pick(f"{passed} 个通过，{failed} 个未通过", f"{passed} passed, {failed} failed"))
    return failed
