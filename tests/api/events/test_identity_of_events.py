"""What the answer says of identifiers that don't name the event's customer."""

import json
from typing import Any

import httpx
from calling import Caller

JSON = {"content-type": "application/json"}


def send(caller: Caller, id: str, customer: dict[str, Any], subject: str | None = None) -> httpx.Response:
    body = {"id": id, "source": "shop", "type": "product.viewed", "data": {"sku": "a", "customer": customer}}
    return caller.post(content=json.dumps(body | ({"subject": subject} if subject else {})).encode(), headers=JSON)


def test_a_conflict_is_a_warning_at_the_identifier(caller: Caller) -> None:
    send(caller, "1", {"unionid": "u1", "phone": "13800000001"})
    answer = send(caller, "2", {"phone": "13800000001"}, "unionid:u2")
    (result,) = answer.json()["results"]
    assert result["status"] == "accepted"
    assert [(each["field"], each["reason"]) for each in result["warnings"]] == [("data.customer.phone", "each")]


def test_values_that_name_nobody_are_left_aside_or_refused(caller: Caller) -> None:
    answer = send(caller, "1", {"member_no": "undefined", "phone": "13800000001"}, "device_id:unknown")
    (result,) = answer.json()["results"]
    assert sorted((each["field"], each["reason"]) for each in result["warnings"]) == [
        ("data.customer.member_no", "never"),
        ("subject", "never"),
    ]
    refused = send(caller, "2", {"member_no": "null"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["reason"] == "nobody"
