"""Replays the steps of the Dockerfile in a plain Debian root, where there is no Docker daemon to build an image with.

    sudo python scripts/replay_dockerfile.py BASE WORK [--build-arg NAME=VALUE]... [--copy FROM:TO]... [--env N=VALUE]

BASE is a root of Debian bookworm with python3.11 and python3.11-venv (debootstrap makes one); it stands for
python:3.11-slim-bookworm and is copied for each stage. Each RUN is run by /bin/sh in a chroot, with the ENV, ARG,
WORKDIR and USER that apply there; each COPY copies what .dockerignore lets through. Afterwards, as the image's user:
the entry point's help, a setup, the server with its health check, and a look for files that were written outside the
volume. A replay that was interrupted goes on in the same WORK after the last step that was done.

What only a daemon can show is not shown: layers, the size of the image, that the base image is what Debian's packages
are, a root that is mounted read-only.
"""

import argparse
import atexit
import fnmatch
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KEPT = ("FROM", "ARG", "ENV", "WORKDIR", "USER", "RUN", "COPY", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD")
SECONDS_TO_START = 180


@dataclass
class Stage:
    """A stage as far as it has been replayed."""

    name: str
    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH, "HOME": "/root"})
    args: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    @property
    def steps(self) -> Path:
        """Where the steps that were done are noted, a line each."""
        return self.root.with_name(f"{self.root.name}.done")

    def has_done(self, step: str) -> bool:
        """Whether an earlier replay has done a step."""
        return self.steps.exists() and step in self.steps.read_text(encoding="utf-8").splitlines()

    def note(self, step: str) -> None:
        """Notes that a step is done."""
        with self.steps.open("a", encoding="utf-8") as file:
            file.write(f"{step}\n")


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """The instructions of a Dockerfile in order, each with its arguments, joined lines and no comments.

    Raises:
        SystemExit: an instruction isn't one that can be replayed.
    """
    text = "\n".join(line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, arguments = line.strip().partition(" ")
            if name.upper() not in KEPT:
                sys.exit(f"{name} can't be replayed; this script knows {', '.join(KEPT)}.")
            yield name.upper(), arguments.strip()


def pairs(arguments: str) -> dict[str, str]:
    """``A=1 B="x y"`` as a dictionary; a name alone has the empty value."""
    return {name: value for name, _, value in (part.partition("=") for part in shlex.split(arguments))}


def is_sent(path: str, patterns: Sequence[str]) -> bool:
    """Whether a file of the repository is sent to the build: the last pattern of .dockerignore that fits decides."""
    sent = True
    above = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    for pattern in patterns:
        bare = pattern.removeprefix("!").rstrip("/")
        names = [bare, bare.removeprefix("**/")] if bare.startswith("**/") else [bare]
        deep = bare.startswith("**/")
        if any(fnmatch.fnmatch(Path(one).name if deep else one, name) for one in above for name in names):
            sent = pattern.startswith("!")
    return sent


def ignored(file: Path) -> list[str]:
    """The patterns of a .dockerignore."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def context(root: Path) -> Iterator[str]:
    """The files that are sent to the build, relative to the repository."""
    patterns = ignored(root / ".dockerignore")
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    yield from (name for name in listed.stdout.splitlines() if is_sent(name, patterns) and (root / name).is_file())


def run_in(stage: Stage, command: Sequence[str], *, check: bool = True) -> int:
    """Runs a command in a stage's root as its user; gives the exit code."""
    env = {**stage.args, **stage.env}
    inside = ["chroot", f"--userspec={stage.user}", str(stage.root), "/usr/bin/env", "-i"]
    inside += [f"{name}={value}" for name, value in env.items()]
    inside += ["/bin/sh", "-c", f'cd {shlex.quote(stage.folder)} && exec "$@"', "sh", *command]
    code = subprocess.run(inside, check=False).returncode
    if check and code:
        sys.exit(f"A step of stage {stage.name} failed with exit code {code}: {shlex.join(command)[:200]}")
    return code


def mount_system(root: Path) -> None:
    """What Docker mounts into every container, until this script ends; which engine is used depends on /proc."""
    (root / "dev" / "shm").mkdir(exist_ok=True)
    for place, kind in ((root / "proc", "proc"), (root / "dev" / "shm", "tmpfs")):
        if subprocess.run(["mount", "-t", kind, kind, str(place)], check=False).returncode == 0:
            atexit.register(subprocess.run, ["umount", str(place)], check=False)


def new_stage(base: Path, work: Path, name: str, given: argparse.Namespace) -> Stage:
    """A copy of the base with what the machine has to lend it: names of hosts, certificates, files for --copy."""
    root = work / name
    if (work / f"{name}.done").exists():
        mount_system(root)
        return Stage(name, root)
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True)
    for file in ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"):
        target = root / file.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(file, target)
    for name_ in ("python", "python3"):
        link = root / "usr/local/bin" / name_
        link.unlink(missing_ok=True)
        link.symlink_to("/usr/bin/python3.11")
    for lent in given.copy:
        source, _, target = lent.partition(":")
        subprocess.run(["cp", "-a", source, str(root / target.lstrip("/"))], check=True)
    for device in ("null", "urandom"):
        if not (root / "dev" / device).exists():
            subprocess.run(["cp", "-a", f"/dev/{device}", str(root / "dev")], check=True)
    mount_system(root)
    stage = Stage(name, root)
    stage.note("FROM")
    return stage


