"""A copy of the product with something added, to try what it costs to add it."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("workflows", "domain", "activities", "api", "runtime", "migrations")


class Grown:
    """The rooms at `home`, with the files of `tests/additions/NAME` laid over them."""

    def __init__(self, home: Path, name: str) -> None:
        self.home = home
        for room in ROOMS:
            shutil.copytree(ROOT / room, home / room, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", home)
        shutil.copytree(ROOT / "tests" / "additions" / name, home, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip

    def touched(self) -> list[str]:
        """The files of the rooms that are not as they are in the product."""
        copied = (path.relative_to(self.home) for room in ROOMS for path in (self.home / room).rglob("*"))
        files = (path for path in copied if (self.home / path).is_file() and "__pycache__" not in path.parts)
        return sorted(str(path) for path in files if not _same(ROOT / path, self.home / path))

    def run(self, *arguments: str, fails: bool = False) -> str:
        """What Python says to these arguments in the copy; raises if it ends otherwise than it is to end."""
        environment = {"PYTHONPATH": str(self.home), "PATH": "/usr/bin:/bin", "AFTERSHOW_LANG": "en"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.home, env=environment, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said

    def aftershow(self, *arguments: str, fails: bool = False) -> str:
        """What the command says."""
        return self.run("-c", "from runtime.cli.app import main; main()", *arguments, fails=fails)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and one.read_bytes() == other.read_bytes()
