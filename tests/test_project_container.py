"""What the Dockerfile and compose.yaml promise; that the steps run is shown by scripts/replay_dockerfile.py."""

import importlib.util
import json
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
SECRET = re.compile(r"(?i)(password|secret|token|api_?key)\w*\s*[=:]\s*\S|sk-\w{8}|AKIA\w{12}|-----BEGIN")


@pytest.fixture(scope="module")
def replay() -> ModuleType:
    """The script that replays the Dockerfile; it has the parser."""
    spec = importlib.util.spec_from_file_location("replay_dockerfile", ROOT / "scripts" / "replay_dockerfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def steps(replay: ModuleType) -> list[tuple[str, str]]:
    return list(replay.instructions((ROOT / "Dockerfile").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return loaded


def final_stage(steps: list[tuple[str, str]]) -> list[tuple[str, str]]:
    start = max(place for place, (name, _) in enumerate(steps) if name == "FROM")
    return steps[start:]


def values(steps: list[tuple[str, str]], name: str) -> list[str]:
    return [arguments for one, arguments in steps if one == name]


def test_every_stage_stands_on_one_small_tagged_base(steps: list[tuple[str, str]]) -> None:
    bases = [arguments.partition(" AS ")[0] for arguments in values(steps, "FROM")]
    assert len(bases) == 2
    assert set(bases) == {"python:3.11-slim-bookworm"}


def test_the_image_has_a_user_of_its_own_and_one_place_to_write(steps: list[tuple[str, str]]) -> None:
    final = final_stage(steps)
    (user,) = values(final, "USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number, which Kubernetes can tell from root"
    assert json.loads(values(final, "VOLUME")[0]) == ["/data"]
    assert "COACH_HOME=/data" in values(final, "ENV")[0]
    names = [name for name, _ in final]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in {"RUN", "COPY"})
    assert not [one for one in values(final, "COPY") if "--chown" in one], "the program is not its user's to change"


def test_it_says_whether_it_is_well(steps: list[tuple[str, str]]) -> None:
    (check,) = values(final_stage(steps), "HEALTHCHECK")
    command = json.loads(check[check.index("CMD ") + 4 :])
    assert command[0] == "python"
    assert "127.0.0.1:8080/healthz" in command[-1]
    compile(command[-1], "healthcheck", "exec")


def test_packages_come_by_exact_pins_and_torch_without_cuda(steps: list[tuple[str, str]]) -> None:
    installs = [one for one in values(steps, "RUN") if "pip install" in one]
    assert len(installs) == 3
    assert "grep '^uv==' requirements.lock" in installs[0]
    assert "--constraint requirements.lock" in installs[1]
    assert "--no-deps" in installs[2]
    assert "TORCH_BACKEND=cpu" in values(steps, "ARG")
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lock if line and not re.match(r"[A-Za-z0-9._-]+==[^ ]+( ;.*)?$", line)] == []


def test_no_secret_is_written_into_it() -> None:
    for name in ("Dockerfile", "compose.yaml"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if SECRET.search(line)] == [], name


@pytest.mark.parametrize(
    ("path", "is_sent"),
    [
        (".coach/library.sqlite", False), (".venv/bin/python", False), (".git/config", False), ("calls.csv", False),
        (".env", False), ("serving/.env", False), ("agent/__pycache__/a.pyc", False),
        ("salescoach/x.sqlite-wal", False),
        ("tests/conftest.py", False), ("docs/chat.md", False), ("data/examples/a.txt", False),
        ("serving/cli/app.py", True), ("salescoach/moves/bundled/words.safetensors", True), ("chainlit_app.py", True),
        ("public/coach.js", True), (".chainlit/config.toml", True), ("requirements.lock", True), ("LICENSE", True),
    ],
)  # fmt: skip
def test_the_build_is_sent_the_program_and_nothing_of_the_user(replay: ModuleType, path: str, is_sent: bool) -> None:
    assert replay.is_sent(path, replay.ignored(ROOT / ".dockerignore")) is is_sent


def test_every_package_of_the_program_is_sent(replay: ModuleType) -> None:
    patterns = replay.ignored(ROOT / ".dockerignore")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = project["tool"]["setuptools"]["packages"]["find"]["include"]
    declared = [name for name in found if not name.endswith(".*")]
    assert len(declared) == 7
    assert [name for name in declared if not replay.is_sent(f"{name}/__init__.py", patterns)] == []


def test_every_service_can_write_to_its_volume_alone(services: dict[str, Any]) -> None:
    assert set(services) == {"setup", "chat", "api"}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["volumes"] == ["coach-home:/data"], name
        assert [mount.partition(":")[0] for mount in service["tmpfs"]] == ["/tmp"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
        assert "environment" not in service, name
        assert service["mem_limit"], name


def test_ports_are_this_machines_and_those_that_the_commands_listen_on(services: dict[str, Any]) -> None:
    assert services["chat"]["ports"] == ["127.0.0.1:8000:8000"]
    assert services["api"]["ports"] == ["127.0.0.1:8080:8080"]
    assert "ports" not in services["setup"]
    for name in ("chat", "api"):
        assert services[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
        assert services[name]["command"][1:3] == ["--host", "0.0.0.0"]


def test_the_commands_are_the_programs(services: dict[str, Any], steps: list[tuple[str, str]]) -> None:
    from serving.cli.app import COMMANDS

    known = {command.__name__ for command in COMMANDS}
    called = [json.loads(values(final_stage(steps), "CMD")[0]), *(service["command"] for service in services.values())]
    assert {command[0] for command in called} == {"serve", "chat", "setup"} <= known
