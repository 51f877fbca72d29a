"""`aftershow user …`, and who can sign in to a new `aftershow up`."""

import io
from collections.abc import Callable

import pytest
from sqlmodel import col, select

from domain.access import sessions
from domain.access.passwords import is_right
from domain.access.permissions import ROLES
from domain.access.tables import AuditEntry, User, UserSession
from domain.access.users import create_user
from domain.store.clock import SystemClock
from domain.store.work import Database
from runtime import StartError
from runtime.cli.app import app
from runtime.local.first_users import links


@pytest.fixture
def run(
    db: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command on the database of the tests and returns what it printed. Raises StartError."""
    del db  # emptied
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)

    def command(*arguments: str) -> str:
        app(["user", *arguments], standalone_mode=False)
        return capsys.readouterr().out

    return command


def user(db: Database, email: str = "li@shop.cn") -> User:
    with db() as session:
        return session.exec(select(User).where(User.email == email)).one()


def audited(db: Database) -> list[tuple[str, object, object]]:
    with db() as session:
        rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
        return [(row.action, row.before, row.after) for row in rows if row.actor.startswith("cli:")]


def test_a_new_user_is_given_a_link(run: Callable[..., str], db: Database) -> None:
    out = run(
        "create", "李雷", "--role", "buyer", "--role", "analyst", "--email", "Li@shop.cn", "--url", "https://a.cn/"
    )
    address, _, token = out.strip().partition("#")
    assert address == "https://a.cn/console/enter"
    with db.begin() as session:
        found = sessions.use_link(session, token, SystemClock().now())
        assert found is not None
        assert (found.name, found.roles) == ("李雷", ["buyer", "analyst"])
    assert run("list") == "李雷 · li@shop.cn · buyer, analyst\n"
    assert audited(db) == [("user.create", None, {"name": "李雷", "roles": ["buyer", "analyst"]})]


def test_a_disabled_one_is_out_at_once(run: Callable[..., str], db: Database) -> None:
    run("create", "周宁", "--role", "admin", "--email", "zhou@shop.cn")
    run("create", "李雷", "--role", "buyer", "--email", "li@shop.cn")
    with db.begin() as session:
        sessions.begin(session, user(db), SystemClock().now())
    run("disable", "li@shop.cn")
    with db() as session:
        assert session.exec(select(UserSession)).all() == []
    assert "李雷 · li@shop.cn · buyer · disabled\n" in run("list")
    assert audited(db)[-1] == ("user.change", {"active": True}, {"active": False})


def test_a_password_is_read_from_a_pipe(run: Callable[..., str], db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run("create", "李雷", "--role", "buyer", "--phone", "13800000001", "--email", "li@shop.cn")
    monkeypatch.setattr("sys.stdin", io.StringIO("a good password\n"))
    run("password", "138 0000 0001")
    assert is_right(user(db).password, "a good password")
    assert audited(db)[-1] == ("user.password", None, None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", " ", "--role", "buyer", "--email", "x@shop.cn"], "a name has"),
        (["create", "x", "--role", "boss", "--email", "x@shop.cn"], 'unknown role "boss"'),
        (["create", "x", "--role", "buyer"], "an email address or a phone"),
        (["create", "x", "--role", "buyer", "--email", "x"], "is not an email address"),
        (["create", "x", "--role", "buyer", "--email", "ZHOU@shop.cn"], "there is already a user"),
        (["disable", "nobody@shop.cn"], "nobody signs in with"),
        (["disable", "zhou@shop.cn"], "an active admin"),
    ],
)
def test_a_mistake_is_told(run: Callable[..., str], arguments: list[str], words: str) -> None:
    run("create", "周宁", "--role", "admin", "--email", "zhou@shop.cn")
    with pytest.raises(StartError, match=words):
        run(*arguments)


def test_up_makes_an_admin_and_the_demo_everybody(db: Database) -> None:
    first, again = links(db, demo=False), links(db, demo=False)
    assert first.keys() == again.keys() == {"admin"}
    assert first != again
    assert links(db, demo=True).keys() == set(ROLES)
    with db() as session:
        assert len(session.exec(select(User)).all()) == len(ROLES)


def test_up_gives_no_link_to_an_admin_who_was_made_inactive(db: Database) -> None:
    links(db, demo=False)
    with db.begin() as session:
        session.exec(select(User)).one().active = False
    assert links(db, demo=False) == {}


def test_the_same_phone_twice_is_told(db: Database) -> None:
    with db.begin() as session:
        create_user(session, "一", ["buyer"], SystemClock().now(), phone="13800000001")
        with pytest.raises(ValueError, match="already a user with this phone"):
            create_user(session, "二", ["buyer"], SystemClock().now(), phone="+86 138 0000 0001")
