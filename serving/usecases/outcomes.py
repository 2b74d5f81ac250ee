"""Entering how a deal ended, and adding a call to the team's: library first, then the index, beside a running chat.

The library is the truth, and a search hides whatever doesn't agree with it, so a chat shows nothing wrong meanwhile.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from salescoach.config import Settings
from salescoach.errors import CoachError, DataError, ModelError, without_paths
from salescoach.library import Library, added_id
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.model.scoring import CallScorer, Scorer
from salescoach.progress import Progress, silent
from salescoach.types import Frozen, LabelledCall, Outcome, Transcript
from vectorstore.build import build_index

WAITING: Final = "Calls that wait for confirmation"
WAIT_S = 60.0  # for another build of the index, which may have begun before this change


class Ending(Frozen):
    """How a deal ended, when, and who says so; without an outcome it is open."""

    outcome: Outcome | None = None
    at: datetime | None = None
    by: str | None = None


OPEN: Final = Ending()


class OutcomeEntered(Frozen):
    """What happened.

    ``before``: the outcome until now. ``is_indexed``: whether the call is found, or no longer, as it is now; else
    ``reading`` says why not. ``n_own``: own calls with an outcome; ``n_missing``: until training on them alone.
    """

    call_id: str
    outcome: Outcome | None
    before: Outcome | None
    is_private: bool
    is_indexed: bool
    n_own: int
    n_missing: int
    reading: str


def enter_outcome(
    settings: Settings,
    library: Library,
    call_id: str,
    outcome: Outcome | None,
    *,
    at: datetime | None = None,
    by: str | None = None,
    scorer: Scorer | None = None,
    progress: Progress = silent,
) -> OutcomeEntered:
    """Enters or corrects how a deal ended, or opens it again, and indexes what changed.

    Args:
        settings: names the index and the current model.
        library: where the call is.
        call_id: of an own or pasted call.
        outcome: how the deal ended; None opens it again.
        at: when it ended.
        by: who says so.
        scorer: of the chat that runs, if one does; default: that of the current model.
        progress: of the index.

    Raises:
        InputError: there is no such call, or it is an example call. Nothing is changed then.
    """
    before = library.set_outcome(call_id, outcome, at, by=by)
    return _settled(settings, library, call_id, before, scorer, progress)


def adopt_call(
    settings: Settings,
    library: Library,
    call_id: str,
    ending: Ending,
    *,
    account_id: str | None = None,
    scorer: Scorer | None = None,
    progress: Progress = silent,
) -> OutcomeEntered:
    """Makes a pasted call one of the team's, under the id that it has, and indexes it.

    Args and errors as ``enter_outcome``. ``account_id``: calls of one account are never shown as precedents of each
    other.
    """
    before = library.get(call_id).outcome
    library.adopt(call_id, ending.outcome, account_id=account_id, outcome_at=ending.at, by=ending.by)
    return _settled(settings, library, call_id, before, scorer, progress)


def has_accounts(settings: Settings) -> bool:
    """Whether several people share the library, so that an outcome from the chat takes two of them to count."""
    return settings.users_file.exists()


def propose_outcome(library: Library, call_id: str, outcome: Outcome | None, *, by: str) -> str:
    """Notes how a deal ended, until a second person confirms it; says so in a sentence.

    Raises:
        InputError: there is no such call that ``by`` may see, or it is an example call.
    """
    kept_as = library.propose_outcome(call_id, outcome, by)
    return (
        f"Kept: call {kept_as} is said to be {outcome or 'open'}. That waits for a colleague to confirm it, under "
        f"“{WAITING}”; until then it counts nowhere."
    )


def confirm_outcome(
    settings: Settings,
    library: Library,
    call_id: str,
    outcome: Outcome | None,
    *,
    by: str,
    scorer: Scorer | None = None,
    progress: Progress = silent,
) -> OutcomeEntered:
    """Confirms what somebody else said of a call, which makes it the team's, and indexes what changed.

    Args as for ``enter_outcome``.

    Raises:
        InputError: no such outcome of the call waits for ``by`` to confirm it.
    """
    before = library.confirm_outcome(call_id, outcome, by)
    return _settled(settings, library, call_id, before, scorer, progress)


def add_call(
    settings: Settings,
    library: Library,
    transcript: Transcript,
    ending: Ending = OPEN,
    *,
    account_id: str | None = None,
    scorer: Scorer | None = None,
    progress: Progress = silent,
) -> OutcomeEntered:
    """Adds one call to the team's and indexes it; a call that is there already keeps its id.

    Args as for ``adopt_call``.

    Raises:
        InputError: it is an example call.
        DataError: it is there with another outcome.
    """
    known = library.find(transcript)
    if known is None:
        call_id = added_id(transcript)
        named = transcript.model_copy(update={"call_id": call_id})
        library.add([LabelledCall(transcript=named, call_id=call_id)], ending.by)
    else:
        call_id = known.call_id
        outcome = ending.outcome
        if known.provenance != "sample" and outcome is not None and known.outcome not in (None, outcome):
            raise DataError(
                f"This call is in the library as {call_id}, with the outcome {known.outcome}. Nothing was changed; "
                f"correct it by `coach outcome {call_id} {outcome}`."
            )
    return adopt_call(settings, library, call_id, ending, account_id=account_id, scorer=scorer, progress=progress)


def _settled(
    settings: Settings,
    library: Library,
    call_id: str,
    before: Outcome | None,
    scorer: Scorer | None,
    progress: Progress,
) -> OutcomeEntered:
    call, own = library.get(call_id), library.own_calls()
    is_private = call.provenance == "pasted"
    trouble = None
    if not is_private and (before is not None or call.outcome is not None):
        trouble = index_again(settings, library, scorer, progress, [call.call_id])
    return OutcomeEntered(
        call_id=call.call_id,
        outcome=call.outcome,
        before=before,
        is_private=is_private,
        is_indexed=trouble is None,
        n_own=own.n,
        n_missing=own.n_missing,
        reading=" ".join([_said(call, trouble), own.reading]),
    )


def _said(call: LabelledCall, trouble: str | None) -> str:
    kept = f"Call {call.call_id} is kept as {call.outcome or 'open'}."
    if call.provenance == "pasted":
        return f"{kept} It is private: it counts nowhere until it is added to the library."
    if trouble is not None:
        return f"{kept} The index of past calls could not follow: {trouble}"
    return f"{kept} It is among the past calls now." if call.outcome else f"{kept} It is in the library."


def index_again(
    settings: Settings, library: Library, scorer: Scorer | None, progress: Progress, read: Collection[str]
) -> str | None:
    """Indexes for the current model, and for that of a chat that began with another one; gives what went wrong.

    ``read``: ids of calls whose moves are read, if they weren't yet.
    """
    try:
        for one in scorers_in_use(settings, scorer):
            build_index(library, one, settings.index_dir, progress, takes_over=True, wait_s=WAIT_S)
            if one.reader is not None:
                library.read_moves(one.reader, progress, only=read)
    except CoachError as error:
        return without_paths(str(error), settings.home)
    return None


def scorers_in_use(settings: Settings, running: Scorer | None) -> list[Scorer]:
    """Those of the current model and of a chat or server that runs, the latter last, so that its index is the newest.

    Raises:
        ModelError: nothing runs, and there is no current model.
    """
    if running is None:
        return [CallScorer.load(settings)]
    try:
        current = ModelFolder.open(find_model(settings)).manifest.model_id
    except ModelError:
        return [running]
    return [running] if current == running.manifest.model_id else [CallScorer.load(settings), running]
