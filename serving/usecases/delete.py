"""Deletes a call from everywhere under ``COACH_HOME``.

What is made from calls and can be made again is thrown away whole: the index, unfinished trainings and comparisons. Of
uploads those go that the history knows as the call's. The library goes last, so that an interrupted deletion can be run
again by the same id. At the end every file is searched for the call's words; one that still has them is named and left.
"""

import logging
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from langgraph.checkpoint.base import CheckpointTuple

from agent.checkpoints import as_kept, conversations, forget, readable, set_aside
from salescoach.config import Settings
from salescoach.errors import CoachError, ModelError
from salescoach.file_store import key_of
from salescoach.library import Library
from salescoach.model.artifact import HASH_DIGITS, MANIFEST, Manifest
from salescoach.model.encoder import turn_text
from salescoach.model.fetched import fetched_folders
from salescoach.model.scoring import Scorer
from salescoach.model.vector_cache import FileCache
from salescoach.moves.trackers.kept import KeptTrackers
from salescoach.moves.windows import window_keys
from salescoach.progress import Progress
from salescoach.scrub import scrub
from salescoach.types import Frozen, LabelledCall, Turn
from serving.chat.store import ChatStore
from serving.chat.stored_files import remove_uploads
from serving.usecases.outcomes import scorers_in_use
from serving.usecases.words_left import files_with
from tools.phrases import count
from vectorstore.build import build_index
from vectorstore.generation import CURRENT

logger = logging.getLogger(__name__)

TRIES, PAUSE_S = 20, 0.25  # of removing a folder
MIN_WORDS = 4  # of a turn that is searched for: "Yes, Friday." may stand anywhere
# What a table or JSON file may write in another way than the call does; the words between are searched for.
_ESCAPED = re.compile(r"[\"\\\x00-\x1f\x7f-\U0010ffff]")


class Deletion(Frozen):
    """What was deleted. ``models`` have learned from the call; ``left``: files that still hold words of it.

    ``n_messages`` of the chat were about the call and now say that it was deleted.
    """

    call_id: str
    n_turns: int
    n_vectors: int
    n_conversations: int
    n_messages: int
    thrown_away: tuple[str, ...]
    is_indexed: bool
    models: tuple[str, ...]
    left: tuple[str, ...]


def delete_call(settings: Settings, call_id: str, report: Progress, scorer: Scorer | None = None) -> Deletion:
    """Deletes a call by its id, or by the id that it had while it was pasted.

    ``scorer``: of the server that does it, which then loads none.

    Raises:
        InputError: there is no such call.
        CoachError: a file is in use by another process; what was not deleted yet is as it was.
        OSError: a file can't be removed; likewise.
    """
    with Library(settings.library_file, create=False) as library:
        call, own, names = library.get(call_id), library.own_turns(call_id), library.names(call_id)
        n_vectors = _forget_vectors(settings, own, call.transcript.turns)
        n_conversations = _forget_conversations(settings, names, own)
        n_messages, n_uploads = _forget_messages(settings, names, own)
        n_examples = KeptTrackers(settings.trackers_file).forget_call(names, own)
        try:
            with _no_builds(settings.index_dir):  # one that began now would keep the call's vectors
                thrown_away = (
                    *_throw_away(settings, call),
                    *(["uploads"] if n_uploads else []),
                    *(["examples of trackers"] if n_examples else []),
                )
                library.delete(call_id)
        except (CoachError, OSError):
            _mend_index(settings, library, report, scorer)
            raise
        is_indexed = bool(library.summaries()) and _rebuild(settings, library, report, scorer)
        words = [said for said in _words_alone(own) if not library.is_said(said)]
    return Deletion(
        call_id=call.call_id,
        n_turns=len(call.transcript),
        n_vectors=n_vectors,
        n_conversations=n_conversations,
        n_messages=n_messages,
        thrown_away=thrown_away,
        is_indexed=is_indexed,
        models=_models_that_saw(settings, call),
        left=files_with(settings.home, words),
    )


def forget_conversation(settings: Settings, thread: str) -> None:
    """Deletes what the coach remembers of a conversation.

    Raises:
        CoachError: the file is in use by another process.
    """
    if settings.threads_file.exists():
        with conversations(settings.threads_file) as saver:
            saver.delete_thread(thread)
            scrub(saver.conn, f"The file of conversations {settings.threads_file}")
    _forget_damaged(settings)


def forget_pasted(settings: Settings, call_id: str, owner: str) -> bool:
    """Deletes a pasted call of an owner from library and caches; returns whether there was one.

    There is none where it has become the team's. Who pasted the same call keeps theirs.

    Raises:
        CoachError: a file is in use by another process.
    """
    if not settings.library_file.exists():
        return False
    with Library(settings.library_file, create=False) as library:
        if call_id not in library.private_calls(owner):
            return False
        _forget_vectors(settings, library.own_turns(call_id), library.get(call_id).transcript.turns)
        library.delete_private(call_id, owner)
        return True


def _forget_messages(settings: Settings, names: set[str], turns: Sequence[Turn]) -> tuple[int, int]:
    """Takes the call out of the chat's history, under all its ids; how many messages that were, and uploads."""
    if not settings.history_file.exists():
        return 0, 0
    said = [turn.text for turn in turns if len(turn.text.split()) >= MIN_WORDS]
    with ChatStore(settings.history_file) as store:
        n_uploads = remove_uploads(settings.home, store.uploads_about(names, said))
        return store.forget_call(names, said), n_uploads


