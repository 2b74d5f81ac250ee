"""The page that shows a running call, and its script and style: plain files, nothing from elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

FOLDER: Final = Path(__file__).parent / "live_page"
PAGE: Final = "/live"
_KINDS: Final = {"live.js": "text/javascript", "live.css": "text/css"}
PAGES: Final = (PAGE, *(f"{PAGE}/{name}" for name in _KINDS))
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def add_page(router: FastAPI | APIRouter, needs_key: Callable[[], bool]) -> None:
    """Adds ``/live`` and its files. They say nothing of any call, so that anybody may have them."""

    async def page() -> Response:
        html = (FOLDER / "live.html").read_text(encoding="utf-8")
        return Response(
            html.replace("{{needs_key}}", str(needs_key()).lower()), headers=_HEADERS, media_type="text/html"
        )

    router.add_api_route(PAGE, page, methods=["GET"], include_in_schema=False)
    for name, kind in _KINDS.items():
        router.add_api_route(f"{PAGE}/{name}", _file(name, kind), methods=["GET"], include_in_schema=False)


def _file(name: str, kind: str) -> Callable[[], Response]:
    def serve() -> Response:
        return Response((FOLDER / name).read_bytes(), headers=_HEADERS, media_type=kind)

    return serve
