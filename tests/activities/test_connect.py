"""Pulling from other systems: nothing is lost, nothing comes twice, and what can't be taken is set aside."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlmodel import col, select

from activities.adapters.sources.source import Surroundings
from activities.connect import ConnectActivities
from domain.connectors import pulls
from domain.connectors.tables import Pull, SetAsideRow
from domain.customers.tables import Order
from domain.intake.tables import Event
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.connectors import Connector

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon in Shanghai, as the clock of the tests has it."""

MAP = {
    "type": "order.paid",
    "id": "no",
    "time": "paid",
    "customer": {"phone": "phone"},
    "data": {"order_id": "no", "total": "fen(total)"},
}
NAIVE = "SELECT * FROM orders WHERE note != 'x:y'"


@pytest.fixture(scope="module")
def erp(postgres_url: str) -> Iterator[Engine]:
    """Another system's database."""
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS erp"))
        connection.execute(text("CREATE DATABASE erp"))
    engine = create_engine(make_url(postgres_url).set(database="erp"))
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE orders (no text PRIMARY KEY, number serial, phone text, total numeric(10, 2), note text,"
                " paid timestamp, modified timestamp, changed timestamptz, day date);"
                " CREATE INDEX ON orders (modified, no)"
            )
        )
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE erp WITH (FORCE)"))
    admin.dispose()


class Shop:
    """A shop that pulls from the other system."""

    def __init__(self, db: Database, erp: Engine, clock: VirtualClock, folder: Path) -> None:
        self.db, self.erp, self.clock = db, erp, clock
        secrets = {"AFTERSHOW_CONNECT_ERP": erp.url.render_as_string(False), "AFTERSHOW_CONNECT_DIR": str(folder)}
        self.pulling = ConnectActivities(db, Surroundings(secrets.get, clock))

    def connect(self, **changes: Any) -> Connector:
        sql = {"sql": {"url": "AFTERSHOW_CONNECT_ERP", "query": NAIVE}}
        body = {"connector": "erp", "from": sql, "cursor": "modified", "key": "no", "page": 50, "map": MAP} | changes
        with self.db.begin() as work:
            publish_document(work, "connectors/erp", body)
        return Connector.model_validate(body)

    def write(self, *rows: dict[str, Any]) -> None:
        """Orders of the other system; `modified` is on its wall clock, in Shanghai."""
        given = [
            {"phone": f"139{number:08}", "total": "89.5", "note": "", "paid": "2026-03-02 11:00"}
            | {"modified": "2026-03-02 11:00", "changed": "2026-03-02 11:00+08", "day": "2026-03-02"}
            | row
            for number, row in enumerate(rows)
        ]
        columns = list(given[0])
        with self.erp.begin() as connection:
            connection.execute(
                text(
                    f"INSERT INTO orders ({', '.join(columns)}) VALUES ({', '.join(f':{each}' for each in columns)})"
                    " ON CONFLICT (no) DO UPDATE SET modified = excluded.modified, total = excluded.total"
                ),
                given,
            )

    def pull(self) -> Pull:
        while self.pulling.pull("erp"):
            pass
        return self.state()

    def state(self, *, backfill: bool = False) -> Pull:
        with self.db() as session:
            return session.exec(select(Pull).where(Pull.backfill == backfill).order_by(col(Pull.id).desc())).first()

    def orders(self) -> list[str]:
        with self.db() as session:
            return sorted(session.exec(select(Order.order_id)))

    def aside(self) -> list[tuple[str, str, str]]:
        with self.db() as session:
            rows = session.exec(select(SetAsideRow).order_by(col(SetAsideRow.key))).all()
            return [(row.key, row.field, row.reason) for row in rows]


@pytest.fixture
def shop(db: Database, erp: Engine, clock: VirtualClock, tmp_path: Path) -> Shop:
    with erp.begin() as connection:
        connection.execute(text("TRUNCATE orders RESTART IDENTITY"))
    return Shop(db, erp, clock, tmp_path)


