"""What is published: the live journeys, the policy, segments, coupon terms and texts, as one immutable snapshot."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from propcache.api import cached_property
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.customers.naming import Nobody
from domain.customers.tables import AnyCustomer
from domain.plays.tables import PlayVersion
from domain.published.tables import Document, Journey, MessageText, Publication, PublishedPlan
from workflows.language.approved import ApprovedText
from workflows.language.calendar import Calendar, OwnDay
from workflows.language.connectors import Connector
from workflows.language.identity import IdentityRules
from workflows.language.outputs import Output
from workflows.language.policy import CouponTerms, Policy
from workflows.language.rules import Rules
from workflows.language.stock_rules import StockRules
from workflows.language.supply import Supply
from workflows.language.tags import TagRule, Tags, amounts_of
from workflows.language.tracking import Tracking
from workflows.language.voice import Voice
from workflows.plan.model import EventTrigger, Plan
from workflows.terms.conditions import Condition, Measure
from workflows.terms.names.events import CUSTOMER_EVENTS, event_of
from workflows.terms.values import Language
from workflows.terms.wording import Wording
from workflows.words.shared_documents import SharedDocuments

_SEGMENTS: TypeAdapter[dict[str, Condition]] = TypeAdapter(dict[str, Condition])
_CAMPAIGNS: TypeAdapter[dict[str, CouponTerms]] = TypeAdapter(dict[str, CouponTerms])
_CALENDAR: TypeAdapter[dict[str, tuple[OwnDay, ...]]] = TypeAdapter(dict[str, tuple[OwnDay, ...]])
_APPROVED: TypeAdapter[dict[str, ApprovedText]] = TypeAdapter(dict[str, ApprovedText])
_MAX_PLANS = 500
"""Plans kept in memory, compiled; more are read again when they are asked for."""
_MAX_SNAPSHOTS = 8


@dataclass(frozen=True)
class Live:
    """A journey's live version."""

    plan_id: str
    version: int
    plan: Plan
    paused: bool
    dropped: bool = False
    """Whether some of what fell due in the last pause isn't to be sent."""


@dataclass(frozen=True)
class Lost:
    """A span of time of which a restore has left nothing in the database, which was back at `restored_at`."""

    since: datetime
    until: datetime
    restored_at: datetime


@dataclass(frozen=True)
class Library:
    """Everything published at one moment."""

    policy: Policy
    segments: Mapping[str, Condition]
    campaigns: Mapping[str, CouponTerms]
    journeys: Mapping[str, Live]
    texts: Mapping[tuple[str, str], str]
    ended: Mapping[str, str] = field(default_factory=dict)
    """Why no enrollment of these plans goes on, by their ids."""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    tags: Mapping[str, TagRule] = field(default_factory=dict)
    stock: StockRules = field(default_factory=StockRules)
    identity: IdentityRules = field(default_factory=IdentityRules)
    voice: Voice = field(default_factory=Voice)
    calendar: Calendar = field(default_factory=dict)
    tracking: Tracking = field(default_factory=Tracking)
    supply: Supply = field(default_factory=Supply)
    approved: Mapping[str, ApprovedText] = field(default_factory=dict)
    """What SMS providers have approved, by template."""
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    listening: Mapping[str, Set[str]] = field(default_factory=dict)
    """The ids of the plans, live or not, whose enrollments an event can end, wake or move, by its type."""
    entering: Set[str] = frozenset()
    """The types of events that a version of a play takes for an entry."""
    lost: Lost | None = None
    """What the newest restore has lost."""

    @cached_property
    def begun_by(self) -> Mapping[str, Sequence[Live]]:
        """The live journeys that an event of a customer can begin, by its type."""
        journeys: dict[str, list[Live]] = {}
        for live in self.journeys.values():
            trigger = live.plan.trigger
            if isinstance(trigger, EventTrigger):
                journeys.setdefault(trigger.event, []).append(live)
            elif (type := event_of(trigger.for_each)) in CUSTOMER_EVENTS:
                journeys.setdefault(type, []).append(live)
        return journeys

    @cached_property
    def rules(self) -> Rules:
        """What keeps tags and segments up to date."""
        return Rules(self.tags, self.segments, self.measures, self.policy.timezone)

    @property
    def shared(self) -> SharedDocuments:
        """The documents that hold for every journey."""
        return SharedDocuments(
            self.policy, self.segments, self.campaigns, self.stock, self.measures, self.identity, self.tags, self.voice,
            self.calendar, self.tracking, self.supply, self.connectors, self.outputs,
        )  # fmt: skip

    @cached_property
    def nobody(self) -> Nobody:
        """The identifiers that name nobody."""
        return Nobody(self.identity)

    def wording(self, lang: Language) -> Wording:
        """Says things in a language, with the names that the coupon campaigns have by now."""
        return Wording(lang, {key: terms.name for key, terms in self.campaigns.items()}, amounts_of(self.measures))

    def title(self, journey: str) -> str:
        """What people call a journey; of one that is stopped, its name."""
        live = self.journeys.get(journey)
        return live.plan.name if live else journey

    @property
    def policy_zone(self) -> ZoneInfo:
        """The timezone of the business."""
        return ZoneInfo(self.policy.timezone)

    def zone(self, customer: AnyCustomer) -> ZoneInfo:
        """The customer's timezone, else the policy's, as where there is no such zone."""
        try:
            return ZoneInfo(customer.timezone or self.policy.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return self.policy_zone


_snapshots: dict[str, Library] = {}
_plans: dict[str, Plan] = {}
_event_types: dict[str, frozenset[str]] = {}
"""The types that each plan ever published listens to: all that is kept of plans that nobody walks any more."""
_writing = Lock()

Kept = TypeVar("Kept")


def _keep(cache: dict[str, Kept], key: str, value: Kept, most: int) -> Kept:
    """Keep the value for later readers, of any thread, in place of the oldest where there are too many."""
    with _writing:
        while key not in cache and len(cache) >= most:
            del cache[next(iter(cache))]
        cache[key] = value
    return value


def read_library(session: Session) -> Library:
    """The present snapshot; read anew only after something was published."""
    return library_of(session, session.exec(select(Publication.version)).first() or "")


def library_of(session: Session, version: str) -> Library:
    """The snapshot of a version that was just read; "" if nothing was ever published."""
    library = _snapshots.get(version)
    if library is None:
        library = _read(session)
        if version:
            _keep(_snapshots, version, library, _MAX_SNAPSHOTS)
    return library


def read_plan(session: Session, plan_id: str) -> Plan:
    """A published plan, live or not. Raises LookupError if there is none."""
    plan = _plans.get(plan_id)
    if plan is None:
        body = session.exec(select(PublishedPlan.plan).where(PublishedPlan.id == plan_id)).first()
        if body is None:
            raise LookupError(f"no plan {plan_id}")
        plan = _keep(_plans, plan_id, Plan.model_validate(body), _MAX_PLANS)
    return plan


def mark_published(session: Session) -> None:
    """Let every reader see what this transaction published."""
    version = uuid4().hex
    statement = insert(Publication).values(id=1, version=version)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"version": version}))


