"""Serves the built console at `/console`: hashed files for ever, everything else is its one page."""

import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.problems import NotFound

BUILT = Path(__file__).parent / "built"
"""Where `make setup` puts the build."""

NONCE = "__NONCE__"
"""Stands in the built page where each answer's own nonce goes."""

SAFE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class File:
    """A built file, as it is and with gzip if the build made that too."""

    type: str
    plain: bytes
    gzipped: bytes | None


@cache
def read_files(directory: Path) -> Mapping[str, File]:
    """Every built file by its path below the directory; none if there is no build. They are read once."""
    files = {}
    for path in directory.rglob("*"):
        if path.is_file() and path.suffix != ".gz":
            packed = path.with_name(f"{path.name}.gz")
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            files[path.relative_to(directory).as_posix()] = File(
                kind, path.read_bytes(), packed.read_bytes() if packed.exists() else None
            )
    return files


def policy(nonce: str) -> str:
    """The content security policy of the page: our own files, and no style or script in its text without the nonce."""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def router(directory: Path = BUILT) -> APIRouter:
    """The routes that serve what is built in the directory."""
    files = read_files(directory)
    page = files.get("index.html")
    routes = APIRouter(include_in_schema=False)

    @routes.get("/console")
    @routes.get("/console/{path:path}")
    def get_console(request: Request, path: str = "") -> Response:
        if (file := files.get(path)) and file is not page:
            return _file(file, path, request.headers.get("accept-encoding", ""))
        if page is None:
            raise NotFound("The console isn't built; `make setup` builds it.")
        if path.startswith("assets/"):
            raise NotFound("The console has no such file any more; load the page again.")
        nonce = secrets.token_urlsafe(16)
        headers = SAFE | {"Cache-Control": "no-cache", "Content-Security-Policy": policy(nonce)}
        return Response(page.plain.replace(NONCE.encode(), nonce.encode()), 200, headers, page.type)

    return routes


def _file(file: File, path: str, accepted: str) -> Response:
    forever = path.startswith("assets/")
    headers = SAFE | {"Cache-Control": "public, max-age=31536000, immutable" if forever else "no-cache"}
    if file.gzipped is None:
        return Response(file.plain, 200, headers, file.type)
    headers["Vary"] = "Accept-Encoding"
    if "gzip" not in accepted:
        return Response(file.plain, 200, headers, file.type)
    return Response(file.gzipped, 200, headers | {"Content-Encoding": "gzip"}, file.type)
