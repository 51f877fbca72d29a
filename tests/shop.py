"""A shop with a journey on the real database, whose activities are called by hand."""

from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import dedent
from typing import Any

from sqlalchemy import inspect
from sqlmodel import SQLModel, col, select

from activities.journey import JourneyActivities
from domain.channels.delivery import Account, Channels, Delivery, OpenMessage, Outgoing
from domain.customers.identifiers import identify
from domain.customers.resolution import resolve
from domain.customers.tables import Consent
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment, TrailEntry
from domain.journeys.verbs.webhook import Call, Reply
from domain.published.publishing import publish_document, publish_journey, publish_text
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.rehearsal.cases import VISIBLE
from workflows.language.compile import read_journey
from workflows.language.policy import Policy
from workflows.plan.commands import Answer, Group, Member, unpack
from workflows.plan.model import Plan
from workflows.terms.channels import CHANNELS
from workflows.verbs.send import Send

THREADS = 16


@dataclass
class Provider:
    """Takes messages, and answers for each what `says` has for its recipient, else that it is sent."""

    repeatable: bool = True
    account: Account | None = None
    says: dict[str, Delivery] = field(default_factory=dict)
    taken: list[Outgoing] = field(default_factory=list)
    out_of_reach: set[str] = field(default_factory=set)

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        self.taken += messages
        return [self.says.get(message.recipient, Delivery("sent")) for message in messages]

    def look_up(self, messages: Sequence[OpenMessage], _: datetime) -> list[Delivery]:
        return [self.says.get(message.recipient, Delivery(message.status)) for message in messages]

    def unreachable(self, *_: object) -> Set[str]:
        return self.out_of_reach


@dataclass
class Outside:
    """Takes calls, and replies to each with the next of `says`, else that it is taken."""

    says: list[Reply] = field(default_factory=list)
    called: list[Call] = field(default_factory=list)

    def call_many(self, _: str, calls: Sequence[Call]) -> list[Reply]:
        self.called += calls
        return [self.says.pop(0) if self.says else Reply("ok") for _ in calls]


class Shop:
    def __init__(self, db: Database, clock: VirtualClock) -> None:
        self.db = db
        self.clock = clock
        self.provider = Provider()
        self.channels: Channels = dict.fromkeys(CHANNELS, self.provider)
        self.outside = Outside()
        self.activities = JourneyActivities(db, clock, self.channels, webhooks=self.outside)
        self.posted = 0

    def publish(
        self,
        spec: str,
        *,
        coupons: Mapping[str, Any] | None = None,
        texts: Mapping[str, str] | None = None,
        **policy: Any,
    ) -> Plan:
        """Publish a journey with the policy's and the coupons' values as they are written; a text is its name."""
        compiled = read_journey(dedent(spec), "a journey", None)
        assert compiled.plan is not None, compiled.diagnostics
        self.plan = compiled.plan
        sends = [step for step in self.plan.steps.values() if isinstance(step, Send)]
        with self.db.begin() as session:
            self.plan_id = publish_journey(session, self.plan, spec, self.clock.now()).id
            publish_document(session, "_policy", Policy.model_validate(policy).model_dump(mode="json"))
            publish_document(session, "_coupons", dict(coupons or {}))
            for step in sends:
                for channel in step.via:
                    publish_text(session, step.template, channel, (texts or {}).get(step.template, step.template))
        return self.plan

    def customers(self, *names: str, consent: Sequence[str] = ("sms",)) -> list[int]:
        """Customers whose phone number ends in their place."""
        ids = []
        with self.db.begin() as session:
            for place, name in enumerate(names):
                who = {"member_no": name, "phone": f"+8613800{place:06}"}
                found = resolve(session, [identify(None, who)], self.clock.now())[0]
                ids.append(found.customer_id)
                for channel in consent:
                    session.add(
                        Consent(
                            customer_id=found.customer_id, channel=channel, purpose="marketing", given=True,
                            at=self.clock.now(),
                        )
                    )  # fmt: skip
        return ids

    def incoming(self, type: str, who: str | None = None, *, time: datetime | None = None, **data: Any) -> Incoming:
        self.posted += 1
        idents = identify(f"member_no:{who}", None) if who else ()
        return Incoming("test", str(self.posted), type, time or self.clock.now(), data, idents)

    def post(self, type: str, who: str | None = None, *, time: datetime | None = None, **data: Any) -> None:
        self.take(self.incoming(type, who, time=time, **data))

    def take(self, *events: Incoming) -> list[bool]:
        with self.db.begin() as session:
            return ingest(session, events, now=self.clock.now())

    def group(self, path: str, enrollments: Sequence[int] | None = None) -> Group:
        """The command for the step at `path`, to these enrollments or to all."""
        with self.db() as session:
            query = select(Enrollment).order_by(col(Enrollment.id))
            members = tuple(
                Member(enrollment=each.id, generation=each.generation, at=each.anchor)
                for each in session.exec(query)
                if enrollments is None or each.id in enrollments
            )
        return Group(plan_id=self.plan_id, path=path, members=members)

    def give(self, activity: str, group: Group) -> list[Answer]:
        return sorted(unpack(self.activities.carry_out(activity, group)), key=lambda answer: answer.enrollment)

    def give_each(self, activity: str, group: Group) -> list[Answer]:
        """The command to every member at once, each in a thread of its own."""
        return self.at_once(
            *(
                lambda member=member: self.give(activity, group.model_copy(update={"members": (member,)}))[0]
                for member in group.members
            )
        )

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        with ThreadPoolExecutor(THREADS) as threads:
            return [future.result() for future in [threads.submit(call) for call in calls]]

    def rows(self, table: type[SQLModel]) -> list[Any]:
        """In the order of their keys, wherever Postgres found room for them."""
        with self.db() as session:
            return list(session.exec(select(table).order_by(*inspect(table).primary_key)))

    def timeline(self) -> list[tuple[str, str]]:
        """What is visible outside, in order."""
        with self.db() as session:
            rows = session.exec(
                select(TrailEntry).where(col(TrailEntry.what).in_(VISIBLE)).order_by(col(TrailEntry.id))
            )
            return [(row.what, row.reason or row.value) for row in rows]
