"""What every test may use: an empty database, and a clock that stands still."""

from collections.abc import Generator, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from emptying import Kept, start_over
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from domain import tables  # noqa: F401 registers the models
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.platform.database import connect, upgrade
from runtime.platform.embedded import embedded_postgres

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # a busy machine is no failure


def pytest_addoption(parser: pytest.Parser) -> None:
    """Runs that a release makes are kept, so that later ones can prove that they replay."""
    parser.addoption("--store-histories", metavar="RELEASE", help="store a run of each shipped journey as RELEASE's")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Each test begins in English, whatever this machine or a command of the test before speaks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFTERSHOW_LANG", "en")
        return (yield)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Postgres of this test run's own."""
    with embedded_postgres(tmp_path_factory.mktemp("data"), durable=False) as url:
        yield url


@pytest.fixture(scope="session")
def migrated(postgres_url: str) -> Iterator[tuple[Engine, Database]]:
    """Its engine and sessions, with the schema in place."""
    upgrade(postgres_url)
    engine, sessions = connect(postgres_url)
    yield engine, sessions
    engine.dispose()


@pytest.fixture
def db(migrated: tuple[Engine, Database]) -> Database:
    """Sessions on an empty database."""
    engine, sessions = migrated
    start_over(engine)
    return sessions


@pytest.fixture(scope="module")
def kept(migrated: tuple[Engine, Database]) -> Kept:
    """Fills the database of each test of a module with the same."""
    return Kept(migrated[0])


@pytest.fixture
def clock() -> VirtualClock:
    """Monday noon in Shanghai, standing still."""
    return VirtualClock(datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("Asia/Shanghai")))
