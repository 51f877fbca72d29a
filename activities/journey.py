"""The activities of a journey: each opens the transaction, gives the domain its time, and answers for the group."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session
from temporalio import activity

from activities.adapters import Channels
from domain import schedules, sending, steps
from domain.clock import Clock
from domain.delivery import Delivery, Outgoing
from domain.sending import LOST
from workflows.commands import Answer, FanOut, Group

CHUNK = 50
"""Members whose customers are locked together."""


class JourneyActivities:
    """Everything a workflow can ask for. `channels` carries the messages."""

    def __init__(self, db: sessionmaker[Session], clock: Clock, channels: Channels) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels

    def all(self) -> list[Callable[..., Any]]:
        """The activities, to register with a worker."""
        return [
            self.arrive,
            self.send,
            self.decide,
            self.split,
            self.coupon,
            self.todo,
            self.tag,
            self.emit,
            self.fan_out,
        ]

    @activity.defn
    def arrive(self, group: Group) -> list[Answer]:
        """Register or settle a wait; end the journey."""
        return self._each(steps.reach, group)

    @activity.defn
    def decide(self, group: Group) -> list[Answer]:
        """Choose branches."""
        return self._each(steps.decide, group)

    @activity.defn
    def split(self, group: Group) -> list[Answer]:
        """Give out variants."""
        return self._each(steps.split, group)

    @activity.defn
    def coupon(self, group: Group) -> list[Answer]:
        """Issue coupons."""
        return self._each(steps.issue_coupon, group)

    @activity.defn
    def todo(self, group: Group) -> list[Answer]:
        """Assign tasks to sales guides."""
        return self._each(steps.assign_todo, group)

    @activity.defn
    def tag(self, group: Group) -> list[Answer]:
        """Tag customers, or take tags off."""
        return self._each(steps.set_tag, group)

    @activity.defn
    def send(self, group: Group) -> list[Answer]:
        """Send a message to each member that may have it now."""
        answers: list[Answer] = []
        for chunk in _chunks(group):
            with self._db.begin() as session:
                settled, outgoing = sending.claim(session, chunk, self._clock.now())
            answers += settled
            if outgoing:
                deliveries = self._deliver(outgoing)
                with self._db.begin() as session:
                    answers += sending.settle(session, chunk, outgoing, deliveries, self._clock.now())
        return self._timed(answers)

    @activity.defn
    def emit(self, page: FanOut) -> str | None:
        """Emit a page of what a journey's schedule stands for."""
        with self._db.begin() as session:
            return schedules.emit_page(session, page.journey, page.cursor, self._clock.now())

    @activity.defn
    def fan_out(self, page: FanOut) -> str | None:
        """Take an event about the business to a page of enrollments or customers."""
        with self._db.begin() as session:
            return schedules.fan_out_page(session, page.event or 0, page.journey, page.cursor, self._clock.now())

    def _each(self, act: Callable[[Session, Group, Any], list[Answer]], group: Group) -> list[Answer]:
        answers: list[Answer] = []
        for chunk in _chunks(group):
            with self._db.begin() as session:
                answers += act(session, chunk, self._clock.now())
        return self._timed(answers)

    def _timed(self, answers: Sequence[Answer]) -> list[Answer]:
        return [
            answer.model_copy(update={"seconds": self._clock.seconds_until(answer.due)}) if answer.due else answer
            for answer in answers
        ]

    def _deliver(self, outgoing: Sequence[Outgoing]) -> list[Delivery]:
        found: dict[int, Delivery] = {}
        ordered = sorted(outgoing, key=lambda message: (message.channel, message.key))
        for channel, group in groupby(ordered, key=lambda message: message.channel):
            adapter = self._channels[channel]
            messages = list(group)
            fresh = [message for message in messages if adapter.repeatable or not message.again]
            found.update({message.key: LOST for message in messages})
            if fresh:
                found.update(zip((message.key for message in fresh), adapter.send_many(fresh), strict=True))
        return [found[message.key] for message in outgoing]


def _chunks(group: Group) -> Iterator[Group]:
    for start in range(0, len(group.members), CHUNK):
        yield Group(plan_id=group.plan_id, path=group.path, members=group.members[start : start + CHUNK])
