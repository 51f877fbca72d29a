"""Reads everything that marketers write, journeys and texts, and tells every mistake in it."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.catalogue.page import FIELD_TYPES, FIELDS
from domain.catalogue.types import BUSINESS
from domain.plays.followers import letters_of
from domain.texts.approved import differences
from domain.texts.by_channel import checks_of
from domain.texts.checking import TextProblem, text_problems, unknown_names
from domain.texts.links import TextLinks
from domain.texts.rendering import faults
from domain.texts.rendering import variables as variables_of
from domain.texts.shapes import ROOTS, Provided, provided
from domain.texts.sms import OPT_OUT
from runtime.authoring.files import PLAYS, folder_of, home_of, is_play, read_text, unreadable, yaml_in
from workflows.language.approved import ApprovedText, read_approved
from workflows.language.checks import References, given_by, steps_in
from workflows.language.compile import compile_source, read_journey, sketch
from workflows.language.documents import FOLDERS, reader_of
from workflows.language.needs import text_needs
from workflows.language.policy import CouponTerms, Policy, limits_of, read_coupons, read_policy, read_segments
from workflows.language.tags import Tags, measure_types, names_in, read_tags
from workflows.plan.model import Plan
from workflows.plays.model import Play
from workflows.plays.reading import read_play
from workflows.source.diagnostics import Diagnostic, did_you_mean, quoted, render, split_lines
from workflows.source.tree import Node, Source, read_source
from workflows.terms.channels import CHANNELS
from workflows.terms.conditions import Condition, Measure
from workflows.terms.scope import Named
from workflows.terms.values import Language
from workflows.verbs.send import Send

_SIGNED = re.compile(r"(\s|\{%.*?%\}|\{#.*?#\})*(\{\{-?\s*shop\.sign\b|【)", re.DOTALL)
_POLICY, _SEGMENTS, _COUPONS, _TAGS, _CALENDAR = (
    f"_{name}.yaml" for name in ("policy", "segments", "coupons", "tags", "calendar")
)

_KNOWN = {"shop": {"name": "店", "sign": "【店】"}, **TextLinks(None, 0).functions()}
"""What every text can name, whatever its customer."""


@dataclass
class CheckReport:
    """What was read, and what is wrong with it.

    `sources` holds the texts by path, for showing a diagnostic's line; `texts` the messages by (template, channel).
    What has errors isn't in `plans`, and is None or missing elsewhere.
    """

    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    policy: Policy | None = None
    segments: dict[str, Condition] | None = None
    campaigns: dict[str, CouponTerms] | None = None
    tags: Tags | None = None
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    approved: dict[str, ApprovedText] = field(default_factory=dict)
    plays: dict[str, Play] = field(default_factory=dict)
    letters: list[Plan] = field(default_factory=list)
    """What plays write, as journeys."""
    sketches: list[tuple[Plan, bool]] = field(default_factory=list)
    """What can be read of journeys that have errors, each with whether that is all of it."""

    @property
    def ok(self) -> bool:
        """Whether there are no errors; warnings are allowed."""
        return not any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    def __str__(self) -> str:
        return self.text("en")

    def text(self, lang: Language) -> str:
        """Every diagnostic with its line, and how many there are."""
        shown = [render(diagnostic, self.sources.get(diagnostic.path), lang) for diagnostic in self.diagnostics]
        errors = sum(item.severity == "error" for item in self.diagnostics)
        if lang == "zh":
            counted = f"检查了 {len(self.sources)} 个文件：{errors} 个错误，{len(self.diagnostics) - errors} 个提醒"
            return "\n".join([*shown, counted])
        counts = f"{_count(errors, 'error')}, {_count(len(self.diagnostics) - errors, 'warning')}"
        return "\n".join([*shown, f"{_count(len(self.sources), 'file')} checked: {counts}"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def check(
    paths: list[Path], templates: Path, webhooks: Collection[str] = (), *, now: datetime | None = None
) -> CheckReport:
    """Check journeys, or directories of them, and the message texts under `templates`.

    Segments, coupon campaigns and the policy are those beside each journey, `webhooks` those that are configured. What
    is over by `now` is told, if that is given. Never raises for what is in the files or can't be read of them.
    """
    report = CheckReport()
    variables = _read_texts(report, templates)
    known: dict[str, frozenset[str]] = {}
    for template, channel in variables:
        known[template] = known.get(template, frozenset()) | {channel}
    tree = cache(_tree)
    directories: dict[Path, References] = {}
    campaigns: dict[str, CouponTerms] = {}
    measures: dict[str, Measure] = {}
    for path in paths:
        for file in _files(report, path):
            beside = home_of(file)
            if beside not in directories:
                texts = References(templates=known, variables=variables, webhooks=webhooks)
                own, tags = _named_in(beside, tree)
                directories[beside] = _beside(beside, texts, own, tags, tree, now)
                campaigns |= own
                measures |= tags.measures
            if is_play(file):
                _check_play(report, file, directories[beside], _named_in(beside, tree)[0], _journeys(report, beside))
            else:
                _check_file(report, file, directories[beside], tree)
    _check_texts(report, templates, campaigns, measures, unsent=any(path.is_dir() for path in paths))
    _check_wording(report, templates)
    _check_approved(report, templates)
    report.diagnostics = sorted(dict.fromkeys(report.diagnostics), key=lambda item: item.place)
    return report


def _tree(file: Path) -> Source:
    text = read_text(file)
    return read_source(text if isinstance(text, str) else "", str(file))


def _named_in(directory: Path, tree: Callable[[Path], Source]) -> tuple[dict[str, CouponTerms], Tags]:
    """The coupon campaigns and measures of a directory; none where there are mistakes, which are told elsewhere."""
    campaigns, _ = read_coupons(tree(directory / _COUPONS).text, _COUPONS)
    tags, _ = read_tags(tree(directory / _TAGS).text, _TAGS)
    return campaigns or {}, tags or Tags()


def _beside(
    directory: Path,
    texts: References,
    campaigns: Mapping[str, CouponTerms],
    tags: Tags,
    tree: Callable[[Path], Source],
    now: datetime | None,
) -> References:
    """What a journey in the directory may refer to, beside the texts."""
    segments, policy = _entries(directory / _SEGMENTS), _policy(directory / _POLICY)
    return replace(
        texts,
        campaigns=_entries(directory / _COUPONS).keys(),
        limits=limits_of(campaigns),
        segments=segments.keys(),
        policy=policy,
        measures=_entries(directory / _TAGS, "measures").keys(),
        ruled=_entries(directory / _TAGS, "tags").keys(),
        days=_entries(directory / _CALENDAR).keys(),
        elsewhere=cache(partial(_given_in, directory, tree)),
        asked={name: names_in(node) for name, node in segments.items()},
        events=FIELDS,
        business=BUSINESS,
        types={**FIELD_TYPES, "measure": measure_types(tags.measures, FIELD_TYPES)},
        today=now.astimezone(ZoneInfo((policy or Policy()).timezone)).date() if now else None,
    )


def _given_in(directory: Path, tree: Callable[[Path], Source]) -> frozenset[Named]:
    """The tags and fields that the journeys in a directory give customers."""
    roots = (tree(file).root for file in yaml_in(directory) if not file.name.startswith("_"))
    steps = (root.get("steps") for root in roots if root is not None)
    return frozenset().union(*(given_by([*steps_in(each)]) for each in steps if each is not None))


def _files(report: CheckReport, path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        files = yaml_in(path)
    except OSError as error:
        report.diagnostics.append(unreadable(path, error))
        return []
    if path.name == PLAYS or path.name in FOLDERS:
        return files
    if path / _POLICY not in files:
        report.diagnostics.append(Diagnostic(str(path / _POLICY), 1, 1, "E008", "there is no policy"))
    below = [path / name for name in (PLAYS, *FOLDERS) if (path / name).is_dir()]
    return [*files, *(file for folder in below for file in yaml_in(folder))]


def _journeys(report: CheckReport, directory: Path) -> Mapping[str, Plan] | None:
    """The journeys that a play may start: those that were checked with it, else those beside it that can be read."""
    files = [file for file in yaml_in(directory) if not file.name.startswith("_")]
    plans = (report.plans.get(file.stem) or read_journey(_text_of(file), str(file), None).plan for file in files)
    return {plan.journey: plan for plan in plans if plan is not None}


def _text_of(file: Path) -> str:
    text = read_text(file)
    return text if isinstance(text, str) else ""


def _check_play(
    report: CheckReport,
    file: Path,
    references: References,
    terms: Mapping[str, CouponTerms],
    journeys: Mapping[str, Plan] | None,
) -> None:
    text = _read(report, file)
    if text is None:
        return
    found = read_play(text, str(file), references, terms, journeys)
    report.diagnostics += found.diagnostics
    if found.play is not None:
        report.plays[found.play.play] = found.play
        letters = (read_journey(letter, name, None).plan for name, letter in letters_of(found.play))
        report.letters += [plan for plan in letters if plan is not None]


def _check_file(report: CheckReport, file: Path, references: References, tree: Callable[[Path], Source]) -> None:
    text = _read(report, file)
    if text is None:
        return
    path = str(file)
    if file.name == _POLICY:
        report.policy, diagnostics = read_policy(text, path)
    elif file.name == _SEGMENTS:
        report.segments, diagnostics = read_segments(text, path, references)
    elif file.name == _COUPONS:
        report.campaigns, diagnostics = read_coupons(text, path, references)
    elif file.name == _TAGS:
        report.tags, diagnostics = read_tags(text, path, references)
    elif read := reader_of(f"{folder}/{file.stem}" if (folder := folder_of(file)) else file.stem):
        _, diagnostics = read(text, path, references)
    else:
        diagnostics = _check_journey(report, tree(file), references)
    report.diagnostics += diagnostics


def _check_journey(report: CheckReport, source: Source, references: References) -> list[Diagnostic]:
    compiled = compile_source(source, references)
    if compiled.plan:
        report.plans[compiled.plan.journey] = compiled.plan
    else:
        plan, whole = sketch(source)
        report.sketches += [(plan, whole)] if plan else []
    return compiled.diagnostics


def _check_texts(
    report: CheckReport,
    templates: Path,
    campaigns: Mapping[str, CouponTerms],
    measures: Mapping[str, Measure],
    *,
    unsent: bool,
) -> None:
    """Check each sound text against every step that sends it; with `unsent`, one that nobody sends against what any
    could provide.
    """
    senders: dict[tuple[str, str], list[Provided]] = {text: [] for text in report.texts}
    for plan, whole in [*((plan, True) for plan in (*report.plans.values(), *report.letters)), *report.sketches]:
        for need in text_needs(plan):
            if need.text in senders:
                given = provided(plan, need, campaigns, measures)
                given = given if whole else given.surely()
                if given not in senders[need.text]:
                    senders[need.text].append(given)
    faulty = {diagnostic.path for diagnostic in report.diagnostics}
    for (template, channel), provisions in senders.items():
        file, text = templates / template / f"{channel}.j2", report.texts[template, channel]
        if str(file) not in faulty:
            for each in provisions or ([Provided(ROOTS)] if unsent else []):
                report.diagnostics += [_placed(file, text, problem) for problem in text_problems(text, each)]


def _placed(file: Path, text: str, problem: TextProblem) -> Diagnostic:
    """The problem at the first place in its line that is marked, else at the whole line."""
    lines = split_lines(text)
    line = lines[min(problem.line, len(lines)) - 1]
    spelled = re.search(rf"(?<![\w.]){re.escape(problem.marked)}(?!\w)", line) if problem.marked else None
    start = spelled.start() if spelled else len(line) - len(line.lstrip())
    width = len(problem.marked) if spelled else len(line.strip())
    return Diagnostic(
        str(file), problem.line, start + 1, problem.code, problem.message, problem.severity, width=max(1, width)
    )


def _check_wording(report: CheckReport, templates: Path) -> None:
    """Warn of marketing text messages that lack what operators demand of them."""
    sent = {
        step.template
        for plan in [*report.plans.values(), *(plan for plan, _ in report.sketches)]
        for step in plan.steps.values()
        if isinstance(step, Send) and step.kind == "marketing" and "sms" in step.via
    }
    faulty = {diagnostic.path for diagnostic in report.diagnostics}
    for template in sent:
        file, text = templates / template / "sms.j2", report.texts.get((template, "sms"), "")
        if not text or str(file) in faulty:
            continue
        missing = [] if _SIGNED.match(text) else ["no signature in front, like {{ shop.sign }}"]
        missing += [] if OPT_OUT.search(text) else ["no way to refuse, like 拒收请回复R"]
        if missing:
            message, width = f"a marketing sms with {' and '.join(missing)}", len(text.splitlines()[0])
            report.diagnostics.append(Diagnostic(str(file), 1, 1, "W004", message, "warning", width=max(1, width)))


def _check_approved(report: CheckReport, templates: Path) -> None:
    """Tell where a text isn't the one that its providers have approved."""
    for file in sorted(templates.glob("*/sms.yaml")):
        text = _read(report, file)
        approved, diagnostics = read_approved(text, str(file)) if text is not None else (None, [])
        report.diagnostics += diagnostics
        template, ours = file.parent.name, file.with_name("sms.j2")
        body = report.texts.get((template, "sms"))
        if approved is None:
            continue
        if body is None:
            report.diagnostics.append(Diagnostic(str(file), 1, 1, "E090", "there is no sms.j2 beside it"))
            continue
        report.approved[template] = approved
        for each in differences(body, approved):
            problem = TextProblem(each.line, each.marked, "E090", each.message)
            report.diagnostics.append(_placed(ours, body, problem))


