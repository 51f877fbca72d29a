"""Users: made, found by what they sign in with, changed. Who is made inactive is signed out everywhere at once."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, or_, select

from domain.access.passwords import hash_password
from domain.access.permissions import ROLES
from domain.access.tables import SigninLink, User, UserSession
from domain.customers.identifiers import IdentifierError, normalise

LONGEST_NAME = 100


class UserError(ValueError):
    """A user can't be made or changed like this. `field` says which of name, email, phone and roles is wrong."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def create_user(
    session: Session,
    name: str,
    roles: Collection[str],
    now: datetime,
    *,
    email: str | None = None,
    phone: str | None = None,
    staff: str | None = None,
) -> User:
    """Make a user who signs in with an email address or a phone. Raises UserError."""
    if email is None and phone is None:
        raise UserError("email", "a user needs an email address or a phone to sign in with")
    user = User(
        name=_name(name),
        roles=_roles(roles),
        email=_login(session, "email", email),
        phone=_login(session, "phone", phone),
        staff=_staff(session, staff),
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def find_user(session: Session, login: str) -> User | None:
    """The user with this email address or phone."""
    kind = "email" if "@" in login else "phone"
    try:
        value = normalise(kind, login)
    except IdentifierError:
        return None
    return session.exec(select(User).where(or_(User.email == value, User.phone == value))).first()


def users(session: Session) -> Sequence[User]:
    """All users, by name."""
    return session.exec(select(User).order_by(col(User.name), col(User.id))).all()


def change_user(
    session: Session,
    user: User,
    *,
    name: str | None = None,
    roles: Collection[str] | None = None,
    active: bool | None = None,
    staff: str | None = None,
) -> None:
    """Change what is given. Raises UserError, also if nobody who can manage users were left."""
    if name is not None:
        user.name = _name(name)
    if roles is not None:
        user.roles = _roles(roles)
    if active is not None:
        user.active = active
    if staff is not None and staff.strip() != user.staff:
        user.staff = _staff(session, staff)
    session.flush()
    if not any(each.active and "admin" in each.roles for each in _locked(session)):
        raise UserError("roles", "somebody must be left who is an active admin")
    if active is False:
        sign_out(session, user)


def set_password(session: Session, user: User, password: str, *, but: str | None = None) -> None:
    """Give a new password and end all sessions and links, except the session with the hash `but`.

    Raises ValueError if the password isn't fit.
    """
    user.password = hash_password(password)
    session.flush()
    sign_out(session, user, but=but)


def sign_out(session: Session, user: User, *, but: str | None = None) -> None:
    """End a user's sessions, except the one with the hash `but`, and void their links."""
    ended = delete(UserSession).where(col(UserSession.user_id) == user.id)
    session.execute(ended if but is None else ended.where(col(UserSession.hash) != but))
    session.execute(delete(SigninLink).where(col(SigninLink.user_id) == user.id))


def _locked(session: Session) -> Sequence[User]:
    """All users, so that two who change at once can't each leave the other as the last admin."""
    return session.exec(select(User).order_by(col(User.id)).with_for_update()).all()


def _name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UserError("name", f"a name has 1 to {LONGEST_NAME} printable characters")
    return name


def _staff(session: Session, staff: str | None) -> str | None:
    """What the shop's systems call somebody; a blank takes it from them."""
    staff = (staff or "").strip()
    if not staff:
        return None
    if len(staff) > LONGEST_NAME or not staff.isprintable():
        raise UserError("staff", f"a staff id has at most {LONGEST_NAME} printable characters")
    if session.exec(select(User.id).where(User.staff == staff)).first() is not None:
        raise UserError("staff", "there is already a user with this staff id")
    return staff


def _roles(roles: Collection[str]) -> list[str]:
    if unknown := sorted(set(roles) - ROLES.keys()):
        raise UserError("roles", f'unknown role "{unknown[0]}"; the roles are {", ".join(ROLES)}')
    if not roles:
        raise UserError("roles", f"a user needs a role: {', '.join(ROLES)}")
    return [role for role in ROLES if role in roles]


def _login(session: Session, kind: str, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        value = normalise(kind, value)
    except IdentifierError as problem:
        raise UserError(kind, f"the {kind} {problem}") from None
    if find_user(session, value) is not None:
        raise UserError(kind, f"there is already a user with this {kind}")
    return value
