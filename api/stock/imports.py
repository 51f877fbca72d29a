"""Lots from a spreadsheet: what it would change, then the change."""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.http.auth import SECURITY, authorized
from api.http.context import Context, context
from api.http.problems import BodyTooLarge, Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access import audit
from domain.access.actors import Actor
from workflows.terms.quantities import Quantity
from workflows.terms.values import Language

SHOWN = 500
_SHEET = {
    "requestBody": {
        "required": True,
        "description": "an .xlsx or .csv file, one lot a row",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    "security": SECURITY,
}


class LotChange(BaseModel):
    """What a row does to its lot: units on hand before, null for a new lot, and after."""

    row: int
    lot_id: str
    before: Quantity | None
    after: Quantity
    expires_on: date


class ImportReport(BaseModel):
    """What came, or would come, of a sheet: rows that are `taken`, that were `known` already, and that are `wrong`.

    `remarks` say what is wrong or worth knowing, each with its row; `unread` are columns that mean nothing here. Of
    `changes`, told of a preview only, and of remarks the first 500 are shown.
    """

    taken: int
    known: int
    wrong: int
    unread: list[str]
    remarks: list[str]
    changes: list[LotChange]


class UnreadableSheetError(Exception):
    """A file can't be read as a list of lots; the text says why, and what to do."""


ImportSheet = Callable[[bytes, str, Language, bool], ImportReport]
"""Takes a sheet's bytes and name, the language of remarks, and whether it is only a preview.

Raises UnreadableSheetError.
"""


def router(import_sheet: ImportSheet | None) -> APIRouter:
    """The route; without an `import_sheet` it is unavailable."""
    routes = APIRouter(
        tags=["stock"], responses=documented(Unauthorized, Forbidden, Invalid, BodyTooLarge, Unavailable)
    )

    @routes.post("/v1/stock/import", summary="Take lots in from a spreadsheet", openapi_extra=_SHEET)
    async def post_import(
        request: Request,
        name: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="the file's")] = "",
        preview: Annotated[bool, Query(description="tells what would change, and keeps nothing")] = False,
        lang: Annotated[Language, Query(description="of the remarks")] = "zh",
    ) -> ImportReport:
        """Good rows are taken, the others told. The same sheet again changes nothing more; see `docs/stock.md`."""
        caller = await authorized(request, "stock.import")
        if import_sheet is None:
            raise Unavailable("Sheets can't be taken here.")
        sheet = await request.body()
        try:
            report = await run_in_threadpool(import_sheet, sheet, name, lang, preview)
        except UnreadableSheetError as problem:
            error = {"field": "body", "reason": "unreadable", "detail": str(problem)}
            raise Invalid("The sheet can't be read.", errors=[error]) from None
        if not preview:
            await run_in_threadpool(_record, context(request), caller, sheet, report)
        report.changes, report.remarks = report.changes[:SHOWN], report.remarks[:SHOWN]
        return report

    return routes


def _record(env: Context, caller: Actor, sheet: bytes, report: ImportReport) -> None:
    target = f"sheet:{hashlib.sha256(sheet).hexdigest()[:16]}"
    counts = report.model_dump(include={"taken", "known", "wrong"})
    with env.db.begin() as work:
        audit.record(work, caller, "stock.import", target, env.wall.now(), after=counts)
