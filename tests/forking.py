"""The `aftershow` program without the second that each process spends on imports: forked off one that has done them."""

import array
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CALL = """#!{python} -SEI
import array, json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
server.sendmsg([len(call).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
server.sendall(call)
sys.exit(int(server.recv(3) or b"70"))
"""
"""Gives the server its arguments, environment and open files, and ends as the command does."""


@contextmanager
def program(where: Path, pythonpath: Path = ROOT) -> Iterator[Path]:
    """An executable `aftershow` in a directory; it works for as long as the context lasts."""
    address, path = where / "aftershow.socket", where / "aftershow"
    path.write_text(_CALL.format(python=sys.executable, address=str(address)), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(pythonpath), str(ROOT / "tests")))}
        command = [sys.executable, __file__, str(listening.fileno())]
        with subprocess.Popen(command, env=environment, pass_fds=[listening.fileno()]) as server:
            try:
                yield path
            finally:
                server.terminate()


def serve(listening: socket.socket) -> None:
    """Answer each call by a process of its own."""
    import runtime.authoring.check
    import runtime.platform.database
    import runtime.platform.worker
    import runtime.rehearsal.journey_tests  # noqa: F401
    from runtime.cli.app import main

    while True:
        calling, _ = listening.accept()
        if os.fork():
            calling.close()
            continue
        listening.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if command := os.fork():
            _, status = os.waitpid(command, 0)
            calling.sendall(str(os.waitstatus_to_exitcode(status) % 256).encode())
            os._exit(0)
        sys.argv[1:] = _take(calling)
        main()
        return


def _take(calling: socket.socket) -> list[str]:
    """Become the caller: its files, directory and environment. Returns its arguments."""
    size, rights, *_ = calling.recvmsg(8, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    files = array.array("i", rights[0][2])
    call = b""
    while len(call) < int.from_bytes(size, "big"):
        call += calling.recv(1 << 20)
    calling.close()
    arguments, directory, environment = json.loads(call)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    return list(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who watch over a command
    serve(socket.socket(fileno=int(sys.argv[1])))
