"""The commands of the documentation are given, page after page, to a shop that really runs."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from blocks import ROOT, Block, blocks
from forking import program
from processes import answers, eventually

FOLLOWED = [
    ROOT / "docs" / name
    for name in ("guide.md", "recipes.md", "producers.md", "operators.md", "voice.md", "tracking.md", "plays.md")
]
PORTS = {"--port": 8000, "--temporal-port": 7233, "--ui-port": 8233}


def test_every_target_of_make_is_there() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for block in blocks("sh make") for name in re.findall(r"^make ([\w-]+)", block.text, re.MULTILINE)}
    assert named
    assert named <= targets


def test_every_command_shown_is_on_a_page_that_is_followed() -> None:
    assert {block.page for block in blocks("sh")} <= {*FOLLOWED, *map(in_english, FOLLOWED)}


def in_english(page: Path) -> Path:
    return page.with_name(f"{page.stem}.en.md")


@pytest.mark.parametrize("page", [page for page in FOLLOWED if in_english(page).exists()], ids=lambda page: page.stem)
def test_the_english_page_shows_the_same_commands(page: Path) -> None:
    assert commands_of(page) == commands_of(in_english(page))


def commands_of(page: Path) -> list[str]:
    return [re.sub(r"\s*#.*", "", block.text) for block in blocks("sh", pages=[page])]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(command: str, where: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with (where / "up.log").open("w") as log:
        up = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=where, env=environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            up.terminate()
            up.wait(60)


def one(block: Block, text: str, where: Path, environment: Mapping[str, str]) -> str:
    """What the commands of a block print; all must succeed."""
    shell = ["bash", "-euo", "pipefail", "-c", text]
    ran = subprocess.run(shell, cwd=where, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert ran.returncode == 0, f"{block}\n{text}\n{ran.stdout}\n{ran.stderr}\n{(where / 'up.log').read_text()[-3000:]}"
    return ran.stdout


@pytest.mark.timeout(900)
def test_the_pages_are_followed_on_a_shop_that_runs(tmp_path: Path) -> None:
    with program(tmp_path) as aftershow:
        follow_pages(tmp_path, aftershow)


def follow_pages(where: Path, aftershow: Path) -> None:
    (where / "up.log").touch()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AFTERSHOW_", "TEMPORAL_"))
    }
    environment |= {
        "PATH": f"{aftershow.parent}:{environment['PATH']}",
        "PYTHONPATH": str(ROOT),
        "AFTERSHOW_LANG": "zh",
    }
    ports = {option: free_port() for option in PORTS}
    options = " ".join(f"{option} {port}" for option, port in ports.items())
    printed = []

    def follow(block: Block) -> None:
        text = block.text
        for option, port in PORTS.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ports[option]}")
        printed.append(one(block, text, where, environment))

    every = blocks("sh", pages=[page for page in FOLLOWED if page.exists()])
    start = next(number for number, block in enumerate(every) if block.text.startswith("aftershow up"))
    for block in every[:start]:
        follow(block)
    command = every[start].text.split("#")[0].strip().replace("aftershow", f"{sys.executable} -m runtime.cli", 1)
    with running(f"{command} {options}", where, environment):
        eventually(lambda: answers(f"http://127.0.0.1:{ports['--port']}"), 120)
        for block in every[start + 1 :]:
            follow(block)
    assert any("welcome_thanks" in text for text in printed)
