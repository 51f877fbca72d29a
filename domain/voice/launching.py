"""What events mean for requirements: the product that came of one is there, and its first show is over."""

from datetime import datetime

from sqlmodel import col, select

from domain.stock.tables import LiveSale
from domain.store.outbox import LookAtRequirement
from domain.store.work import UnitOfWork
from domain.voice.tables import Requirement


def launch(work: UnitOfWork, requirement_id: int, sku: str, at: datetime) -> None:
    """Link an approved requirement to the product that came of it; the first that is told counts."""
    requirement = work.get(Requirement, requirement_id, with_for_update=True)
    if requirement is not None and requirement.status == "approved":
        requirement.status, requirement.new_sku, requirement.launched_at = "launched", sku, at
        work.add(requirement)
        work.enqueue(LookAtRequirement(requirement_id))


def show_ended(work: UnitOfWork, stream_id: str) -> None:
    """Have requirements looked at whose product was sold in a show that is over."""
    sold = select(LiveSale.sku).where(LiveSale.stream_id == stream_id)
    query = select(Requirement.id).where(Requirement.status == "launched", col(Requirement.new_sku).in_(sold))
    for requirement in work.exec(query):
        work.enqueue(LookAtRequirement(requirement))
