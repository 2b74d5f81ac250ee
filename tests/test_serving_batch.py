"""Batches: what is read and in which shards, what comes of a row, and that nothing is lost or made twice by a stop."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import fsspec
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.library import score_log
from salescoach.model.scoring import CallScorer
from salescoach.reading.labelled import read_calls
from salescoach.reading.team import Team
from salescoach.reading.transcripts import read_transcript
from serving.batch import local_engine
from serving.batch.gathering import whole_shards
from serving.batch.inputs import files_of
from serving.batch.local_engine import LocalEngine
from serving.batch.output import OutFolder
from serving.batch.plan import PlannedShard, batches_of, load_plan
from serving.batch.rows import BatchRow, batch_of, rows_of_table
from serving.batch.work import failure_of, results_of, score_batch
from serving.batch.worker import WorkerJob
from serving.usecases import batch as module
from serving.usecases.batch import BatchOptions, BatchReport, run_batch
from tests.homes import clone
from tests.table_files import workbook

ROOT = Path(__file__).parent.parent
SAID = ("Rep: How do you plan shifts today?", "Customer: By hand, and it costs us half a day each week.")
SHORT = "\n".join(SAID)


def table(file: Path, rows: list[tuple[str, str]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([("call_id", "call_transcript"), *rows])
    return file


def short_calls(n: int) -> list[tuple[str, str]]:
    """Calls too short to be judged, so that no model has to look at them; each with words of its own."""
    return [(f"c-{number:05}", f"{SHORT}\nRep: Is it {number} people?") for number in range(n)]


def rows_in(folder: Path) -> list[dict[str, Any]]:
    return [row for file in sorted(folder.glob("part-*.parquet")) for row in parquet.read_table(file).to_pylist()]


@pytest.fixture(scope="module")
def scorer(coach_home: Path) -> CallScorer:
    return CallScorer.load(Settings.load(home=coach_home), cached=False)


@pytest.fixture
def own(coach_home: Path, tmp_path: Path) -> Settings:
    """Settings of a copy of the shared home."""
    return Settings.load(home=clone(coach_home, tmp_path / "own"))


class InProcess:
    """An engine in this process, for what doesn't depend on processes; ``stops_after`` so many rows."""

    def __init__(self, scorer: CallScorer, stops_after: int | None = None) -> None:
        self.scorer, self.stops_after, self.n_scored = scorer, stops_after, 0

    def results(self, shards: list[PlannedShard], team: Team) -> Generator[pyarrow.RecordBatch, None, None]:
        for batch in batches_of(shards, team):
            if self.stops_after is not None and self.n_scored >= self.stops_after:
                raise KeyboardInterrupt
            self.n_scored += batch.num_rows
            yield score_batch(batch, self.scorer, team)