@pytest.mark.parametrize(
    ("cursor", "key"), [("modified", "no"), ("changed", "number"), ("number", "no"), ("day", "number"), ("no", "no")]
)
def test_rows_of_equal_cursors_each_come_once(shop: Shop, cursor: str, key: str) -> None:
    shop.connect(cursor=cursor, key=key, page=7)
    shop.write(*({"no": f"a{number:02}"} for number in range(30)))
    state = shop.pull()
    assert shop.orders() == [f"a{number:02}" for number in range(30)]
    assert (state.events, state.duplicates, state.set_aside, state.error) == (30, 0, 0, None)
    shop.write({"no": "b00", "modified": "2026-03-02 11:30", "changed": "2026-03-02 11:30+08", "day": "2026-03-03"})
    assert shop.pull().events == 31


def test_times_without_a_zone_are_of_the_connector_s(shop: Shop) -> None:
    shop.connect(zone="America/New_York")
    shop.write({"no": "a", "paid": "2026-01-01 08:00"}, {"no": "b", "paid": "2026-02-28 20:30"})
    shop.pull()
    with shop.db() as session:
        times = list(session.exec(select(Event.time).order_by(Event.time)))  # type: ignore[arg-type]
        totals = set(session.exec(select(Order.total)))
    assert times == [datetime(2026, 1, 1, 13, tzinfo=UTC), datetime(2026, 3, 1, 1, 30, tzinfo=UTC)]
    assert totals == {8950}


def test_a_row_that_was_committed_late_comes_in_the_overlap(shop: Shop) -> None:
    shop.connect(overlap="10m")
    shop.write({"no": "a"})
    shop.pull()
    shop.write({"no": "late", "modified": "2026-03-02 10:55"}, {"no": "too late", "modified": "2026-03-02 10:45"})
    shop.pull()
    shop.pull()
    assert shop.orders() == ["a", "late"]
    assert shop.state().position["top"] == {"time": "2026-03-02T11:00:00"}


def test_rows_that_change_while_they_are_pulled_come_once(shop: Shop) -> None:
    shop.connect(page=40)
    total = 600
    shop.write(*({"no": f"n{number:05}", "modified": "2026-03-02 09:00"} for number in range(total)))
    over = threading.Event()

    def change() -> None:
        step = 0
        while not over.is_set():
            step += 1
            moved = NOON.replace(tzinfo=None) + timedelta(hours=8, seconds=step)
            with shop.erp.begin() as connection:
                connection.execute(
                    text("UPDATE orders SET modified = :moved WHERE number % 37 = :part"),
                    {"moved": moved, "part": step % 37},
                )

    changing = threading.Thread(target=change)
    changing.start()
    try:
        shop.pulling.run(shop.connect(page=40), seconds=0.4)
    finally:
        over.set()
        changing.join()
    shop.pull()
    with shop.db() as session:
        events = list(session.exec(select(Event.event_id)))
    assert sorted(events) == [f"order.paid/n{number:05}" for number in range(total)]


def test_a_pull_that_dies_in_the_middle_of_a_page_takes_it_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.connect(page=10)
    shop.write(*({"no": f"a{number:02}"} for number in range(25)))
    taking, died = pulls.take_rows, []

    def die(*arguments: Any) -> Any:
        taken = taking(*arguments)
        if shop.orders() and not died:
            died.append(True)
            raise KeyboardInterrupt
        return taken

    monkeypatch.setattr(pulls, "take_rows", die)
    with pytest.raises(KeyboardInterrupt):
        shop.pulling.pull("erp")
    assert len(shop.orders()) == 10
    state = shop.pull()
    assert (state.events, state.duplicates, state.rows, len(shop.orders())) == (25, 0, 25, 25)


@pytest.mark.parametrize(
    ("row", "aside"),
    [
        ({"total": None}, ("order.paid/bad", "data.total", "missing")),
        ({"phone": "12"}, ("order.paid/bad", "data.customer.phone", "bad_phone")),
        ({"phone": ""}, ("order.paid/bad", "data.customer", "missing_identity")),
        ({"paid": None}, ("order.paid/bad", "time", "bad_time")),
        ({"paid": "2031-01-01"}, ("order.paid/bad", "time", "time_in_future")),
        ({"phone": "13800000000"}, ("order.paid/bad", "customer", "nobody")),
    ],
)
def test_a_row_that_cannot_be_taken_is_set_aside_and_the_rest_goes_on(
    shop: Shop, row: dict[str, Any], aside: tuple[str, str, str]
) -> None:
    connector = shop.connect()
    shop.write({"no": "a"}, {"no": "bad", **row}, {"no": "c"})
    state = shop.pull()
    assert (shop.orders(), shop.aside(), state.set_aside) == (["a", "c"], [aside], 1)
    mended = connector.model_copy(
        update={"map": connector.meanings[0].model_copy(update={"time": None, "customer": {"member_no": "no"}})}
    )
    with shop.db.begin() as work:
        last, taken = pulls.retry(work, mended, 0, NOON) or (0, pulls.Taken())
        assert pulls.retry(work, mended, last, NOON) is None
    assert (taken.events, shop.aside()) == ((0, [aside]) if "total" in row else (1, []))


