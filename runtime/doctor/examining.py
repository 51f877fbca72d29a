"""The checks, in the order in which they are told, and how they are made."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from runtime import StartError
from runtime.doctor import machine, parts, work
from runtime.doctor.finding import Check, Finding, Shop, Talk
from runtime.platform.database import API, connect, trouble
from runtime.platform.settings import load_settings
from runtime.platform.stored_clock import clock_of
from workflows.terms.values import Language
from workflows.terms.wording import Wording

ALONE: Sequence[Check] = (machine.settings, parts.postgres, parts.temporal, parts.api, machine.certificate)
"""What can be looked at whatever is away."""

ON_POSTGRES: Sequence[Check] = (parts.migrations, machine.clock, machine.disk)
"""What needs Postgres."""

ON_SCHEMA: Sequence[Check] = (parts.schedules, work.backlog, work.accounts, work.files)
"""What needs the schema of this release in it."""


def examine(
    url: str, lang: Language, specs: Path, templates: Path, data: Path | None = None, api: str | None = None
) -> Iterator[Finding]:
    """Look at everything, in order. What can't be looked at is a finding, too."""
    engine, db = connect(url, API, pool_size=2)
    try:
        settings = load_settings()
    except StartError:
        settings = None
    there = trouble(engine) is None
    where = api or f"http://127.0.0.1:{settings.port if settings else 8000}"
    cluster = asyncio.run(parts.ask_temporal())
    shop = Shop(Wording(lang), engine, db, None, cluster, settings, where.rstrip("/"), specs, templates, data)
    try:
        yield from _each(ALONE, shop)
        if not there:
            return
        found = list(_each(ON_POSTGRES, shop))
        yield from found
        if not any(each.check == "migrations" and each.level == "wrong" for each in found):
            yield from _each(ON_SCHEMA, replace(shop, clock=clock_of(db)))
    finally:
        engine.dispose()


def _each(checks: Sequence[Check], shop: Shop) -> Iterator[Finding]:
    for check in checks:
        try:
            yield from check(shop)
        except (DBAPIError, OSError, StartError) as problem:
            why = str(problem) if isinstance(problem, StartError) else type(problem).__name__
            yield Talk(check.__name__, shop.say).warning(
                (f"看不了：{why}", f"can't be looked at: {why}"),
                ("修好上面说的再看", "mend what stands above, and look again"),
            )
