"""`journey.schema.json`, the grammar for editors: `python -m runtime.authoring.schema` writes it, or `--check`s."""

import json
import sys
from pathlib import Path

from workflows.language.spec import Journey

SCHEMA = Path("journey_specs/journey.schema.json")


def schema_text() -> str:
    """The grammar as JSON Schema."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A journey",
        **Journey.model_json_schema(),
    }
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the schema, or with `--check` end with 1 if the written one is out of date."""
    if "--check" not in sys.argv[1:]:
        SCHEMA.write_text(schema_text(), encoding="utf-8")
    elif not SCHEMA.exists() or SCHEMA.read_text(encoding="utf-8") != schema_text():
        sys.exit(f"{SCHEMA} is not what the grammar says; write it anew with: python -m runtime.authoring.schema")


if __name__ == "__main__":
    main()
