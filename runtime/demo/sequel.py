"""What the demo's people do about the bland dish: a requirement, its reviews, and a new product in the next show."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import select

from domain.store.work import Database
from domain.voice.lessons import requirements
from domain.voice.tables import Requirement
from runtime.demo.catalog import DISH, LIGHT
from runtime.demo.chorus import MANAGER
from runtime.demo.events import Event, draft, seal

ASKED, REVIEWED, BETWEEN = timedelta(hours=1), timedelta(hours=12), timedelta(hours=2)
"""After the evening: when the requirement is made, when the first review comes, and the others after it."""

PROPOSAL = "出轻盐版：汤底减盐，另配一包盐自己加；鱼片提前腌制入味"
MEASURE = "首场说淡的人不超过 10%，每分钟卖得不比原版慢"
REASONS = {"product": "口味淡是这道菜差评的头号原因", "supply": "小包盐现货，两天能交", "marketing": "下一场首发"}


class Sequel:
    """Goes on from what the database holds, so that the demo may be started again at any time."""

    def __init__(self, db: Database, evening_ends: datetime) -> None:
        self._db = db
        self._ends = evening_ends

    def tick(self, now: datetime) -> Iterator[Event]:
        """Do what is due; yields what happened, to be posted. The same again is the same event."""
        if now < self._ends + ASKED:
            return
        with self._db.begin() as work:
            row = work.exec(select(Requirement).where(Requirement.sku == DISH)).first()
            if row is None:
                said = requirements.said_about(work, DISH, now)
                bland = [each for each in said if each.key.sentiment == "negative"][:1]
                for topic in bland:
                    requirements.draft(work, topic, PROPOSAL, MEASURE, MANAGER, now)
                return
            missing = requirements.waits_for(row)
            done = len(requirements.REVIEWERS) - len(missing)
            if missing and now >= self._ends + REVIEWED + done * BETWEEN:
                reason = REASONS.get(missing[0], "")
                requirements.review(work, row, missing[0], "approve", reason, f"{missing[0]}-lead", now)
            if row.status != "approved":
                return
            launched = draft("product.launched", now, {"sku": LIGHT, "requirement": row.id})
        yield from seal([launched], f"{self._ends:%Y%m%d}-launch")
