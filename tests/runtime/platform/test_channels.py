"""Who carries each channel, going by the environment."""

import pytest
from anyio.from_thread import start_blocking_portal

from activities.adapters.approved_sms.channel import ApprovedSms
from activities.adapters.approved_sms.routes import SmsRoutes
from activities.adapters.sandbox import Sandbox
from activities.adapters.twilio.channel import TwilioSms
from domain.store.clock import Clock, SystemClock, VirtualClock
from domain.store.work import Database
from runtime import StartError
from runtime.platform.channels import channels
from runtime.platform.serve import receivers
from runtime.platform.settings import Settings, load_settings
from tests.providers.twilio_server import NUMBER, SID, TOKEN


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCOUNT_SID": SID, "AUTH_TOKEN": TOKEN, "FROM_NUMBER": NUMBER, "AT_ONCE": "7"}.items():
        monkeypatch.setenv(f"AFTERSHOW_TWILIO_{name}", value)


def kinds(db: Database, clock: Clock) -> dict[str, type]:
    with start_blocking_portal() as portal:
        return {channel: type(adapter) for channel, adapter in channels(db, clock, portal).items()}


def test_nothing_leaves_the_machine_until_a_provider_is_set_up(db: Database) -> None:
    assert set(kinds(db, SystemClock()).values()) == {Sandbox}
    assert receivers(Settings(database_url="postgresql://x")) == []


@pytest.mark.usefixtures("twilio")
def test_twilio_carries_sms_once_it_is_set_up(db: Database) -> None:
    others = dict.fromkeys(("wecom", "wechat", "mini", "email"), Sandbox)
    assert kinds(db, SystemClock()) == {"sms": TwilioSms, **others}


ALIYUN = {"ACCESS_KEY_ID": "LTAI1", "ACCESS_KEY_SECRET": "s", "CALLBACK_TOKEN": "0123456789abcdef"}
TENCENT = {"SECRET_ID": "AKID1", "SECRET_KEY": "s", "APP_ID": "1400000001", "CALLBACK_TOKEN": "0123456789abcdef"}


def set_up(monkeypatch: pytest.MonkeyPatch, provider: str, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"AFTERSHOW_{provider}_{name}", value)


@pytest.mark.usefixtures("twilio")
def test_several_share_the_text_messages_once_it_is_said_how(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, "ALIYUN_SMS", ALIYUN)
    set_up(monkeypatch, "TENCENT_SMS", TENCENT)
    with pytest.raises(StartError, match="AFTERSHOW_SMS_ROUTES: twilio and aliyun_sms and tencent_sms are set up"):
        kinds(db, SystemClock())
    for wrong in ('{"86": {"pigeon": 1}}', '{"86": {}}', "86", '{"0": {"twilio": 1}}', '{"86": {"twilio": -1}}'):
        monkeypatch.setenv("AFTERSHOW_SMS_ROUTES", wrong)
        with pytest.raises(StartError, match="AFTERSHOW_SMS_ROUTES: "):
            kinds(db, SystemClock())
    monkeypatch.setenv("AFTERSHOW_SMS_ROUTES", '{"86": {"aliyun_sms": 3, "tencent_sms": 1}, "*": {"twilio": 1}}')
    assert kinds(db, SystemClock())["sms"] is SmsRoutes
    assert len(receivers(Settings(database_url="postgresql://x"))) == 2


def test_aliyun_alone_carries_sms(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, "ALIYUN_SMS", ALIYUN)
    assert kinds(db, SystemClock())["sms"] is ApprovedSms
    monkeypatch.setenv("AFTERSHOW_ALIYUN_SMS_CALLBACK_TOKEN", "short")
    with pytest.raises(StartError, match="AFTERSHOW_ALIYUN_SMS_CALLBACK_TOKEN"):
        kinds(db, SystemClock())


@pytest.mark.usefixtures("twilio")
def test_a_demos_customers_are_never_written_to(db: Database, clock: VirtualClock) -> None:
    assert set(kinds(db, clock).values()) == {Sandbox}


@pytest.mark.usefixtures("twilio")
@pytest.mark.parametrize(("address", "number"), [(None, 0), ("https://shop.example", 1)])
def test_callbacks_are_taken_where_there_is_a_public_address(address: str | None, number: int) -> None:
    assert len(receivers(Settings(database_url="postgresql://x", public_url=address))) == number


@pytest.mark.usefixtures("twilio")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("TWILIO_ACCOUNT_SID", ""),
            ("TWILIO_ACCOUNT_SID", "SK1"),
            ("TWILIO_AUTH_TOKEN", ""),
            ("TWILIO_TIMEOUT", "0"),
        ),
        *(("TWILIO_MESSAGING_SERVICE_SID", "x"), ("TWILIO_BASE_URL", "twilio"), ("TWILIO_AT_ONCE", "101")),
        *(("TWILIO_TIMEOUT", "0"), ("PUBLIC_URL", "shop.example")),
    ],
)
def test_what_is_wrong_is_named_before_anything_starts(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", "postgresql://x")
    monkeypatch.setenv(f"AFTERSHOW_{name}", value)
    with pytest.raises(StartError, match=f"AFTERSHOW_{name}: "):
        load_settings()
