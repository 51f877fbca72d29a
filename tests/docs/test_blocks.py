"""What the documentation shows works: journeys and shared documents are in order, journey tests pass, texts render."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from blocks import ROOT, Block, blocks, framed
from ruamel.yaml import YAML

from domain.texts.checking import text_problems, unknown_names
from domain.texts.links import TextLinks
from domain.texts.named import Named
from domain.texts.rendering import faults, render
from domain.texts.shapes import EVENTS, ROOTS, Provided
from runtime.authoring.check import check
from runtime.rehearsal.journey_tests import Player, play_file, players

SPECS, TEMPLATES = ROOT / "journey_specs", ROOT / "templates" / "messages"
FRAGMENTS = ("steps", "each:trigger", "each:wait", "each:audience", "each:entry")
SHARED = (
    "_policy",
    "_segments",
    "_tags",
    "_coupons",
    "_stock",
    "_identity",
    "_voice",
    "_calendar",
    "_tracking",
    "_supply",
)
KINDS = {
    "", "sh", "sh make", "mermaid", "jinja", "json", "text", "python",
    *(f"yaml {kind}" for kind in ("journey", "play", "tests", "diagnosed", "other", "connector", "output")),
    *(f"yaml {kind}" for kind in (*FRAGMENTS, *SHARED)),
}  # fmt: skip

SAMPLES = {
    "shop": {"name": "绿野鲜踪", "sign": "【绿野鲜踪】"},
    "customer": {"name": "小李", "city": "杭州", "level": "金卡"},
    "trigger": {"order_id": "o1", "total": 8900, "items": [{"name": "土鸡蛋", "quantity": 2, "price": 8900}]},
    "data": {"recommend": ["滤纸"], "seen": [{"name": "土鸡蛋"}]},
    "coupon": {
        "name": "满59减10", "code": "A1", "amount_off": 1000, "threshold": 5900,
        "expires_at": datetime(2026, 3, 5, 12, tzinfo=UTC),
    },
    "lot": {"name": "鲜奶", "days_left": 3, "available": 20},
    "stream": {"title": "夜市", "starts_at": datetime(2026, 3, 5, 12, tzinfo=UTC)},
}  # fmt: skip


def of(*kinds: str) -> pytest.MarkDecorator:
    found = blocks(*kinds)
    return pytest.mark.parametrize("block", found, ids=map(str, found))


def test_every_block_says_what_it_is() -> None:
    assert {block.kind: str(block) for block in blocks() if block.kind not in KINDS} == {}


@pytest.fixture(scope="module")
def play() -> Iterator[Player]:
    with players(["rehearsal"]) as found:
        yield found["rehearsal"]


OTHERS = """\
journey: others
trigger: {event: order.paid}
entry: {again: never}
steps:
- {set: {home: 杭州}}
- {tag: 咖啡爱好者}
- {tag: coffee lover}
- {tag: 新客}
- {tag: newcomer}
- {tag: 高潜力复购用户}
"""


def written(where: Path, name: str, text: str) -> Path:
    """A file beside the shop's shared documents, and a journey that gives customers what the pages ask for."""
    for shared in SPECS.glob("_*.yaml"):
        shutil.copy(shared, where)
    (where / "others.yaml").write_text(OTHERS, encoding="utf-8")
    (where / name).parent.mkdir(exist_ok=True)
    (where / name).write_text(text, encoding="utf-8")
    return where / name


def told(file: Path) -> str:
    """What `check` says of the file and of the texts it sends."""
    report = check([file], TEMPLATES, {"crm"})
    return str(report) if report.diagnostics else ""


@of("yaml journey")
def test_a_journey_is_in_order(block: Block, tmp_path: Path) -> None:
    name = re.search(r"^journey: *(\w+)", block.text, re.MULTILINE)
    assert name
    assert told(written(tmp_path, f"{name[1]}.yaml", block.text)) == ""


@of(*(f"yaml {kind}" for kind in FRAGMENTS))
def test_a_fragment_is_in_order(block: Block, tmp_path: Path) -> None:
    journeys = framed(block.kind.removeprefix("yaml "), block.text)
    assert journeys
    for journey in journeys:
        assert told(written(tmp_path, "framed.yaml", journey)) == "", journey


@of(*(f"yaml {kind}" for kind in SHARED))
def test_a_shared_document_is_in_order(block: Block, tmp_path: Path) -> None:
    assert told(written(tmp_path, f"{block.kind.removeprefix('yaml ')}.yaml", block.text)) == ""


@of("yaml connector", "yaml output")
def test_what_is_connected_is_in_order(block: Block, tmp_path: Path) -> None:
    name = re.search(r"^(connector|output): *(\w+)", block.text, re.MULTILINE)
    assert name
    assert told(written(tmp_path, f"{name[1]}s/{name[2]}.yaml", block.text)) == ""


