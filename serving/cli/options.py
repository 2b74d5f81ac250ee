"""The arguments and options that commands share. Typer reads these types for ``--help``: nothing heavy is imported."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from salescoach.types import MethodName

Ending = Literal["converted", "lost", "open"]

File = Annotated[Path, typer.Argument(help="transcript (text, captions, JSON, DOCX, HTML) or table; - reads stdin")]
Data = Annotated[Path, typer.Argument(help="labelled calls: CSV, TSV, XLSX, ODS, JSON Lines or Parquet")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]
ModelDir = Annotated[  # no Path, which would take a slash from s3://
    str | None, typer.Option("--model", help="model folder, or its address (s3://…); default: the current model")
]
RepNames = Annotated[
    list[str] | None,
    typer.Option("--rep", help="a rep, by name, e-mail domain or channel; can be repeated"),
]
Force = Annotated[bool, typer.Option("--force", help="show an uncalibrated number where the model abstains")]
Method = Annotated[
    MethodName | None, typer.Option(help="score by similarity to past calls; default: the best model from training")
]
EndedAt = Annotated[datetime | None, typer.Option("--at", help="date the deal ended, such as 2026-03-31")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="also write a report: .html (plus a .json) or .md")]


def file_or_stdin(file: Path) -> Path | bytes:
    """What a command reads: the file, or for ``-`` the bytes of stdin."""
    return sys.stdin.buffer.read() if str(file) == "-" else file
