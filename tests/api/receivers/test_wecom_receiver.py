"""WeCom's callbacks at the real API, signed and sealed as WeCom does it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from calling import Caller
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session, col, select

from api.app import create_app
from api.http.problems import Forged
from api.receivers.tencent import aes_key, decrypt, encrypt, sign
from api.receivers.wecom import Callback, router
from domain.channels.tables import WecomFriend
from domain.channels.wecom_friends import unfriended
from domain.customers.identifiers import identify
from domain.customers.resolution import find_customer, resolve
from domain.customers.tables import Consent
from domain.intake.tables import Event
from domain.store.clock import VirtualClock
from domain.store.work import Database

CORP, TOKEN, KEY = "ww1", "t0ken", aes_key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
PATH = "/v1/webhooks/wecom"
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><Encrypt>&b;&b;</Encrypt></xml>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Encrypt>&a;</Encrypt></xml>'


@dataclass
class WeCom:
    """Calls us back."""

    caller: Caller
    clock: VirtualClock

    def signed(self, sealed: str, **other: str) -> dict[str, str]:
        told = {"timestamp": str(int(self.clock.now().timestamp())), "nonce": "n1"} | other
        return {"msg_signature": sign(TOKEN, told["timestamp"], told["nonce"], sealed)} | told

    def post(self, content: bytes | str, **query: str) -> httpx.Response:
        return self.caller.request("POST", PATH, content=content, params=query, raw_headers={})

    def tell(self, message: str | bytes, *, receiver: str = CORP, key: bytes = KEY, **other: str) -> httpx.Response:
        sealed = encrypt(key, message.encode() if isinstance(message, str) else message, receiver)
        body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return self.post(body, **(self.signed(sealed) | other))

    def change(
        self, change: str, *, who: str = "wm1", by: str = "anna", ago: float = 0, **other: str
    ) -> httpx.Response:
        at = int(self.clock.now().timestamp() - ago)
        return self.tell(
            f"<xml><CreateTime>{at}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
            f"<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[{change}]]></ChangeType>"
            f"<UserID><![CDATA[{by}]]></UserID><ExternalUserID><![CDATA[{who}]]></ExternalUserID></xml>",
            **other,
        )


@pytest.fixture
def wecom(db: Database, clock: VirtualClock) -> WeCom:
    app = create_app(db, clock, ready=lambda: {}, receivers=[router(Callback(CORP, TOKEN, KEY))])
    return WeCom(Caller(app, ""), clock)


@pytest.fixture
def rows(db: Database) -> Callable[..., list[Any]]:
    def read(table: Any) -> list[Any]:
        with db() as session:
            return list(session.exec(select(table)))

    return read


def test_proves_to_wecom_that_we_are_the_corp(wecom: WeCom) -> None:
    sealed = encrypt(KEY, b"4711", CORP)
    answer = wecom.caller.request("GET", PATH, params={**wecom.signed(sealed), "echostr": sealed}, raw_headers={})
    assert (answer.status_code, answer.text) == (200, "4711")
    forged = {**wecom.signed(sealed), "echostr": encrypt(KEY, b"4712", CORP)}
    assert wecom.caller.request("GET", PATH, params=forged, raw_headers={}).status_code == 403


def test_a_customer_who_leaves_is_written_to_no_more(wecom: WeCom, db: Database, clock: VirtualClock) -> None:
    with db.begin() as session:
        (known,) = resolve(session, [identify("external_userid:wm1", {"phone": "13800000001"})], clock.now())
    answer = wecom.change("del_follow_user")
    assert (answer.status_code, answer.text) == (200, "success")
    with db() as session:
        (consent,) = session.exec(select(Consent)).all()
        assert (consent.customer_id, consent.channel, consent.given) == (known.customer_id, "wecom", False)
        assert consent.source == "wecom unfriended"
        assert unfriended(session, ["wm1"]) == {"wm1"}


def test_one_whom_we_never_met_is_kept(wecom: WeCom, db: Database) -> None:
    wecom.change("del_follow_user", who="wm-new")
    with db() as session:
        customer = find_customer(session, "external_userid:wm-new")
        assert customer is not None
        assert [
            each.given for each in session.exec(select(Consent).where(col(Consent.customer_id) == customer.id))
        ] == [False]


def test_an_employee_who_deletes_a_customer_ends_the_friendship_alone(
    wecom: WeCom, db: Database, rows: Callable[..., list[Any]]
) -> None:
    wecom.change("del_external_contact")
    with db() as session:
        assert unfriended(session, ["wm1"]) == {"wm1"}
    assert rows(Consent) == []


def test_a_friend_again_can_be_reached_again(wecom: WeCom, db: Database) -> None:
    wecom.change("del_follow_user", ago=20)
    wecom.change("add_external_contact", ago=10)
    wecom.change("del_follow_user", ago=20)  # WeCom tells again
    wecom.change("del_external_contact", ago=15)  # told late
    with db() as session:
        assert unfriended(session, ["wm1"]) == set()


def test_the_same_callback_twice_is_one(wecom: WeCom, rows: Callable[..., list[Any]]) -> None:
    for _ in range(3):
        assert wecom.change("del_follow_user", ago=7).status_code == 200
    assert (len(rows(Event)), len(rows(Consent)), len(rows(WecomFriend))) == (1, 1, 1)


def test_one_that_was_in_another_ones_way_is_taken_all_the_same(
    wecom: WeCom, rows: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(session: Session, *_: Any) -> None:
        monkeypatch.undo()
        session.execute(text("DO $$ BEGIN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END $$"))

    monkeypatch.setattr("api.receivers.wecom.note_friends", lost)
    assert wecom.change("del_follow_user").status_code == 200
    assert (len(rows(Consent)), len(rows(WecomFriend))) == (1, 1)


def test_callbacks_at_once_are_each_taken_and_the_same_is_one(wecom: WeCom, rows: Callable[..., list[Any]]) -> None:
    with ThreadPoolExecutor(12) as threads:
        who = [f"wm{n % 3}" for n in range(12)]
        answers = list(threads.map(lambda each: wecom.change("del_follow_user", who=each), who))
    assert {answer.status_code for answer in answers} == {200}
    assert (len(rows(Event)), len(rows(Consent)), len(rows(WecomFriend))) == (3, 3, 3)


@pytest.mark.parametrize(
    "message",
    [
        "<xml><Event>change_external_chat</Event><ChangeType>create</ChangeType></xml>",
        "<xml><Event>change_external_contact</Event><ChangeType>edit_tags</ChangeType></xml>",
        "<xml><MsgType>text</MsgType><Content>hello</Content></xml>",
        "<xml/>",
    ],
)
def test_anything_else_is_thanked_for(wecom: WeCom, rows: Callable[..., list[Any]], message: str) -> None:
    assert wecom.tell(message).text == "success"
    assert rows(Event) == rows(WecomFriend) == []


class TestForgery:
    """Whatever is sent that WeCom didn't send just now, changes nothing."""

    @pytest.fixture(autouse=True)
    def nothing(self, rows: Callable[..., list[Any]]) -> Any:
        yield
        assert rows(Event) == rows(WecomFriend) == []

    def test_with_a_wrong_signature(self, wecom: WeCom) -> None:
        for signature in ("", "0" * 40, "ä", "x" * 200):
            assert wecom.change("del_follow_user", msg_signature=signature).status_code == 403

    def test_with_another_time_or_nonce(self, wecom: WeCom) -> None:
        for other in ({"timestamp": "1"}, {"timestamp": "now"}, {"nonce": "n2"}):
            assert wecom.change("del_follow_user", **other).status_code == 403

    @pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
    def test_signed_at_another_time(self, wecom: WeCom, minutes: int) -> None:
        sealed = encrypt(KEY, b"<xml/>", CORP)
        then = str(int((wecom.clock.now() - timedelta(minutes=minutes)).timestamp()))
        body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
        assert wecom.post(body, **wecom.signed(sealed, timestamp=then)).status_code == 403

    def test_overheard_and_sent_again_later(self, wecom: WeCom) -> None:
        sealed = encrypt(KEY, b"<xml/>", CORP)
        overheard = wecom.signed(sealed)
        body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
        assert wecom.post(body, **overheard).status_code == 200
        wecom.clock.set(wecom.clock.now() + timedelta(minutes=6))
        assert wecom.post(body, **overheard).status_code == 403

    @pytest.mark.parametrize("timestamp", ["", "-1", "9" * 11, "9" * 199, "１７", "1e9", "NaN"])
    def test_signed_at_no_time(self, wecom: WeCom, timestamp: str) -> None:
        sealed = encrypt(KEY, b"<xml/>", CORP)
        body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
        assert wecom.post(body, **wecom.signed(sealed, timestamp=timestamp)).status_code == 403

    def test_for_another_corp(self, wecom: WeCom) -> None:
        assert wecom.change("del_follow_user", receiver="ww2").status_code == 403

    def test_sealed_with_another_key(self, wecom: WeCom) -> None:
        assert wecom.change("del_follow_user", key=bytes(32)).status_code == 403

    @pytest.mark.parametrize("sealed", ["", "x", "ä", "AAAA", "A" * 64, "A" * 43])
    def test_sealed_badly(self, wecom: WeCom, sealed: str) -> None:
        body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
        assert wecom.post(body, **wecom.signed(sealed)).status_code == 403

    def test_too_large(self, wecom: WeCom) -> None:
        assert wecom.post(b"x" * 64_001, **wecom.signed("")).status_code == 413

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"<xml>",
            b"\x00\xff",
            b"<!DOCTYPE xml><xml/>",
            BOMB,
            OUTSIDE,
            b"<a>" * 21_000,
            b'<?xml version="1.0" encoding="x"?><a/>',
        ],
    )
    def test_that_is_no_callback(self, wecom: WeCom, body: bytes) -> None:
        answer = wecom.post(body, **wecom.signed(""))
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:aftershow:problem:unreadable")

    def test_without_what_is_needed(self, wecom: WeCom) -> None:
        assert wecom.post(b"<xml/>").status_code == 422
        assert wecom.caller.request("GET", PATH, raw_headers={}).status_code == 422


