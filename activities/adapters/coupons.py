"""Where coupons come from: the ledger, or an outside service that speaks the protocol of `docs/coupons.md`."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from typing import Any, Protocol

import httpx

from activities.liveness import sign_of_life
from domain.catalogue.wire import parse_instant
from domain.conditions.facts import CustomerFacts
from domain.coupons import issuing, reserving
from domain.coupons.reserving import Gift, Issue, NotAskedError, Reservation, ReservationRequest
from domain.coupons.tables import Coupon
from domain.journeys.tables import EnrollmentRow
from domain.store.clock import Clock
from domain.store.work import Database, UnitOfWork
from workflows.plan.commands import Group
from workflows.verbs.base import Path

logger = logging.getLogger(__name__)

ATTEMPTS = 3
PAUSE = 0.2
"""Seconds before the second attempt; twice as long before the third."""

AT_ONCE = 8
"""Calls that are made side by side."""

BATCH = 100

BEAT = 10
"""Seconds from one sign of life to the next, while calls are waited for."""

_NO = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE})
_REASONS = frozenset({"budget", "per_customer", "not_eligible", "unknown_campaign"})


class CouponAdapter(Protocol):
    """Gives the coupons that a group's claims, or the winners of a play, may need."""

    def ready(self, group: Group) -> AbstractContextManager[Issue]:
        """Wraps the claim of a group and what it leads to, and gives what coupons are issued with in it."""

    def gifts(self, wanted: Callable[[], Sequence[ReservationRequest]]) -> AbstractContextManager[Gift]:
        """Wraps the transaction in which coupons are won, and gives what they are issued with in it.

        `wanted` tells which may be, if they have to be asked for.
        """

    def catch_up(self) -> None:
        """Say again what could not be said before."""


class ServiceError(Exception):
    """The coupon service can't be reached, or answers what it must not. The words hold nothing of the customer."""


class LedgerCoupons:
    """Our own, in Postgres: issued within the claim."""

    @contextmanager
    def ready(self, _: Group) -> Iterator[Issue]:
        yield issuing.issue

    @contextmanager
    def gifts(self, _: Callable[[], Sequence[ReservationRequest]]) -> Iterator[Gift]:
        yield issuing.issue_to

    def catch_up(self) -> None:
        """There is nobody to tell."""


class HttpCoupons:
    """An outside service's. Calls are repeated by their key, so that a lost answer does no harm.

    `client` knows the service's address and our key; threads share it.
    """

    def __init__(self, db: Database, clock: Clock, client: httpx.Client) -> None:
        self._db = db
        self._clock = clock
        self._client = client

    @contextmanager
    def ready(self, group: Group) -> Iterator[Issue]:
        """Raises ServiceError before anything is claimed, if the service is away: the activity is tried again."""
        with self._db() as session:
            wanted = reserving.reservations_needed(session, group)
        offers = dict(zip((request.key for request in wanted), self._reserve_all(wanted), strict=True))

        def issue(
            work: UnitOfWork, facts: CustomerFacts, enrollment: EnrollmentRow, step: Path, campaign: str
        ) -> Coupon:
            if held := facts.subjects.held(enrollment.id, step):
                return held
            offer = offers.get(reserving.key_of(enrollment.id, step, campaign), "not_eligible")
            if not isinstance(offer, Reservation):
                raise issuing.IssueRefusedError(offer)
            return issuing.accept(work, facts, enrollment, step, campaign, offer.code, offer.expires_at)

        try:
            yield issue
        finally:
            self._settle(wanted, offers)

    @contextmanager
    def gifts(self, wanted: Callable[[], Sequence[ReservationRequest]]) -> Iterator[Gift]:
        """Raises ServiceError before anything is won, if the service is away: the activity is tried again."""
        requests, offers = wanted(), dict[str, Reservation | str]()
        over = set[str]()
        for request in requests:  # in their order, so that the last one of a budget goes to whose turn it is
            offer = offers[request.key] = "budget" if request.campaign in over else self._reserve(request)
            if offer == "budget":
                over.add(request.campaign)

        def give(work: UnitOfWork, facts: CustomerFacts, campaign: str, step: Path) -> Coupon:
            offer = offers.get(reserving.key_of(None, step, campaign))
            if offer is None:
                raise NotAskedError
            if not isinstance(offer, Reservation):
                raise issuing.IssueRefusedError(offer)
            return issuing.accept_for(work, facts, campaign, step, offer.code, offer.expires_at)

        try:
            yield give
        finally:
            self._settle(requests, offers)

    def _settle(self, wanted: Sequence[ReservationRequest], offers: Mapping[str, Reservation | str]) -> None:
        """Release what nothing took, and confirm the rest."""
        reserved = {request: offer for request in wanted if isinstance(offer := offers[request.key], Reservation)}
        with self._db() as session:
            unused = reserving.unused_reservations(session, reserved)
        for request in unused:
            self._try_to_tell("release", request.key)
        self.catch_up()

    def catch_up(self) -> None:
        """Confirm what is in the ledger, release what was taken back; what the service doesn't keep is taken back."""
        with self._db() as session:
            unsaid = reserving.pending_notices(session, BATCH)
        for notice in unsaid:
            delivered = self._try_to_tell("confirm" if notice.outside == "confirmed" else "release", notice.key)
            if delivered is not None:
                with self._db.begin() as work:
                    reserving.note_delivered(work, notice, self._clock.now(), kept=delivered)

    def _reserve_all(self, wanted: Sequence[ReservationRequest]) -> list[Reservation | str]:
        """Ask side by side. The first that can't be answered is raised, and the rest isn't asked."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            asked = [threads.submit(self._reserve, each) for each in wanted]
            waiting = set(asked)
            try:
                while waiting:
                    sign_of_life()
                    done, waiting = wait(waiting, BEAT, FIRST_COMPLETED)
                    for each in done:
                        each.result()
            finally:
                for each in waiting:
                    each.cancel()
            return [each.result() for each in asked]

    def _reserve(self, wanted: ReservationRequest) -> Reservation | str:
        body = {"key": wanted.key, "campaign": wanted.campaign, "customer": str(wanted.customer)}
        answer = self._post("reserve", body)
        if not answer.is_success:
            reason = _json(answer).get("reason")
            return reason if reason in _REASONS else "not_eligible"
        fields = _json(answer)
        try:
            code, expires_at = fields["code"], parse_instant(fields["expires_at"])
        except (KeyError, TypeError, ValueError):
            raise ServiceError("the coupon service's answer holds no code and expires_at") from None
        if not isinstance(code, str) or not 1 <= len(code) <= 50 or not code.isprintable():
            raise ServiceError("the coupon service's code is none")
        return Reservation(code, expires_at)

    def _try_to_tell(self, what: str, key: str) -> bool | None:
        """Whether the service keeps the coupon, None if it can't be told now."""
        try:
            return self._post(what, {"key": key}).is_success
        except ServiceError as error:
            logger.warning("a coupon could not be %sd: %s", what, error)
            return None

    def _post(self, what: str, body: dict[str, str]) -> httpx.Response:
        """A success or a definite no. Raises ServiceError after some attempts, or at once if another can't help."""
        reason = ""
        for attempt in range(ATTEMPTS):
            sign_of_life()
            if attempt:
                time.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                answer = self._client.post(f"/{what}", json=body, headers={"Idempotency-Key": body["key"]})
            except httpx.TransportError as error:
                reason = type(error).__name__
                continue
            if answer.is_success or answer.status_code in _NO:
                return answer
            reason = f"status {answer.status_code}"
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS and not answer.is_server_error:
                break
        raise ServiceError(f"the coupon service: {reason}")


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}
