"""How results leave a command: one JSON object or a text on stdout, reports into files."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from salescoach.whole_file import whole_file
from serving.usecases.as_json import plain

if TYPE_CHECKING:
    from rich.console import RenderableType

MAX_WIDTH = 100


def page(content: "RenderableType") -> None:
    """Prints a page at most 100 columns wide: coloured on a terminal, plain in a pipe or where ``NO_COLOR`` is set."""
    from rich.console import Console

    console = Console(markup=False, highlight=False, emoji=False)
    console.width = min(console.width, MAX_WIDTH) if console.is_terminal else MAX_WIDTH
    console.print(content)


def line(text: str) -> None:
    """Prints a result on stdout."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Says on stderr what was assumed or left out on the way."""
    sys.stderr.write(f"Note: {text}\n")


def result(found: BaseModel | dict[str, Any], shown: "RenderableType", as_json: bool) -> None:
    """Prints a result: as one JSON object, in which what can't be measured is null, or as its text or page."""
    if as_json:
        line(json.dumps(plain(found), ensure_ascii=False, allow_nan=False))
    elif isinstance(shown, str):
        line(shown)
    else:
        page(shown)


def is_page(file: Path) -> bool:
    """Whether a report is wanted as a page, and not as tables."""
    return file.suffix.lower() in {".html", ".htm"}


def write_tables(file: Path | None, tables: str) -> None:
    """Writes the tables of a report, unless a page is wanted, which has been written; says where the report is."""
    if file is None:
        return
    if not is_page(file):
        with whole_file(file) as temporary:
            temporary.write_text(tables + "\n", encoding="utf-8")
    sys.stderr.write(f"The report is in {file}.\n")
