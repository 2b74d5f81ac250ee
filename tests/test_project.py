"""Promises about the project as a whole: layers, imports that do nothing, names that are ours."""

import ast
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("agent", "eval", "salescoach", "serving", "tools", "training", "vectorstore")


def run_python(code: str, cwd: Path, **environment: str) -> str:
    """Runs code in a fresh interpreter that doesn't look into the working folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COACH_")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=cwd,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_imports_point_down() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_nobody_else_owns_our_names(tmp_path: Path) -> None:
    code = f"""
import json
from importlib.util import find_spec
print(json.dumps({{name: find_spec(name).origin for name in {PACKAGES!r}}}))
"""
    origins = json.loads(run_python(code, tmp_path))
    assert origins == {name: str(ROOT / name / "__init__.py") for name in PACKAGES}


@pytest.mark.parametrize("forbidden", ["torch", "chromadb", "chainlit"])
def test_the_types_cost_no_heavy_import(tmp_path: Path, forbidden: str) -> None:
    modules = "salescoach.types, salescoach.reading.transcripts, salescoach.config"
    code = f"import sys, {modules}; print({forbidden!r} in sys.modules)"
    assert run_python(code, tmp_path).strip() == "False"


def test_importing_everything_is_silent_and_writes_nothing(tmp_path: Path) -> None:
    code = f"""
import importlib, pkgutil, socket, sys
def blocked(*args, **kwargs): raise AssertionError("an import opened a connection")
socket.socket.connect = blocked
for package in {PACKAGES!r}:
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(module.__path__, package + "."):
        importlib.import_module(found.name)
"""
    assert run_python(code, tmp_path, HOME=str(tmp_path), COACH_LLM="no such setting") == ""
    assert [path.name for path in tmp_path.iterdir()] == []


def test_scoring_and_chat_never_load_training(tmp_path: Path) -> None:
    code = """
import sys
import agent.build, chainlit_app
print([name for name in sys.modules if name.split(".")[0] == "training"])
"""
    assert run_python(code, tmp_path, CHAINLIT_APP_ROOT=str(tmp_path)).strip() == "[]"


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(file.relative_to(ROOT).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


SCRIPTS = sorted([*(ROOT / "scripts").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")])


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_scripts_import_what_is_there(script: Path) -> None:
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in PACKAGES:
            module = importlib.import_module(node.module)
            for name in node.names:
                is_there = hasattr(module, name.name) or importlib.util.find_spec(f"{node.module}.{name.name}")
                assert is_there, (node.module, name.name)
