"""Carrier pigeons: a channel that writes what it carries into a file."""

from collections.abc import Sequence
from pathlib import Path

from anyio.from_thread import BlockingPortal
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.channels.delivery import Delivery, Outgoing
from domain.store.clock import Clock
from domain.store.work import Database


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="AFTERSHOW_PIGEON_", frozen=True)

    loft: Path


class Pigeon:
    account = None
    repeatable = True

    def __init__(self, loft: Path) -> None:
        self._loft = loft

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        with self._loft.open("a", encoding="utf-8") as file:
            file.writelines(f"{message.recipient}: {message.body}\n" for message in messages)
        return [Delivery("sent") for _ in messages]


def adapter(settings: Settings, _db: Database, _clock: Clock, _portal: BlockingPortal) -> Pigeon:
    return Pigeon(settings.loft)
