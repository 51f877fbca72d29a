"""The demo's board: what the journeys have come to, as a table that stays on the screen."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from sqlalchemy import func
from sqlmodel import col, select

from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.tables import Message
from domain.published.library import read_library
from domain.store.work import Database
from runtime import terminal_language
from runtime.chinese import in_chinese
from runtime.chinese.heads import HEADS
from runtime.demo.events import ZONE

ENDINGS = ("goal", "exit", "finished", "stopped", "failed", "merged")
SENT, HELD, SUPPRESSED, COUPONS = "sent", "held", "suppressed", "coupon"
LATEST = 3


def board(db: Database, now: datetime, ui: str, data: Path) -> RenderableType:
    """The table at this moment, with the latest messages and where to look further."""
    with db() as session:
        names = {name: live.plan.name for name, live in read_library(session).journeys.items()}
        trail = session.exec(
            select(TrailEntry.journey, TrailEntry.what, func.count()).group_by(
                col(TrailEntry.journey), col(TrailEntry.what)
            )
        ).all()
        endings = session.exec(
            select(Enrollment.journey, Enrollment.ending, func.count()).group_by(
                col(Enrollment.journey), col(Enrollment.ending)
            )
        ).all()
        events = session.exec(select(func.count()).select_from(Event)).one()
        latest = session.exec(
            select(Message).where(Message.status == SENT).order_by(col(Message.id).desc()).limit(LATEST)
        ).all()
    noted: dict[str, dict[str, int]] = defaultdict(dict)
    for journey, what, count in trail:
        noted[journey][what] = count
    came_to: dict[str, dict[str | None, int]] = defaultdict(dict)
    for journey, ending, count in endings:
        came_to[journey][ending] = count
    zh = terminal_language() == "zh"
    counted = f"{events} 个事件" if zh else f"{events} events"
    table = Table(title=f"绿野鲜踪 · {now.astimezone(ZONE):%Y-%m-%d %H:%M} · {counted}", title_justify="left")
    table.add_column(HEADS["journey"] if zh else "journey", no_wrap=True)
    for heading in ("entered", "active", "sent", "held", "not sent", "coupons", *ENDINGS):
        table.add_column(HEADS[heading] if zh else heading, justify="right")
    for name, title in names.items():
        done, entered = came_to[name], sum(came_to[name].values())
        counts = [entered, done.get(None, 0), *(noted[name].get(what, 0) for what in (SENT, HELD, SUPPRESSED, COUPONS))]
        counts += [done.get(ending, 0) for ending in ENDINGS]
        table.add_row(title, *(str(count) if count else "" for count in counts))
    texts = [
        Text(f"{message.claimed_at.astimezone(ZONE):%m-%d %H:%M} {message.channel:6} {_one_line(message.body)}")
        for message in reversed(latest)
    ]
    for text in texts:
        text.truncate(110, overflow="ellipsis")
    further = f"runs: {ui}    whole texts: .venv/bin/aftershow messages --data {data}"
    return Group(table, *texts, Text(in_chinese(further) if zh else further, style="dim"))


def _one_line(body: str) -> str:
    return " ".join(body.split())
