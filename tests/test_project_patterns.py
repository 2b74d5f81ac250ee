"""No regular expression of the product takes long, whatever the text: Python reads nothing else meanwhile."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patterns import MODULES, PACKAGES, give_up, limit_s, sweep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
DEADLINE_S = 240  # of a process that takes some 20 s
_USES = frozenset("search match fullmatch finditer findall split sub subn".split())


def test_every_pattern_takes_time_in_proportion_to_the_text(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.patterns"],
        cwd=ROOT,
        env={**os.environ, "CHAINLIT_APP_ROOT": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["n_patterns"] > 300
    assert report["slow"] == []


@pytest.mark.parametrize(
    "careless",
    [
        r"(?:\S*\d\S*:\S*\s*-->|-->\s*\S*\d\S*:|\S*:\S*:\S*\s*-->)",
        r"\b\d[\d.,]*\s?[€£]",
        r"(?<!\w)[‘']([^’']+(?:[’']\w+[^’']*)*)[’'](?!\w)",
        r"\b(?:said|asked)\s*:?\s+(.+?)\s+at\b",
    ],
)
def test_a_careless_pattern_is_found(careless: str) -> None:
    before = signal.signal(signal.SIGPROF, give_up)
    try:
        assert next(sweep({"careless": re.compile(careless)}))[3] > limit_s()
    finally:
        signal.signal(signal.SIGPROF, before)


def test_patterns_are_named_where_they_can_be_tried() -> None:
    """A pattern in the midst of a function is one that the test above can't see."""
    hidden = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in [*(ROOT / f"{name}.py" for name in MODULES), *_files()]
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and _uses_a_known_pattern(node)
    ]
    assert hidden == []


def _files() -> list[Path]:
    return sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


def _uses_a_known_pattern(call: ast.Call) -> bool:
    """Whether a call is ``re.search`` or the like with a pattern that is known before the function runs."""
    named = call.func
    is_re = isinstance(named, ast.Attribute) and isinstance(named.value, ast.Name) and named.value.id == "re"
    if not is_re or named.attr not in _USES | {"compile"} or not call.args:
        return False
    return not any(isinstance(part, ast.Call | ast.Name) for part in ast.walk(call.args[0]))
