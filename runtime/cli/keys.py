"""Commands for API keys."""

from typing import Annotated

import typer

from runtime import CONSOLE, StartError
from runtime.cli.shared import Data, database, on_shop_clock, record, say, table

app = typer.Typer(help="API keys.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who will use it.")],
    scope: Annotated[list[str], typer.Option(help="ingest, track, read, admin or a permission; may be repeated.")],
    origin: Annotated[list[str] | None, typer.Option(help="A site whose pages may track with it.")] = None,
    rate: Annotated[int | None, typer.Option(help="Events a second that it may send to one process.")] = None,
    data: Data = None,
) -> None:
    """Make an API key and print it; it is shown this once."""
    from domain.access.keys import create_key
    from domain.store.clock import SystemClock

    with database(data) as db:
        try:
            with db.begin() as work:
                secret = create_key(
                    work, name, scope, SystemClock().now(), origins=origin or (), events_per_second=rate
                )
                record(
                    work,
                    "key.create",
                    f"key:{name}",
                    after={"scopes": scope, "origins": origin, "events_per_second": rate},
                )
        except ValueError as problem:
            raise StartError(str(problem)) from None
    say(secret)


@app.command("list")
def list_all(data: Data = None) -> None:
    """List the API keys, also those that were revoked; never their secrets."""

    from domain.access.keys import list_keys

    with database(data) as db, db() as session:
        keys, local = list_keys(session), on_shop_clock(session)
    if not keys:
        say("there is no key; make one with: aftershow key create")
        return
    listing = table("key", "name", "scopes", "made", "revoked")
    for key in keys:
        listing.add_row(str(key.id), key.name, ", ".join(key.scopes), local(key.created_at), local(key.revoked_at))
    CONSOLE.print(listing, markup=False)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its number or name, as `aftershow key list` tells them.")],
    data: Data = None,
) -> None:
    """Revoke an API key at once, for ever."""
    from domain.access.keys import list_keys, revoke_key
    from domain.store.clock import SystemClock

    with database(data) as db, db.begin() as work:
        in_force = [each for each in list_keys(work) if each.revoked_at is None]
        meant = [each.id for each in in_force if str(each.id) == key] or [
            each.id for each in in_force if each.name == key
        ]
        if len(meant) > 1:
            raise StartError(f"there are several keys {key}: {', '.join(map(str, meant))}; give the number of one")
        if not meant or not revoke_key(work, meant[0], SystemClock().now()):
            raise StartError(f"no key {key} is in force; `aftershow key list` tells which are")
        record(work, "key.revoke", f"key:{meant[0]}")
    say(f"key {key} is revoked")
