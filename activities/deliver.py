"""The activity that takes out what is new, page by page: at least once, and in order for each customer."""

import time
from zoneinfo import ZoneInfo

from temporalio import activity

from activities.adapters.outputs.files import FilesSink
from activities.adapters.outputs.kafka import KafkaSink
from activities.adapters.outputs.sink import Sink, SinkError
from activities.adapters.outputs.webhook import WebhookSink
from activities.adapters.sources.source import SourceError, Surroundings
from activities.adapters.webhook import Webhooks
from domain.connectors import outgoing
from domain.published.library import read_library
from domain.store.work import Database
from workflows.language.outputs import Output, Stream

A_WHILE = 30.0
"""Seconds after which an activity ends, and another goes on."""


class DeliverActivities:
    """Taking out to where the published outputs say."""

    def __init__(self, db: Database, surroundings: Surroundings, webhooks: Webhooks) -> None:
        self._db = db
        self._surroundings = surroundings
        self._webhooks = webhooks

    @activity.defn
    def deliver(self, name: str) -> bool:
        """Take pages out for a while. Whether there is more; a place that fails is tried again at the next run."""
        with self._db() as session:
            library = read_library(session)
        output = library.outputs.get(name)
        if output is None:
            return False
        until = time.monotonic() + A_WHILE
        more = [self._stream(output, stream, library.policy_zone, until) for stream in output.of]
        return any(more)

    def _stream(self, output: Output, stream: Stream, zone: ZoneInfo, until: float) -> bool:
        """Whether there is more of a stream."""
        sink: Sink | None = None
        while True:
            with self._db.begin() as work:
                at = outgoing.look(work, output.output, stream)
            with self._db() as session:
                portion = outgoing.next_portion(session, output, stream, at)
            records, now = portion.records, self._surroundings.clock.now()
            try:
                if records:
                    sink = sink or self._open(output, zone)
                    sink.take(stream, records)
            except (SinkError, SourceError) as error:
                with self._db.begin() as work:
                    outgoing.failed(work, at, portion, str(error), now)
                return False
            full = len(records) == output.page
            position = records[-1].id if full else portion.seen if portion.settled else at.position
            with self._db.begin() as work:
                outgoing.taken(work, at, portion, position, now)
            if not full:
                return False
            if activity.in_activity():
                activity.heartbeat()
            if time.monotonic() >= until:
                return True

    def _open(self, output: Output, zone: ZoneInfo) -> Sink:
        to, value = output.to, self._surroundings.value
        if to.webhook is not None:
            return WebhookSink(self._webhooks, to.webhook, output.output)
        if to.files is not None:
            return FilesSink(to.files, value(to.files.folder), zone)
        assert to.kafka is not None
        user, password = (value(name) if name else None for name in (to.kafka.user, to.kafka.password))
        return KafkaSink(to.kafka, value(to.kafka.servers), user, password)