def _entries(file: Path, below: str | None = None) -> Mapping[str, Node]:
    """What stands under the keys of a file, or `below` one of them, as far as it can be read; its mistakes are told
    where it is checked itself.
    """
    text = _read(CheckReport(), file) if os.path.lexists(file) else None
    root = read_source(text, str(file)).root if text is not None else None
    node = root.get(below) if root is not None and below is not None else root
    return node.entries if node is not None else {}


def _policy(file: Path) -> Policy | None:
    text = _read(CheckReport(), file) if os.path.lexists(file) else None
    return read_policy(text, str(file))[0] if text is not None else None


def _read(report: CheckReport, file: Path) -> str | None:
    text = read_text(file)
    if isinstance(text, Diagnostic):
        report.diagnostics.append(text)
        return None
    report.sources[str(file)] = text
    return text


def _read_texts(report: CheckReport, messages: Path) -> dict[tuple[str, str], frozenset[str]]:
    """Read all message texts; answers the variables of each that could be found, by (template, channel)."""
    variables: dict[tuple[str, str], frozenset[str]] = {}
    for file in _texts(report, messages):
        template, channel = file.parent.name, file.stem
        text = _read(report, file)
        if channel not in CHANNELS:
            hint = did_you_mean(channel, CHANNELS) or f"; there are {', '.join(CHANNELS)}"
            report.diagnostics.append(Diagnostic(str(file), 1, 1, "E012", f"unknown channel {quoted(channel)}{hint}"))
            continue
        variables[template, channel] = frozenset()
        if text is None:
            continue
        if not text.strip():
            report.diagnostics.append(Diagnostic(str(file), 1, 1, "E009", "this text is empty"))
        report.texts[template, channel] = text
        report.diagnostics += checks_of(channel)(str(file), text)
        broken = [_broken(file, text, line, message) for line, message in faults(text, _KNOWN)]
        broken = broken or [_placed(file, text, problem) for problem in unknown_names(text)]
        report.diagnostics += broken
        if not broken:
            variables[template, channel] = variables_of(text)
    return variables


def _broken(file: Path, text: str, line: int, message: str) -> Diagnostic:
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    indent = len(shown) - len(shown.lstrip())
    return Diagnostic(str(file), line, indent + 1, "E043", message, width=max(1, len(shown.strip())))


def _texts(report: CheckReport, messages: Path) -> Iterator[Path]:
    try:
        for template in sorted(messages.iterdir()):
            if template.is_dir() and not template.name.startswith("."):
                yield from sorted(template.glob("*.j2"))
    except OSError as error:
        report.diagnostics.append(unreadable(messages, error))
