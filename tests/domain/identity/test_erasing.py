"""Who is erased is gone, but for what they refused."""

from people import say, who
from shop import Shop
from sqlalchemy import text

from domain.access import audit
from domain.access.actors import at_terminal
from domain.channels.delivery import Delivery
from domain.customers.consent import read_consents
from domain.identity.erasing import erase
from domain.ledger.tables import Message
from domain.sending.tables import EarlyReceipt

PHONE = "+8613900000001"


def forget(shop: Shop, customer: int) -> None:
    with shop.db.begin() as work:
        erase(work, customer, shop.clock.now())


def allowed(shop: Shop, customer: int, address: str = PHONE) -> bool | None:
    with shop.db() as session:
        return read_consents(session, [customer], [address]).of(customer, "sms", address).get("marketing")


def test_a_refusal_holds_for_the_address_until_its_new_owner_consents(shop: Shop) -> None:
    say(shop, "consent.given", {"channel": "sms"}, phone=PHONE)
    say(shop, "consent.withdrawn", {"channel": "sms"}, phone=PHONE)
    forget(shop, who(shop, phone=PHONE))
    say(shop, phone=PHONE)
    new = who(shop, phone=PHONE)
    assert new == 2
    assert allowed(shop, new) is False
    say(shop, "consent.given", {"channel": "sms"}, phone=PHONE)
    assert allowed(shop, new) is True


def test_a_consent_is_not_inherited(shop: Shop) -> None:
    say(shop, "consent.given", {"channel": "sms"}, phone=PHONE)
    forget(shop, who(shop, phone=PHONE))
    say(shop, phone=PHONE)
    assert allowed(shop, who(shop, phone=PHONE)) is None


def test_nothing_stored_has_the_phone_any_more(shop: Shop) -> None:
    shop.publish("""
        journey: news
        trigger: {event: cart.updated}
        entry: {again: always}
        steps: [{id: hi, send: hi, via: [sms]}]
    """)
    say(shop, "consent.given", {"channel": "sms"}, phone=PHONE)
    say(shop, "cart.updated", {"cart_id": "1"}, phone=PHONE)
    shop.provider.says = {PHONE: Delivery("sent", provider_id="p")}
    shop.give("send", shop.group("hi"))
    assert [row.provider_id for row in shop.rows(Message)] == ["p"]
    say(shop, "consent.withdrawn", {"channel": "sms"}, phone=PHONE)
    with shop.db.begin() as work:
        audit.record(work, at_terminal("li"), "customer.split", "customer:1", shop.clock.now(), after={"reason": PHONE})
        work.add(
            EarlyReceipt(
                source="s", receipt_id="r", channel="sms", provider_id="p", receipt={"to": PHONE},
                received_at=shop.clock.now(),
            )
        )  # fmt: skip
    forget(shop, 1)
    with shop.db() as session:
        tables = (
            session.execute(
                text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
            )
            .scalars()
            .all()
        )
        told = {
            table: session.execute(
                text(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE '%13900000001%'")
            ).scalar()
            for table in tables
        }
    assert {table for table, found in told.items() if found} == set()