@of("yaml tests")
def test_a_journey_test_passes(block: Block, tmp_path: Path, play: Player) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(block.text, encoding="utf-8")
    verdicts = list(play_file(file, play, SPECS, TEMPLATES))
    assert verdicts
    for verdict in verdicts:
        assert not verdict.problems, f"{verdict.case}\n" + "\n".join(verdict.problems)


@of("yaml other")
def test_other_yaml_can_be_read(block: Block) -> None:
    assert YAML(typ="safe").load(block.text)


@of("yaml play")
def test_a_play_is_in_order(block: Block, tmp_path: Path) -> None:
    name = re.findall(r"^play: (\w+)", block.text, re.MULTILINE)[0]
    report = check([written(tmp_path, f"plays/{name}.yaml", block.text)], TEMPLATES, {"crm"})
    assert [each for each in report.diagnostics if each.path.endswith(f"plays/{name}.yaml")] == []


@of("jinja")
def test_a_text_fits_what_there_is_and_renders(block: Block) -> None:
    order = Provided({**ROOTS, "trigger": EVENTS["order.paid"], "data": ROOTS["data"]})
    functions = {**TextLinks(None, 0).functions(), "companions": lambda *_: Named([{"name": "滤纸"}])}
    assert list(faults(block.text, {"shop": SAMPLES["shop"], **functions})) == []
    assert list(unknown_names(block.text)) == []
    assert text_problems(block.text, order) == []
    assert render(str(block), block.text, {**SAMPLES, **functions}).strip()


def test_every_error_shown_is_told_of_what_is_wrong_and_not_of_what_is_right(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    untold = []
    for code, section in re.findall(r"^## ([EW]\d{3})(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL):
        for block in re.findall(r"^```yaml diagnosed\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
            if block.startswith("# wrong\n#") or code in SPOKEN_OF:
                continue
            wrong, right = (part.strip("\n") for part in block.removeprefix("# wrong\n").split("# right\n"))
            if not any(
                code in codes(tmp_path, name, frame.replace("HERE", wrong))
                and code not in codes(tmp_path, name, frame.replace("HERE", right))
                for name, frame in frames(wrong)
            ):
                untold.append(f"{code}: {wrong}")
    assert not untold, "\n".join(untold)


SPOKEN_OF = {"E002", "E003", "E007", "E036", "E072"}
"""What is wrong there is told beside the block: a size, an encoding, an anchor or a file's name."""


def codes(where: Path, name: str, text: str) -> set[str]:
    report = check([written(where, name, text)], TEMPLATES, {"crm"}, now=datetime.now(UTC))
    return {each.code for each in report.diagnostics}


def frames(part: str) -> Iterator[tuple[str, str]]:
    """Files in which a part may stand, with HERE for it."""
    trigger, entry, steps = "trigger: {event: order.paid}\n", "entry: {again: never}\n", "steps: [{tag: any}]\n"
    keys = set(re.findall(r"^(\w+):", part, re.MULTILINE))
    rest = {"journey": "journey: framed\n", "trigger": trigger, "entry": entry, "steps": steps}
    yield "framed.yaml", "HERE\n" + "".join(text for key, text in rest.items() if key not in keys)
    head = f"journey: framed\n{trigger}{entry}"
    dash = "" if part.startswith("- ") else "- "
    yield (
        "framed.yaml",
        f"{head}steps:\n- {{id: remind, send: cart_reminder, via: [wecom], coupon: cart_minus5}}\n{dash}HERE\n",
    )
    yield "framed.yaml", f"{head}steps:\n{dash}HERE\n"
    yield "plays/framed.yaml", f"play: framed\nsteps:\n{dash}HERE\n"
    yield "framed.yaml", f"{head}{steps}audience: HERE\n"
    yield "framed.yaml", f"{head}steps:\n- {{id: remind, send: thank_you, HERE}}\n"
    yield "framed.yaml", f"{head}steps:\n- {{id: remind, send: thank_you, via: [sms], HERE}}\n"
    yield "framed.yaml", f"journey: framed\n{trigger}entry: {{again: never, HERE}}\n{steps}"
    yield "framed.yaml", f"journey: framed\ntrigger: {{HERE, for_each: birthday}}\n{entry}{steps}"
    yield "framed.yaml", f"journey: framed\ntrigger: {{event: order.paid, where: HERE\n  }}\n{entry}{steps}"
    yield "_coupons.yaml", "some: HERE\n"
    for shared in (*SHARED, "connectors/framed", "outputs/framed"):
        yield f"{shared}.yaml", "HERE\n"
