"""An app whose users sign in."""

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from browsing import PASSWORD, Browser
from fastapi import FastAPI

from api.app import create_app
from domain.access import passwords, sessions, users
from domain.store.clock import VirtualClock
from domain.store.work import Database


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their hashes are Argon2's like all others, but cost a hundredth."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    monkeypatch.setattr(passwords, "_DUMMY", hasher.hash("nobody's"))


@pytest.fixture
def app(db: Database, clock: VirtualClock) -> FastAPI:
    return create_app(db, clock, ready=dict, wall=clock)


@pytest.fixture
def make_user(db: Database, clock: VirtualClock) -> Callable[..., int]:
    """Makes a user of a role who signs in as ROLE@shop.cn with the password, and returns their id."""

    def make(role: str = "marketer", *, password: str | None = PASSWORD) -> int:
        with db.begin() as session:
            user = users.create_user(session, f"a {role}", [role], clock.now(), email=f"{role}@shop.cn")
            if password:
                users.set_password(session, user, password)
            return user.id

    return make


@pytest.fixture
def signed_in(
    app: FastAPI, db: Database, clock: VirtualClock, make_user: Callable[..., int]
) -> Callable[[str], Browser]:
    """A browser in which somebody of a role is signed in."""

    def make(role: str) -> Browser:
        browser = Browser(app)
        with db.begin() as session:
            user = users.find_user(session, f"{role}@shop.cn")
        if user is None:
            make_user(role, password=None)
        with db.begin() as session:
            user = users.find_user(session, f"{role}@shop.cn")
            assert user is not None
            token = sessions.make_link(session, user, clock.now())
        assert browser.open_link(token).status_code == 200
        return browser

    return make
