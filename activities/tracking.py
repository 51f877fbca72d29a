"""The activity that asks providers what became of messages."""

from temporalio import activity

from domain.channels.delivery import Channels, Traceable
from domain.channels.measured import count_message
from domain.sending import tracking
from domain.store.clock import Clock
from domain.store.work import Database
from workflows.terms.channels import Channel


class FollowUpActivities:
    """Following up the open messages of a channel."""

    def __init__(self, db: Database, clock: Clock, channels: Channels) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels

    @activity.defn
    def follow_up(self, channel: Channel) -> float | None:
        """Ask about each message that is due. Returns in how many seconds to look again; None if nothing is open."""
        adapter = self._channels[channel]
        if not isinstance(adapter, Traceable):
            return None
        now = self._clock.now()
        while True:
            if activity.in_activity():
                activity.heartbeat()
            with self._db() as session:
                messages = tracking.due_messages(session, channel, now)
            if not messages:
                break
            deliveries = adapter.look_up(messages, now)
            with self._db.begin() as work:
                tracking.record_answers(work, messages, deliveries, self._clock.now())
            for message, delivery in zip(messages, deliveries, strict=True):
                if delivery.status != message.status:
                    count_message(channel, delivery.status, delivery.reason)
        with self._db() as session:
            next_look = tracking.next_look(session, channel)
        return None if next_look is None else self._clock.seconds_until(next_look)
