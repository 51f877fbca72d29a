"""What people are told about specs and texts."""

from collections.abc import Iterable
from pathlib import Path

from sqlmodel import Session, col, select

from domain.ledger.tables import Message
from domain.published.library import read_library
from runtime import terminal_language
from runtime.authoring.publishing import PublishReport
from workflows.source.diagnostics import Diagnostic, render
from workflows.terms.values import Language
from workflows.terms.wording import Wording
from workflows.words.shared_documents import SharedChange


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is more than a warning."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def diagnostics_text(diagnostics: Iterable[Diagnostic], lang: Language | None = None) -> str:
    """Each diagnostic with the line of the file that it is about; in the terminal's language, if none is given."""
    lang = lang or terminal_language()
    return "\n".join(render(diagnostic, _text(Path(diagnostic.path)), lang) for diagnostic in diagnostics)


def published_text(report: PublishReport, lang: Language) -> str:
    """What went live, what changed for all, and what is wrong with the rest."""
    say = Wording(lang)
    versions = {
        f"{journey} v{version}": journey in report.paused for journey, version in sorted(report.versions.items())
    }
    live = ", ".join(name for name, paused in versions.items() if not paused)
    paused = ", ".join(name for name, paused in versions.items() if paused)
    lines = [diagnostics_text(report.diagnostics, lang), *shared_lines(report.shared, lang)]
    if report.left:
        lines.append(
            say.pick(
                "共用文件与已发布的不同，这次没有发布（发布全部：aftershow publish）：",
                "shared documents differ from what is published, and were left as they are (all: aftershow publish):",
            )
        )
        lines += [f"  {line}" for line in shared_lines(report.left, lang)]
    if report.plays:
        plays = ", ".join(f"{play} v{version}" for play, version in sorted(report.plays.items()))
        lines.append(say.pick(f"玩法已生效：{plays}", f"plays live: {plays}"))
    if live or not (paused or report.plays):
        is_wrong = any(diagnostic.severity == "error" for diagnostic in report.diagnostics)
        none = (
            say.pick("没有旅程（有错误）", "no journey, for the errors")
            if is_wrong
            else say.pick("没有旅程", "no journey")
        )
        lines.append(say.pick(f"已生效：{live or none}", f"live: {live or none}"))
    if paused:
        lines.append(say.pick(f"已发布，仍在暂停：{paused}", f"published, and still paused: {paused}"))
    if stopped := ", ".join(report.stopped):
        words = f"stopped, until they are published by name: {stopped}"
        lines.append(say.pick(f"已停止，按名字发布才会重新开始：{stopped}", words))
    return "\n".join(filter(None, lines))


def shared_lines(changes: Iterable[SharedChange], lang: Language) -> list[str]:
    """A line for each change of a shared document, those that give away more or reach more people as warnings."""
    warning = Wording(lang).pick("注意：", "warning: ")
    return [f"{each.document}.yaml: {warning if each.risky else ''}{each.words}" for each in changes]


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def messages_text(session: Session, customer: int | None, last: int) -> str:
    """The newest messages with their texts, the newest last; times in the policy's timezone."""
    query = select(Message).order_by(col(Message.id).desc()).limit(last)
    if customer is not None:
        query = query.where(Message.customer_id == customer)
    zone = read_library(session).policy_zone
    return (
        "\n\n".join(
            f"{message.claimed_at.astimezone(zone):%Y-%m-%d %H:%M} {message.channel} to customer {message.customer_id}"
            f" · {message.journey}, step {message.step} · {message.status}\n{message.body}"
            for message in reversed(session.exec(query).all())
        )
        or "no message yet"
    )
