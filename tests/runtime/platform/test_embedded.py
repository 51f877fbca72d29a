"""Postgres and Temporal start from wheels alone, keep their data and leave nothing running."""

import asyncio
import os
import signal
import socket
import stat
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url, text
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from runtime import StartError
from runtime.platform.database import connect
from runtime.platform.embedded import (
    SEARCH_ATTRIBUTES,
    embedded_postgres,
    postgres_program,
    temporal_program,
    temporal_server,
    time_skipping_server,
)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_postgres_keeps_its_data_and_leaves_nothing_running(tmp_path: Path) -> None:
    before = _children()
    for expected in (1, 2):
        with embedded_postgres(tmp_path, durable=False) as url:
            engine, sessions = connect(url)
            with sessions() as session:
                session.execute(text("CREATE TABLE IF NOT EXISTS visit (id serial)"))
                session.execute(text("INSERT INTO visit DEFAULT VALUES"))
                assert session.execute(text("SELECT count(*) FROM visit")).scalar_one() == expected
                assert session.execute(text("SHOW timezone")).scalar_one() == "UTC"
                session.commit()
            engine.dispose()
    assert _children() == before


def test_postgres_is_durable_unless_told_otherwise(tmp_path: Path) -> None:
    program, _ = postgres_program(tmp_path)
    assert not [part for part in program.command if "fsync" in part]
    assert [part for part in program.command if part.startswith("shared_buffers=")]


def test_sessions_survive_a_killed_postgres(tmp_path: Path) -> None:
    program, url = postgres_program(tmp_path)
    engine, sessions = connect(url)
    with program.running(tmp_path / "first.log"), sessions() as session:
        session.execute(text("CREATE TABLE kept (id int)"))
        session.commit()
        os.kill(int((tmp_path / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        time.sleep(0.3)
    with program.running(tmp_path / "second.log"), sessions() as session:
        assert session.execute(text("SELECT count(*) FROM kept")).scalar_one() == 0
    engine.dispose()


def test_a_directory_that_postgres_cannot_use_is_named(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "stray").touch()
    with pytest.raises(StartError, match="cannot prepare Postgres in"):
        postgres_program(tmp_path)


@pytest.mark.parametrize("name", ["short", "l" * 100])
def test_nobody_else_reaches_the_embedded_postgres(tmp_path: Path, name: str) -> None:
    above = tmp_path / "private"
    above.mkdir(mode=0o700)
    with embedded_postgres(above / name, durable=False) as url:
        sockets = Path(str(make_url(url).query["host"]))
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        engine, sessions = connect(url)
        with sessions() as session:
            session.execute(text("CREATE ROLE other LOGIN SUPERUSER"))
            session.commit()
        engine.dispose()
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            psycopg.connect(host=str(sockets), user="other", dbname="postgres")
    assert stat.S_IMODE((above / name / "log" / "postgres.log").stat().st_mode) == 0o600
    assert stat.S_IMODE(above.stat().st_mode) & 0o066 == 0, "nothing of it can be seen by others"


def test_a_socket_folder_that_somebody_else_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / ("l" * 100)
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:
        monkeypatch.setattr(tempfile, "tempdir", temporary)
        postgres_program(data)
        (sockets,) = Path(temporary).iterdir()
        sockets.rmdir()
        sockets.symlink_to(tmp_path)
        with pytest.raises(StartError, match="somebody else's; remove it"):
            postgres_program(data)


def test_temporal_keeps_its_data_and_knows_the_search_attributes(tmp_path: Path) -> None:
    async def register(address: str) -> None:
        client = await Client.connect(address)
        known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
        assert set(SEARCH_ATTRIBUTES) <= set(known.custom_attributes)
        request = RegisterNamespaceRequest(namespace="kept")
        request.workflow_execution_retention_period.FromSeconds(86400)
        await client.workflow_service.register_namespace(request)

    async def find(address: str) -> None:
        client = await Client.connect(address)
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="kept"))
        with pytest.raises(RPCError):
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="other"))

    before = _children()
    with temporal_server(tmp_path) as address:
        asyncio.run(register(address))
    with temporal_server(tmp_path) as address:
        asyncio.run(find(address))
    assert _children() == before
    assert stat.S_IMODE((tmp_path / "temporal.sqlite").stat().st_mode) == 0o600


def test_a_program_that_dies_shows_its_last_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        program = temporal_program(tmp_path, port=taken.getsockname()[1], ui_port=None)
        with pytest.raises(StartError, match=r"Temporal did not start(.|\n)*in use"), program.running(tmp_path / "log"):
            pass


def test_the_time_skipping_server_is_there() -> None:
    assert os.access(time_skipping_server(), os.X_OK)
