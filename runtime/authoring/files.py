"""The files of journeys, plays and texts: where each stands, and reading one whatever is wrong with it."""

import stat
from pathlib import Path

from workflows.language.documents import FOLDERS
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import MAX_BYTES, decode

PLAYS = "plays"
"""The folder of plays, beside the journeys."""


def folder_of(file: Path) -> str | None:
    """The folder of documents that a file stands in: `connectors`, `outputs`."""
    return file.parent.name if file.parent.name in FOLDERS else None


def is_play(file: Path) -> bool:
    """Whether a file holds a play: plays have a folder beside the journeys."""
    return file.parent.name == PLAYS


def home_of(file: Path) -> Path:
    """The directory of the journeys, the policy and all else that a journey or play refers to."""
    return file.parent.parent if is_play(file) or folder_of(file) else file.parent


def document_of(file: Path) -> str | None:
    """The name under which a file is published as a document: `_policy`, `connectors/erp`; None of a journey's."""
    if folder := folder_of(file):
        return f"{folder}/{file.stem}"
    return file.stem if file.stem.startswith("_") else None


def documents_in(specs: Path) -> list[Path]:
    """The files of the documents of a directory."""
    patterns = ("_*.yaml", *(f"{folder}/*.yaml" for folder in FOLDERS))
    return [file for pattern in patterns for file in sorted(specs.glob(pattern))]


def yaml_in(directory: Path) -> list[Path]:
    """Its files of YAML. Raises OSError."""
    return sorted(item for item in directory.iterdir() if item.suffix in (".yaml", ".yml"))


def read_text(file: Path) -> str | Diagnostic:
    """The text of a file, as far as it may be long; or what is wrong with it."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            kind = "a directory" if file.is_dir() else "not an ordinary file"
            return Diagnostic(str(file), 1, 1, "E008", f"cannot be read: it is {kind}")
        if file.is_symlink() and not file.resolve().is_relative_to(file.parent.resolve()):
            return Diagnostic(str(file), 1, 1, "E008", "cannot be read: it is a link that leads out of its folder")
        with file.open("rb") as stream:
            return decode(stream.read(MAX_BYTES + 1), str(file))
    except (OSError, ValueError) as error:
        return unreadable(file, error)


def unreadable(path: Path, error: Exception) -> Diagnostic:
    """Says why a file can't be read."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Diagnostic(str(path), 1, 1, "E008", f"cannot be read: {reason}")