def test_a_back_fill_takes_a_range_with_its_progress(shop: Shop) -> None:
    connector = shop.connect(page=5)
    shop.write(*({"no": f"d{day:02}", "modified": f"2026-02-{day:02} 12:00"} for day in range(1, 29)))
    with shop.db.begin() as work:
        pulls.regular(work, "erp", NOON).position = {"at": None, "key": None, "top": {"time": "2026-03-01T00:00:00"}}
        pulls.backfill(work, "erp", "2026-02-05", "2026-02-15 12:00", NOON)
    parts: list[float | None] = []
    shop.pulling.run(connector, told=lambda pull, _: parts.append(pull.part) if pull.backfill else None)
    assert shop.orders() == [f"d{day:02}" for day in range(5, 15)]
    assert parts == sorted(parts, key=float)
    assert (parts[0], parts[-1], shop.state(backfill=True).finished_at) == (pytest.approx(0.43, abs=0.02), 1.0, NOON)


def test_a_range_that_is_none_is_asked_for_once(shop: Shop) -> None:
    connector = shop.connect()
    shop.write({"no": "a"})
    with shop.db.begin() as work:
        pulls.backfill(work, "erp", "soon", "later", NOON)
    shop.pulling.run(connector)
    state = shop.state(backfill=True)
    assert (state.finished_at, state.error) == (NOON, "soon is no time; write it like 2026-03-02 or 2026-03-02T08:00")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"from": {"sql": {"url": "AFTERSHOW_CONNECT_NO", "query": "SELECT 1"}}}, "AFTERSHOW_CONNECT_NO is not set"),
        ({"cursor": "nothing"}, 'column "nothing" does not exist'),
        ({"from": {"files": {"folder": "AFTERSHOW_CONNECT_ERP", "pattern": "*.csv"}}}, "names no folder"),
        ({"from": {"sql": {"url": "AFTERSHOW_CONNECT_ERP", "query": "SELECT * FROM orders; DROP TABLE orders"}}}, ""),
    ],
)
def test_why_a_source_gives_nothing_is_told(shop: Shop, change: dict[str, Any], words: str) -> None:
    if not words:
        with pytest.raises(ValueError, match="begins with SELECT"):
            shop.connect(**change)
        return
    shop.connect(**change)
    state = shop.pull()
    assert words in (state.error or "")
    shop.connect()
    shop.write({"no": "a"})
    assert (shop.pull().error, shop.orders()) == (None, ["a"])


def test_files_are_read_on_from_where_they_ended(shop: Shop, tmp_path: Path) -> None:
    shop.connect(**{"from": {"files": {"folder": "AFTERSHOW_CONNECT_DIR", "pattern": "orders-*.csv"}}, "page": 2})
    head = "no,phone,total,paid\n"
    first = tmp_path / "orders-1.csv"
    rows = 'a,13900000001,1.5,2026-03-02 11:00\n"b\nb",13900000002,2,2026年3月2日 9:05\n'
    first.write_bytes((head + rows).encode("gb18030"))
    shop.pull()
    with first.open("ab") as file:
        file.write(b"c,13900000003,3,1772420400\nd,139000")
    (tmp_path / "orders-2.csv").write_text("\ufeff" + head + "e,13900000005,5,20260302110000\n", encoding="utf-8")
    (tmp_path / "other.csv").write_text(head + "f,13900000006,5,2026-03-02 11:00\n", encoding="utf-8")
    shop.pull()
    state = shop.pull()
    assert (shop.orders(), state.error, shop.aside()) == (["a", "b\nb", "c", "e"], None, [])
