"""Commands for users."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from runtime import StartError
from runtime.cli.shared import Data, database, record, say

if TYPE_CHECKING:
    from sqlmodel import Session

    from domain.access.tables import User

app = typer.Typer(help="Who signs in to the console.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="Their email address or phone.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="How they are called.")],
    role: Annotated[list[str], typer.Option(help="marketer, guide, buyer, …; may be given more than once.")],
    email: Annotated[str | None, typer.Option(help="To sign in with.")] = None,
    phone: Annotated[str | None, typer.Option(help="To sign in with.")] = None,
    staff: Annotated[str | None, typer.Option(help="A guide's id in the shop: the owner of their customers.")] = None,
    url: Annotated[str, typer.Option(help="Where the API is reached from their browser.")] = "http://127.0.0.1:8000",
    data: Data = None,
) -> None:
    """Make a user and print a link that signs them in once, within a day."""
    from domain.access import sessions, users
    from domain.store.clock import SystemClock
    from runtime.local.first_users import link

    now = SystemClock().now()
    with database(data) as db:
        try:
            with db.begin() as session:
                user = users.create_user(session, name, role, now, email=email, phone=phone, staff=staff)
                record(session, "user.create", f"user:{user.id}", after={"name": user.name, "roles": user.roles})
                token = sessions.make_link(session, user, now)
        except users.UserError as problem:
            raise StartError(str(problem)) from None
    say(link(url, token))


@app.command("list")
def list_users(data: Data = None) -> None:
    """List the users, with what each signs in with and may do."""
    from domain.access.users import users

    with database(data) as db, db() as session:
        for user in users(session):
            login = " · ".join(each for each in (user.email, user.phone) if each)
            say(f"{user.name} · {login} · {', '.join(user.roles)}{'' if user.active else ' · disabled'}")


@app.command()
def disable(login: Login, data: Data = None) -> None:
    """Let a user sign in no more, and sign them out everywhere."""
    from domain.access import users

    with database(data) as db:
        try:
            with db.begin() as session:
                user = _user(session, login)
                before = {"active": user.active}
                users.change_user(session, user, active=False)
                record(session, "user.change", f"user:{user.id}", before=before, after={"active": False})
        except users.UserError as problem:
            raise StartError(str(problem)) from None
    say(f"{user.name} can't sign in any more")


@app.command()
def password(login: Login, data: Data = None) -> None:
    """Give a user another password, asked for here or read from a pipe; they are signed out everywhere."""
    from domain.access import users

    new = typer.prompt("New password", hide_input=True, confirmation_prompt=True) if sys.stdin.isatty() else input()
    with database(data) as db:
        try:
            with db.begin() as session:
                user = _user(session, login)
                users.set_password(session, user, new)
                record(session, "user.password", f"user:{user.id}")
        except ValueError as problem:
            raise StartError(str(problem)) from None
    say(f"{user.name} has a new password")


def _user(session: "Session", login: str) -> "User":
    from domain.access.users import find_user

    user = find_user(session, login)
    if user is None:
        raise StartError(f"nobody signs in with {login}; `aftershow user list` lists who does")
    return user
