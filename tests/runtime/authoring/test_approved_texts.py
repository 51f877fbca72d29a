"""`sms.yaml` beside a text: checked with it, published with it, and in the way of a text that differs."""

from pathlib import Path

import pytest

from domain.published.library import read_library
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.authoring.check import check
from runtime.authoring.publishing import publish_directory

APPROVED = "aliyun: SMS_1\ntext: 您的${code}到期。拒收请回复R\nvariables: {code: shop.name}\n"
TEXT = "{{ shop.sign }}您的{{ shop.name }}到期。拒收请回复R"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/_policy.yaml").write_text(
        "shop: 绿野\ntimezone: Asia/Shanghai\nquiet_hours: none\ncaps: {sms: 2 per 7d}\n", encoding="utf-8"
    )
    folder = tmp_path / "texts/coupon"
    folder.mkdir(parents=True)
    (folder / "sms.j2").write_text(TEXT, encoding="utf-8")
    (folder / "sms.yaml").write_text(APPROVED, encoding="utf-8")
    return tmp_path


def told(home: Path) -> list[str]:
    report = check([home / "specs"], home / "texts")
    return [f"{Path(each.path).name}:{each.line}:{each.column} {each.message}" for each in report.diagnostics
            if each.code == "E090"]  # fmt: skip


def test_check_tells_where_a_text_is_not_the_approved_one(home: Path) -> None:
    assert told(home) == []
    (home / "texts/coupon/sms.j2").write_text(TEXT.replace("到期", "快到期"), encoding="utf-8")
    assert told(home) == ['sms.j2:1:33 the approved text has "到期。拒收请回复R" where this has "快到期。拒收请回复R"']
    (home / "texts/coupon/sms.j2").unlink()
    assert told(home) == ["sms.yaml:1:1 there is no sms.j2 beside it"]


def test_it_is_published_with_the_texts_and_goes_with_them(home: Path, db: Database, clock: VirtualClock) -> None:
    assert not publish_directory(db, home / "specs", home / "texts", clock.now()).diagnostics
    with db() as session:
        assert {name: each.aliyun for name, each in read_library(session).approved.items()} == {"coupon": "SMS_1"}
    (home / "texts/coupon/sms.yaml").unlink()
    publish_directory(db, home / "specs", home / "texts", clock.now())
    with db() as session:
        assert read_library(session).approved == {}
