"""Signing in by an identity provider's word, and by WeCom's, each over HTTP in its own protocol."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from browsing import Browser
from fastapi import FastAPI
from providers.oidc_server import OidcServer
from providers.wecom_server import WecomServer
from sqlmodel import select

from api.access.oidc import Oidc
from api.app import create_app
from domain.access import users
from domain.access.tables import AuditEntry
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.platform.providers import wecom


@pytest.fixture
def provider() -> Iterator[OidcServer]:
    with OidcServer().running() as server:
        yield server


@pytest.fixture
def app(db: Database, clock: VirtualClock, provider: OidcServer) -> FastAPI:
    way = Oidc(provider.url, provider.client_id, provider.client_secret, "企业账号", timeout=2)
    return create_app(db, clock, ready=dict, wall=clock, signin_ways=[way], public_url="http://test")


@pytest.fixture
def li(db: Database, clock: VirtualClock) -> None:
    with db.begin() as session:
        users.create_user(session, "李雷", ["marketer"], clock.now(), email="li@shop.cn")
        users.create_user(session, "陈佳", ["guide"], clock.now(), phone="+8613900000001", staff="anna")


def come_back(browser: Browser, way: str = "oidc", agent: str = "") -> httpx.Response:
    """Go to the provider, sign in there, and come back."""
    begun = browser.get(f"/v1/session/{way}", headers={"user-agent": agent})
    assert begun.status_code == 303
    at_provider = httpx.get(begun.headers["location"])
    assert at_provider.status_code == 302
    return browser.get(at_provider.headers["location"].removeprefix("http://test"))


def me(browser: Browser) -> Any:
    return browser.get("/v1/session").json()


@pytest.mark.usefixtures("li")
def test_somebody_whom_the_provider_knows_is_signed_in(app: FastAPI, db: Database) -> None:
    browser = Browser(app)
    assert browser.get("/v1/session/ways").json() == [{"way": "oidc", "label": "企业账号"}]
    back = come_back(browser)
    assert (back.status_code, back.headers["location"]) == (303, "/console/")
    assert me(browser)["name"] == "李雷"
    with db() as session:
        entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.after) == ("session.begin", {"by": "oidc"})


@pytest.mark.usefixtures("li")
def test_a_phone_that_was_verified_names_somebody_too(app: FastAPI, provider: OidcServer) -> None:
    provider.person = {"phone_number": "+86 139 0000 0001", "phone_number_verified": True}
    browser = Browser(app)
    come_back(browser)
    assert me(browser)["name"] == "陈佳"


@pytest.mark.usefixtures("li")
@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"email": "somebody@else.cn"}, "unknown"),
        ({"email_verified": False}, "unknown"),
        ({"email_verified": "true"}, "unknown"),
        ({"email": ["li@shop.cn"]}, "unknown"),
        ({"email": "not an address"}, "unknown"),
        ({"nonce": "of another attempt"}, "failed"),
        ({"nonce": None}, "failed"),
        ({"aud": "another"}, "failed"),
        ({"aud": ["aftershow", "another"]}, "failed"),
        ({"iss": "https://else.example"}, "failed"),
        ({"exp": 1_700_000_000}, "failed"),
        ({"exp": None}, "failed"),
        ({"sub": None}, "failed"),
    ],
)
def test_a_word_that_doesnt_hold_lets_nobody_in(
    app: FastAPI, provider: OidcServer, claims: dict[str, Any], why: str
) -> None:
    provider.claims = claims
    browser = Browser(app)
    assert come_back(browser).headers["location"] == f"/console/?signin={why}"
    assert me(browser) is None


@pytest.mark.usefixtures("li")
def test_a_clock_that_is_half_a_minute_off_is_borne(app: FastAPI, provider: OidcServer) -> None:
    provider.claims = {"iat": int(time.time()) + 30, "exp": int(time.time()) - 30}
    browser = Browser(app)
    come_back(browser)
    assert me(browser)["name"] == "李雷"


@pytest.mark.usefixtures("li")
@pytest.mark.parametrize("fault", ["forged", "unsigned"])
def test_a_token_that_the_provider_didnt_sign_lets_nobody_in(app: FastAPI, provider: OidcServer, fault: str) -> None:
    setattr(provider, fault, True)
    browser = Browser(app)
    assert come_back(browser).headers["location"] == "/console/?signin=failed"
    assert me(browser) is None


@pytest.mark.usefixtures("li")
def test_only_the_browser_that_began_comes_back_and_once(app: FastAPI) -> None:
    mine, other = Browser(app), Browser(app)
    begun = mine.get("/v1/session/oidc")
    returning = httpx.get(begun.headers["location"]).headers["location"].removeprefix("http://test")
    for browser in (other, mine, mine):
        browser.get(returning if browser is not mine else returning.replace("state=", "state=x"))
        assert me(browser) is None
    come_back(mine)
    assert mine.get(returning).headers["location"] == "/console/?signin=failed"


@pytest.mark.usefixtures("li")
def test_who_declines_or_brings_nonsense_is_sent_to_the_console(app: FastAPI) -> None:
    browser = Browser(app)
    browser.get("/v1/session/oidc")
    for query in ("?error=access_denied", "", "?code=x&state=%FF", "?code=&state="):
        assert browser.get(f"/v1/session/oidc/callback{query}").headers["location"] == "/console/?signin=failed"
    assert browser.get("/v1/session/another").status_code == 404
    assert browser.get("/v1/session/another/callback").status_code == 404


@pytest.mark.usefixtures("li")
def test_a_provider_that_is_away_is_told(app: FastAPI, provider: OidcServer) -> None:
    browser = Browser(app)
    provider.away = {"/.well-known/openid-configuration"}
    assert browser.get("/v1/session/oidc").headers["location"] == "/console/?signin=away"
    for path in ("/token", "/keys"):
        provider.away = {path}
        assert come_back(browser).headers["location"] == "/console/?signin=failed"


@pytest.mark.usefixtures("li")
def test_who_is_inactive_isnt_let_in_which_is_in_the_audit(app: FastAPI, db: Database) -> None:
    with db.begin() as session:
        user = users.find_user(session, "li@shop.cn")
        assert user is not None
        user.active = False
    browser = Browser(app)
    assert come_back(browser).headers["location"] == "/console/?signin=unknown"
    with db() as session:
        assert [each.action for each in session.exec(select(AuditEntry))] == ["session.refuse"]


class TestWecom:
    @pytest.fixture
    def corp(self, clock: VirtualClock) -> Iterator[WecomServer]:
        with WecomServer(now=lambda: clock.now().timestamp()).running() as server:
            yield server

    @pytest.fixture
    def app(self, db: Database, clock: VirtualClock, corp: WecomServer) -> FastAPI:
        settings = wecom.Settings.model_validate(
            {
                "corp_id": corp.corp_id, "secret": corp.secret, "agent_id": corp.agent_id, "token": "t",
                "encoding_aes_key": "a" * 43, "base_url": corp.url,
            }
        )  # fmt: skip
        ways = [wecom.signin_way(settings, db, clock)]
        return create_app(db, clock, ready=dict, wall=clock, signin_ways=ways, public_url="http://test")

    @pytest.mark.parametrize(
        ("agent", "page"),
        [
            ("Mozilla/5.0 wxwork/4.1 MicroMessenger/7.0", "open.weixin.qq.com/connect/oauth2/authorize"),
            ("Mozilla/5.0 Chrome/153", "login.work.weixin.qq.com/wwlogin/sso/login"),
        ],
    )
    def test_the_browser_is_sent_where_it_can_sign_in(self, app: FastAPI, agent: str, page: str) -> None:
        address = urlsplit(Browser(app).get("/v1/session/wecom", headers={"user-agent": agent}).headers["location"])
        query = parse_qs(address.query)
        assert f"{address.netloc}{address.path}" == page
        assert (query["appid"], query["agentid"]) == (["ww1"], ["1000002"])
        assert query["redirect_uri"] == ["http://test/v1/session/wecom/callback"]

    @pytest.mark.usefixtures("li")
    @pytest.mark.parametrize(
        ("code", "where", "name"),
        [
            ("of-anna", "/console/", "陈佳"),
            ("of-ben", "/console/?signin=unknown", None),
            ("of-a-guest", "/console/?signin=failed", None),
            ("used", "/console/?signin=failed", None),
        ],
    )
    def test_an_employee_is_known_by_their_staff_id(
        self, app: FastAPI, code: str, where: str, name: str | None
    ) -> None:
        browser = Browser(app)
        address = urlsplit(browser.get("/v1/session/wecom").headers["location"])
        state = parse_qs(address.query)["state"][0]
        back = browser.get("/v1/session/wecom/callback", params={"code": code, "state": state})
        assert back.headers["location"] == where
        assert (me(browser) or {}).get("name") == name
