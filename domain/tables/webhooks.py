"""The calls of other systems that journeys make."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import UniqueConstraint

from domain.tables.columns import Row, id_column, instant, json_column, reference


class WebhookCall(Row, table=True):
    """A call of an outside system for a step: written before it is made, so that a repeated one is known as the same.

    `id` is the key that the other side tells repetitions by, `body` what it is told each time. `status` is `calling`
    (and tried again at `retry_at`), `ok` or `failed`.
    """

    __tablename__: ClassVar[Any] = "webhook_calls"
    __table_args__ = (UniqueConstraint("enrollment_id", "step"),)
    id: int = id_column()
    enrollment_id: int = reference("enrollments.id")
    step: str
    name: str
    body: dict[str, Any] = json_column()
    status: str = "calling"
    reason: str | None = None
    attempts: int = 0
    begun_at: datetime = instant()
    retry_at: datetime | None = instant(nullable=True)
    settled_at: datetime | None = instant(nullable=True)
