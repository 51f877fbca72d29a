"""What the database is asked."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event


@contextmanager
def counting(engine: Engine) -> Iterator[Counter[str]]:
    """The statements that are executed meanwhile; how many sets of parameters each is given doesn't matter."""
    statements: Counter[str] = Counter()

    def count(_c: object, _r: object, statement: str, *_: object) -> None:
        statements[" ".join(statement.split()[:3])] += 1

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", count)
