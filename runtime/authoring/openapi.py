"""The API's description for programs: `python -m runtime.authoring.openapi` prints it."""

import json

from api.app import create_app
from domain.store.clock import SystemClock
from runtime.platform.database import connect


def openapi_text() -> str:
    """The OpenAPI document as JSON, of all that is there whatever is configured. It needs no database."""
    engine, db = connect("postgresql+psycopg://")
    app = create_app(db, SystemClock(), ready=dict)
    engine.dispose()
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    print(openapi_text(), end="")  # noqa: T201 it is what this is for