@pytest.fixture
def engine(scorer: CallScorer, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    made = InProcess(scorer)
    monkeypatch.setattr(module, "_engine", lambda work, options: made)
    return made


# What is read


def test_files_come_in_the_order_of_their_names_without_notes_of_programs(tmp_path: Path) -> None:
    for name in ("b/2.txt", "a.csv", "b/10.txt", "_SUCCESS", ".hidden.csv", "b/_notes/x.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [file.shown for file in files_of(str(tmp_path))] == ["a.csv", "b/10.txt", "b/2.txt"]
    assert [file.shown for file in files_of(str(tmp_path / "b" / "*.txt"))] == ["10.txt", "2.txt"]
    assert [file.shown for file in files_of(str(tmp_path / "a.csv"))] == ["a.csv"]
    with pytest.raises(InputError, match="nothing to score"):
        list(files_of(str(tmp_path / "none*")))


def test_an_address_of_a_store_is_read_like_a_folder(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    rows = short_calls(3)
    with store.open("/batch/in/calls.csv", "w") as lines:
        lines.write(table(tmp_path / "calls.csv", rows).read_text())
    store.pipe("/batch/in/one.txt", SHORT.encode())
    found = list(files_of("memory://batch/in"))
    assert [file.shown for file in found] == ["calls.csv", "one.txt"]
    assert [row.call_id for row in rows_of_table(found[0], Team())] == [call_id for call_id, _ in rows]


def test_a_store_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(InputError, match=r"install sales-coach\[s3\]"):
        list(files_of("s3://bucket/calls"))


def forms(tmp_path: Path) -> dict[str, Path]:
    """The same three calls in each kind of table."""
    rows = short_calls(3)
    lines = tmp_path / "calls.jsonl"
    lines.write_text("".join(json.dumps({"call_id": one, "call_transcript": text}) + "\n" for one, text in rows))
    columns = tmp_path / "calls.parquet"
    names = ("call_id", "call_transcript")
    parquet.write_table(pyarrow.table(dict(zip(names, zip(*rows, strict=True), strict=True))), columns)
    sheet = tmp_path / "calls.xlsx"
    sheet.write_bytes(workbook(calls=[("call_id", "call_transcript"), *rows]))
    said = [(one, *line.split(": ", 1)) for one, text in rows for line in text.split("\n")]
    utterances = tmp_path / "turns.csv"
    with utterances.open("w", newline="") as file:
        csv.writer(file).writerows([("call_id", "speaker", "text"), *said])
    return {"csv": table(tmp_path / "calls.csv", rows), "jsonl": lines, "parquet": columns, "xlsx": sheet,
            "utterances": utterances}  # fmt: skip


def test_every_kind_of_table_gives_the_same_rows(tmp_path: Path, scorer: CallScorer) -> None:
    found = {}
    for kind, file in forms(tmp_path).items():
        [planned] = files_of(str(file))
        rows = list(rows_of_table(planned, Team()))
        scored = score_batch(batch_of(rows, 0, 0, len(rows)), scorer, Team()).to_pylist()
        found[kind] = [(row["call_id"], row["content_hash"], row["abstained"], row["reason"]) for row in scored]
    assert all(rows == found["csv"] for rows in found.values())
    assert len(found["csv"]) == 3


# What comes of a row


def test_a_batch_says_what_coach_score_says(tmp_path: Path, scorer: CallScorer) -> None:
    examples = sorted((ROOT / "data" / "examples").glob("*.txt"))[:2]
    [planned] = files_of(str(table(tmp_path / "calls.csv", [(one.stem, one.read_text()) for one in examples])))
    rows = list(rows_of_table(planned, Team()))
    scored = score_batch(batch_of(rows, 0, 0, len(rows)), scorer, Team()).to_pylist()
    calls = read_calls(tmp_path / "calls.csv", need_labels=False)
    for row, call in zip(scored, calls, strict=True):
        one = scorer.score(call.transcript)
        assert (row["probability"], (row["interval_low"], row["interval_high"])) == (one.probability, one.interval)
        assert tuple(row["prediction_set"]) == one.prediction_set
        assert (row["call_id"], row["n_turns"], row["model_id"]) == (one.call_id, one.n_turns, one.model_id)
        assert row["content_hash"] == call.transcript.content_hash
        assert scorer.reader is not None
        read = scorer.reader.read(call.transcript)
        assert {(turn, move["name"]) for move in row["moves"] for turn in move["turns"]} == {
            (turn.turn, move.name) for turn in read.turns for move in turn.moves
        }
        assert len(row["objections"]) == len(read.objections)
        words = " ".join(turn.text for turn in call.transcript.turns if len(turn.text) > 30)
        assert not [text for text in words.split(". ") if text and text in json.dumps(row)]


def test_transcript_files_are_calls_and_a_bad_one_stops_nothing(tmp_path: Path, scorer: CallScorer) -> None:
    good = sorted((ROOT / "data" / "examples").glob("*.txt"))[0]
    rows = [
        BatchRow("a.txt", "", "", "file", good.read_bytes()),
        BatchRow("b.pdf", "", "", "file", b"%PDF-1.7 \x00\x01"),
        BatchRow("c.txt", "", "", "file", b""),
        BatchRow("d.csv", "", "", "unreadable", b"It can't be read."),
    ]
    a, b, c, d = score_batch(batch_of(rows, 3, 5, 9), scorer, Team()).to_pylist()
    assert a["probability"] == scorer.score(read_transcript(good)).probability
    assert a["call_id"] == f"call-{a['content_hash'][:10]}"
    assert [one["row"] for one in (a, b, c, d)] == [5, 6, 7, 8]
    assert "PDF" in b["reason"]
    assert "no speech" in c["reason"]
    assert d["reason"] == "It can't be read."


def test_a_bug_in_one_row_is_a_failure_of_that_row_and_says_no_word_of_it(scorer: CallScorer) -> None:
    class Broken:
        manifest, reader = scorer.manifest, None

        def score(self, *_: object, **__: object) -> None:
            raise RuntimeError("the customer said zither")

    rows = [BatchRow("a.txt", "", "", "file", SHORT.encode())]
    [row] = score_batch(batch_of(rows, 0, 0, 1), Broken(), Team()).to_pylist()  # type: ignore[arg-type]
    assert "RuntimeError" in row["reason"]
    assert "zither" not in row["reason"]


def test_half_a_call_gets_no_number(tmp_path: Path, scorer: CallScorer) -> None:
    line = "Customer: That costs us half a day each week, and it is not getting any better.\n"
    text = (f"{SHORT}\n" + line * 1_000)[:32_767]
    [planned] = files_of(str(table(tmp_path / "calls.csv", [("cut", text)])))
    rows = list(rows_of_table(planned, Team()))
    [row] = score_batch(batch_of(rows, 0, 0, 1), scorer, Team()).to_pylist()
    assert "cut at 32,767 characters" in row["reason"]


# Shards


@given(st.data())
def test_shards_are_whole_however_rows_come(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    per_row = data.draw(st.integers(1, 2))
    rows = [(shard, row, of) for shard, of in enumerate(sizes) for row in range(of)]
    again = data.draw(st.lists(st.sampled_from(rows), max_size=4))
    mixed = data.draw(st.permutations([*rows, *again]))
    key = ("shard", "row", "of")
    given_rows = [
        [failure_of({**dict(zip(key, one, strict=True)), "source": "", "where": "", "call_id": str(call)}, "x", "m")
         for call in range(per_row)]
        for one in mixed
    ]  # fmt: skip
    twice = {at for at in range(1, len(mixed)) if mixed[at] == mixed[at - 1]}  # never in one batch
    cuts = sorted(data.draw(st.sets(st.integers(1, len(mixed)), max_size=4)) | {0, len(mixed)} | twice)
    batches = [results_of([row for rows in given_rows[a:b] for row in rows]) for a, b in pairwise(cuts)]
    found = list(whole_shards(batches))
    assert sum(n for _, n, _ in found) == len(rows)
    whole = {shard: pyarrow.Table.from_batches(parts).to_pylist() for shard, _, parts in found if parts is not None}
    assert sorted(whole) == list(range(len(sizes)))
    for shard, of in enumerate(sizes):
        assert [(row["row"], row["call_id"]) for row in whole[shard]] == [
            (row, str(call)) for row in range(of) for call in range(per_row)
        ]


def test_everything_is_scored_once_and_noted_once(own: Settings, engine: InProcess, tmp_path: Path) -> None:
    rows = [*short_calls(23), ("bad", "")]
    source = table(tmp_path / "calls.csv", rows)
    report = run_batch(own, str(source), tmp_path / "out", BatchOptions(shard_rows=10))
    assert (report.rows, report.scores, report.abstained, report.failures, report.made_now) == (24, 23, 23, 1, 24)
    assert [row["call_id"] for row in rows_in(tmp_path / "out" / "scores")] == [call_id for call_id, _ in rows[:-1]]
    [failure] = rows_in(tmp_path / "out" / "failures")
    assert (failure["call_id"], failure["where"], failure["model_id"]) == ("bad", "row 24", report.model_id)
    assert (tmp_path / "out" / "_SUCCESS").exists()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [shard["rows"] for shard in manifest["shards"]] == [10, 10, 4]
    noted = score_log.read(own.library_file)
    assert len(noted) == 23
    assert {one.door for one in noted} == {"batch"}
    assert all(one.reasons == ("too short",) or one.reasons for one in noted)
    assert parquet.read_table(tmp_path / "out" / "scores").num_rows == 23  # as a folder, which readers are given
    again = run_batch(own, str(source), tmp_path / "out")
    assert again == report.model_copy(update={"made_now": 0})
    assert len(score_log.read(own.library_file)) == 23


def test_what_was_stopped_goes_on_where_it_was(
    own: Settings, engine: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = table(tmp_path / "calls.csv", short_calls(40))
    out, options = tmp_path / "out", BatchOptions(shard_rows=10)
    engine.stops_after = 24
    with pytest.raises(KeyboardInterrupt):
        run_batch(own, str(source), out, options)
    assert len(rows_in(out / "scores")) == 20
    assert not (out / "_SUCCESS").exists()
    # A program that is killed leaves a half-written file, and a shard may have been damaged since.
    (out / "scores" / ".0a1b2c3d.part-000002.parquet").write_bytes(b"PAR1")
    (out / "scores" / "part-000000.parquet").write_bytes(b"PAR1 no more")
    engine.stops_after, engine.n_scored = None, 0
    report = run_batch(own, str(source), out, options)
    assert (report.made_now, engine.n_scored) == (30, 30)
    assert [row["call_id"] for row in rows_in(out / "scores")] == [call_id for call_id, _ in short_calls(40)]
    assert not list((out / "scores").glob(".*"))


def test_scores_that_were_not_noted_are_noted_by_the_next_run(
    own: Settings, engine: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = table(tmp_path / "calls.csv", short_calls(30))
    out, options = tmp_path / "out", BatchOptions(shard_rows=10)
    write = OutFolder.write

    def killed_after_the_second(self: OutFolder, *args: Any) -> Any:
        done = write(self, *args)
        if args[0].number == 1:
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patch:
        patch.setattr(OutFolder, "write", killed_after_the_second)
        with pytest.raises(KeyboardInterrupt):
            run_batch(own, str(source), out, options)
    assert len(score_log.read(own.library_file)) == 10
    run_batch(own, str(source), out, options)
    hashes = [one.content_hash for one in score_log.read(own.library_file)]
    assert (len(hashes), len(set(hashes))) == (30, 30)


def test_a_finished_batch_whose_files_were_changed_is_mended(own: Settings, engine: InProcess, tmp_path: Path) -> None:
    source, out = table(tmp_path / "calls.csv", [*short_calls(29), ("bad", "")]), tmp_path / "out"
    report = run_batch(own, str(source), out, BatchOptions(shard_rows=10))
    scores, failures = out / "scores", out / "failures"
    shutil.copy(scores / "part-000001.parquet", scores / "part-000000.parquet")
    (failures / "part-000002.parquet").unlink()
    again = run_batch(own, str(source), out)
    assert again == report.model_copy(update={"made_now": 20})
    assert [row["call_id"] for row in rows_in(scores)] == [call_id for call_id, _ in short_calls(29)]
    assert len(rows_in(failures)) == 1


def test_a_folder_of_something_else_is_refused(own: Settings, engine: InProcess, tmp_path: Path) -> None:
    source, other = table(tmp_path / "a.csv", short_calls(2)), table(tmp_path / "b.csv", short_calls(2))
    run_batch(own, str(source), tmp_path / "out")
    with pytest.raises(InputError, match="holds a batch of"):
        run_batch(own, str(other), tmp_path / "out")
    with pytest.raises(InputError, match="other names on your side"):
        run_batch(own, str(source), tmp_path / "out", BatchOptions(rep=("Jess Doe",)))
    job = json.loads((tmp_path / "out" / "job.json").read_text())
    (tmp_path / "out" / "job.json").write_text(json.dumps({**job, "model_id": "older-1"}))
    with pytest.raises(InputError, match="scores of the model older-1"):
        run_batch(own, str(source), tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="other files"):
        run_batch(own, str(source), tmp_path / "full")
    with pytest.raises(InputError, match="no folder"):
        run_batch(own, str(source), Path("s3://bucket/out"))
    with OutFolder(tmp_path / "busy").held(), pytest.raises(InputError, match="Another program"):
        run_batch(own, str(source), tmp_path / "busy")


def test_a_table_that_has_changed_since_is_refused(own: Settings, engine: InProcess, tmp_path: Path) -> None:
    source = table(tmp_path / "calls.csv", short_calls(30))
    engine.stops_after = 8
    with pytest.raises(KeyboardInterrupt):
        run_batch(own, str(source), tmp_path / "out", BatchOptions(shard_rows=5))
    table(source, short_calls(29))
    engine.stops_after = None
    with pytest.raises(InputError, match="has changed since"):
        run_batch(own, str(source), tmp_path / "out", BatchOptions(shard_rows=5))


def test_a_table_that_breaks_off_gives_what_is_before(own: Settings, engine: InProcess, tmp_path: Path) -> None:
    source = table(tmp_path / "calls.csv", short_calls(3))
    with source.open("a") as lines:
        lines.write('c-9,"Rep: never closed\n')
    report = run_batch(own, str(source), tmp_path / "out")
    assert report.failures >= 1
    assert "quote" in rows_in(tmp_path / "out" / "failures")[-1]["reason"]


def test_a_long_table_is_cut_and_files_are_put_together(own: Settings, engine: InProcess, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    table(tmp_path / "in" / "m.csv", short_calls(7))
    for number in range(5):
        (tmp_path / "in" / f"{'az'[number % 2]}{number}.txt").write_text(short_calls(9)[number][1])
    run_batch(own, str(tmp_path / "in"), tmp_path / "out", BatchOptions(shard_rows=3))
    shards = list(load_plan(tmp_path / "out"))
    assert [(shard.is_table, shard.first, shard.rows) for shard in shards] == [
        (False, 0, 3), (True, 0, 3), (True, 3, 3), (True, 6, 1), (False, 0, 2),
    ]  # fmt: skip
    assert len(rows_in(tmp_path / "out" / "scores")) == 12


# Processes


def worker_job(settings: Settings) -> WorkerJob:
    model = settings.models_dir / settings.current_model_file.read_text().strip()
    return WorkerJob(
        home=settings.home, model=model, model_id=json.loads((model / "manifest.json").read_text())["model_id"]
    )


def kills_itself(job: WorkerJob, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """In place of scoring: a row called "killer" ends its process; others come back as they are."""
    rows = batch.to_pylist()
    if any(row["call_id"] == "killer" for row in rows):
        os.kill(os.getpid(), signal.SIGKILL)
    return results_of([failure_of(row, "seen", job.model_id) for row in rows])


def test_a_row_that_ends_its_process_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_engine, "score_rows", kills_itself)
    rows = [BatchRow("t", f"row {n}", "killer" if n == 5 else f"c-{n}", "file", b"") for n in range(12)]
    job = WorkerJob(home=tmp_path, model=tmp_path, model_id="m-1")
    batches = [batch_of(rows[first : first + 4], 0, first, 12) for first in range(0, 12, 4)]
    found = [row for batch in LocalEngine(job, 2).score(iter(batches)) for row in batch.to_pylist()]
    assert sorted(row["row"] for row in found) == list(range(12))
    assert [row["call_id"] for row in found if row["reason"] != "seen"] == ["killer"]


def test_processes_that_all_end_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_engine, "score_rows", kills_itself)
    monkeypatch.setattr(local_engine, "MAX_ENDED", 2)
    rows = [BatchRow("t", "", "killer", "file", b"")] * 4
    job = WorkerJob(home=tmp_path, model=tmp_path, model_id="m-1")
    with pytest.raises(CoachError, match="keep ending"):
        list(LocalEngine(job, 1).score(iter([batch_of(rows, 0, 0, 4)])))


def test_the_command_scores_with_processes_as_coach_score_does(
    own: Settings, example: Path, tmp_path: Path, scorer: CallScorer
) -> None:
    source = table(tmp_path / "calls.csv", [("one", example.read_text()), *short_calls(3), ("bad", " ")])
    done = coach(own, "batch", str(source), str(tmp_path / "out"), "--workers", "1", "--json")
    report = BatchReport.model_validate_json(done.stdout)
    assert (report.scores, report.failures) == (4, 1)
    first = rows_in(tmp_path / "out" / "scores")[0]
    assert first["probability"] == scorer.score(read_transcript(example)).probability
    again = coach(own, "batch", str(source), str(tmp_path / "out"))
    assert "is finished" in again.stdout


@pytest.mark.slow
def test_ray_gives_the_rows_that_the_local_engine_gives(
    own: Settings, engine: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="Ray is an extra")
    source = table(tmp_path / "calls.csv", [*short_calls(30), ("bad", " ")])
    run_batch(own, str(source), tmp_path / "local", BatchOptions(shard_rows=10))
    coach(own, "batch", str(source), str(tmp_path / "ray"), "--engine", "ray", "--workers", "1", "--shard-rows", "10")
    for kind in ("scores", "failures"):
        assert rows_in(tmp_path / "ray" / kind) == rows_in(tmp_path / "local" / kind)


def coach(settings: Settings, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COACH_HOME": str(settings.home), "COACH_THREADS": "1"}
    command = [sys.executable, "-m", "serving.cli", *args]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_killed_again_and_again_nothing_is_lost_and_nothing_is_there_twice(own: Settings, tmp_path: Path) -> None:
    rows = short_calls(400)
    source, out = table(tmp_path / "calls.csv", rows), tmp_path / "out"
    environment = {**os.environ, "COACH_HOME": str(own.home), "COACH_THREADS": "1"}
    command = [sys.executable, "-m", "serving.cli", "batch", str(source), str(out), "--workers", "1"]
    command += ["--shard-rows", "20"]
    draw = random.Random(7)
    for wanted in (1, 5):  # shards that are there when the driver is killed
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        for _ in until(240):
            if len(list((out / "scores").glob("part-*"))) >= wanted or running.poll() is not None:
                break
        time.sleep(draw.random() * 0.2)
        running.kill()
        running.wait()
    coach(own, *command[3:])
    assert [row["call_id"] for row in rows_in(out / "scores")] == [call_id for call_id, _ in rows]
    assert len(score_log.read(own.library_file)) == len(rows)


def until(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.02)
