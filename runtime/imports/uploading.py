"""Sheets that come over the API."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from api.stock.imports import ImportReport, ImportSheet, LotChange, UnreadableSheetError
from domain.store.clock import Clock
from domain.store.work import Database
from runtime import StartError
from runtime.chinese import in_chinese
from runtime.imports.stock import import_lots
from workflows.terms.values import Language


def sheet_importer(db: Database, clock: Clock) -> ImportSheet:
    """What takes a sheet's bytes in as `aftershow stock import` takes a file."""

    def take(sheet: bytes, name: str, lang: Language, preview: bool) -> ImportReport:
        told: Callable[[str], str] = in_chinese if lang == "zh" else str
        remarks: list[str] = []
        changes: list[LotChange] = []
        with TemporaryDirectory() as scratch:
            file = Path(scratch) / "sheet"
            file.write_bytes(sheet)
            try:
                tally = import_lots(
                    db,
                    clock,
                    file,
                    lambda text: remarks.append(told(text)),
                    lambda _: None,
                    dry_run=preview,
                    preview=lambda change: changes.append(LotChange(**vars(change))),
                )
            except StartError as problem:
                words = str(problem).replace(str(file), name or "the sheet")
                raise UnreadableSheetError(told(words)) from None
        return ImportReport(
            taken=tally.taken,
            known=tally.known,
            wrong=tally.wrong,
            unread=list(tally.unread),
            remarks=remarks,
            changes=changes,
        )

    return take
