"""Publishing a directory of specs and texts: what is in order goes live, what is not is told and left as it was."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from domain.publishing import publish_document, publish_journey, publish_text
from runtime.check import check
from workflows.compile import read_journey
from workflows.diagnostics import Diagnostic
from workflows.policy import read_coupons, read_policy, read_segments

_JSON: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True)
class PublishReport:
    """The live version of each journey that is in order, and what is wrong with the others."""

    versions: dict[str, int]
    diagnostics: list[Diagnostic]


def publish_directory(db: sessionmaker[Session], specs: Path, templates: Path, now: datetime) -> PublishReport:
    """Publish every spec and text of the directories that has no error, in one transaction."""
    report = check([specs], templates)
    broken = {diagnostic.path for diagnostic in report.diagnostics if diagnostic.severity == "error"}
    versions: dict[str, int] = {}
    with db.begin() as session:
        for path in sorted(specs.glob("*.yaml")):
            if str(path) in broken:
                continue
            text = path.read_text(encoding="utf-8")
            if path.stem.startswith("_"):
                publish_shared(session, path.stem, text)
            else:
                plan = read_journey(text, str(path), None).plan
                if plan is not None:
                    versions[plan.journey] = publish_journey(session, plan, text, now).version
        for path in sorted(templates.glob("*/*.j2")):
            if str(path) not in broken:
                publish_text(session, path.parent.name, path.stem, path.read_text(encoding="utf-8"))
    return PublishReport(versions, report.diagnostics)


def publish_shared(session: Session, name: str, text: str) -> None:
    """Publish the policy, the segments or the coupons, by the name of their file."""
    match name:
        case "_policy":
            body = _JSON.dump_python(read_policy(text, name)[0], mode="json")
        case "_segments":
            body = _JSON.dump_python(read_segments(text, name)[0], mode="json")
        case "_coupons":
            body = _JSON.dump_python(read_coupons(text, name)[0], mode="json")
        case _:
            return
    publish_document(session, name, body)
