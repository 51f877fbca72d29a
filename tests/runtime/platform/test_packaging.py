"""What a bare machine is given: a lock without addresses, and rooms that import one way."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LOCK = (ROOT / "requirements.lock").read_text()
PINS = re.findall(r"^([\w.-]+)==\S+ \\$", LOCK, re.MULTILINE)


def test_the_lock_names_no_index() -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", LOCK)


def test_every_pin_has_a_hash() -> None:
    for block in re.split(r"\n(?=\S)", LOCK):
        assert block.startswith("#") or "--hash=sha256:" in block, block
    assert len(PINS) == len(re.findall("==", LOCK))


def test_the_lock_has_all_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {canonicalize_name(Requirement(line).name) for line in wanted} <= set(PINS)


def test_the_consoles_lock_names_no_registry() -> None:
    packages = json.loads((ROOT / "console" / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if name and "integrity" not in package]


def test_a_wheel_has_the_console_and_the_recipes(tmp_path: Path) -> None:
    hatch = Path(sys.executable).with_name("hatchling")
    subprocess.run([hatch, "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "api/console/built/index.html" in names
    assert [name for name in names if re.fullmatch(r"api/console/built/assets/index-[^/]+\.js\.gz", name)]
    assert not [name for name in names if "node_modules" in name]
    assert "runtime/authoring/recipes/birthday/messages/NAME_gift/sms.j2" in names


def test_the_rooms_import_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_production_has_no_default_secret() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    secrets = re.findall(r"(?:PASSWORD|PWD|PGPASSWORD): (.*)", compose)
    assert secrets
    assert all(value.startswith("${POSTGRES_PASSWORD:?") for value in secrets)


@pytest.mark.parametrize("kept_out", [".gitignore", ".dockerignore"])
@pytest.mark.parametrize("secret", [".env", ".env.production", ".aftershow"])
def test_where_secrets_are_kept_goes_into_no_repository_and_no_image(kept_out: str, secret: str) -> None:
    patterns = [line.rstrip("/") for line in (ROOT / kept_out).read_text().splitlines()]
    assert any(fnmatch(secret, pattern) for pattern in patterns)
