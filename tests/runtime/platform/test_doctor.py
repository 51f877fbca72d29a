"""`aftershow doctor` says what was broken, and what mends it."""

import asyncio
import json
import os
import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from processes import answers, eventually, process
from real_worker import THANKS, connected
from sqlalchemy import text

from domain.channels.tables import ProviderAccount
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.authoring.publishing import publish_directory
from runtime.cli.app import app
from runtime.doctor import machine, parts
from runtime.platform.embedded import free_port, temporal_server

AWAY = "127.0.0.1:1"
POLICY = "timezone: Asia/Shanghai\nquiet_hours: 22:00-08:00\ncaps: {all: 3 per 7d}\n"
HOST = "127.0.0.2"
"""A name for this machine that doctor doesn't take for local."""


@dataclass
class Room:
    """A shop that runs, a directory of its files, and the ways to break them."""

    db: Database
    address: str
    specs: Path
    patch: pytest.MonkeyPatch
    ask: Callable[..., tuple[int, list[dict[str, str]]]]


Break = Callable[[Room], AbstractContextManager[None]]


def set_to(**variables: str) -> Break:
    @contextmanager
    def setting(room: Room) -> Iterator[None]:
        for name, value in variables.items():
            room.patch.setenv(name, value)
        yield

    return setting


def sql(broken: str, mended: str) -> Break:
    @contextmanager
    def running(room: Room) -> Iterator[None]:
        for statement in (broken, mended):
            with room.db.begin() as work:
                work.execute(text(statement))
            if statement is broken:
                yield

    return running


@contextmanager
def a_notice_given_up(room: Room) -> Iterator[None]:
    with room.db.begin() as work:
        work.add(Outbox(id=7, kind="start", payload={"enrollment": 1}, attempts=8, given_up_at=datetime.now(UTC)))
    yield
    with room.db.begin() as work:
        work.execute(text("DELETE FROM outbox"))


@contextmanager
def an_account_is_held(room: Room) -> Iterator[None]:
    with room.db.begin() as work:
        work.add(ProviderAccount(name="twilio/AC1", failures=9, reason="no connection"))
    yield
    with room.db.begin() as work:
        work.execute(text("DELETE FROM provider_accounts"))


