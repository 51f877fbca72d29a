"""What commands share: their options, and their ways to the terminal, to files and to a running shop."""

import getpass
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from runtime import CONSOLE, StartError, terminal_language
from runtime.chinese import in_chinese
from runtime.chinese.heads import HEADS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.table import Table
    from sqlmodel import Session

    from domain.store.work import Database, UnitOfWork
    from workflows.terms.values import Language

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The data of an `aftershow up`, in place of the environment. Without it and without "
        "AFTERSHOW_DATABASE_URL: AFTERSHOW_DATA_DIR, or .aftershow.",
        show_default=False,
    ),
]


def _speak(lang: str) -> str:
    """Whatever else this process says is in the language, too."""
    os.environ["AFTERSHOW_LANG"] = lang
    return lang


Lang = Annotated[
    Literal["zh", "en"],
    typer.Option(
        envvar="AFTERSHOW_LANG", help="The language; else that of the locale.", show_default=False, callback=_speak
    ),
]
LANG: "Language" = terminal_language()
Specs = Annotated[Path, typer.Option(envvar="AFTERSHOW_SPECS", help="Where the journeys are.")]
Templates = Annotated[Path, typer.Option(envvar="AFTERSHOW_TEMPLATES", help="Where the texts are.")]
SPECS, TEMPLATES, TESTS = Path("journey_specs"), Path("templates/messages"), Path("tests/journeys")


def say(text: str) -> None:
    """Print it, in the terminal's language, as it is: never wrapped, coloured or read as markup."""
    CONSOLE.print(told(text), markup=False, emoji=False)


def told(text: str) -> str:
    """What is said in English, in the terminal's language."""
    return in_chinese(text) if terminal_language() == "zh" else text


def table(*heads: str) -> "Table":
    """A table with these heads, in the terminal's language."""
    from rich.table import Table

    return Table(*(HEADS[head] if terminal_language() == "zh" else head for head in heads))


def on_shop_clock(session: "Session") -> Callable[[datetime | None], str]:
    """Tells instants as the shop's clock shows them; nothing for none."""
    from domain.published.library import read_library

    zone = read_library(session).policy_zone
    return lambda at: f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else ""


def existing(*paths: Path) -> list[Path]:
    """The paths. Raises StartError naming those that aren't there."""
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise StartError(
            f"there is no {', '.join(missing)}; run this in the project's directory, or name the right path"
        )
    return list(paths)


def journey_file(journey: str, specs: Path) -> Path:
    """The file of a journey or play that is named, or given as the path of its file."""
    if is_path(journey):
        return Path(journey)
    play = specs / "plays" / f"{journey}.yaml"
    return play if play.is_file() else specs / f"{journey}.yaml"


def is_path(journey: str) -> bool:
    """Whether a journey is given as the path of its file, not by its name."""
    return journey.endswith((".yaml", ".yml"))


def operator() -> str:
    """Who gives the command: the name of the user of this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def record(
    work: "UnitOfWork",
    action: str,
    target: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write into the audit what is done at this command line."""
    from domain.access import audit
    from domain.access.actors import at_terminal
    from domain.store.clock import SystemClock

    audit.record(work, at_terminal(operator()), action, target, SystemClock().now(), before=before, after=after)


def record_sheet(db: "Database", action: str, file: Path, taken: int, known: int, wrong: int) -> None:
    """Write into the audit that a sheet was taken in, named by its content as the API names it."""
    target = f"sheet:{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
    with db.begin() as work:
        record(work, action, target, after={"taken": taken, "known": known, "wrong": wrong})


@contextmanager
def database(data: Path | None) -> Iterator["Database"]:
    """Sessions on the database of a running shop. Raises StartError if nothing says where that is."""
    from runtime.platform.database import connect
    from runtime.platform.environment import environment_value

    engine, db = connect(environment_value(data, "AFTERSHOW_DATABASE_URL"), pool_size=2)
    try:
        yield db
    finally:
        engine.dispose()


def instant(text: str, zone: "ZoneInfo") -> datetime:
    """An instant as it is written, in a zone if it has none. Raises StartError for what is none."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise StartError(f"{text} is no time; write it like 2026-03-02 or 2026-03-02T19:40") from None
    return value if value.tzinfo else value.replace(tzinfo=zone)
