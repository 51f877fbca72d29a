"""WeCom carries its channel as soon as the environment tells of it, and only if it tells all."""

from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from activities.adapters.sandbox import Sandbox
from activities.adapters.wecom.channel import Wecom
from domain.store.clock import SystemClock
from domain.store.work import Database
from runtime import StartError
from runtime.local.up import Options, up
from runtime.platform.channels import channels
from runtime.platform.serve import receivers
from runtime.platform.settings import load_settings

COMPLETE = {
    "CORP_ID": "ww1",
    "SECRET": "hush-hush",
    "AGENT_ID": "1000002",
    "TOKEN": "t0ken",
    "ENCODING_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


def tell(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", "postgresql://")
    for name, value in variables.items():
        monkeypatch.setenv(f"AFTERSHOW_WECOM_{name}", value)


def test_without_a_variable_the_sandbox_stays(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch)
    with start_blocking_portal() as portal:
        assert isinstance(channels(db, SystemClock(), portal)["wecom"], Sandbox)
    assert receivers(load_settings()) == []


def test_with_all_of_them_wecom_carries_its_channel(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, **COMPLETE, STAFF_TIMEOUT="2d", AT_ONCE="3")
    load_settings()
    with start_blocking_portal() as portal:
        found = channels(db, SystemClock(), portal)
        assert isinstance(found["wecom"], Wecom)
        assert isinstance(found["sms"], Sandbox)
        assert (found["wecom"].account.name, found["wecom"].account.at_once) == ("wecom/ww1", 3)
        found["wecom"].close()
    assert len(receivers(load_settings())) == 1


@pytest.mark.parametrize("present", COMPLETE)
def test_one_alone_is_refused_with_the_names_of_the_rest(monkeypatch: pytest.MonkeyPatch, present: str) -> None:
    tell(monkeypatch, **{present: COMPLETE[present]})
    with pytest.raises(StartError) as refused:
        load_settings()
    assert all((f"AFTERSHOW_WECOM_{name}:" in str(refused.value)) == (name != present) for name in COMPLETE)


def test_nothing_is_started_with_half_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tell(monkeypatch, CORP_ID="ww1")
    options = Options(tmp_path / "data", tmp_path, tmp_path, 0, 0, 0, watch=False, demo=False)
    with pytest.raises(StartError, match="AFTERSHOW_WECOM_SECRET"):
        up(options, lambda _: None)
    assert not options.data.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET", ""),
        ("AGENT_ID", "x"),
        ("ENCODING_AES_KEY", "short"),
        ("BASE_URL", "nowhere"),
        ("AT_ONCE", "0"),
        ("REMIND_AFTER", "4 hours"),
        ("REMIND_AFTER", "0m"),
        ("TIMEOUT", "-1"),
    ],
)
def test_a_wrong_value_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    tell(monkeypatch, **(COMPLETE | {name: value}))
    with pytest.raises(StartError) as refused:
        load_settings()
    (line, _) = str(refused.value).splitlines()
    assert line.startswith(f"AFTERSHOW_WECOM_{name}: ")
    assert not any(secret in line for secret in COMPLETE.values())
