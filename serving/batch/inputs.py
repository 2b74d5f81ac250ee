"""What a batch reads: the files of a folder, a glob or an address of fsspec, always in the same order."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from salescoach.errors import InputError
from salescoach.model.fetched import EXTRAS as MODEL_EXTRAS
from salescoach.reading.tables.sheets import is_table_name
from salescoach.types import Frozen

EXTRAS: Final = {**MODEL_EXTRAS, "s3a": "s3", "abfss": "azure"}
_GLOB: Final = frozenset("*?[")
_CHANGES: Final = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created")  # as stores name it


class BatchFile(Frozen):
    """A file to read. ``place``: a path, or an address; ``shown``: below what was given; ``state``: changes with it."""

    place: str
    shown: str
    size: int
    state: str

    @property
    def is_table(self) -> bool:
        """Whether its name says that it holds a table."""
        return is_table_name(self.shown)


def files_of(given: str) -> Iterator[BatchFile]:
    """The files that are meant by a path, a glob or an address, a folder's in the order of their names.

    Names that begin with a dot or an underscore are left out: programs write their own notes under such names.

    Raises:
        InputError: there is nothing there, or it can't be reached.
    """
    store, path = _store_of(given)
    n = 0
    with _reachable(given):
        for name, about in _found(store, path):
            n += 1
            yield BatchFile(
                place=_address(store, name),
                shown=_below(name, path),
                size=int(about.get("size") or 0),
                state=_state(about),
            )
    if not n:
        raise InputError(
            f"There is nothing to score at {given}; give a table, a folder, a glob such as 'calls/*.csv', or an "
            "address such as s3://bucket/calls."
        )


def is_as_before(file: BatchFile) -> bool:
    """Whether a file still is as it was when the batch was planned.

    Raises:
        InputError: it is gone, or can't be reached.
    """
    store, path = _store_of(file.place)
    with _reachable(file.place):
        about = store.info(path)
    return (int(about.get("size") or 0), _state(about)) == (file.size, file.state)


@contextmanager
def opened(file: BatchFile) -> Iterator[BinaryIO]:
    """A file to read from, at its beginning; one that isn't here is brought here once, but for Parquet.

    Raises:
        InputError: it is gone, or can't be reached.
    """
    store, path = _store_of(file.place)
    with _reachable(file.place):
        stream = store.open(path, "rb")
    with stream:
        if "://" not in file.place or file.shown.lower().endswith(".parquet"):
            yield stream
            return
        with tempfile.TemporaryFile() as copy:
            with _reachable(file.place):
                shutil.copyfileobj(stream, copy, 1 << 20)
            copy.seek(0)
            yield copy


def content_of(file: BatchFile, at_most: int) -> bytes:
    """The first bytes of a file; raises InputError as ``opened``."""
    store, path = _store_of(file.place)
    with _reachable(file.place), store.open(path, "rb") as stream:
        return bytes(stream.read(at_most))


def _store_of(given: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    where = given if "://" in given else str(Path(given).expanduser().absolute())
    with _reachable(given):
        found: tuple[Any, str] = url_to_fs(where)
        return found


@contextmanager
def _reachable(given: str) -> Iterator[None]:
    """What goes wrong between here and a store, as one sentence."""
    try:
        yield
    except InputError:
        raise
    except ImportError as error:
        extra = EXTRAS.get(given.partition("://")[0])
        how = f"install sales-coach[{extra}]" if extra else str(error)
        raise InputError(f"{given} can't be read with what is installed; {how}.") from None
    except FileNotFoundError:
        raise InputError(f"There is no {given}; check the path.") from None
    except Exception as error:  # every store has errors of its own
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{given} can't be read ({reason}); check the path and its permissions.") from None


def _found(store: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if store.isfile(path):
        yield path, store.info(path)
    elif store.isdir(path):
        yield from _inside(store, path)
    elif _GLOB & set(path):
        for name, about in sorted(store.glob(path, detail=True).items()):
            if about["type"] == "file":
                yield name, about


def _inside(store: Any, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for about in sorted(store.ls(folder, detail=True), key=lambda one: str(one["name"])):
        name = str(about["name"]).rstrip("/")
        if name.rpartition("/")[2][:1] in {".", "_", ""} or name == folder.rstrip("/"):
            continue
        if about["type"] == "directory" and not about.get("islink"):
            yield from _inside(store, name)
        elif about["type"] == "file":
            yield name, about


def _address(store: Any, name: str) -> str:
    local = "file" in (store.protocol if isinstance(store.protocol, tuple | list) else (store.protocol,))
    return name if local else str(store.unstrip_protocol(name))


def _below(name: str, path: str) -> str:
    """A file's name without what all names begin with."""
    base = path.rstrip("/")
    if name == base:
        return name.rpartition("/")[2]
    if not name.startswith(f"{base}/"):
        base = base[: min((base.find(sign) for sign in _GLOB if sign in base), default=len(base))].rpartition("/")[0]
    return name.removeprefix(f"{base}/").lstrip("/")


def _state(about: dict[str, Any]) -> str:
    return next((str(about[name]) for name in _CHANGES if about.get(name) is not None), "")
