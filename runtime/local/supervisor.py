"""Keeps a set of programs running on one data directory, and ends them all together."""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from runtime import StartError
from runtime.platform.embedded import START_SECONDS, STOP_SECONDS, Program, tail

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
STEADY_SECONDS = 30.0
DEATHS_BEFORE_TAIL = 3
TICK = 0.1


class StopRequested(Exception):  # noqa: N818 it is no error
    """Somebody asked to stop before everything had started."""


@dataclass
class Part:
    """A program under supervision. It is due to be started again at `due`."""

    program: Program
    log: Path
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    due: float | None = None
    announced: bool = True


class Supervisor:
    """Owns a data directory while it runs.

    Every process it starts is on record in `processes.json`, so that after a kill -9 the next one ends what was left,
    and nothing else. The lock on `lock` is the kernel's, hence never stale.
    """

    def __init__(self, data: Path, say: Callable[[str], None]) -> None:
        self._data = data
        self._say = say
        self._parts: dict[str, Part] = {}
        self._lock: IO[str] | None = None
        self.stopping = threading.Event()

    def __enter__(self) -> Self:
        """Take the directory. Raises StartError if another supervisor has it."""
        self._data.mkdir(parents=True, exist_ok=True)
        lock = (self._data / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise StartError(
                f"{self._data} is in use by another `aftershow up` (process {owner}); "
                "stop that one, or give this one a directory of its own with --data"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        self._end_left_overs()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every part, the last started first, and give the directory back."""
        for part in reversed(self._parts.values()):
            part.program.stop(part.process)
        self._parts.clear()
        self._record()
        if self._lock:
            self._lock.close()

    def start(self, program: Program) -> None:
        """Start a program and wait until it is ready. Raises StartError with its last words, or StopRequested."""
        log = self._data / "log" / f"{program.name.lower()}.log"
        self._parts[program.name] = part = Part(program, log, program.start(log), time.monotonic())
        self._record()
        deadline = part.started + START_SECONDS
        while not program.ready():
            if self.stopping.wait(0.02):
                raise StopRequested
            if part.process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"{program.name} did not start. The end of {log}:\n{tail(log)}")

    def watch(self, every_tick: Callable[[], None] = lambda: None) -> None:
        """Start again what dies, until `stopping` is set."""
        while not self.stopping.wait(TICK):
            for part in self._parts.values():
                self._look_after(part)
            every_tick()

    def _look_after(self, part: Part) -> None:
        now, name, code = time.monotonic(), part.program.name, part.process.poll()
        if code is None:
            if not part.announced and part.program.ready():
                part.announced = True
                self._say(f"{name} is back (process {part.process.pid})")
            if now - part.started > STEADY_SECONDS:
                part.deaths = 0
        elif part.due is None:
            pause = min(FIRST_PAUSE * 2**part.deaths, LONGEST_PAUSE)
            part.deaths += 1
            part.due = now + pause
            part.announced = False
            self._say(f"{name} {_cause(code)}; starting it again in {pause:g} s")
            if part.deaths % DEATHS_BEFORE_TAIL == 0:
                self._say(f"{name} has died {part.deaths} times in a row. The end of {part.log}:\n{tail(part.log)}")
        elif now >= part.due:
            part.process = part.program.start(part.log)
            part.started, part.due = now, None
            self._record()

    def _record(self) -> None:
        entries = []
        for name, part in self._parts.items():
            with suppress(psutil.NoSuchProcess):
                created = psutil.Process(part.process.pid).create_time()
                stop = int(part.program.stop_signal)
                entries.append({"name": name, "pid": part.process.pid, "created": created, "signal": stop})
        written = self._data / "processes.json.new"
        written.write_text(json.dumps(entries, indent=1))
        written.replace(self._data / "processes.json")

    def _end_left_overs(self) -> None:
        record = self._data / "processes.json"
        if not record.exists():
            return
        ended = []
        for entry in json.loads(record.read_text()):
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(entry["pid"])
                if abs(process.create_time() - entry["created"]) < 1 and _alive(process):
                    self._say(
                        f"ending {entry['name']} (process {process.pid}), left over from a run that was cut short"
                    )
                    process.send_signal(entry["signal"])
                    ended.append(process)
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(_alive, ended)):
            if time.monotonic() > deadline:
                for process in filter(_alive, ended):
                    process.kill()
            time.sleep(0.05)
        record.unlink()


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _cause(code: int) -> str:
    return f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended (exit code {code})"