def copy(stage: Stage, stages: Mapping[str, Stage], arguments: str) -> None:
    """A COPY, from the repository or another stage."""
    parts = shlex.split(arguments)
    options, names = [one for one in parts if one.startswith("--")], [one for one in parts if not one.startswith("--")]
    *sources, target = names
    origin = next((stages[one.removeprefix("--from=")] for one in options if one.startswith("--from=")), None)
    if origin is not None:
        place = stage.root / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", str(origin.root / sources[0].lstrip("/")), str(place)], check=True)
        return
    folder = stage.root / str(Path(stage.folder, target)).lstrip("/")
    for name in context(ROOT):
        if any(one in {".", name} or name.startswith(f"{one}/") for one in sources):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
            shutil.copymode(ROOT / name, folder / name)


def replay(given: argparse.Namespace) -> Stage:
    """Replays all stages; gives the last one."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for name, arguments in instructions((ROOT / "Dockerfile").read_text(encoding="utf-8")):
        print(f"{name} {arguments[:110]}", flush=True)
        if name == "FROM":
            label = arguments.split(" AS ")[-1].strip() if " AS " in arguments else "final"
            stage = stages[label] = new_stage(given.base, given.work, label, given)
        elif stage is None:
            sys.exit("The Dockerfile doesn't begin with FROM.")
        elif name in {"RUN", "COPY"}:
            if not stage.has_done(f"{name} {arguments}"):
                do(stage, stages, name, arguments, pairs(shlex.join(given.env)))
        else:
            settle(stage, name, arguments, pairs(shlex.join(given.build_arg)))
    if stage is None:
        sys.exit("The Dockerfile has no stage.")
    return stage


def do(stage: Stage, stages: Mapping[str, Stage], name: str, arguments: str, lent: Mapping[str, str]) -> None:
    """A RUN or a COPY; ``lent``: what RUN finds in its environment beside what the Dockerfile says."""
    begun = time.monotonic()
    if name == "COPY":
        copy(stage, stages, arguments)
    else:
        run_in(replace(stage, env={**lent, **stage.env}), ["/bin/sh", "-c", arguments])
    stage.note(f"{name} {arguments}")
    print(f"  took {time.monotonic() - begun:.0f} s", flush=True)


def settle(stage: Stage, name: str, arguments: str, build_args: Mapping[str, str]) -> None:
    """What an instruction says of the steps after it, or of the image's use."""
    if name == "ARG":
        stage.args |= {key: build_args.get(key, value) for key, value in pairs(arguments).items()}
    elif name == "ENV":
        stage.env |= {key: value.replace("$PATH", stage.env["PATH"]) for key, value in pairs(arguments).items()}
    elif name == "WORKDIR":
        stage.folder = arguments
        (stage.root / arguments.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif name == "USER":
        stage.user = arguments
    elif name in {"ENTRYPOINT", "CMD", "VOLUME"}:
        setattr(stage, {"ENTRYPOINT": "entry", "CMD": "command", "VOLUME": "volumes"}[name], json.loads(arguments))
    elif name == "HEALTHCHECK":
        stage.health = json.loads(arguments[arguments.index("CMD ") + 4 :])


def try_out(stage: Stage) -> None:
    """Uses what was built as its user would, and looks for what was written where nothing may be."""
    mark = stage.root / "tmp" / "replay-mark"
    mark.touch()
    time.sleep(1.1)
    for arguments in (["--help"], ["setup"], ["doctor"]):
        begun = time.monotonic()
        run_in(stage, [*stage.entry, *arguments])
        print(f"  {shlex.join([*stage.entry, *arguments])}: took {time.monotonic() - begun:.0f} s", flush=True)
    code = run_in(stage, [*stage.entry, *stage.command], check=False)
    print(f"  without a key, {shlex.join(stage.command)} ends with exit code {code}", flush=True)
    run_in(stage, [*stage.entry, "key", "add", "replay"])
    child = os.fork()
    if child == 0:
        os.setsid()
        os._exit(run_in(stage, [*stage.entry, *stage.command], check=False))
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while (code := run_in(stage, stage.health, check=False)) and time.monotonic() < deadline:
            time.sleep(2)
        print(f"  health check of the running server: exit code {code}", flush=True)
    finally:
        os.killpg(child, 15)
        os.waitpid(child, 0)
    if code:
        sys.exit("The server didn't become healthy.")
    left_out = {"tmp", "proc", "dev", *(volume.strip("/").split("/")[0] for volume in stage.volumes)}
    written = [
        str(file.relative_to(stage.root))
        for place in sorted(stage.root.iterdir())
        if place.name not in left_out and not place.is_symlink()
        for file in place.rglob("*")
        if not file.is_symlink() and file.is_file() and file.stat().st_mtime > mark.stat().st_mtime
    ]
    print(f"  files written outside {', '.join(stage.volumes)} and /tmp: {written or 'none'}", flush=True)
    if written:
        sys.exit("A read-only root would break this.")


def main() -> None:
    """Replays the Dockerfile and tries out what it made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path)
    parser.add_argument("work", type=Path)
    for name in ("--build-arg", "--copy", "--env"):
        parser.add_argument(name, action="append", default=[])
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    stage = replay(given)
    for folder in ("/opt/coach", "/app"):
        size = subprocess.run(["du", "-sm", f"{stage.root}{folder}"], capture_output=True, text=True, check=True)
        print(f"  {folder}: {size.stdout.split()[0]} MB on disk", flush=True)
    try_out(stage)


if __name__ == "__main__":
    main()
