"""The ``coach`` command: output, exit codes, and one sentence for everything that can't be used."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.cli import app as cli
from tests.homes import clone, unshared
from tests.table_files import workbook

ROOT = Path(__file__).parent.parent
HEAVY = (
    "torch", "transformers", "sentence_transformers", "sklearn", "scipy", "numpy", "pandas", "pyarrow", "plotly",
    "langchain", "langchain_core", "langchain_chroma", "langchain_openai", "langgraph", "chainlit", "chromadb",
    "sqlalchemy", "alembic", "py3langid", "fastapi", "mcp", "uvicorn", "fsspec",
)  # fmt: skip
# Runs ``coach`` in a process of its own and says on its last line which of some packages that has loaded.
LOADS = """
import json, sys
sys.argv = ["coach", *sys.argv[1:]]
from serving.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
Result = tuple[int, str, str]
Run = Callable[..., Result]


@pytest.fixture
def home(coach_home: Path, tmp_path: Path) -> Path:
    """A copy of the shared home that a test may change."""
    own = tmp_path / "home"
    clone(coach_home, own)
    return own


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``coach`` as its entry point does and gives exit code, stdout and stderr."""

    def run(*args: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "argv", ["coach", *args])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def loaded_by(home: Path, *args: str) -> set[str]:
    """The packages that a command loads in a process of its own."""
    environment = {**os.environ, "COACH_HOME": str(home)}
    command = [sys.executable, "-c", LOADS, *args]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


COMMAND_NAMES = [command.__name__ for command in cli.COMMANDS]


@pytest.mark.parametrize("command", ["", *COMMAND_NAMES, "user", "user add", "user remove", "user list"])
def test_help_loads_nothing_heavy(tmp_path: Path, command: str) -> None:
    assert loaded_by(tmp_path / "none", *command.split(), "--help") & set(HEAVY) == set()


@pytest.mark.slow
def test_score_loads_torch_and_no_library_of_the_conversation(home: Path, example: Path) -> None:
    loaded = loaded_by(home, "score", str(example))
    assert "torch" in loaded
    assert loaded & set(HEAVY) == {"torch", "numpy", "py3langid"}


def test_metrics_load_the_library_and_neither_model_nor_index(home: Path, example: Path) -> None:
    assert loaded_by(home, "metrics", str(example)) & set(HEAVY) == {"numpy", "sqlalchemy"}


def one_object(out: str) -> dict[str, Any]:
    assert out.count("\n") == 1
    result = json.loads(out)
    assert isinstance(result, dict)
    return result


GERMAN = "Rep: Ja, das verstehe ich gut.\nCustomer: Das ist mir im Moment leider viel zu teuer, wir warten ab.\n" * 6
SCORE_FIELDS = {
    "call_id", "probability", "uncalibrated_probability", "interval", "interval_level", "prediction_set", "abstained",
    "reasons", "warnings", "model_id", "scorer", "n_turns", "latency_ms", "evidence", "exchanges", "trajectory",
}  # fmt: skip


@pytest.mark.parametrize("method", ["cosine", "euclidean", "mmr", "hybrid"])
def test_a_method_scores_by_likeness(run: Run, home: Path, example: Path, method: str) -> None:
    code, out, err = run("score", str(example), "--method", method, "--json")
    result = one_object(out)
    assert (code, err) == (0, "")
    assert result.keys() == SCORE_FIELDS
    assert result["scorer"] == method
    assert 0 < result["probability"] < 1
    code, out, _ = run("score", str(example), "--method", method)
    assert f"by {method} likeness to past calls" in out
    code, _, err = run("score", str(example), "--method", "astrology")
    assert code == 2


def test_score_as_json_has_the_fields_of_the_design(run: Run, home: Path, example: Path) -> None:
    code, out, err = run("score", str(example), "--json")
    result = one_object(out)
    assert (code, err) == (0, "")
    assert set(result) == SCORE_FIELDS
    assert result["call_id"] is None
    assert result["interval"][0] <= result["probability"] <= result["interval"][1]
    assert set(result["evidence"][0]) == {"turn", "speaker", "role", "quote", "effect"}
    assert [point["turn"] for point in result["trajectory"]] == list(range(1, result["n_turns"] + 1))
    effects = [abs(turn["effect"]) for turn in result["evidence"]]
    assert effects == sorted(effects, reverse=True)
    text = example.read_text()
    assert all(turn["quote"] in text for turn in result["evidence"])


def test_stdin_scores_the_same(run: Run, home: Path, example: Path) -> None:
    from_file = one_object(run("score", str(example), "--json")[1])
    from_stdin = one_object(run("score", "-", "--json", stdin=example.read_bytes())[1])
    assert {**from_file, "latency_ms": 0} == {**from_stdin, "latency_ms": 0}


def test_none_of_the_examples_is_abstained_on(run: Run, home: Path, example: Path) -> None:
    for file in sorted(example.parent.glob("*.txt")):
        assert one_object(run("score", str(file), "--json")[1])["abstained"] is False, file.name


def test_a_table_of_one_call_is_added_and_one_of_several_is_for_the_index(run: Run, home: Path, tmp_path: Path) -> None:
    rows = [["Speaker", "Text"], ["Rep", "Is the quay free on Friday?"], ["Customer", "Only until noon."]]
    one, two = tmp_path / "one.xlsx", tmp_path / "two.xlsx"
    one.write_bytes(workbook(A=rows))
    two.write_bytes(workbook(A=rows, B=[*rows, ["Rep", "Then Monday."]]))
    code, _, err = run("add", str(two))
    assert (code, "two.xlsx is a table of calls; add it with `coach index two.xlsx`" in err) == (2, True)
    code, out, _ = run("add", str(one), "--outcome", "converted", "--json")
    assert code == 0
    call_id = one_object(out)["call_id"]
    assert run("delete", call_id)[0] == 0


def test_a_csv_is_ranked(run: Run, home: Path, example: Path, tmp_path: Path) -> None:
    table = tmp_path / "calls.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["call_id", "call_transcript"])
        for path in sorted(example.parent.glob("*.txt"))[:3]:
            writer.writerow([path.stem, path.read_text()])
        writer.writerow(["short", "Rep: Hello.\nCustomer: Bye."])
    code, out, _ = run("score", str(table), "--json")
    results = one_object(out)["results"]
    probabilities = [result["probability"] for result in results]
    assert code == 0
    assert probabilities[-1] is None
    assert probabilities[:-1] == sorted(probabilities[:-1], reverse=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Rep: Hello there, how are you?", "too short"),
        ("\n".join(f"This is line {n} of a text that names nobody at all." for n in range(12)), "not known"),
        (GERMAN, "English"),
    ],
    ids=["one turn", "no labels", "German"],
)  # fmt: skip
def test_too_little_to_judge_is_an_abstention(run: Run, home: Path, text: str, reason: str) -> None:
    code, out, _ = run("score", "-", "--json", stdin=text.encode())
    result = one_object(out)
    assert code == 0
    assert result["abstained"]
    assert result["probability"] is None
    assert any(reason in given for given in result["reasons"])
    forced = one_object(run("score", "-", "--json", "--force", stdin=text.encode())[1])
    assert forced["probability"] is None
    assert 0 < forced["uncalibrated_probability"] < 1


def test_rep_names_the_side(run: Run, home: Path, example: Path) -> None:
    text = example.read_text().replace("Rep: ", "Dana: ").replace("Customer: ", "Robin: ")
    unclear = one_object(run("score", "-", "--json", stdin=text.encode())[1])
    named = one_object(run("score", "-", "--json", "--rep", "Dana", stdin=text.encode())[1])
    original = one_object(run("score", str(example), "--json")[1])
    assert unclear["abstained"]
    assert any("--rep" in warning for warning in unclear["warnings"])
    assert named["probability"] == original["probability"]


def bad_inputs(tmp_path: Path) -> dict[str, tuple[list[str], str]]:
    empty, binary, big, bare = (tmp_path / name for name in ("empty.txt", "call.pdf", "big.txt", "bare.csv"))
    empty.write_text(" \n\n")
    binary.write_bytes(b"%PDF-1.7\x00\x01\x02" * 50)
    big.write_text("Rep: hello there my friend\n" * 80_000)
    bare.write_text("words,mark\nhello,1\n")
    odd = tmp_path / "odd.csv"
    odd.write_text('call_transcript,conversion_label\n"Rep: Hi.\nCustomer: Hello.",maybe\n')
    return {
        "empty": (["score", str(empty)], "empty"),
        "binary": (["score", str(binary)], "PDF"),
        "2 MB": (["score", str(big)], "big.txt"),
        "missing": (["score", str(tmp_path / "nowhere.txt")], "nowhere.txt"),
        "no columns": (["train", str(bare)], "call_transcript"),
        "odd label": (["train", str(odd)], "row 1"),
        "odd label, index": (["index", str(odd)], "row 1"),
    }


@pytest.mark.parametrize("case", ["empty", "binary", "2 MB", "missing", "no columns", "odd label", "odd label, index"])
def test_what_cannot_be_used_gets_one_sentence_and_code_2(run: Run, home: Path, tmp_path: Path, case: str) -> None:
    args, named = bad_inputs(tmp_path)[case]
    before = sorted(str(path) for path in home.rglob("*") if "cache" not in path.parts)
    code, out, err = run(*args)
    assert code == 2
    assert out == ""
    assert named in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert sorted(str(path) for path in home.rglob("*") if "cache" not in path.parts) == before


def test_a_model_that_is_missing_is_the_inputs_fault_only_where_it_was_named(
    run: Run, home: Path, tmp_path: Path, example: Path
) -> None:
    for named, expected in ((["--model", str(tmp_path / "none")], 2), ([], 1)):
        code, out, err = run("score", str(example), *named)
        assert (code, out) == (expected, "")
        assert "no model in" in err
        assert err.count("\n") == 1
        (home / "current-model").unlink(missing_ok=True)


def test_a_damaged_model_is_named(run: Run, home: Path, example: Path) -> None:
    weights = unshared(next((home / "models" / "starter").glob("*.safetensors")))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    code, out, err = run("score", str(example))
    assert (code, out) == (1, "")
    assert weights.name in err
    assert run("doctor")[0] == 1
    assert run("setup")[0] == 0  # makes it again
    assert run("score", str(example))[0] == 0


def test_without_an_index_a_call_is_scored_all_the_same(run: Run, home: Path, example: Path) -> None:
    shutil.rmtree(home / "index")
    assert run("score", str(example))[0] == 0
    answer = one_object(run("ask", "Score this call.", "--transcript", str(example), "--json")[1])
    assert answer["probability"] is not None
    assert "unavailable" in answer["answer"]
    code, out, err = run("similar", str(example))
    assert (code, out) == (1, "")
    assert "coach index" in err


def test_metrics_and_similar_as_json(run: Run, home: Path, example: Path) -> None:
    result = one_object(run("metrics", str(example), "--json")[1])
    readings = result["metrics"]
    assert {"name", "value", "unit", "won_quartiles", "lost_quartiles", "reading"} <= set(readings[0])
    assert result["compared_with"]["whose"] == "sample"
    assert any(reading["won_quartiles"] for reading in readings)
    assert "having" not in result
    code, table, _ = run("metrics", str(example))
    assert (code, "\x1b" in table, "Published" in table) == (0, False, False)
    assert max(map(len, table.splitlines())) <= 100
    assert "Published" in run("metrics", str(example), "--published")[1]
    similar = one_object(run("similar", str(example), "--outcome", "lost", "-k", "3", "--json")[1])
    assert {"query", "results"} == set(similar)
    assert len(similar["results"]) == 3
    for found in similar["results"]:
        assert set(found) == {"call_id", "outcome", "similarity", "turn_start", "turn_end", "quote", "metadata"}
        assert found["outcome"] == "lost"
        assert found["call_id"] != "ex-01"


def test_ask_is_grounded(run: Run, home: Path, example: Path) -> None:
    code, out, _ = run("ask", "How likely is it?", "--transcript", str(example), "--json")
    answer = one_object(out)
    assert code == 0
    assert set(answer) == {"answer", "probability", "citations", "tool_calls", "llm", "grounded", "not_checked"}
    assert answer["grounded"] is True
    assert answer["llm"] == "offline"
    said = json.dumps(answer["tool_calls"], ensure_ascii=False)
    for citation in answer["citations"]:
        assert citation["marker"] in answer["answer"]
        assert json.dumps(citation["quote"], ensure_ascii=False) in said


@pytest.mark.slow
def test_sample_train_index_and_score_with_an_own_model(run: Run, home: Path, tmp_path: Path) -> None:
    data = tmp_path / "own calls.csv"
    assert run("sample", str(data), "--calls", "60", "--seed", "3")[0] == 0
    assert data.with_name("own calls.truth.csv").is_file()
    code, out, _ = run("train", str(data), "--out", str(tmp_path / "model"), "--objective", "none", "--json")
    assert code == 0
    assert one_object(out)["model_id"].startswith("own-calls-")
    code, out, _ = run("index", str(data))
    assert code == 0
    assert "60 calls added" in out  # ids carry the seed, so no call of the first corpus is replaced
    assert "60 known already" in run("index", str(data))[1]
    with data.open(newline="") as file:
        call = next(csv.DictReader(file))["call_transcript"]
    scored = one_object(run("score", "-", "--model", str(tmp_path / "model"), "--json", stdin=call.encode())[1])
    assert scored["model_id"].startswith("own-calls-")
    one_class = tmp_path / "won.csv"
    with data.open(newline="") as source, one_class.open("w", newline="") as target:
        reader = csv.DictReader(source)
        writer = csv.DictWriter(target, list(reader.fieldnames or []))
        writer.writeheader()
        writer.writerows(row for row in reader if row["conversion_label"] == "1")
    code, _, err = run("train", str(one_class), "--out", str(tmp_path / "never"))
    assert code == 2
    assert "lost" in err
    assert not (tmp_path / "never").exists()


def test_setup_is_safe_to_repeat(run: Run, home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (home / "models").rglob("*")}
    code, out, _ = run("setup")
    assert code == 0
    assert "in place" in out
    assert {path: path.stat().st_mtime_ns for path in (home / "models").rglob("*")} == before


def test_doctor_says_what_to_do(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, out, _ = run("doctor", "--json")
    assert code == 0
    assert one_object(out)["ok"] is True
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "nothing"))
    code, out, _ = run("doctor")
    assert code == 1
    assert "coach setup" in out


def test_sample_mishears_words_on_request_and_keeps_the_truth(run: Run, tmp_path: Path) -> None:
    for name, noise in (("clean", "0"), ("noisy", "0.2")):
        assert run("sample", str(tmp_path / f"{name}.csv"), "--calls", "5", "--asr-noise", noise)[0] == 0
    clean, noisy = tmp_path / "clean.csv", tmp_path / "noisy.csv"
    assert clean.read_bytes() != noisy.read_bytes()
    for kind in ("truth", "truth-turns"):
        assert clean.with_suffix(f".{kind}.csv").read_bytes() == noisy.with_suffix(f".{kind}.csv").read_bytes()


@pytest.mark.parametrize(
    "args",
    [
        ["score"],
        ["nonsense"],
        ["similar", "x.txt", "-k", "0"],
        ["sample", "out.txt"],
        ["sample", "out.csv", "--asr-noise", "1.5"],
    ],
)
def test_wrong_usage_is_code_2(run: Run, args: list[str]) -> None:
    code, out, err = run(*args)
    assert code == 2
    assert out == ""
    assert "Traceback" not in err


def test_a_bad_setting_is_named(run: Run, home: Path, example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_THREADS", "many")
    code, _, err = run("score", str(example))
    assert code == 2
    assert "COACH_THREADS" in err
