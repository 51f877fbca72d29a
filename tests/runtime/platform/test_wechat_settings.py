"""WeChat carries its channel as soon as the environment tells of it, and only if it tells all."""

import pytest
from anyio.from_thread import start_blocking_portal

from activities.adapters.wechat.channel import Wechat
from domain.store.clock import SystemClock
from domain.store.work import Database
from runtime import StartError
from runtime.platform.channels import channels
from runtime.platform.serve import receivers
from runtime.platform.settings import load_settings

NEEDED = {"APP_ID": "wx1", "SECRET": "hush-hush", "TOKEN": "t0ken"}
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def tell(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", "postgresql://")
    for name, value in variables.items():
        monkeypatch.setenv(f"AFTERSHOW_WECHAT_{name}", value)


@pytest.mark.parametrize("more", [{}, {"ENCODING_AES_KEY": KEY}])
def test_with_all_that_is_needed_wechat_carries_its_channel(
    db: Database, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    tell(monkeypatch, **NEEDED, **more, PER_SECOND="7")
    configured = load_settings()
    with start_blocking_portal() as portal:
        carrier = channels(db, SystemClock(), portal)["wechat"]
        assert isinstance(carrier, Wechat)
        assert carrier.account is not None
        assert (carrier.account.name, carrier.account.per_second) == ("wechat/wx1", 7)
        carrier.close()
    assert len(receivers(configured)) == 1


@pytest.mark.parametrize("present", [*NEEDED, "AT_ONCE"])
def test_one_alone_is_refused_with_the_names_of_the_rest(monkeypatch: pytest.MonkeyPatch, present: str) -> None:
    tell(monkeypatch, **{present: NEEDED.get(present, "5")})
    with pytest.raises(StartError) as refused:
        load_settings()
    assert all((f"AFTERSHOW_WECHAT_{name}:" in str(refused.value)) == (name != present) for name in NEEDED)


@pytest.mark.parametrize(
    ("name", "value"), [("SECRET", ""), ("ENCODING_AES_KEY", "short"), ("BASE_URL", "nowhere"), ("PER_SECOND", "0")]
)
def test_a_wrong_value_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    tell(monkeypatch, **(NEEDED | {name: value}))
    with pytest.raises(StartError) as refused:
        load_settings()
    (line, _) = str(refused.value).splitlines()
    assert line.startswith(f"AFTERSHOW_WECHAT_{name}: ")
    assert not any(secret in line for secret in NEEDED.values())
