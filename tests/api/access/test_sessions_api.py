"""Signing in and out, staying signed in, and who can't."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from browsing import PASSWORD, Browser
from fastapi import FastAPI
from sqlmodel import select

from domain.access import sessions, users
from domain.access.tables import AuditEntry, SigninLink, User, UserSession
from domain.store.clock import VirtualClock
from domain.store.work import Database

MakeUser = Callable[..., int]
SignedIn = Callable[[str], Browser]


class TestPassword:
    @pytest.mark.parametrize("login", ["marketer@shop.cn", " Marketer@Shop.cn "])
    def test_it_begins_a_session(self, app: FastAPI, make_user: MakeUser, login: str) -> None:
        user_id = make_user()
        browser = Browser(app)
        assert browser.get("/v1/session").json() is None
        assert browser.sign_in(login, PASSWORD).json()["id"] == user_id
        me = browser.get("/v1/session").json()
        assert (me["name"], me["roles"], me["has_password"]) == ("a marketer", ["marketer"], True)
        assert "journeys.publish" in me["permissions"]
        assert "users.manage" not in me["permissions"]

    def test_a_phone_will_do(self, app: FastAPI, db: Database, clock: VirtualClock) -> None:
        with db.begin() as session:
            user = users.create_user(session, "李", ["buyer"], clock.now(), phone="138 0000 0001")
            users.set_password(session, user, PASSWORD)
        assert Browser(app).sign_in("+8613800000001", PASSWORD).status_code == 200

    def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(self, app: FastAPI, make_user: MakeUser) -> None:
        make_user()
        cookie = Browser(app).sign_in("marketer@shop.cn", PASSWORD).headers["set-cookie"].lower()
        assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}

    def test_a_wrong_password_and_an_unknown_login_look_alike(self, app: FastAPI, make_user: MakeUser) -> None:
        make_user()
        wrong = Browser(app).sign_in("marketer@shop.cn", "another password")
        unknown = Browser(app).sign_in("nobody@shop.cn", "another password")
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.json() == unknown.json()

    def test_without_a_password_none_is_right(self, app: FastAPI, make_user: MakeUser) -> None:
        make_user(password=None)
        assert Browser(app).sign_in("marketer@shop.cn", "nobody's").status_code == 401

    def test_another_sites_page_signs_nobody_in(self, app: FastAPI, make_user: MakeUser) -> None:
        make_user()
        body = {"login": "marketer@shop.cn", "password": PASSWORD}
        response = Browser(app).post("/v1/session", json=body, headers={"sec-fetch-site": "cross-site"})
        assert response.status_code == 403

    @pytest.mark.parametrize("body", [{}, {"login": "", "password": "x"}, {"login": "a\x00", "password": "x"}, [1]])
    def test_nonsense_is_refused(self, app: FastAPI, body: object) -> None:
        assert Browser(app).post("/v1/session", json=body).status_code == 422


class TestPauses:
    def test_guesses_have_to_wait_longer_and_longer(
        self, app: FastAPI, make_user: MakeUser, clock: VirtualClock
    ) -> None:
        make_user()
        waits = []
        for number in range(8):
            guess = Browser(app, f"10.0.0.{number}")
            response = guess.sign_in("marketer@shop.cn", "a wrong guess")
            if response.status_code == 429:
                waits.append(int(response.headers["retry-after"]))
                clock.set(clock.now() + timedelta(seconds=waits[-1]))
                response = guess.sign_in("marketer@shop.cn", "a wrong guess")
            assert response.status_code == 401
        assert waits == [1, 2, 4]

    def test_the_right_password_waits_too_then_all_is_forgotten(
        self, app: FastAPI, make_user: MakeUser, clock: VirtualClock
    ) -> None:
        make_user()
        browser = Browser(app)
        for _ in range(5):
            assert browser.sign_in("marketer@shop.cn", "a wrong guess").status_code == 401
        assert browser.sign_in("marketer@shop.cn", PASSWORD).status_code == 429
        clock.set(clock.now() + timedelta(seconds=1))
        assert browser.sign_in("marketer@shop.cn", PASSWORD).status_code == 200
        for _ in range(5):
            assert Browser(app).sign_in("marketer@shop.cn", "a wrong guess").status_code == 401

    def test_an_unknown_login_waits_alike(self, app: FastAPI) -> None:
        statuses = [Browser(app).sign_in("nobody@shop.cn", "a wrong guess").status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]

    def test_one_address_with_many_logins(self, app: FastAPI) -> None:
        statuses = [Browser(app).sign_in(f"{n}@shop.cn", "a wrong guess").status_code for n in range(31)]
        assert statuses == [401] * 30 + [429]
        assert Browser(app, "10.0.0.2").sign_in("x@shop.cn", "a wrong guess").status_code == 401


class TestLinks:
    def test_each_holds_once(self, app: FastAPI, db: Database, make_user: MakeUser) -> None:
        token = self.link(db, make_user(password=None))
        assert Browser(app).open_link(token).status_code == 200
        response = Browser(app).open_link(token)
        assert (response.status_code, response.json()["type"]) == (401, "urn:aftershow:problem:dead_link")

    def test_and_for_a_day(self, app: FastAPI, db: Database, make_user: MakeUser, clock: VirtualClock) -> None:
        token = self.link(db, make_user(password=None), VirtualClock(clock.now()))
        clock.set(clock.now() + sessions.LINK_LASTS)
        assert Browser(app).open_link(token).status_code == 401

    def test_not_for_somebody_inactive(self, app: FastAPI, db: Database, make_user: MakeUser) -> None:
        token = self.link(db, user_id := make_user(password=None))
        with db.begin() as session:
            session.get_one(User, user_id).active = False
        assert Browser(app).open_link(token).status_code == 401

    def test_nothing_secret_is_stored(self, app: FastAPI, db: Database, make_user: MakeUser) -> None:
        token = self.link(db, make_user())
        browser = Browser(app)
        browser.open_link(token)
        with db() as session:
            rows = [*session.exec(select(SigninLink)), *session.exec(select(UserSession)), *session.exec(select(User))]
        kept = " ".join(str(row.model_dump()) for row in rows)
        assert not [secret for secret in (token, PASSWORD, *browser.cookies.values()) if secret in kept]

    @staticmethod
    def link(db: Database, user_id: int, clock: VirtualClock | None = None) -> str:
        with db.begin() as session:
            user = session.get_one(User, user_id)
            return sessions.make_link(session, user, clock.now() if clock else user.created_at)


class TestSession:
    def test_it_lasts_while_it_is_used(self, signed_in: SignedIn, clock: VirtualClock) -> None:
        browser = signed_in("marketer")
        for _ in range(3):
            clock.set(clock.now() + timedelta(hours=11))
            assert browser.get("/v1/journeys").status_code == 200
        clock.set(clock.now() + timedelta(hours=12))
        assert browser.get("/v1/journeys").status_code == 401
        assert browser.get("/v1/session").json() is None

    def test_signing_out_ends_it_for_whoever_has_the_cookie(self, app: FastAPI, signed_in: SignedIn) -> None:
        browser, thief = signed_in("marketer"), Browser(app)
        thief.cookies.update(browser.cookies)
        assert thief.get("/v1/journeys").status_code == 200
        assert browser.request("DELETE", "/v1/session").status_code == 204
        assert thief.get("/v1/journeys").status_code == 401

    def test_who_is_made_inactive_is_out_at_once(self, signed_in: SignedIn) -> None:
        admin, marketer = signed_in("admin"), signed_in("marketer")
        user_id = marketer.get("/v1/session").json()["id"]
        assert admin.request("PATCH", f"/v1/users/{user_id}", json={"active": False}).status_code == 200
        assert marketer.get("/v1/journeys").status_code == 401

    def test_a_role_that_is_taken_away_permits_no_more(self, signed_in: SignedIn) -> None:
        admin, marketer = signed_in("admin"), signed_in("marketer")
        user_id = marketer.get("/v1/session").json()["id"]
        admin.request("PATCH", f"/v1/users/{user_id}", json={"roles": ["buyer"]})
        assert marketer.get("/v1/journeys").status_code == 403

    @pytest.mark.parametrize("csrf", [None, "", "x", "é"])
    def test_a_change_shows_that_its_page_is_of_this_session(self, signed_in: SignedIn, csrf: str | None) -> None:
        browser = signed_in("admin")
        browser.csrf = None
        headers = {} if csrf is None else {"x-csrf-token": csrf.encode()}
        response = browser.post("/v1/keys", json={"name": "k", "scopes": ["read"]}, headers=headers)
        assert (response.status_code, response.json()["type"]) == (403, "urn:aftershow:problem:stale")

    def test_a_tab_of_somebody_else_before_changes_nothing(self, signed_in: SignedIn) -> None:
        tab, other = signed_in("admin"), signed_in("operator")
        tab.cookies = other.cookies  # what signing in in a second tab does to the first one
        assert tab.post("/v1/journeys/welcome/pause").json()["type"] == "urn:aftershow:problem:stale"

    def test_a_key_needs_no_such_proof_and_is_read_first(self, signed_in: SignedIn) -> None:
        browser = signed_in("admin")
        key = browser.post("/v1/keys", json={"name": "k", "scopes": ["read"]}).json()["secret"]
        response = browser.post("/v1/journeys/x/pause", headers={"authorization": f"Bearer {key}"})
        assert response.json()["detail"] == "It needs the permission journeys.run."


class TestOwnPassword:
    def test_it_ends_the_other_sessions(self, app: FastAPI, make_user: MakeUser) -> None:
        make_user()
        here, there = Browser(app), Browser(app)
        here.sign_in("marketer@shop.cn", PASSWORD)
        there.sign_in("marketer@shop.cn", PASSWORD)
        new = {"current": PASSWORD, "new": "another good one"}
        assert here.request("PUT", "/v1/session/password", json=new).status_code == 204
        assert here.get("/v1/journeys").status_code == 200
        assert there.get("/v1/journeys").status_code == 401
        assert Browser(app).sign_in("marketer@shop.cn", PASSWORD).status_code == 401
        assert Browser(app).sign_in("marketer@shop.cn", "another good one").status_code == 200

    def test_the_current_one_must_be_known(self, app: FastAPI, make_user: MakeUser) -> None:
        make_user()
        browser = Browser(app)
        browser.sign_in("marketer@shop.cn", PASSWORD)
        for current in ({}, {"current": "a wrong guess"}):
            response = browser.request("PUT", "/v1/session/password", json={"new": "another good one"} | current)
            assert response.status_code == 401

    @pytest.mark.parametrize("new", ["short", "aaaaaaaaaaaa", "x" * 201])
    def test_an_unfit_one_is_refused(self, signed_in: SignedIn, new: str) -> None:
        assert signed_in("marketer").request("PUT", "/v1/session/password", json={"new": new}).status_code == 422


def test_signing_in_and_its_failures_are_in_the_audit(app: FastAPI, db: Database, make_user: MakeUser) -> None:
    user_id = make_user()
    browser = Browser(app)
    browser.sign_in("marketer@shop.cn", "a wrong guess")
    browser.sign_in("marketer@shop.cn", PASSWORD)
    browser.request("DELETE", "/v1/session")
    with db() as session:
        rows = session.exec(select(AuditEntry).order_by("id")).all()
    assert [(row.action, row.target, row.address) for row in rows] == [
        (action, f"user:{user_id}", "10.0.0.1") for action in ("session.refuse", "session.begin", "session.end")
    ]
