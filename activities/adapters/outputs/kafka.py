"""A topic of Kafka: a record for each, keyed by its customer, so that a customer's stand in one partition in order."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from activities.adapters.outputs.sink import SinkError
from domain.connectors.outgoing import Told
from workflows.language.outputs import Kafka, Stream

SECONDS = 60


class KafkaSink:
    """Sends records, and waits until every replica that is in sync has them. Not tried on a real cluster."""

    def __init__(self, kafka: Kafka, servers: str, user: str | None, password: str | None) -> None:
        try:
            import aiokafka.errors
            import aiokafka.helpers
        except ImportError:
            raise SinkError("Kafka needs the extra: pip install 'aftershow[kafka]'") from None
        self._aiokafka = aiokafka
        self._topic = kafka.topic
        self._options: dict[str, Any] = {
            "bootstrap_servers": servers, "acks": "all", "enable_idempotence": True, "linger_ms": 5,
        }  # fmt: skip
        if user and password:
            self._options |= {
                "security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-256", "sasl_plain_username": user,
                "sasl_plain_password": password, "ssl_context": aiokafka.helpers.create_ssl_context(),
            }  # fmt: skip

    def take(self, stream: Stream, records: Sequence[Told]) -> None:
        try:
            asyncio.run(self._send(stream, records))
        except (self._aiokafka.errors.KafkaError, OSError, TimeoutError) as error:
            raise SinkError(f"Kafka says {type(error).__name__}") from None

    async def _send(self, stream: Stream, records: Sequence[Told]) -> None:
        async with asyncio.timeout(SECONDS):
            producer = self._aiokafka.AIOKafkaProducer(**self._options)
            try:
                await producer.start()
                sent = []
                for record in records:
                    value = json.dumps({"stream": stream, **record.body}, ensure_ascii=False).encode()
                    key = b"" if record.customer is None else str(record.customer).encode()
                    sent.append(await producer.send(self._topic, value=value, key=key or None))
                await asyncio.gather(*sent)
            finally:
                await producer.stop()
