"""Orders and views of before from a spreadsheet: with whatever headings, in chunks, once."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from sqlmodel import col, select

from domain.customers.tables import Customer, Order
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.stock.tables import Lot
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime import StartError
from runtime.imports import history
from runtime.imports.history import Kind, Tally, import_history

Import = Callable[..., tuple[Tally, list[str]]]
HEAD = "手机号,订单号,下单时间,实付金额,商品编码,数量"


@pytest.fixture
def imported(db: Database, clock: VirtualClock, tmp_path: Path) -> Import:
    def run(
        *lines: str, kind: Kind = "orders", mapping: Mapping[str, str] | None = None, dry_run: bool = False
    ) -> tuple[Tally, list[str]]:
        file = tmp_path / "history.csv"
        file.write_text("\n".join(lines), encoding="utf-8")
        told: list[str] = []
        tally = import_history(
            db, clock, file, kind, told.append, mapping=mapping or {}, dry_run=dry_run,
            progress=lambda row: told.append(f"up to {row}"),
        )  # fmt: skip
        return tally, told

    return run


def orders(db: Database) -> list[tuple[str, int, str]]:
    with db() as session:
        rows = session.exec(select(Order).order_by(col(Order.order_id))).all()
        return [(row.order_id, row.total, f"{row.paid_at:%Y-%m-%d %H:%M}") for row in rows]


def test_orders_as_a_shop_exports_them(imported: Import, db: Database) -> None:
    tally, told = imported(
        HEAD,
        "13900000001,A1,2025-11-02 19:40,¥89.90,beans,2",
        "13900000001,A1,2025-11-02 19:40,89.9,milk,1",
        "13900000002,A2,2025年11月3日,120元,,",
        "合计,,,,,",
    )
    assert (tally.taken, tally.known, tally.wrong, told) == (2, 0, 0, ["up to 4"])
    assert orders(db) == [("A1", 8990, "2025-11-02 11:40"), ("A2", 12000, "2025-11-03 04:00")]
    with db() as session:
        first = session.exec(select(Event.data).where(col(Event.data)["order_id"].as_string() == "A1")).one()
    assert first["items"] == [{"sku": "beans", "quantity": 2}, {"sku": "milk", "quantity": 1}]


def test_headings_may_be_mapped_and_nothing_is_kept_of_a_dry_run(imported: Import, db: Database) -> None:
    lines = ("买家电话,流水,成交时间,实收", "13900000001,A1,2025-11-02 19:40,10")
    with pytest.raises(StartError, match="--map"):
        imported(*lines)
    mapping = {"买家电话": "phone", "流水": "order_id", "成交时间": "time", "实收": "total"}
    assert imported(*lines, mapping=mapping, dry_run=True)[0].taken == 1
    assert orders(db) == []
    assert imported(*lines, mapping=mapping)[0].taken == 1
    assert len(orders(db)) == 1
    with pytest.raises(StartError, match="cannot be price"):
        imported(*lines, mapping={"实收": "price"})


def test_a_file_that_was_cut_short_is_read_on(imported: Import, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHUNK", 2)
    lines = [f"1390000000{number},A{number},2025-11-02 19:40,10,," for number in range(6)]
    taken, take = [0], history._take

    def cut_short(*given: object, **options: object) -> None:
        taken[0] += 1
        if taken[0] == 2:
            raise ConnectionError
        take(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(history, "_take", cut_short)
    with pytest.raises(ConnectionError):
        imported(HEAD, *lines)
    assert len(orders(db)) == 2
    tally, told = imported(HEAD, *lines)
    assert (tally.taken, tally.known, len(orders(db))) == (4, 2, 6)
    assert told == ["up to 3", "up to 5", "up to 7", "up to 7"]


def test_what_is_wrong_is_told_row_by_row(imported: Import, db: Database) -> None:
    tally, told = imported(
        HEAD,
        "12345,A1,2025-11-02,10,,",
        "13900000001,,2025-11-02,10,,",
        "13900000001,A3,2025-02-30,10,,",
        "13900000001,A4,2025-11-02 25:10,10,,",
        "13900000001,A5,2025-11-02,10.005,,",
        "13900000001,A6,2027-11-02,10,,",
        ",A7,2025-11-02,10,,",
    )
    assert (tally.taken, tally.wrong) == (0, 7)
    assert [line.split(":")[0] for line in told[:7]] == [
        "row 2, 手机号", "row 3, 订单号", "row 4, 下单时间", "row 5, 下单时间", "row 6, 实付金额", "row 7, 下单时间",
        "row 8, 手机号",
    ]  # fmt: skip
    assert orders(db) == []


def test_rows_of_an_order_stand_together_and_agree(imported: Import, db: Database) -> None:
    tally, told = imported(
        HEAD,
        "13900000001,A1,2025-11-02,89,beans,2",
        "13900000001,A1,2025-11-02,20,milk,1",
        "13900000002,A2,2025-11-02,10,milk,1",
        "13900000001,A1,2025-11-02,89,cheese,1",
    )
    assert (tally.taken, tally.known, tally.wrong) == (2, 0, 2)
    assert [line.split(";")[0] for line in told[:2]] == [
        "row 3, 实付金额: differs from row 2 of the same order",
        "row 5, 订单号: the order stands in row 2, too",
    ]
    assert [(order, total) for order, total, _ in orders(db)] == [("A1", 8900), ("A2", 1000)]


def test_views_are_history_and_the_stock_of_today_is_untouched(
    imported: Import, db: Database, clock: VirtualClock
) -> None:
    lot = {"lot_id": "l1", "sku": "milk", "quantity": 10, "expires_on": "2026-04-01"}
    with db.begin() as work:
        ingest(work, [Incoming("test", "l1", "lot.received", clock.now(), lot)], now=clock.now())
    imported(HEAD, "13900000001,A1,2025-11-02,10,milk,3")
    tally, _ = imported(
        "手机号,浏览时间,商品编码,品类", "13900000001,2025-11-02 08:00,milk,奶", "13900000001,2025-11-02 08:00,milk,奶",
        kind="views",
    )  # fmt: skip
    assert (tally.taken, tally.known) == (1, 1)
    with db() as session:
        assert session.get_one(Lot, "l1").on_hand == 10
        assert session.exec(select(Event.type).where(Event.type == "product.viewed")).all() == ["product.viewed"]


def test_a_phone_in_everybodys_row_joins_nobody(imported: Import, db: Database) -> None:
    lines = [f"13900000001,M{number},A{number},2025-11-02,10" for number in range(60)]
    tally, _ = imported("手机号,会员号,订单号,下单时间,实付金额", *lines)
    assert tally.taken == 60
    with db() as session:
        assert len(session.exec(select(Customer.id).where(col(Customer.merged_into).is_(None))).all()) == 60
