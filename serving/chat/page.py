"""Chainlit's page as it is served: nothing from other machines, and only those scripts that it came with."""

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

_OUTSIDE_LINK: Final = re.compile(r"<link\b[^>]{0,500}?\bhref=\"https?://[^>]{0,500}+>", re.IGNORECASE)


def without_outside_links(html: str) -> str:
    """A page without the links to fonts and style sheets on other machines that Chainlit's template has."""
    return _OUTSIDE_LINK.sub("", html)


def with_charts_ready(html: str, assets: Path) -> str:
    """A page that loads what draws charts while its reader reads, and not only when the first chart arrives.

    Args:
        html: the page.
        assets: the folder of the page's scripts; without one that draws, the page stays as it is.
    """
    found = sorted(assets.glob("react-plotly-*.js"))
    if not found:
        return html
    load = f'addEventListener("load", () => requestIdleCallback(() => import("/assets/{found[0].name}")))'
    return html.replace("</body>", f'<script type="module">{load}</script></body>')


def content_policy(html: str = "") -> str:
    """The content security policy of a page: of the scripts in it, those run that are in it now, and no handlers.

    Styles stay allowed wherever they are, as the page's libraries and its charts set them element by element.
    """
    scripts = "".join(f" '{digest}'" for digest in _digests(html))
    return (
        f"default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; frame-src 'none'; object-src 'none'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def _digests(html: str) -> list[str]:
    reader = _InlineScripts()
    reader.feed(html)
    reader.close()
    return [f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}" for text in reader.found]


class _InlineScripts(HTMLParser):
    """Collects the text of the scripts that are in a page and not in a file beside it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_inside = tag == "script" and all(name != "src" for name, _ in attrs)
        if self._is_inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = False

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.found[-1] += data
