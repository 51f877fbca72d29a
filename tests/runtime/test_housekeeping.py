"""What the worker sees to now and then."""

from collections import Counter
from datetime import timedelta

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from domain.clock import VirtualClock
from domain.identifiers import identify
from domain.ingest import Incoming, ingest
from domain.publishing import publish_journey
from domain.tables import CampaignUse, Coupon, Enrollment, Event
from runtime.housekeeping import PAGE, expire_coupons
from workflows.compile import read_journey

SPEC = "journey: gifts\ntrigger: {event: form.filled}\nentry: {again: always}\nsteps: [{wait: 1d}]\n"


def test_coupons_that_ran_out_are_ended_however_many(db: sessionmaker[Session], clock: VirtualClock) -> None:
    many, now = 2 * PAGE + 1, clock.now()
    plan = read_journey(SPEC, "", None).plan
    assert plan is not None
    with db.begin() as session:
        publish_journey(session, plan, SPEC, now)
    with db.begin() as session:
        ingest(session, [Incoming("test", "1", "form.filled", now, {}, identify("member_no:li", None))], now=now)
        enrollment = session.exec(select(Enrollment)).one()
        session.add(CampaignUse(campaign="five", issued=many + 1, money=500 * (many + 1)))
        for number in range(many + 1):
            session.add(
                Coupon(
                    code=str(number), campaign="five", customer_id=enrollment.customer_id, enrollment_id=enrollment.id,
                    step=str(number), terms={"name": "减5", "amount_off": 500, "valid": "1d"}, status="issued",
                    issued_at=now, expires_at=now + timedelta(days=2 if number == many else 1), cost=500, moves=1,
                )
            )  # fmt: skip
    expire_coupons(db, clock)
    clock.set(now + timedelta(days=1))
    expire_coupons(db, clock)
    with db() as session:
        assert Counter(session.exec(select(Coupon.status))) == {"expired": many, "issued": 1}
        use = session.exec(select(CampaignUse)).one()
        assert (use.issued, use.money) == (1, 500)
        told = session.exec(select(Event.type).where(col(Event.type).startswith("coupon.")))
        assert Counter(told) == {"coupon.expired": many}
