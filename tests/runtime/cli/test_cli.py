"""The command line tells expected failures in plain words."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from api.http.page_links import SHOWS
from domain.access.keys import find_key
from domain.store.work import Database
from runtime import StartError
from runtime.cli.app import app, run
from runtime.local.up import keep_signing_key
from runtime.platform.environment import keep_environment

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: object
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a command in the project's directory, in English, with nothing else set than what is given by name."""
    monkeypatch.chdir(ROOT)

    def call(*arguments: str, **environment: str) -> Ended:
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AFTERSHOW_")]:
                patch.delenv(name)
            for name, value in {"AFTERSHOW_LANG": "en", **environment}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["aftershow", *arguments])
            code: object = 0
            try:
                run()
            except SystemExit as ended:
                code = ended.code
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return call


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["api"], {}, "AFTERSHOW_DATABASE_URL: field required"),
        (["api"], {"AFTERSHOW_DATABASE_URL": "x", "AFTERSHOW_PORT": "0"}, "AFTERSHOW_PORT: input should be greater"),
        (["api"], {"AFTERSHOW_DATABASE_URL": "localhost"}, "AFTERSHOW_DATABASE_URL is no address"),
        (["check"], {"AFTERSHOW_WEBHOOKS": "crm"}, "AFTERSHOW_WEBHOOKS: not a JSON object"),
        (
            ["check"],
            {"AFTERSHOW_WEBHOOKS": '{"crm": {"url": "https://crm.example", "secret": "hush"}}'},
            "AFTERSHOW_WEBHOOKS crm secret: value error, the secret must be whsec_",
        ),
        (["explain", "nothing"], {}, "there is no journey_specs/nothing.yaml"),
        (["up", "--specs", "nowhere"], {}, "there is no nowhere"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(
    command: Run, arguments: list[str], environment: dict[str, str], words: str
) -> None:
    ended = command(*arguments, **environment)
    assert ended.code == 1
    assert words in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(("journey", "code"), [("abandoned_cart", 0), ("nothing", 1)])
def test_a_command_ends_before_the_interpreter_is_torn_down(journey: str, code: int) -> None:
    program = f"""
import os, sys
from runtime.cli.app import main

class Late:
    def __del__(self, write=os.write):
        write(1, b"torn down")

sys.late, sys.argv = Late(), ["aftershow", "explain", "{journey}"]
main()
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == code
    assert ("mermaid" in result.stdout) == (code == 0)
    assert "torn down" not in result.stdout


@pytest.mark.parametrize("name", ["check", "explain", "test"])
def test_what_is_no_file_or_no_text_is_told(command: Run, tmp_path: Path, name: str) -> None:
    fifo, garbage = tmp_path / "fifo.yaml", tmp_path / "garbage.yaml"
    os.mkfifo(fifo)
    garbage.write_bytes(b"journey: \xff\xfe")
    for path, words in ((fifo, "it is not an ordinary file"), (garbage, "not UTF-8 text")):
        ended = command(name, str(path))
        assert ended.code == 1
        assert words in ended.out + ended.err
        assert "Traceback" not in ended.err


def test_a_postgres_that_is_away_is_named(command: Run, tmp_path: Path) -> None:
    url = f"postgresql+psycopg://postgres@/postgres?host={tmp_path}"
    ended = command("key", "create", "--name", "shop", "--scope", "ingest", AFTERSHOW_DATABASE_URL=url)
    assert ended.code == 1
    assert "Postgres cannot be reached" in ended.err
    assert "Traceback" not in ended.err


def test_a_key_is_made(command: Run, db: Database, postgres_url: str) -> None:
    options = ["key", "create", "--name", "shop", "--scope", "ingest", "--scope", "read"]
    secret = command(*options, AFTERSHOW_DATABASE_URL=postgres_url).out.strip()
    with db() as session:
        key = find_key(session, secret)
        assert key
        assert key.scopes == ["ingest", "read"]


def test_keys_are_listed_and_revoked(aftershow: Callable[..., str], db: Database) -> None:
    assert "还没有密钥" in aftershow("key", "list")
    secret = aftershow("key", "create", "--name", "[red]till", "--scope", "ingest").strip()
    aftershow("key", "create", "--name", "desk", "--scope", "read")
    aftershow("key", "create", "--name", "desk", "--scope", "read")
    with pytest.raises(StartError, match="several keys desk: 2, 3"):
        aftershow("key", "revoke", "desk")
    assert aftershow("key", "revoke", "[red]till") == "密钥 [red]till 已作废\n"
    with db() as session:
        assert find_key(session, secret) is None
    with pytest.raises(StartError, match="no key 1 is in force"):
        aftershow("key", "revoke", "1")
    listed = aftershow("key", "list")
    cells = [cell.strip() for line in listed.splitlines() if "till" in line for cell in line.split("│")]
    assert cells[1:4] == ["1", "[red]till", "ingest"]
    assert all(cells[4:6])
    assert secret not in listed


def test_an_unknown_scope_is_told(command: Run, db: Database, postgres_url: str) -> None:  # noqa: ARG001
    options = ["key", "create", "--name", "shop", "--scope", "all"]
    assert 'unknown scope "all"' in command(*options, AFTERSHOW_DATABASE_URL=postgres_url).err


OF_ONE_PROCESS = {"api", "worker"}
OF_FILES = {
    "new", "check", "connect check", "edit", "explain", "test", "voice read", "forecast evaluate", "supply simulate",
}  # fmt: skip


def test_every_command_on_a_running_shop_takes_its_data() -> None:
    options = {name: [option for part in command.params for option in part.opts] for name, command in _commands()}
    without = {name for name, known in options.items() if "--data" not in known}
    assert without == OF_ONE_PROCESS | OF_FILES
    assert {"key list", "mcp", "publish", "why", "simulate", "send-test", "db upgrade"} <= options.keys()


def test_the_data_named_counts_before_the_environment(
    command: Run,
    db: Database,  # noqa: ARG001
    postgres_url: str,
    tmp_path: Path,
) -> None:
    elsewhere = "postgresql+psycopg://postgres@127.0.0.1:1/nowhere"
    keep_environment(tmp_path, {"AFTERSHOW_DATABASE_URL": postgres_url})
    ended = command("key", "list", "--data", str(tmp_path), AFTERSHOW_DATABASE_URL=elsewhere)
    assert "there is no key" in ended.out
    assert "Postgres cannot be reached" in command("key", "list", AFTERSHOW_DATABASE_URL=elsewhere).err
    assert "there is no key" in command("key", "list", AFTERSHOW_DATA_DIR=str(tmp_path)).out
    nowhere = command("key", "list", "--data", str(tmp_path / "x"), AFTERSHOW_DATABASE_URL=postgres_url)
    assert nowhere.code == 1
    assert f"no `aftershow up` has run on {tmp_path / 'x'}" in nowhere.err


def test_explain_tells_a_journey_with_a_graph(command: Run) -> None:
    ended = command("explain", "new_customer")
    assert ended.code == 0
    assert "```mermaid" in ended.out


def test_a_studio_link_opens_the_show_and_needs_a_key(
    aftershow: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AFTERSHOW_SIGNING_KEY", "")
    key = keep_signing_key(tmp_path)
    assert keep_signing_key(tmp_path) == key
    assert (tmp_path / "signing-key").stat().st_mode & 0o077 == 0
    keep_environment(tmp_path, {"AFTERSHOW_SIGNING_KEY": key})
    assert (tmp_path / "environment.json").stat().st_mode & 0o077 == 0
    printed = aftershow("studio-link", "秋/夜", "--data", str(tmp_path), "--url", "https://shop.example/").strip()
    url, _, token = printed.partition("?token=")
    assert url == "https://shop.example/studio/%E7%A7%8B%2F%E5%A4%9C"
    SHOWS.check(key, token, "秋/夜")
    monkeypatch.setenv("AFTERSHOW_SIGNING_KEY", "another secret of the shop")
    assert keep_signing_key(tmp_path) == "another secret of the shop"
    other = aftershow("studio-link", "秋/夜").strip().partition("?token=")[2]
    SHOWS.check("another secret of the shop", other, "秋/夜")
    monkeypatch.setenv("AFTERSHOW_SIGNING_KEY", "")
    with pytest.raises(StartError, match="AFTERSHOW_SIGNING_KEY"):
        aftershow("studio-link", "s", "--data", str(tmp_path / "nowhere"))


def _commands() -> Iterator[tuple[str, Any]]:
    """Every command by its full name."""
    pending: list[tuple[str, Any]] = [("", get_command(app))]
    while pending:
        name, command = pending.pop()
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name.strip(), command
        else:
            pending += [(f"{name} {word}", part) for word, part in inner.items()]


def test_no_command_hides_another() -> None:
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    for group in app.registered_groups:
        inner = group.typer_instance
        if inner is not None and not group.name:
            names += [
                command.name or command.callback.__name__ for command in inner.registered_commands if command.callback
            ]
    assert sorted(names) == sorted(set(names))
