"""Who can sign in to a new `aftershow up`: an admin, and in the demo somebody of each role."""

from sqlmodel import Session

from domain.access import sessions, users
from domain.access.permissions import ROLES
from domain.access.tables import User
from domain.store.clock import SystemClock
from domain.store.work import Database

NAMES = {
    "admin": "周宁",
    "marketer": "林晓",
    "guide": "陈佳",
    "buyer": "吴涛",
    "operator": "赵磊",
    "analyst": "孙悦",
    "product": "何敏",
}

DEMO_GUIDE = "guide-lin"
"""Whose customers the demo's guide looks after."""


def links(db: Database, demo: bool) -> dict[str, str]:
    """A new link's secret for the admin, and in the demo for somebody of each role; who isn't there yet is made.

    Who was made inactive gets none.
    """
    roles = ["admin", *(role for role in ROLES if role != "admin")] if demo else ["admin"]
    now = SystemClock().now()
    with db.begin() as session:
        found = {role: _user(session, role, demo) for role in roles}
        return {role: sessions.make_link(session, user, now) for role, user in found.items() if user.active}


def _user(session: Session, role: str, demo: bool) -> User:
    login = f"{role}@aftershow.local"
    name = NAMES[role] if demo else "admin"
    found = users.find_user(session, login)
    staff = DEMO_GUIDE if demo and role == "guide" else None
    return found or users.create_user(session, name, [role], SystemClock().now(), email=login, staff=staff)


def link(url: str, token: str) -> str:
    """The address that signs in; what follows `#` never reaches a server's log."""
    return f"{url.rstrip('/')}/console/enter#{token}"
