"""Erasure: a person is forgotten; what is kept are amounts, counts and the ledger, under a number without a person."""

import secrets
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col

from domain.customers.consent import HASHED
from domain.customers.resolution import lock_customers
from domain.journeys.enrollments import end
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.store.work import UnitOfWork

ERASED = "erased"
"""The reason of enrollments that end because their customer is forgotten; its words are in workflows/words/telling.py.
"""


def erase(work: UnitOfWork, customer_id: int, now: datetime) -> None:
    """Forget who a customer is: identifiers, fields, texts, what events said, addresses, also in the journal of joins.

    The enrollments end. Whoever comes with one of the identifiers later is somebody new, who has agreed to nothing.
    What was refused of an address stays refused, by a keyed hash of it, until whoever has it then consents.
    """
    customer = lock_customers(work, [customer_id])[customer_id]
    of_customer = col(Enrollment.customer_id) == customer.id
    for enrollment in work.read(EnrollmentRow, of_customer, col(Enrollment.ending).is_(None)):
        end(work, enrollment, "stopped", now, ERASED, wake=True)
    work.write_rows()
    ids = [customer.id, *customer.former]
    targets = [f"customer:{each}" for each in ids]
    parameters = {"id": customer.id, "ids": ids, "targets": targets, "key": secrets.token_hex(32)}
    for statement in _FORGET:
        work.connection().execute(text(statement), parameters)
    work.let_go()


_IDS = "ANY (CAST(:ids AS bigint[]))"
_JOINS = f"SELECT id FROM identity_joins WHERE survivor_id = {_IDS} OR loser_id = {_IDS}"
_FORGET = (
    "DELETE FROM wecom_friends USING identifiers WHERE customer_id = :id"
    " AND split_part(kind, ':', 1) = 'external_userid' AND external_userid = value",
    "DELETE FROM wechat_allowances USING identifiers WHERE customer_id = :id"
    " AND split_part(kind, ':', 1) = 'openid' AND openid = value",
    "DELETE FROM sandbox_messages USING messages WHERE customer_id = :id AND key = CAST(messages.id AS text)",
    "DELETE FROM set_aside_rows USING identifiers WHERE customer_id = :id"
    " AND strpos(set_aside_rows.row::text, regexp_replace(value, '^[+]86', '')) > 0",
    "DELETE FROM identifiers WHERE customer_id = :id",
    "DELETE FROM customer_tags WHERE customer_id = ANY (CAST(:ids AS bigint[]))",
    "DELETE FROM segment_members WHERE customer_id = ANY (CAST(:ids AS bigint[]))",
    "DELETE FROM next_looks WHERE customer = ANY (CAST(:ids AS bigint[]))",
    "UPDATE opinions SET phrase = '', phrase_key = NULL, reader = NULL FROM events"
    " WHERE events.id = opinions.event_id AND customer_id = :id",
    "UPDATE events SET data = '{}', identifiers = NULL, forgotten = true WHERE customer_id = :id",
    "DELETE FROM early_receipts USING messages WHERE customer_id = :id"
    " AND early_receipts.channel = messages.channel AND early_receipts.provider_id = messages.provider_id",
    "UPDATE audit SET before = before - 'reason', after = after - 'reason'"
    " WHERE target = ANY (CAST(:targets AS text[]))",
    "UPDATE messages SET body = '', recipient = '', provider_id = NULL, revision = revision + 1"
    " WHERE customer_id = :id",
    "INSERT INTO erasure_key (id, key) VALUES (1, :key) ON CONFLICT DO NOTHING",
    f"UPDATE consents SET address = {HASHED.format(address='address')}, wording = NULL FROM erasure_key"
    " WHERE customer_id = :id AND address IS NOT NULL AND address NOT LIKE 'erased:%'",
    "UPDATE consents SET wording = NULL WHERE customer_id = :id",
    "UPDATE todos SET text = '' WHERE customer_id = :id",
    "UPDATE trail SET because = NULL WHERE customer_id = :id",
    "UPDATE webhook_calls SET body = '{}' FROM enrollments WHERE enrollments.id = enrollment_id AND customer_id = :id",
    "UPDATE identifier_conflicts SET value = '', decided = coalesce(decided, 'apart')"
    " WHERE customer_id = :id OR other_customer_id = :id",
    f"DELETE FROM identity_moves WHERE join_id IN ({_JOINS})",
    "UPDATE identity_joins SET evidence = '[]', before = '{}', after = '{}', tags = '{}', reason = NULL"
    f" WHERE id IN ({_JOINS})",
    "UPDATE customers SET name = NULL, timezone = NULL, fields = '{}', field_times = '{}', identity = identity + 1"
    f" WHERE id = {_IDS}",
)
