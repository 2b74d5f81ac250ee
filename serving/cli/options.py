"""The arguments and options that commands share. Typer reads these types for ``--help``: nothing heavy is imported."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from salescoach.types import MethodName

Ending = Literal["converted", "lost", "open"]

File = Annotated[Path, typer.Argument(help="a transcript (text, captions, JSON, DOCX, HTML) or a table; - reads stdin")]
Data = Annotated[Path, typer.Argument(help="labelled calls: CSV, TSV, XLSX, ODS, JSON lines or Parquet")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]
ModelDir = Annotated[  # no Path, which would take a slash from s3://
    str | None, typer.Option("--model", help="a model folder, or its address (s3://…); default: the current one")
]
RepNames = Annotated[
    list[str] | None,
    typer.Option("--rep", help="who is on your side, by name, e-mail domain or channel; may be given several times"),
]
Force = Annotated[bool, typer.Option("--force", help="show the number even where the coach abstains")]
Method = Annotated[
    MethodName | None, typer.Option(help="score by likeness to past calls; default: the arm that did best in training")
]
EndedAt = Annotated[datetime | None, typer.Option("--at", help="the day it ended, such as 2026-03-31")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="also write a page (.html, with a .json beside it) or tables (.md)")
]


def file_or_stdin(file: Path) -> Path | bytes:
    """What a command reads: the file, or for ``-`` the bytes of stdin."""
    return sys.stdin.buffer.read() if str(file) == "-" else file