def _read(session: Session) -> Library:
    rows = select(Document).execution_options(populate_existing=True)
    documents: dict[str, Any] = {row.name: row.body for row in session.exec(rows)}
    tags = Tags.model_validate(documents.get("_tags", {}))
    live = session.exec(
        select(Journey, PublishedPlan.version)
        .join(PublishedPlan, col(PublishedPlan.id) == Journey.plan_id)
        .where(col(Journey.stopped).is_(False))
        .execution_options(populate_existing=True)
    )
    texts = select(MessageText).execution_options(populate_existing=True)
    ended = select(PublishedPlan.id, PublishedPlan.ended).where(col(PublishedPlan.ended).is_not(None))
    return Library(
        policy=Policy.model_validate(documents.get("_policy", {})),
        segments=_SEGMENTS.validate_python(documents.get("_segments", {})),
        campaigns=_CAMPAIGNS.validate_python(documents.get("_coupons", {})),
        journeys={
            row.name: Live(
                row.plan_id, version, read_plan(session, row.plan_id), row.paused, row.dropped_until is not None
            )
            for row, version in live
        },
        texts={(row.template, row.channel): row.body for row in session.exec(texts)},
        measures=tags.measures,
        tags=tags.tags,
        stock=StockRules.model_validate(documents.get("_stock", {})),
        identity=IdentityRules.published(documents.get("_identity", {})),
        voice=Voice.model_validate(documents.get("_voice", {})),
        calendar=_CALENDAR.validate_python(documents.get("_calendar", {})),
        tracking=Tracking.model_validate(documents.get("_tracking", {})),
        supply=Supply.model_validate(documents.get("_supply", {})),
        approved=_APPROVED.validate_python(documents.get("_approved", {})),
        connectors={name: Connector.model_validate(body) for name, body in _in("connectors", documents)},
        outputs={name: Output.model_validate(body) for name, body in _in("outputs", documents)},
        ended={plan_id: reason for plan_id, reason in session.exec(ended) if reason},
        listening=_listening(session),
        entering=frozenset(session.exec(_ENTERING)),
        lost=_lost(session),
    )


def _in(folder: str, documents: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return (
        (name.removeprefix(f"{folder}/"), body) for name, body in documents.items() if name.startswith(f"{folder}/")
    )


def _lost(session: Session) -> Lost | None:
    row = session.exec(select(Publication.lost_since, Publication.lost_until, Publication.restored_at)).first()
    since, until, restored_at = row or (None, None, None)
    return Lost(since, until, restored_at) if since and until and restored_at else None


_ENTERING = select(col(PlayVersion.body)["entry"]["after"]["event"].as_string()).where(
    col(PlayVersion.body)["entry"]["after"]["event"].as_string().is_not(None)
)


def _listening(session: Session) -> Mapping[str, Set[str]]:
    """Every plan counts, for enrollments of any may be open; each is read once in the life of a process."""
    plan_ids = set(session.exec(select(PublishedPlan.id)))
    unread = select(PublishedPlan.id, PublishedPlan.plan).where(
        col(PublishedPlan.id).in_(plan_ids - _event_types.keys())
    )
    for plan_id, body in session.exec(unread):
        _event_types[plan_id] = frozenset(Plan.model_validate(body).listens_to())
    plan_ids_by_type: dict[str, set[str]] = {}
    for plan_id in plan_ids:
        for type in _event_types[plan_id]:
            plan_ids_by_type.setdefault(type, set()).add(plan_id)
    return plan_ids_by_type
