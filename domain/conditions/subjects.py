"""What the enrollments of a group are about, and what their customers were given."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from propcache.api import cached_property
from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from domain.coupons.tables import Coupon
from domain.insight.tables import ShopHour
from domain.journeys.tables import EnrollmentRow
from domain.stock.companions import Companions
from domain.stock.tables import Lot, Product, Store, Stream
from domain.store.bulk import is_among
from workflows.verbs.base import Path

LotRow = tuple[Lot, Product | None, Store | None]


class GroupRefs:
    """What the enrollments of a group are about, and what their customers were given, read once for all of them."""

    def __init__(
        self, session: Session, enrollments: Sequence[EnrollmentRow], customers: Iterable[int] | None = None
    ) -> None:
        self._session = session
        self._enrollments = enrollments
        given = (enrollment.customer_id for enrollment in enrollments) if customers is None else customers
        self._customers = frozenset(given)
        self._lots: dict[str, LotRow | None] = {}
        self._streams: dict[str, Stream | None] = {}
        self._campaigns: dict[str, dict[int, list[Coupon]]] = {}
        self._promised: dict[str, int] = {}
        self._companions: dict[date, Companions] = {}

    def lot(self, lot_id: str) -> LotRow | None:
        """A lot, and its product and place as far as they are known."""
        if lot_id not in self._lots:
            of_product, place = col(Product.sku) == Lot.sku, func.coalesce(col(Lot.store), col(Lot.city))
            query = (
                select(Lot, Product, Store).outerjoin(Product, of_product).outerjoin(Store, col(Store.store) == place)
            )
            row = self._session.exec(query.where(Lot.lot_id == lot_id)).first()
            self._lots[lot_id] = None if row is None else (row[0], row[1], row[2])
        return self._lots[lot_id]

    def stream(self, stream_id: str) -> Stream | None:
        if stream_id not in self._streams:
            self._streams[stream_id] = self._session.get(Stream, stream_id)
        return self._streams[stream_id]

    @cached_property
    def best_hours(self) -> Sequence[int]:
        """The hours of the day in which the shop's customers do something, the busiest first."""
        busiest = select(ShopHour.hour).order_by(col(ShopHour.times).desc(), col(ShopHour.hour))
        return self._session.exec(busiest).all()

    def companions(self, today: date) -> Companions:
        """What goes with products, as of a day."""
        return self._companions.setdefault(today, Companions(self._session, today))

    def coupon_of(self, enrollment_id: int) -> Coupon | None:
        """The newest coupon of an enrollment."""
        return next(reversed(self._coupons.get(enrollment_id, [])), None)

    def held(self, enrollment_id: int, step: Path) -> Coupon | None:
        """The coupon that was issued for this step, unless it was taken back."""
        return next(
            (coupon for coupon in self._not_revoked(self._coupons.get(enrollment_id, ())) if coupon.step == step), None
        )

    def coupons_of(self, customer_id: int, campaign: str) -> Sequence[Coupon]:
        """What a customer was given of a campaign, unless it was taken back."""
        if campaign not in self._campaigns:
            query = select(Coupon).where(is_among(Coupon.customer_id, self._customers), Coupon.campaign == campaign)
            self._campaigns[campaign] = self._grouped_by("customer_id", query)
        return self._not_revoked(self._campaigns[campaign].get(customer_id, ()))

    def units_promised(self, lot_id: str, now: datetime) -> int:
        """Units of a lot that live coupons hold for. The caller has locked the lot."""
        if lot_id not in self._promised:
            live = col(Coupon.status).in_(("issued", "locked")) & (col(Coupon.expires_at) > now)
            counted = select(func.count()).where(Coupon.lot_id == lot_id, live)
            self._promised[lot_id] = self._session.exec(counted).one()
        return self._promised[lot_id]

    def add_coupon(self, coupon: Coupon) -> None:
        """This coupon was just issued."""
        if coupon.enrollment_id is not None:
            self._coupons.setdefault(coupon.enrollment_id, []).append(coupon)
        if coupon.campaign in self._campaigns:
            self._campaigns[coupon.campaign].setdefault(coupon.customer_id, []).append(coupon)
        if coupon.lot_id in self._promised:
            self._promised[coupon.lot_id] += 1

    @cached_property
    def _coupons(self) -> dict[int, list[Coupon]]:
        of_group = is_among(Coupon.enrollment_id, [enrollment.id for enrollment in self._enrollments])
        return self._grouped_by("enrollment_id", select(Coupon).where(of_group))

    def _grouped_by(self, key: str, query: SelectOfScalar[Coupon]) -> dict[int, list[Coupon]]:
        coupons: dict[int, list[Coupon]] = {}
        for coupon in self._session.exec(query.order_by(col(Coupon.issued_at))):
            coupons.setdefault(getattr(coupon, key), []).append(coupon)
        return coupons

    def _not_revoked(self, coupons: Iterable[Coupon]) -> list[Coupon]:
        """Those that weren't taken back, and whose issue wasn't undone."""
        return [coupon for coupon in coupons if coupon in self._session and coupon.status != "revoked"]
