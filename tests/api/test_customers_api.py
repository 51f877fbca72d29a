"""Who a customer is, over HTTP: found by what names it, joined, split and decided about, with a trace of who did it."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from calling import Caller
from sqlmodel import select

from domain.access.tables import AuditEntry
from domain.store.work import Database

JSON = {"content-type": "application/json"}
LI, WANG = "phone:13800000001", "unionid:u2"


@pytest.fixture
def admin(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("ingest", "read", "admin"))


def send(caller: Caller, id: str, *subjects: str, **data: Any) -> httpx.Response:
    who = dict(subject.split(":", 1) for subject in subjects)
    body = {"id": id, "source": "shop", "type": "product.viewed", "data": {"sku": "a", "customer": who} | data}
    answer = caller.post(content=json.dumps(body).encode(), headers=JSON)
    assert answer.status_code == 202, answer.text
    return answer


def two(caller: Caller) -> tuple[int, int]:
    send(caller, "1", LI)
    send(caller, "2", WANG)
    return tuple(ask(caller, f"/v1/customers/{name}")["id"] for name in (LI, WANG))  # type: ignore[return-value]


def ask(caller: Caller, path: str, **query: str) -> Any:
    answer = caller.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tell(caller: Caller, path: str, **body: Any) -> httpx.Response:
    return caller.post(path, json=body)


def test_a_customer_is_found_by_what_names_it(admin: Caller) -> None:
    li, wang = two(admin)
    send(admin, "3", LI, WANG)
    found = ask(admin, "/v1/customers", identifier=WANG)
    assert (found["id"], found["merged"]) == (li, [wang])
    assert [(each["customer"], each["by"], each["undone_at"]) for each in found["joins"]] == [(wang, None, None)]
    assert sorted(found["joins"][0]["evidence"]) == ["phone:+8613800000001", "unionid:u2"]
    assert ask(admin, f"/v1/customers/{wang}")["id"] == li
    named = {each["kind"]: each for each in found["identifiers"]}
    assert named["phone"]["value"] == "+8613800000001"
    assert named["phone"]["source"] == "shop"
    assert named["phone"]["last_seen"] is not None
    entries = ask(admin, f"/v1/customers/{wang}/timeline")["entries"]
    assert {each["title"] for each in entries} == {""}
    assert [each["words"] for each in entries] == ["浏览商品：a"] * 3 + [f"与客户 {wang} 是同一个人，合并为一位"]


def test_identifiers_are_masked_without_the_permission(call_with: Callable[..., Caller], admin: Caller) -> None:
    two(admin)
    reader = call_with(scopes=("customers.read",))
    (named,) = ask(reader, f"/v1/customers/{LI}")["identifiers"]
    assert named["value"] == "••••0001"


def test_merged_by_hand_and_split_again(admin: Caller, db: Database) -> None:
    li, wang = two(admin)
    assert tell(admin, f"/v1/customers/{wang}/merge", **{"with": LI, "reason": "asked"}).json() == {
        "customer": li,
        "merged": wang,
    }
    assert tell(admin, f"/v1/customers/{wang}/merge", **{"with": li, "reason": "again"}).status_code == 409
    wrong = tell(admin, f"/v1/customers/{wang}/merge", **{"with": "phone:1", "reason": "asked"})
    assert [each["field"] for each in wrong.json()["errors"]] == ["with"]
    assert tell(admin, f"/v1/customers/{li}/split", identifiers=["phone:1"], reason="x").status_code == 422
    answer = tell(admin, f"/v1/customers/{li}/split", identifiers=[WANG], reason="two people")
    assert answer.json() == {"customer": li, "id": wang}
    assert tell(admin, f"/v1/customers/{li}/split", identifiers=[WANG], reason="x").status_code == 409
    with db() as session:
        audited = [
            (row.action, row.target, (row.after or {}).get("reason")) for row in session.exec(select(AuditEntry))
        ]
    target = f"customer:{li}"
    assert audited[-2:] == [("customer.merge", target, "asked"), ("customer.split", target, "two people")]


@pytest.mark.parametrize("decision", ["merge", "apart"])
def test_a_person_decides_a_conflict(admin: Caller, decision: str) -> None:
    send(admin, "1", "email:a@b.cn")
    send(admin, "2", WANG)
    for number in range(3, 6):
        send(admin, str(number), "email:a@b.cn", WANG)
    (found,) = ask(admin, "/v1/identity/conflicts")["conflicts"]
    assert (found["kind"], found["reason"], found["times"]) == ("email", "asks", 3)
    assert ask(admin, "/v1/identity/conflicts", customer=str(found["other"]))["conflicts"] == [found]
    assert ask(admin, "/v1/identity/conflicts", customer="99")["conflicts"] == []
    assert ask(admin, "/v1/today")["conflicts"] == 1
    answer = tell(admin, f"/v1/identity/conflicts/{found['number']}", decision=decision)
    assert answer.status_code == 200, answer.text
    assert ask(admin, "/v1/identity/conflicts")["conflicts"] == []
    assert tell(admin, f"/v1/identity/conflicts/{found['number']}", decision=decision).status_code == 404
    is_one = ask(admin, f"/v1/customers/{WANG}")["id"] == ask(admin, "/v1/customers/email:a@b.cn")["id"]
    assert is_one == (decision == "merge")


def test_everything_about_a_customer_in_one_piece(admin: Caller) -> None:
    li, _ = two(admin)
    everything = ask(admin, f"/v1/customers/{LI}/export")
    assert everything["customer"]["id"] == li
    assert [row["value"] for row in everything["identifiers"]] == ["+8613800000001"]
    assert len(everything["events"]) == 1
    assert everything["identity_joins"] == everything["opinions"] == everything["webhook_calls"] == []
    send(admin, "3", LI, WANG)
    (joined,) = ask(admin, f"/v1/customers/{LI}/export")["identity_joins"]
    assert sorted(joined["evidence"]) == ["phone:+8613800000001", "unionid:u2"]
    answer = admin.get(f"/v1/customers/{LI}/export.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert lines[0] == ["表 table", "行 row", "字段 field", "值 value"]
    assert ["identifiers", "1", "value", "+8613800000001"] in lines
    assert [table for table, _, name, _ in lines if name == "event_id" and table == "events"] == ["events"] * 3


def test_who_is_forgotten_is_somebody_new_when_they_come_again(admin: Caller, db: Database) -> None:
    li, wang = two(admin)
    send(admin, "3", LI, WANG)
    body = {"id": "c", "source": "shop", "type": "consent.given", "subject": LI, "data": {"channel": "sms"}}
    assert admin.post(content=json.dumps(body).encode(), headers=JSON).status_code == 202
    assert admin.request("DELETE", f"/v1/customers/{wang}").status_code == 204
    assert admin.get(f"/v1/customers/{LI}").status_code == 404
    everything = json.dumps(ask(admin, f"/v1/customers/{li}/export"))
    assert "13800000001" not in everything
    assert "u2" not in everything
    send(admin, "4", LI)
    again = ask(admin, f"/v1/customers/{LI}")
    assert again["id"] not in (li, wang)
    assert again["consents"] == []
    with db() as session:
        assert session.exec(select(AuditEntry.action)).all()[-2:] == ["customer.erase", "customer.export"]
