"""The command by which an assistant on this machine works with a shop."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime import StartError
from runtime.cli.shared import Data

app = typer.Typer()


@app.command("mcp")
def mcp(
    url: Annotated[
        str | None, typer.Option(envvar="AFTERSHOW_URL", help="Where the API is; else that of an `aftershow up`.")
    ] = None,
    data: Data = None,
) -> None:
    """Serve an assistant over stdin and stdout (MCP), with the key in AFTERSHOW_KEY, else that of an `aftershow up`."""
    import httpx
    from mcp.server.mcpserver import Context

    from api.assistants.tools import assistant_server

    client = httpx.AsyncClient(base_url=url or _local(data), headers={"authorization": f"Bearer {_key(data)}"})

    async def ask(_: Context, method: str, path: str, **options: Any) -> httpx.Response:
        return await client.request(method, path, timeout=None, **options)

    assistant_server(ask).run("stdio")


def _home(data: Path | None) -> Path:
    from runtime.platform.environment import DEFAULT_DATA

    return data or Path(os.environ.get("AFTERSHOW_DATA_DIR") or DEFAULT_DATA)


def _local(data: Path | None) -> str:
    from runtime.platform.environment import environment_value

    return f"http://127.0.0.1:{environment_value(_home(data), 'AFTERSHOW_PORT')}"


def _key(data: Path | None) -> str:
    if key := os.environ.get("AFTERSHOW_KEY"):
        return key
    try:
        return (_home(data) / "key").read_text().strip()
    except OSError:
        raise StartError("set AFTERSHOW_KEY to a key, as `aftershow key create` prints it") from None
