"""The page on which the API can be read and tried: `/docs`, all of it served from here."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = "/docs-assets"

router = APIRouter(include_in_schema=False)


def assets() -> StaticFiles:
    """Swagger UI's script and style, to be mounted at ASSETS."""
    return StaticFiles(directory=str(files("fastapi_offline") / "static"))


@router.get("/docs")
def show_docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Aftershow",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
    )
