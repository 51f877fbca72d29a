"""`aftershow up` keeps its parts alive, ends them all, and comes back after anything was killed."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from runtime import StartError
from runtime.local import supervisor
from runtime.local.supervisor import Supervisor
from runtime.platform.embedded import Program, free_port

ROOT = Path(__file__).parents[3]
PARTS = ("Postgres", "Temporal", "API", "Worker")


class Up:
    """An `aftershow up` on free ports, and what it said."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port, self.temporal_port, self.ui_port = free_port(), free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, **ports: int) -> list[str]:
        wanted = {"port": self.port, "temporal-port": self.temporal_port, "ui-port": self.ui_port} | ports
        options = [part for name, port in wanted.items() for part in (f"--{name}", str(port))]
        return [sys.executable, "-m", "runtime.cli", "up", "--data", str(self.data), *options]

    def start(self) -> None:
        with (self.data.parent / "said").open("wb") as output:
            self.process = subprocess.Popen(self.command(), cwd=ROOT, stdout=output, stderr=output)
        _eventually(lambda: "Aftershow is up" in self.said(), self.said)

    def said(self) -> str:
        return (self.data.parent / "said").read_text()

    def pids(self) -> dict[str, int]:
        record = self.data / "processes.json"
        return {entry["name"]: entry["pid"] for entry in json.loads(record.read_text())} if record.exists() else {}

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def command_on_it(self, *arguments: str) -> str:
        """What a command prints that knows nothing of the shop but its data."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AFTERSHOW_")}
        command = [sys.executable, "-m", "runtime.cli", *arguments, "--data", str(self.data)]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    def end(self, number: signal.Signals) -> int:
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path / "data")
    yield running
    pids = running.pids().values()
    if running.process and running.process.poll() is None:
        running.end(signal.SIGTERM)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_killed_parts_come_back_and_the_next_start_ends_what_a_killed_one_left(up: Up) -> None:
    up.start()
    key = up.data / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = key.read_text()
    assert "local" in up.command_on_it("key", "list")
    assert "new search attributes: none" in up.command_on_it("db", "upgrade")
    second = subprocess.run(up.command(), cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert second.returncode == 1
    assert f"is in use by another `aftershow up` (process {up.process.pid if up.process else 0})" in second.stderr
    for name in PARTS:
        before, back = up.pids()[name], f"{name} is back"
        os.kill(before, signal.SIGKILL)
        _eventually(partial(_says, up, back), up.said)
        assert up.pids()[name] != before, up.said()
        assert f"{name} was killed (SIGKILL)" in up.said()
    _eventually(up.ready, up.said)

    first = up.pids()
    up.end(signal.SIGKILL)
    assert {name for name, pid in first.items() if _alive(pid)} == set(PARTS)
    up.start()
    assert [line for line in up.said().splitlines() if "left over" in line]
    assert not [name for name, pid in first.items() if _alive(pid)]
    assert key.read_text() == secret

    pids = up.pids()
    assert up.end(signal.SIGTERM) == 0
    assert "the data stays in" in up.said()
    assert not [name for name, pid in pids.items() if _alive(pid)]


def test_a_taken_port_is_named_with_its_option(up: Up) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = up.command(**{"ui-port": port})
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert result.returncode == 1
    assert f"port {port} cannot be used" in result.stderr
    assert "--ui-port" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (up.data / "postgres").exists()


def test_a_process_that_is_not_ours_is_let_be(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        created = psutil.Process(stranger.pid).create_time() - 100
        record = [{"name": "API", "pid": stranger.pid, "created": created, "signal": int(signal.SIGTERM)}]
        (tmp_path / "processes.json").write_text(json.dumps(record))
        with Supervisor(tmp_path, print):
            assert stranger.poll() is None
        stranger.kill()


def test_the_log_is_shown_when_a_part_keeps_dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.0)
    said: list[str] = []
    with Supervisor(tmp_path, said.append) as running:
        running.start(Program("Worker", ("sh", "-c", "sleep 0.1; echo no such table; exit 3"), lambda: True))
        running.watch(lambda: running.stopping.set() if "no such table" in "".join(said) else None)
    assert "Worker ended (exit code 3); starting it again in 0 s" in said
    assert "Worker has died 3 times in a row" in said[-1]


def test_a_part_that_never_starts_is_an_error(tmp_path: Path) -> None:
    with (
        Supervisor(tmp_path, print) as running,
        pytest.raises(StartError, match=r"API did not start(.|\n)*no such table"),
    ):
        running.start(Program("API", ("sh", "-c", "echo no such table; exit 3"), lambda: False))


def _alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def _says(up: Up, words: str) -> bool:
    return words in up.said()


def _eventually(true: Callable[[], bool], said: Callable[[], str], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, said()
        time.sleep(0.05)
