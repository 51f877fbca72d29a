"""The tests that are kept with a journey: one text, in the format of files of journey tests."""

from sqlmodel import Session, select

from domain.published.tables import JourneyTests


class TestsMovedError(Exception):
    """Somebody saved a journey's tests meanwhile; `revision` is how they stand."""

    __test__ = False  # nothing for pytest

    def __init__(self, revision: int) -> None:
        super().__init__(str(revision))
        self.revision = revision


def kept_tests(session: Session, journey: str, *, locked: bool = False) -> tuple[str, int]:
    """A journey's tests and their revision; without any, an empty text and 0 or that of when they were taken away."""
    query = select(JourneyTests).where(JourneyTests.journey == journey).execution_options(populate_existing=True)
    row = session.exec(query.with_for_update() if locked else query).first()
    return (row.text, row.revision) if row else ("", 0)


def keep_tests(session: Session, journey: str, text: str, seen: int) -> int:
    """Replace a journey's tests; an empty text takes them away. Returns the revision. Raises TestsMovedError."""
    before, revision = kept_tests(session, journey, locked=True)
    if revision != seen:
        raise TestsMovedError(revision)
    if before == text:
        return revision
    if revision:
        row = session.get_one(JourneyTests, journey)
        row.text, row.revision = text, revision + 1
    else:
        session.add(JourneyTests(journey=journey, text=text, revision=1))
    session.flush()
    return revision + 1
