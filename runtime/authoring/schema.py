"""The grammar for editors, of journeys and of plays: `python -m runtime.authoring.schema` writes it, or `--check`s."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from workflows.language.spec import Journey
from workflows.plays.model import Play

SCHEMAS: Mapping[Path, tuple[str, type[BaseModel]]] = {
    Path("journey_specs/journey.schema.json"): ("A journey", Journey),
    Path("journey_specs/plays/play.schema.json"): ("A play", Play),
}


def schema_text(title: str, model: type[BaseModel]) -> str:
    """The grammar as JSON Schema."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **model.model_json_schema()}
    return json.dumps({**schema, "title": title}, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the schemas, or with `--check` end with 1 if a written one is out of date."""
    for path, (title, model) in SCHEMAS.items():
        text = schema_text(title, model)
        if "--check" not in sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path} is not what the grammar says; write it anew with: python -m runtime.authoring.schema")


if __name__ == "__main__":
    main()
