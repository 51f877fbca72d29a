"""Commands for API keys."""

from datetime import UTC
from typing import Annotated

import typer

from runtime import CONSOLE, StartError
from runtime.cli.shared import Data, database, record, say, table

app = typer.Typer(help="API keys.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who will use it.")],
    scope: Annotated[list[str], typer.Option(help="ingest, read, admin or a permission; may be given more than once.")],
    data: Data = None,
) -> None:
    """Make an API key and print it; it is shown this once."""
    from domain.access.keys import create_key
    from domain.store.clock import SystemClock

    with database(data) as db:
        try:
            with db.begin() as work:
                secret = create_key(work, name, scope, SystemClock().now())
                record(work, "key.create", f"key:{name}", after={"scopes": scope})
        except ValueError as problem:
            raise StartError(str(problem)) from None
    say(secret)


@app.command("list")
def list_all(data: Data = None) -> None:
    """List the API keys, also those that were revoked; never their secrets."""

    from domain.access.keys import list_keys

    with database(data) as db, db() as session:
        keys = list_keys(session)
    if not keys:
        say("there is no key; make one with: aftershow key create")
        return
    listing = table("key", "name", "scopes", "made (UTC)", "revoked (UTC)")
    for key in keys:
        times = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else "" for at in (key.created_at, key.revoked_at))
        listing.add_row(str(key.id), key.name, ", ".join(key.scopes), *times)
    CONSOLE.print(listing, markup=False)


@app.command()
def revoke(
    key: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Its number, as `aftershow key list` tells it.")],
    data: Data = None,
) -> None:
    """Revoke an API key at once, for ever."""
    from domain.access.keys import revoke_key
    from domain.store.clock import SystemClock

    with database(data) as db, db.begin() as work:
        if not revoke_key(work, key, SystemClock().now()):
            raise StartError(f"no key {key} is in force; `aftershow key list` tells which are")
        record(work, "key.revoke", f"key:{key}")
    say(f"key {key} is revoked")
