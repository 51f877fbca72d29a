"""What the settings page shows and changes."""

from collections.abc import Callable

import pytest
from browsing import Browser
from calling import Caller

from api.app import create_app
from domain.access.keys import create_key
from domain.access.permissions import ROLES
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.language.policy import read_policy

POLICY = """
shop: 绿野鲜踪
timezone: Asia/Shanghai
quiet_hours: 22:00-09:00
caps: {sms: 1 per 1d, all: 3 per 7d}
holdout: 5%
"""
SignedIn = Callable[[str], Browser]


def test_a_change_of_what_is_no_more_so_is_refused(signed_in: SignedIn, make_user: Callable[..., int]) -> None:
    admin, id = signed_in("admin"), make_user("buyer")
    read = admin.get(f"/v1/users/{id}")
    etag = read.headers["etag"]
    assert etag == read.json()["etag"]
    if_match = {"if-match": etag}
    renamed = admin.request("PATCH", f"/v1/users/{id}", json={"name": "吴涛"}, headers=if_match)
    assert (renamed.status_code, renamed.json()["name"]) == (200, "吴涛")
    late = admin.request("PATCH", f"/v1/users/{id}", json={"active": False}, headers=if_match)
    assert (late.status_code, late.json()["type"]) == (412, "urn:aftershow:problem:changed_meanwhile")
    assert admin.get(f"/v1/users/{id}").json()["active"] is True
    again = admin.request(
        "PATCH", f"/v1/users/{id}", json={"active": False}, headers={"if-match": renamed.json()["etag"]}
    )
    assert again.json()["active"] is False
    assert admin.request("PATCH", f"/v1/users/{id}", json={"active": True}).json()["active"] is True
    assert admin.get("/v1/users/999").status_code == 404
    assert admin.request("PATCH", "/v1/users/999", json={}).status_code == 404


def test_every_role_says_what_it_permits(signed_in: SignedIn) -> None:
    roles = {each["role"]: set(each["permissions"]) for each in signed_in("admin").get("/v1/roles").json()}
    assert roles == {role: set(permitted) for role, permitted in ROLES.items()}


def test_the_policy_is_shown_as_it_is_written(signed_in: SignedIn, db: Database) -> None:
    policy, problems = read_policy(POLICY, "_policy.yaml")
    assert policy is not None, problems
    with db.begin() as session:
        publish_document(session, "_policy", policy.model_dump(mode="json"))
    assert signed_in("product").get("/v1/policy").json() == {
        "shop": "绿野鲜踪", "language": "zh", "timezone": "Asia/Shanghai", "quiet_hours": ["22:00-09:00"],
        "caps": {"sms": "1 per 1d", "all": "3 per 7d"}, "holdout": 5.0, "attribution": "3d",
    }  # fmt: skip


@pytest.mark.parametrize(("providers", "carried"), [({}, None), ({"sms": "twilio"}, "twilio")])
def test_a_channel_says_who_carries_it(
    db: Database, clock: VirtualClock, providers: dict[str, str], carried: str | None
) -> None:
    with db.begin() as session:
        secret = create_key(session, "test", ["read"], clock.now())
    caller = Caller(create_app(db, clock, ready=dict, providers=providers), secret)
    channels = {each["channel"]: each["provider"] for each in caller.get("/v1/channels").json()}
    assert channels == {"sms": carried, "wecom": None, "wechat": None, "mini": None, "email": None}