def _forget_vectors(settings: Settings, own: Sequence[Turn], turns: Sequence[Turn]) -> int:
    """Drops the vectors of turns that only this call has, and what was read of all its turns behind those before."""
    keys = [*(key_of(turn_text(turn)) for turn in own), *window_keys([turn_text(turn) for turn in turns])]
    n = 0
    for file in sorted(settings.cache_dir.glob("*.sqlite")):
        with closing(FileCache(file)) as cache:
            n += cache.forget(keys)
    return n


def _forget_conversations(settings: Settings, call_ids: set[str], turns: Sequence[Turn]) -> int:
    """Deletes the conversations that are about the call or quote it, and those that can't be read."""
    if not settings.threads_file.exists():
        return 0
    with conversations(settings.threads_file) as saver:
        said = [turn.text for turn in turns if len(turn.text.split()) >= MIN_WORDS]
        found, about = readable(saver)  # what can't be read may be about it
        if about:
            logger.warning(
                "Deleted what can't be read and may be about the call: %s.", count(len(about), "conversation")
            )
        about |= {
            as_kept(kept.config["configurable"]["thread_id"]) for kept in found if _is_about(kept, call_ids, said)
        }
        if forget(saver, about):
            scrub(saver.conn, f"The file of conversations {settings.threads_file}")
    return len(about)


def _forget_damaged(settings: Settings) -> bool:
    """Deletes files of conversations that were set aside: nobody can tell any more what they are about."""
    damaged = set_aside(settings.threads_file)
    for file in damaged:
        file.unlink(missing_ok=True)
    return bool(damaged)


def _is_about(kept: CheckpointTuple, call_ids: set[str], said: Sequence[str]) -> bool:
    values = kept.checkpoint["channel_values"]
    texts = [str(message.content) for message in values.get("messages", [])]
    names = re.compile("|".join(rf"(?<![\w.:-]){re.escape(call_id)}(?![\w.:-]*\w)" for call_id in call_ids))
    about = {*values.get("calls", []), *(place["call_id"] for place in values.get("cited", []))}
    return bool(call_ids & about) or any(names.search(text) or any(line in text for line in said) for text in texts)


@contextmanager
def _no_builds(index_dir: Path) -> Iterator[None]:
    """Nobody builds the index meanwhile."""
    index_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(index_dir / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise CoachError("Another process is building the index of past calls; wait until it is done.") from None
    try:
        yield
    finally:
        lock.release()


def _throw_away(settings: Settings, call: LabelledCall) -> tuple[str, ...]:
    """Removes what can be made again; names what was there."""
    gone = []
    _empty(settings.index_dir, keep=".lock")
    if settings.runs_dir.is_dir() and any(settings.runs_dir.iterdir()):
        _empty(settings.runs_dir)
        gone.append("unfinished trainings and comparisons")
    if _forget_damaged(settings):
        gone.append("damaged files of conversations")
    sample = settings.home / "sample"  # older versions kept the library's first calls there too
    if call.provenance == "sample" and sample.is_dir():
        shutil.rmtree(sample)
        gone.append("the file of sample calls")
    return tuple(gone)


def _empty(folder: Path, keep: str | None = None) -> None:
    """Removes files first, so that nobody opens anew what is in the folders; who has one open may still write there."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.is_dir()):
        if entry.is_dir() and not entry.is_symlink():
            _remove(entry)
        elif entry.name != keep:
            entry.unlink()


def _remove(folder: Path) -> None:
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(PAUSE_S)
    raise CoachError(f"{folder} can't be removed; make sure that nothing else uses it, and delete the call again.")


def _rebuild(settings: Settings, library: Library, report: Progress, scorer: Scorer | None) -> bool:
    try:
        for one in scorers_in_use(settings, scorer):
            build_index(library, one, settings.index_dir, report)
        return True
    except ModelError:  # without a model there is nothing to index by; `coach setup` says so
        return False


def _mend_index(settings: Settings, library: Library, report: Progress, scorer: Scorer | None) -> None:
    """After a failed deletion, whose error is the one to tell: others go on looking for similar calls."""
    if (settings.index_dir / CURRENT).exists():
        return
    try:
        _rebuild(settings, library, report, scorer)
    except (CoachError, OSError) as error:
        logger.warning("The deletion failed, and the index that it threw away can't be built again: %s", error)


def _models_that_saw(settings: Settings, call: LabelledCall) -> tuple[str, ...]:
    """Folders of models that were trained or calibrated on the call."""
    folders = [file.parent for file in sorted(settings.models_dir.glob(f"*/{MANIFEST}"))]
    folders += [file.parent for file in sorted(fetched_folders(settings).glob(f"*/{MANIFEST}"))]
    if isinstance(settings.model, Path) and settings.model not in folders:
        folders.append(settings.model)
    return tuple(
        str(folder)
        for folder in folders
        if (folder / MANIFEST).is_file() and _has_seen(folder / MANIFEST, call.transcript.content_hash)
    )


def _has_seen(manifest: Path, content_hash: str) -> bool:
    try:
        return Manifest.model_validate_json(manifest.read_bytes()).has_seen(content_hash)
    except ValueError:  # damaged, so it can't be used; but if the hash is in it, it is named
        return content_hash[:HASH_DIGITS] in manifest.read_text(encoding="utf-8", errors="replace")


def _words_alone(turns: Sequence[Turn]) -> Iterator[str]:
    """The longest piece of each turn that every file writes alike, where it is long enough to be nobody else's."""
    for turn in turns:
        words = max(_ESCAPED.split(turn.text), key=len).strip()
        if len(words.split()) >= MIN_WORDS:
            yield words