@pytest.mark.parametrize("message", [BOMB, b"", b"no xml", b"\xff", b"<xml><Event>change_external_contact</Event>"])
def test_what_is_sealed_may_be_no_xml_either(wecom: WeCom, message: bytes) -> None:
    assert wecom.tell(message).status_code == 400


@pytest.mark.parametrize("who", ["", "x" * 300])
def test_a_change_without_a_customer_is_refused(wecom: WeCom, who: str) -> None:
    assert wecom.change("del_follow_user", who=who).status_code == 400


@pytest.mark.parametrize("at", ["", "soon", "-1", "9" * 30])
def test_a_change_without_a_time_is_refused(wecom: WeCom, at: str) -> None:
    message = (
        "<xml><Event>change_external_contact</Event><ChangeType>del_follow_user</ChangeType>"
        f"<ExternalUserID>wm1</ExternalUserID><CreateTime>{at}</CreateTime></xml>"
    )
    assert wecom.tell(message).status_code == 400


@settings(max_examples=40)
@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_is_sealed_can_be_read_by_the_receiver_alone(message: bytes, receiver: str) -> None:
    sealed = encrypt(KEY, message, receiver)
    assert decrypt(KEY, sealed, receiver) == message
    with pytest.raises(Forged):
        decrypt(KEY, sealed, f"{receiver}!")


@given(st.text(alphabet="ABab01+/=ä ", max_size=100) | st.binary(max_size=96).map(lambda each: each.hex()))
def test_nothing_else_can_be_read(sealed: str) -> None:
    with pytest.raises(Forged):
        decrypt(KEY, sealed, CORP)


@pytest.mark.parametrize("key", ["", "short", "é" * 43, "=" * 43, "a" * 44])
def test_a_key_has_43_characters(key: str) -> None:
    with pytest.raises(ValueError, match="43 characters"):
        aes_key(key)
