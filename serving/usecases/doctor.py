"""``coach doctor``: is everything in place, and if not, what to do."""

import os
import shutil
from collections.abc import Callable

from agent.chat_models import choose_wording
from agent.checkpoints import conversations, problem_of, readable, set_aside
from agent.intents import IntentRouter
from agent.offline import OfflineChatModel
from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.library import Library
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import best_engine
from salescoach.model.endpoint import address, is_endpoint
from salescoach.model.loading import load_question_encoder
from salescoach.model.scoring import CallScorer
from salescoach.types import Frozen
from serving.usecases.lost_library import check_library
from serving.usecases.private_home import is_open_to_others
from serving.usecases.trouble import said_of
from vectorstore.generation import REBUILD, current_generation
from vectorstore.opened import is_current, is_sound

MIN_FREE_BYTES = 500_000_000


class Check(Frozen):
    """One thing that has to be in place. ``detail`` says what was found or, where it is not ok, what to do."""

    name: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which to mend what fails."""
    scorers: list[CallScorer] = []

    def model() -> str:
        scorers.append(CallScorer.load(settings))
        return f"{scorers[0].manifest.model_id}, learned from {scorers[0].manifest.data}"

    def index() -> str:
        if not scorers:
            raise CoachError("It needs a usable model first.")
        generation = current_generation(settings.index_dir, scorers[0])
        if not is_sound(settings.index_dir, scorers[0]):
            raise CoachError(f"Chroma's part of it is damaged, so past calls are searched exactly; {REBUILD}.")
        with _open_library(settings) as library:
            if not is_current(settings.index_dir, scorers[0], library):
                n = len(library.summaries())
                raise CoachError(
                    f"It doesn't hold what the library holds ({generation.n} calls in it, {n} in the library), as "
                    f"after an interrupted command; {REBUILD}."
                )
        calls, n_moments = generation.n_calls, sum(generation.n_moments.values())
        return f"{calls['converted']} converted and {calls['lost']} lost calls, {n_moments} moments"

    def wording() -> str:
        if not scorers:
            raise CoachError("It needs a usable model first.")
        chosen = choose_wording(
            settings, OfflineChatModel(router=IntentRouter(load_question_encoder(scorers[0], settings)))
        )
        return (
            f"{chosen.name}; text goes to {chosen.host}"
            if chosen.host
            else f"{chosen.name}; nothing leaves this machine"
        )

    return [
        _check("home", lambda: _home(settings)),
        _check("base encoder", lambda: _base_encoder(settings)),
        _check("model", model),
        _check("library", lambda: _library(settings)),
        _check("index", index),
        _check("conversations", lambda: _conversations(settings)),
        _check("language model", wording),
    ]


def _base_encoder(settings: Settings) -> str:
    if is_endpoint(settings.base_model):
        return f"{settings.base_model}; turns are sent to {address(settings)}"
    return f"{resolve_base_model(settings.base_model, settings.encoders_dir)}, engine {best_engine()}"


def _check(name: str, found: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=found())
    except CoachError as error:
        return Check(name=name, ok=False, detail=str(error))
    except Exception as error:
        if (said := said_of(error)) is None:
            raise
        return Check(name=name, ok=False, detail=said)


def _home(settings: Settings) -> str:
    place = settings.home if settings.home.exists() else settings.home.absolute().parent
    if not os.access(place, os.W_OK):
        raise CoachError(f"{place} can't be written to; set COACH_HOME to a folder of yours.")
    free = shutil.disk_usage(place).free
    if free < MIN_FREE_BYTES:
        raise CoachError(f"Only {free // 1_000_000} MB are free at {place}; make room or set COACH_HOME.")
    if is_open_to_others(settings.home):
        raise CoachError(f"Other users of this machine can read {place}; set COACH_HOME to a folder of your own.")
    return str(settings.home.absolute())


def _open_library(settings: Settings) -> Library:
    check_library(settings, must_exist=True)
    return Library(settings.library_file, create=False)


def _library(settings: Settings) -> str:
    with _open_library(settings) as library:
        summaries, own = library.summaries(), library.own_calls()
    missing = f"; {own.n_missing} own ones are missing to learn from them alone" if own.n_missing else ""
    return f"{own.n} own and {len(summaries) - own.n} example calls with a known outcome{missing}"


def _conversations(settings: Settings) -> str:
    if problem := problem_of(settings.threads_file):
        raise CoachError(
            f"What the coach remembers of conversations is damaged ({problem}); the chat sets the file aside when it "
            "is started next, and begins a new one."
        )
    if settings.threads_file.exists():
        with conversations(settings.threads_file) as saver:
            n_unreadable = len(readable(saver)[1])
        if n_unreadable:
            return f"remembered; {n_unreadable} can't be read; each begins anew when it is continued"
    damaged = [file.name for file in set_aside(settings.threads_file) if file.suffix == settings.threads_file.suffix]
    if damaged:
        return f"remembered; {', '.join(damaged)} was damaged and set aside, and can be deleted"
    return "remembered" if settings.threads_file.exists() else "none yet"
