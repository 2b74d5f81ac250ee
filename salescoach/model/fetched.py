"""Model folders from elsewhere: ``s3://…``, ``gs://…``, ``az://…``, ``https://…``, ``file://…``, ``memory://…``.

A folder is fetched into ``COACH_HOME/cache/models`` once, under the hash of its manifest. Every file is compared with
the manifest while it is written, and the folder gets its name when it is whole, so half of a download is never a model.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from filelock import FileLock

from salescoach.config import Settings
from salescoach.errors import ModelError, NamedModelError
from salescoach.hosts import is_this_machine

logger = logging.getLogger(__name__)

_ADDRESS: Final = re.compile(r"\b\w{1,20}://\S+")
T = TypeVar("T")

EXTRAS: Final = {"s3": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure"}
PROTOCOLS: Final = (*EXTRAS, "https", "http", "file", "memory")
MAX_MANIFEST_BYTES: Final = 64 * 2**20  # of a million training calls it has some fifteen
MAX_BYTES: Final = 8 * 2**30
MAX_FILES: Final = 1_000
MAX_REASON_CHARS: Final = 200
_MANIFEST: Final = "manifest.json"
_CHUNK: Final = 2**20
_KEY_DIGITS: Final = 32
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[\w.-]{1,100}")


def fetched_folders(settings: Settings) -> Path:
    """Where fetched folders lie; any of them may be deleted, and is fetched again when it is next asked for."""
    return settings.cache_dir / "models"


def fetched(address: str, settings: Settings) -> Path:
    """The folder on this machine with what an address names, fetched where it isn't there yet.

    The manifest is read each time, so that a new model under the same address is noticed.

    Raises:
        NamedModelError: the address can't be used, names no model, or needs a package that isn't installed.
        ModelError: it can't be reached, or one of its files isn't what its manifest says.
        OSError: the folder can't be written.
    """
    remote = _Remote(address)
    manifest = remote.read(_MANIFEST, MAX_MANIFEST_BYTES)
    folder = fetched_folders(settings) / hashlib.sha256(manifest).hexdigest()[:_KEY_DIGITS]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.fetching")):
        if not folder.is_dir():  # another process may have been quicker
            _fetch(remote, manifest, folder)
    return folder


def _fetch(remote: "_Remote", manifest: bytes, folder: Path) -> None:
    from salescoach.model.artifact import whole_folder

    files = _files_of(remote, manifest)
    logger.info("Fetching %d files of a model from %s.", len(files), remote.shown)
    room = MAX_BYTES
    with whole_folder(folder) as temporary:
        for relative, expected in files.items():
            target = temporary / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            n_bytes, digest = remote.copy(relative, target, room)
            room -= n_bytes
            if digest != expected:
                raise ModelError(
                    f"{relative} at {remote.shown} is not the file that the manifest there names, so nothing of it is "
                    "used; copy the whole model folder there once more."
                )
        (temporary / _MANIFEST).write_bytes(manifest)


def _files_of(remote: "_Remote", manifest: bytes) -> dict[str, str]:
    """The files that a manifest names, each with its sha256; their names lead nowhere but into the folder."""
    try:
        named = json.loads(manifest)["files"]
        is_sound = isinstance(named, dict) and 0 < len(named) <= MAX_FILES
        is_sound = is_sound and all(
            _is_inside(name) and _SHA256.fullmatch(str(digest)) for name, digest in named.items()
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        is_sound = False
    if not is_sound:
        raise NamedModelError(f"{remote.shown} holds no model: its {_MANIFEST} is none of a model folder.")
    return {str(name): str(digest) for name, digest in named.items()}


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return (
        bool(parts)
        and name == "/".join(parts)
        and name != _MANIFEST
        and all(_NAME.fullmatch(part) and part not in {".", ".."} for part in parts)
    )


class _Remote:
    """A folder at an address. ``shown``: the address as it may be told, without a password in it."""

    def __init__(self, address: str) -> None:
        self._protocol, self.shown = _checked(address)
        try:
            from fsspec.core import url_to_fs

            options = {"client_kwargs": {"trust_env": True}} if self._is_web else {}
            self._files, self._path = url_to_fs(address, **options)
        except ImportError:
            extra = EXTRAS.get(self._protocol, "s3")
            raise NamedModelError(
                f"Models from {self._protocol}:// need a package that is not installed; "
                f"run pip install 'sales-coach[{extra}]'."
            ) from None
        except Exception as error:
            raise self._unreachable(error) from None

    def read(self, relative: str, max_bytes: int) -> bytes:
        """The content of a file.

        Raises:
            NamedModelError: it isn't there.
            ModelError: it can't be reached, or is larger than ``max_bytes``.
        """
        pieces: list[bytes] = []
        self._each_piece(relative, max_bytes, pieces.append)
        return b"".join(pieces)

    def copy(self, relative: str, target: Path, max_bytes: int) -> tuple[int, str]:
        """Copies a file; gives its size and its sha256. Raises as ``read``."""
        digest = hashlib.sha256()
        with target.open("wb") as handle:

            def keep(piece: bytes) -> None:
                digest.update(piece)
                handle.write(piece)

            n_bytes = self._each_piece(relative, max_bytes, keep)
        return n_bytes, digest.hexdigest()

    def _each_piece(self, relative: str, max_bytes: int, use: Callable[[bytes], object]) -> int:
        place = f"{self._path.rstrip('/')}/{relative}"
        options: dict[str, Any] = (
            {"block_size": 0} if self._is_web else {}
        )  # as a stream: not every server knows ranges
        source = self._reaching(lambda: self._files.open(place, "rb", **options), relative)
        n_bytes = 0
        try:
            while piece := self._reaching(lambda: source.read(_CHUNK), relative):
                n_bytes += len(piece)
                if n_bytes > max_bytes:
                    raise ModelError(
                        f"{relative} at {self.shown} is too large for a file of a model; check the address."
                    )
                use(piece)
        finally:
            source.close()
        return n_bytes

    def _reaching(self, work: Callable[[], T], relative: str) -> T:
        """What ``work`` gives; whatever a file system of somebody else's raises becomes a sentence."""
        try:
            return work()
        except FileNotFoundError as error:
            cause = error.__cause__  # by HTTP a server that isn't there is a file that isn't there
            if isinstance(cause, OSError | TimeoutError) and not isinstance(cause, FileNotFoundError):
                raise self._unreachable(cause) from None
            raise NamedModelError(
                f"There is no {relative} at {self.shown}; name the address of a whole model folder with --model."
            ) from None
        except Exception as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> ModelError:
        # Some name the whole address in their errors, with whatever is secret in it.
        reason = _ADDRESS.sub(lambda _: self.shown, str(error).partition("\n")[0])[:MAX_REASON_CHARS]
        return ModelError(
            f"The model at {self.shown} can't be fetched ({reason or type(error).__name__}); check the address, the "
            "network and your rights there, or name a folder on this machine."
        )

    @property
    def _is_web(self) -> bool:
        return self._protocol in {"http", "https"}


def _checked(address: str) -> tuple[str, str]:
    """The protocol of an address, and the address without a user's name and password.

    Raises:
        NamedModelError: it is none that can be used.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        raise NamedModelError("The address of the model can't be read; give one such as s3://bucket/folder.") from None
    if parts.scheme not in PROTOCOLS or "::" in address:
        raise NamedModelError(
            f"Models can't be fetched by {parts.scheme[:20]}://; give a folder, or an address that begins with "
            f"{', '.join(f'{one}://' for one in PROTOCOLS if one not in {'gcs', 'abfs', 'http', 'memory'})}."
        )
    if parts.query or parts.fragment:
        raise NamedModelError("The address of a model folder has no ? and no #; give that of the folder itself.")
    if parts.scheme == "http" and not is_this_machine(host):
        raise NamedModelError("Over http:// a model could be changed on its way; give its address as https://.")
    return parts.scheme, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
