"""API keys: the secret is seen once, and a revoked key is no key."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from domain.access.keys import create_key, find_key, revoke_key
from domain.access.tables import ApiKey
from domain.store.work import Database

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class TestCreateKey:
    def test_the_secret_is_not_stored(self, db: Database) -> None:
        with db.begin() as session:
            secret = create_key(session, "shop", ["ingest"], NOW)
        with db() as session:
            key = session.exec(select(ApiKey)).one()
        assert secret.startswith("as_")
        assert len(secret) > 40
        assert secret not in repr(key.model_dump())
        assert (key.name, key.scopes, key.created_at, key.revoked_at) == ("shop", ["ingest"], NOW, None)

    @pytest.mark.parametrize(("name", "scopes"), [("", ["read"]), (" ", ["read"]), ("a", []), ("a", ["write"])])
    def test_refuses(self, db: Database, name: str, scopes: list[str]) -> None:
        with db() as session, pytest.raises(ValueError, match=r"needs|unknown scope"):
            create_key(session, name, scopes, NOW)


class TestFindKey:
    def test_finds_the_key_of_a_secret(self, db: Database) -> None:
        with db.begin() as session:
            create_key(session, "other", ["read"], NOW)
            secret = create_key(session, "shop", ["read", "ingest", "read"], NOW)
        with db() as session:
            key = find_key(session, secret)
        assert key is not None
        assert (key.name, key.scopes) == ("shop", ["ingest", "read"])

    @pytest.mark.parametrize("secret", ["", "as_", "as_unknown", "\x00", "\ud800", "密钥"])
    def test_an_unknown_secret_has_none(self, db: Database, secret: str) -> None:
        with db() as session:
            assert find_key(session, secret) is None


class TestRevokeKey:
    def test_holds_at_once_and_only_for_that_key(self, db: Database) -> None:
        with db.begin() as session:
            kept = create_key(session, "kept", ["read"], NOW)
            secret = create_key(session, "shop", ["read"], NOW)
            key = find_key(session, secret)
            assert key is not None
            assert revoke_key(session, key.id, NOW) is True
            assert find_key(session, secret) is None
            assert find_key(session, kept) is not None
            assert revoke_key(session, key.id, NOW) is False

    def test_there_is_nothing_to_revoke(self, db: Database) -> None:
        with db() as session:
            assert revoke_key(session, 1, NOW) is False
