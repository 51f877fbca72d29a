"""Systems that are asked over HTTP: page by page, signed as each wants it, and never in a private network."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from providers.shop_api import Request, serving
from sqlmodel import select

from activities.adapters.sources.source import Surroundings
from activities.connect import ConnectActivities
from domain.connectors.tables import Pull
from domain.customers.tables import Order
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.connectors import Connector

MAP = {
    "type": "order.paid",
    "id": "no",
    "time": "paid",
    "customer": {"phone": "phone"},
    "data": {"order_id": "no", "total": "fen(total)"},
}
SECRETS = {"AFTERSHOW_CONNECT_TOKEN": "s3cret"}
Pulled = Callable[..., tuple[list[str], Pull]]


def order(number: int, changed: str) -> dict[str, Any]:
    return {
        "no": f"o{number:02}", "phone": f"139{number:08}", "total": "9.9", "paid": "2026-03-02 11:00:00",
        "changed": changed,
    }  # fmt: skip


@pytest.fixture
def pulled(db: Database, clock: VirtualClock) -> Pulled:
    """Pulls to the end, and tells the orders that there are then, and how the pull stands."""

    def pull(body: dict[str, Any], secrets: dict[str, str] = SECRETS, hosts: tuple[str, ...] = ("127.0.0.1",)) -> Any:
        connector = Connector.model_validate({"connector": "api", "map": MAP} | body)
        with db.begin() as work:
            publish_document(work, "connectors/api", body | {"connector": "api", "map": MAP})
        ConnectActivities(db, Surroundings(secrets.get, clock, hosts)).run(connector)
        with db() as session:
            return sorted(session.exec(select(Order.order_id))), session.exec(select(Pull)).first()

    return pull


def rest(url: str, **rest: Any) -> dict[str, Any]:
    return {"cursor": "changed", "from": {"rest": {"url": f"{url}/orders", "rows": "data.rows"} | rest}}


def test_pages_are_asked_from_the_last_change_on_so_that_what_moves_is_not_lost(pulled: Pulled) -> None:
    rows = [order(number, f"2026-03-02T01:{number // 3:02}:00Z") for number in range(20)]

    def answer(request: Request) -> tuple[int, Any]:
        query = request["query"]
        rows.sort(key=lambda row: row["changed"])
        found = [row for row in rows if row["changed"] >= query.get("since", "")]
        start = (int(query["page"]) - 1) * int(query["size"])
        answered = [dict(row) for row in found[start : start + int(query["size"])]]
        if len(requests.requests) == 2:  # one that was read already changes, and moves to the end
            rows[0]["changed"] = "2026-03-02T02:00:00Z"
        return 200, {"data": {"rows": answered}}

    with serving(answer) as requests:
        query = {"since": "{since}", "page": "{page}", "size": "{size}", "kind": 3}
        headers = {"Authorization": "Bearer ${AFTERSHOW_CONNECT_TOKEN}"}
        orders, state = pulled({"page": 4, **rest(requests.url, query=query, headers=headers)})
        assert (orders, state.error) == ([row["no"] for row in sorted(rows, key=lambda row: row["no"])], None)
        first = requests.requests[0]
        assert (first["query"], first["headers"]["authorization"]) == (
            {"page": "1", "size": "4", "kind": "3"}, "Bearer s3cret",
        )  # fmt: skip
        before = len(requests.requests)
        pulled({"page": 4, **rest(requests.url, query=query)})
        assert requests.requests[before]["query"]["since"] == "2026-03-02T01:50:00Z"


def test_a_token_leads_to_the_next_page_and_its_end_is_kept(pulled: Pulled) -> None:
    rows = [order(number, str(1_772_420_000_000 + number)) for number in range(7)]

    def answer(request: Request) -> tuple[int, Any]:
        body = json.loads(request["body"])
        start = int(body.get("cursor", 0))
        following = start + 3 if start + 3 < len(rows) else None
        return 200, {"data": {"rows": rows[start : start + 3]}, "following": following}

    with serving(answer) as requests:
        body = {"cursor": "{next}", "from": "{since}"}
        given = rest(requests.url, method="POST", body=body, next="following", times="milliseconds")
        orders, state = pulled(given)
        assert (len(orders), [json.loads(each["body"]) for each in requests.requests]) == (
            7, [{}, {"cursor": "3"}, {"cursor": "6"}],
        )  # fmt: skip
        pulled(given)
        assert json.loads(requests.requests[3]["body"]) == {"from": str(1_772_420_000_006 - 600_000)}
    assert state.error is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {"data": {}}), "finds no list of rows"),
        ((500, {}), "answers HTTP 500"),
        ((302, {}), "answers HTTP 302"),
        ((200, b"<html>"), "something else than JSON"),
        ((200, {"data": {"rows": [{"changed": "2026-03-02"}, {"changed": "2026-03-01"}]}}), "the oldest change first"),
        ((200, {"data": {"rows": [{"changed": "soon"}]}}), "neither a time nor a number"),
        ((200, {"data": {"rows": []}, "more": "https://elsewhere.example/x"}), None),
        ((200, {"data": {"rows": [order(1, "2026-03-02")]}, "more": "https://elsewhere.example/x"}), "another host"),
    ],
)
def test_what_an_api_answers_wrongly_is_told(pulled: Pulled, answer: tuple[int, Any], words: str | None) -> None:
    with serving(lambda _: answer) as requests:
        _, state = pulled(rest(requests.url, next="more"))
    assert (words is None and state.error is None) or words in state.error
    assert "s3cret" not in str(state.error)


@pytest.mark.parametrize(
    ("url", "hosts", "words"),
    [
        ("http://127.0.0.1:1", (), "must be asked by https"),
        ("https://127.0.0.1:1", (), "is in a private network"),
        ("https://localhost:1", (), "is in a private network"),
        ("https://[::1]:1", (), "is in a private network"),
        ("https://169.254.169.254", (), "is in a private network"),
        ("https://nowhere.invalid", (), "there is no nowhere.invalid"),
    ],
)
def test_an_address_of_a_private_network_is_not_asked(
    pulled: Pulled, url: str, hosts: tuple[str, ...], words: str
) -> None:
    _, state = pulled(rest(url), hosts=hosts)
    assert words in state.error


def platform(sign: Callable[[Request], bool], ask: Callable[[Request], tuple[str, str, int, int]], wrap: Any) -> Any:
    """Rows that leave their window when they change, as the pages of one are read."""
    rows = [order(number, f"2026-03-02 {8 + number % 4:02}:{number:02}:00") for number in range(40)]

    def answer(request: Request) -> tuple[int, Any]:
        if not sign(request):
            return 200, wrap(None, 0)
        since, until, page, size = ask(request)
        found = sorted((row for row in rows if since <= row["changed"] < until), key=lambda row: row["changed"])
        answered = [dict(row) for row in found[page * size : (page + 1) * size]]
        if len(found) > size and rows[0]["changed"] < "2026-03-02 11:59":
            rows[0]["changed"] = rows[12]["changed"] = "2026-03-02 11:59:30"
        return 200, wrap(answered, len(found))

    return answer


def windows_of_jushuitan(clock: VirtualClock) -> tuple[Any, dict[str, Any]]:
    from hashlib import md5
    from urllib.parse import parse_qsl

    def form(request: Request) -> dict[str, str]:
        return dict(parse_qsl(request["body"]))

    def signed(request: Request) -> bool:
        sent = form(request)
        given = sent.pop("sign")
        joined = "s3cret" + "".join(f"{name}{sent[name]}" for name in sorted(sent))
        fresh = abs(int(sent["timestamp"]) - clock.now().timestamp()) < 300
        return given == md5(joined.encode()).hexdigest() and fresh and request["path"] == "/open/orders/single/query"

    def ask(request: Request) -> tuple[str, str, int, int]:
        biz = json.loads(form(request)["biz"])
        return biz["modified_begin"], biz["modified_end"], biz["page_index"] - 1, biz["page_size"]

    def wrap(rows: Any, count: int) -> Any:
        return (
            {"code": 0, "data": {"orders": rows, "data_count": count}}
            if rows is not None
            else {"code": 10, "msg": "签名"}
        )

    named = dict.fromkeys(("app_key", "app_secret", "access_token"), "AFTERSHOW_CONNECT_TOKEN")
    return platform(signed, ask, wrap), {"jushuitan": named}


def windows_of_wangdian(clock: VirtualClock) -> tuple[Any, dict[str, Any]]:
    from hashlib import md5

    beijing = datetime(2012, 1, 1, tzinfo=UTC) - timedelta(hours=8)

    def signed(request: Request) -> bool:
        sent = dict(request["query"])
        given = sent.pop("sign")
        sent["body"] = request["body"]
        joined = "secret" + "".join(f"{name}{sent[name]}" for name in sorted(sent)) + "secret"
        fresh = abs(int(sent["timestamp"]) - (clock.now() - beijing).total_seconds()) < 120
        return given == md5(joined.encode()).hexdigest() and fresh and sent["salt"] == "salt" and sent["v"] == "1.0"

    def ask(request: Request) -> tuple[str, str, int, int]:
        (params,) = json.loads(request["body"])
        query = request["query"]
        return params["start_time"], params["end_time"], int(query["page_no"]), int(query["page_size"])

    def wrap(rows: Any, count: int) -> Any:
        return (
            {"status": 0, "data": {"order": rows, "total_count": count}}
            if rows is not None
            else {"status": 100, "message": "签名"}
        )

    named = {
        "sid": "AFTERSHOW_CONNECT_TOKEN",
        "app_key": "AFTERSHOW_CONNECT_TOKEN",
        "app_secret": "AFTERSHOW_CONNECT_SALTED",
    }
    return platform(signed, ask, wrap), {"wangdian": named}


@pytest.mark.parametrize("of", [windows_of_jushuitan, windows_of_wangdian])
def test_pages_of_a_window_lose_no_row_that_changes(
    pulled: Pulled, clock: VirtualClock, of: Callable[[VirtualClock], tuple[Any, dict[str, Any]]]
) -> None:
    clock.set(clock.now() + timedelta(hours=1))
    answer, source = of(clock)
    ((kind, named),) = source.items()
    secrets = SECRETS | {"AFTERSHOW_CONNECT_SALTED": "secret:salt"}
    with serving(answer) as requests:
        given = {"page": 3, "from": {kind: named | {"url": requests.url}}}
        orders, state = pulled(given, secrets)
        assert (orders, state.error) == ([f"o{number:02}" for number in range(40)], None)
        clock.set(clock.now() + timedelta(minutes=5))
        before = len(requests.requests)
        orders, state = pulled(given, secrets)
        assert (len(orders), len(requests.requests) - before) == (40, 1)
        _, state = pulled(
            given, secrets | {"AFTERSHOW_CONNECT_TOKEN": "another", "AFTERSHOW_CONNECT_SALTED": "no:salt"}
        )
        assert "签名" in state.error


def test_bills_of_kingdee_come_in_the_order_of_their_fields(pulled: Pulled) -> None:
    fields = ["FBillNo", "FID", "FModifyDate", "phone", "total", "paid"]
    rows = [
        [f"o{number:02}", number, "2026-03-02T09:00:00", f"139{number:08}", 9.9, "2026-03-02T09:00:00"]
        for number in range(9)
    ]
    refusals = [[[{"Result": {"ResponseStatus": {"IsSuccess": False, "MsgCode": 1, "Errors": [{"Message": "会话"}]}}}]]]

    def answer(request: Request) -> tuple[int, Any]:
        body = json.loads(request["body"])
        if "LoginByAppSecret" in request["path"]:
            return 200, {"LoginResultType": 1 if body["appSecret"] == "s3cret" else 0, "Message": "密钥"}
        asked = body["data"]
        assert (asked["FieldKeys"], asked["OrderString"]) == (",".join(fields), "FModifyDate ASC, FID ASC")
        if refusals and len(requests.requests) > 3:
            return 200, refusals.pop()
        after = asked["FilterString"].partition("FID > ")[2].rstrip(")")
        found = [row for row in rows if not after or row[1] > int(after)]
        return 200, found[: asked["Limit"]]

    source = {
        "form": "SAL_SaleOrder", "fields": fields, "filter": "FDocumentStatus = 'C'",
        **dict.fromkeys(("account", "user", "app_id", "app_secret"), "AFTERSHOW_CONNECT_TOKEN"),
    }  # fmt: skip
    with serving(answer) as requests:
        meaning = MAP | {"id": "FBillNo", "data": {"order_id": "FBillNo", "total": "fen(total)"}}
        given = {"page": 4, "cursor": "FModifyDate", "key": "FID", "map": meaning}
        given["from"] = {"kingdee": source | {"url": f"{requests.url}/k3cloud/"}}
        orders, state = pulled(given)
        assert (orders, state.error, refusals) == ([row[0] for row in rows], None, [])
        asked = [
            json.loads(each["body"])["data"]["FilterString"] for each in requests.requests if "Query" in each["path"]
        ]
        assert asked[1] == (
            "(FDocumentStatus = 'C') AND (FModifyDate > '2026-03-02T09:00:00'"
            " OR (FModifyDate = '2026-03-02T09:00:00' AND FID > 3))"
        )
        _, state = pulled(given, {"AFTERSHOW_CONNECT_TOKEN": "another"})
        assert "lets nobody in: 密钥" in state.error
