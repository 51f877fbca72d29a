"""Who knows what there is of a lot: `Ledger`, our own book, or a warehouse system (WMS, ERP) over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Protocol

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationError
from sqlmodel import col, select

from domain.intake.stocktaking import Level, level_of
from domain.stock.tables import Lot
from domain.store.work import Database
from workflows.terms.quantities import NONE, Quantity

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Units = Annotated[Quantity, Field(ge=0, le=10**9)]


class WarehouseError(Exception):
    """The warehouse can't say now; the message says why, without anything that it said. Asking again is safe."""


class Warehouse(Protocol):
    """Tells what there is. It is only ever asked."""

    def levels(self, lot_ids: Sequence[str]) -> list[Level]:
        """What there is of each lot, in the lots' order, without those it doesn't know. Raises WarehouseError."""


class Ledger:
    """The default: what the book says is so."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def levels(self, lot_ids: Sequence[str]) -> list[Level]:
        with self._db() as session:
            lots = {lot.lot_id: lot for lot in session.exec(select(Lot).where(col(Lot.lot_id).in_(lot_ids)))}
        return [level_of(lots[lot_id]) for lot_id in lot_ids if lot_id in lots]


class _Level(BaseModel):
    lot_id: _Name
    on_hand: _Units
    reserved: _Units = NONE
    quarantined: _Units = NONE


class _Answer(BaseModel):
    levels: list[_Level]


class HttpWarehouse:
    """A warehouse system that answers `POST {url}/levels`; docs/stock.md tells how."""

    def __init__(self, url: str, token: SecretStr, timeout: float) -> None:
        self._url = f"{url.rstrip('/')}/levels"
        self._headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        self._timeout = timeout

    def levels(self, lot_ids: Sequence[str]) -> list[Level]:
        if not lot_ids:
            return []
        try:
            response = httpx.post(self._url, json={"lots": list(lot_ids)}, headers=self._headers, timeout=self._timeout)
        except httpx.HTTPError as error:
            raise WarehouseError(f"the warehouse cannot be reached: {type(error).__name__}") from None
        if not response.is_success:
            raise WarehouseError(f"the warehouse answered {response.status_code}")
        try:
            answer = _Answer.model_validate_json(response.content)
        except ValidationError as error:
            places = ", ".join(".".join(map(str, item["loc"])) for item in error.errors()[:3])
            raise WarehouseError(f"the warehouse's answer can't be read at {places or 'its beginning'}") from None
        levels_by_lot = {level.lot_id: Level(**level.model_dump()) for level in answer.levels}
        return [levels_by_lot[lot_id] for lot_id in lot_ids if lot_id in levels_by_lot]
