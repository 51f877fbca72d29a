"""Registers every table. Times are aware and stored in UTC; money is integer fen."""

from domain.access import tables as access
from domain.channels import tables as channels
from domain.connectors import tables as connectors
from domain.coupons import tables as coupons
from domain.customers import tables as customers
from domain.insight import tables as insight
from domain.intake import tables as intake
from domain.journeys import tables as journeys
from domain.ledger import tables as ledger
from domain.membership import tables as membership
from domain.plays import tables as plays
from domain.published import tables as published
from domain.sending import tables as sending
from domain.stock import tables as stock
from domain.store import tables as store
from domain.supply import tables as supply
from domain.texts import tables as texts
from domain.voice import tables as voice

__all__ = [
    "access",
    "channels",
    "connectors",
    "coupons",
    "customers",
    "insight",
    "intake",
    "journeys",
    "ledger",
    "membership",
    "plays",
    "published",
    "sending",
    "stock",
    "store",
    "supply",
    "texts",
    "voice",
]
