"""Is the library there that index and history speak of? One that is lost is said, and never replaced in silence."""

import contextlib

from salescoach.config import Settings
from salescoach.errors import CoachError, UnavailableError
from salescoach.library import look_at_library
from serving.chat.store import ChatStore
from vectorstore.generation import Generation, generations_in

NEW_LIBRARY = "`coach setup --new-library`"


def check_library(settings: Settings, *, must_exist: bool = False) -> None:
    """Compares the library with what was made from it; makes no library and changes no call.

    Args:
        settings: name both.
        must_exist: whether it is an error that there has never been one.

    Raises:
        CoachError: the library is damaged, gone, empty or another one than the index was built from; or there is none.
    """
    file, found, indexed = settings.library_file, look_at_library(settings.library_file), _indexed(settings)
    if found is None or not found[1]:
        evidence = f"the index was built from {indexed.n} calls of it" if indexed is not None and indexed.n else None
        if evidence is None and _has_history(settings):
            evidence = "the chat's history is about calls of it"
        if evidence is not None:
            raise CoachError(
                f"The call library {file} is {'empty' if file.exists() else 'gone'}, but {evidence}; restore it from a "
                f"backup, or, if it is meant to be gone, begin a new one with {NEW_LIBRARY}."
            )
    elif indexed is not None and found[0] and indexed.library_id and found[0] != indexed.library_id:
        raise CoachError(
            f"The call library {file} is another one than the index was built from ({indexed.n} calls); restore that "
            f"one from a backup, or, if this one is meant, run {NEW_LIBRARY}."
        )
    if must_exist and found is None:
        raise CoachError("There is no call library yet; run `coach setup`.")


def _indexed(settings: Settings) -> Generation | None:
    try:
        return generations_in(settings.index_dir)[0]
    except UnavailableError:
        return None


def _has_history(settings: Settings) -> bool:
    if settings.history_file.exists():
        with contextlib.suppress(CoachError, OSError), ChatStore(settings.history_file) as store:
            return bool(store.call_ids())
    return False
