"""Are a call's numbers the same at every door?

    python benchmarks/same_numbers.py [--calls 50] [--doors rest,mcp,batch,live,cli] [--home DIR]

Scores past calls of the library, as text, by the use case, and compares what each door gives for the same text: REST (a
running `coach serve`), MCP without masks (the SDK's client), a batch (its Parquet files), a live call after its end,
and the command line (a process for each call, so only the first few). Compared are all fields that a door gives but the
id of the call and the time it took; exits with 1 where one differs.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.servers import copy_of, serving
from salescoach.config import Settings
from salescoach.library import Library
from salescoach.model.scoring import CallScorer
from salescoach.types import Transcript, Turn
from serving.usecases.as_json import plain
from serving.usecases.read import read_call
from serving.usecases.score import score_call
from serving.usecases.team import our_side

OF_THE_DOOR = {"latency_ms", "call_id"}
N_PROCESSES = 3

Found = dict[str, dict[str, Any]]


def texts_of(settings: Settings, n: int) -> dict[str, str]:
    """Past calls as text, by id, spread over the library."""
    with Library(settings.library_file, create=False) as library:
        calls = list(library.past_calls())
        chosen = calls[:: max(1, len(calls) // n)][:n]
        return {call.call_id: "\n".join(map(_line, call.transcript.turns)) for call in chosen}


def _line(turn: Turn) -> str:
    """By its side, so that every door has to tell it from the same label."""
    return f"{turn.speaker if turn.role == 'unknown' else turn.role.capitalize()}: {turn.text}"


def by_use_case(settings: Settings, texts: Mapping[str, str]) -> Found:
    """What everything is compared with."""
    scorer = CallScorer.load(settings)
    return {name: plain(score_call(scorer, call, lambda _: None)) for name, call in calls_of(settings, texts)}


def calls_of(settings: Settings, texts: Mapping[str, str]) -> Iterable[tuple[str, Transcript]]:
    """The texts as they are read."""
    return ((name, read_call(text.encode(), our_side(settings, None))) for name, text in texts.items())


def by_rest(settings: Settings, texts: Mapping[str, str]) -> Found:
    """By `POST /v1/score` of a running server."""
    with serving(settings.home) as (url, _), httpx.Client(base_url=url, timeout=120, trust_env=False) as http:
        return {
            name: http.post("/v1/score", json={"transcript": text}).raise_for_status().json()
            for name, text in texts.items()
        }


def by_mcp(settings: Settings, texts: Mapping[str, str]) -> Found:
    """By the tool `score_call`, without masks."""
    from mcp.shared.memory import create_connected_server_and_client_session

    from serving.mcp.adapter import make_server
    from serving.mcp.desk import McpDesk

    async def run() -> Found:
        desk = McpDesk(settings, masked=False)
        async with create_connected_server_and_client_session(make_server(desk)) as client:
            found = {name: await client.call_tool("score_call", {"transcript": text}) for name, text in texts.items()}
        return {name: result.structuredContent or {} for name, result in found.items()}

    return asyncio.run(run())


def by_batch(settings: Settings, texts: Mapping[str, str]) -> Found:
    """By a batch over a folder of text files."""
    import pyarrow.parquet

    from serving.usecases.batch import BatchOptions, run_batch

    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "calls")
        given.mkdir()
        for name, text in texts.items():
            (given / f"{name}.txt").write_text(text, encoding="utf-8")
        report = run_batch(settings, str(given), Path(folder, "out"), BatchOptions(workers=1))
        rows = pyarrow.parquet.read_table(report.results).to_pylist()
    found = {}
    for row in rows:
        low, high = row.pop("interval_low"), row.pop("interval_high")
        given_fields = {key: row[key] for key in ("probability", "prediction_set", "abstained", "reasons", "warnings")}
        given_fields |= {key: row[key] for key in ("n_turns", "model_id", "scorer", "interval_level")}
        found[Path(row["source"]).stem] = given_fields | {"interval": None if low is None else [low, high]}
    return found


def by_live(settings: Settings, texts: Mapping[str, str]) -> Found:
    """By a live call that all turns came to one by one, after its end."""
    from serving.usecases.live import LiveParts
    from serving.usecases.live_replay import Pace, replay_here

    parts = LiveParts(CallScorer.load(settings))
    pace = Pace(speed=1e9, sleep=lambda _: None)
    found = {name: plain(replay_here(parts, call, pace, lambda _: None)) for name, call in calls_of(settings, texts)}
    for one in found.values():
        del one["warnings"]  # of the reader of a text, whom a live call doesn't ask
    return found


def by_command_line(settings: Settings, texts: Mapping[str, str]) -> Found:
    """By a process for each of the first few calls."""
    found = {}
    for name, text in list(texts.items())[:N_PROCESSES]:
        command = [sys.executable, "-m", "serving.cli", "score", "-", "--json"]
        environment = {**os.environ, "COACH_HOME": str(settings.home)}
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True, env=environment)
        found[name] = json.loads(done.stdout)
    return found


DOORS: dict[str, Callable[[Settings, Mapping[str, str]], Found]] = {
    "rest": by_rest, "mcp": by_mcp, "batch": by_batch, "live": by_live, "cli": by_command_line,
}  # fmt: skip


def differences(expected: Found, found: Found) -> list[str]:
    """What is not the same, a line each."""
    return [
        f"{name}: {field}: {expected[name][field]!r} and {value!r}"
        for name, fields in found.items()
        for field, value in fields.items()
        if field not in OF_THE_DOOR and value != expected[name][field]
    ]


def main() -> None:
    """Compares the doors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--doors", default=",".join(DOORS))
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    is_other = False
    with tempfile.TemporaryDirectory() as folder:
        home = copy_of(Settings.load(home=given.home).home, Path(folder))
        settings = Settings.load(home=home)
        texts = texts_of(settings, given.calls)
        expected = by_use_case(settings, texts)
        n_scored = sum(one["probability"] is not None for one in expected.values())
        print(f"use case: {len(expected)} calls, {n_scored} with a probability")
        for door in given.doors.split(","):
            begun = time.monotonic()
            found = DOORS[door](settings, texts)
            wrong = differences(expected, found)
            fields = sorted(set().union(*(one.keys() for one in found.values())) - OF_THE_DOOR)
            print(f"{door}: {len(found)} calls, {len(wrong)} differences, {time.monotonic() - begun:.0f} s")
            print(f"  compared: {', '.join(fields)}")
            print("\n".join(f"  {line[:300]}" for line in wrong[:10]))
            is_other |= bool(wrong) or not found
    sys.exit(is_other)


if __name__ == "__main__":
    main()