@contextmanager
def credentials_are_refused(room: Room) -> Iterator[None]:
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Refusing)) as port:
        values = {
            "ACCOUNT_SID": "AC1",
            "AUTH_TOKEN": "old",
            "FROM_NUMBER": "+1",
            "BASE_URL": f"http://127.0.0.1:{port}",
        }
        for name, value in values.items():
            room.patch.setenv(f"AFTERSHOW_TWILIO_{name}", value)
        yield


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def a_certificate(days: int) -> Break:
    @contextmanager
    def shown(room: Room) -> Iterator[None]:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - timedelta(days=90)).not_valid_after(now + timedelta(days=days, hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        both = room.specs.parent / "both.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        both.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        server = ThreadingHTTPServer((HOST, 0), BaseHTTPRequestHandler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        room.patch.setenv("SSL_CERT_FILE", str(both))
        room.patch.setenv("AFTERSHOW_SIGNING_KEY", "k" * 32)
        with serving(server) as port:
            room.patch.setenv("AFTERSHOW_PUBLIC_URL", f"https://{HOST}:{port}")
            yield

    return shown


@contextmanager
def clocks_differ(room: Room) -> Iterator[None]:
    class Late(datetime):
        @classmethod
        def now(cls, *_: object) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) - timedelta(hours=1)

    room.patch.setattr(machine, "datetime", Late)
    yield


@contextmanager
def a_full_disk(room: Room) -> Iterator[None]:
    usage = shutil._ntuple_diskusage(10**12, 98 * 10**10, 2 * 10**10)  # type: ignore[attr-defined]
    room.patch.setattr(shutil, "disk_usage", lambda _: usage)
    yield


@contextmanager
def an_api_of_another_release(room: Room) -> Iterator[None]:
    room.patch.setattr(parts, "version", lambda _: "7.7.7")
    yield


@contextmanager
def a_schedule_is_paused(room: Room) -> Iterator[None]:
    async def turn(pause: str) -> None:
        handle = (await connected(room.address)).get_schedule_handle("nightly")
        await getattr(handle, pause)()

    asyncio.run(turn("pause"))
    yield
    asyncio.run(turn("unpause"))


def a_file(name: str, words: str) -> Break:
    @contextmanager
    def there(room: Room) -> Iterator[None]:
        (room.specs / name).write_text(words)
        yield
        (room.specs / name).unlink()

    return there


ON_TRIAL = "UPDATE alembic_version SET version_num = '{}'"
HEAD = max(path.name[:4] for path in (Path(__file__).parents[3] / "migrations/versions").glob("0*.py"))
BREAKAGES: list[tuple[Break, str, str, str, str]] = [
    (set_to(AFTERSHOW_PORT="0"), "settings", "wrong", "AFTERSHOW_PORT: input should be greater", "start again"),
    (set_to(AFTERSHOW_WROKER_PORT="1"), "settings", "warning", "did you mean AFTERSHOW_WORKER_PORT", "rename"),
    (set_to(AFTERSHOW_PUBLIC_URL="http://127.0.0.1"), "settings", "wrong", "not AFTERSHOW_SIGNING_KEY", "32"),
    (set_to(AFTERSHOW_ERP_TOKEN="x"), "settings", "wrong", "without AFTERSHOW_ERP_URL does nothing", "take"),
    (set_to(AFTERSHOW_DATABASE_URL=f"postgresql+psycopg://a@{AWAY}/x"), "postgres", "wrong", "can't be reached", "put"),
    (set_to(TEMPORAL_ADDRESS=AWAY), "temporal", "wrong", f"Temporal at {AWAY} doesn't answer", "TEMPORAL_ADDRESS"),
    (set_to(AFTERSHOW_PORT="1"), "api", "wrong", "no API answers at http://127.0.0.1:1", "--url"),
    (an_api_of_another_release, "api", "wrong", "this is 7.7.7", "one release"),
    (sql(ON_TRIAL.format("0048"), ON_TRIAL.format(HEAD)), "migrations", "wrong", f"{HEAD} is needed", "db upgrade"),
    (sql(ON_TRIAL.format("9999"), ON_TRIAL.format(HEAD)), "migrations", "wrong", "doesn't know", "upgrade the program"),
    (a_schedule_is_paused, "schedules", "wrong", "the Schedule nightly is paused", "resume"),
    (a_notice_given_up, "backlog", "wrong", "1 notices were given up", "aftershow retry"),
    (an_account_is_held, "providers", "wrong", "twilio/AC1 is held: no connection", "aftershow accounts"),
    (credentials_are_refused, "providers", "wrong", "twilio refuses the credentials: HTTP 401", "AFTERSHOW_TWILIO_"),
    (a_certificate(3), "certificate", "warning", f"the certificate of {HOST} has 3 days left", "renew"),
    (a_certificate(-3), "certificate", "wrong", "certificate has expired", "renew"),
    (set_to(AFTERSHOW_PUBLIC_URL="http://shop.example", AFTERSHOW_SIGNING_KEY="k" * 32), "certificate", "warning",
     "is no https", "TLS"),
    (clocks_differ, "clock", "wrong", "the clock of Postgres is +3600.0 s off", "NTP"),
    (a_full_disk, "disk", "wrong", "has 20.0 GB left (2%)", "AFTERSHOW_KEEP_EVENTS"),
    (a_file("thanks.yaml", THANKS), "specs", "wrong", "thanks.yaml has mistakes", "aftershow check"),
    (a_file("_segments.yaml", "big: {field: customer.orders, above: 9}\n"), "specs", "warning",
     "_segments is not what is published", "aftershow publish"),
]  # fmt: skip


@pytest.fixture
def temporal() -> Iterator[str]:
    """A server of its own: schedules and workers that other tests left would be found."""
    with temporal_server() as address:
        yield address


def test_it_says_what_was_broken_and_what_mends_it(
    db: Database,
    temporal: str,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if name.startswith("AFTERSHOW_")]:
        monkeypatch.delenv(name)
    (specs := tmp_path / "specs").mkdir()
    (specs / "_policy.yaml").write_text(POLICY)
    publish_directory(db, specs, tmp_path, datetime.now(UTC))
    port = str(free_port())
    environment = {
        "AFTERSHOW_DATABASE_URL": postgres_url, "TEMPORAL_ADDRESS": temporal, "AFTERSHOW_PORT": port,
        "AFTERSHOW_SPECS": str(specs), "AFTERSHOW_TEMPLATES": str(tmp_path), "AFTERSHOW_LANG": "en",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def ask(*options: str) -> tuple[int, list[dict[str, str]]]:
        code = app(["doctor", "--json", *options], standalone_mode=False)
        return code, json.loads(capsys.readouterr().out)["findings"]

    def wrong() -> list[str]:
        code, findings = ask()
        found = [each["check"] for each in findings if each["level"] != "ok"]
        assert code == (1 if found else 0)
        return found

    with process(environment, "api"):
        eventually(lambda: answers(f"http://127.0.0.1:{port}"))
        assert set(wrong()) == {"worker", "schedules"}
        with process(environment, "worker"):
            eventually(lambda: not wrong())
            for broken, check, level, what, mend in BREAKAGES:
                with monkeypatch.context() as patch, broken(Room(db, temporal, specs, patch, ask)):
                    code, findings = ask()
                found = [each for each in findings if (each["check"], each["level"]) == (check, level)]
                assert any(what in each["what"] and mend in each["do"] for each in found), (what, findings)
                assert code == int(any(each["level"] == "wrong" for each in findings))
            assert not wrong()
