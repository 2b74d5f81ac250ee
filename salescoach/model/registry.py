"""The models of a home: which one scores (the champion), which ones contend with it, and who decided that, and when.

``current-model`` names the champion's folder; it is replaced whole, so a reader finds the old champion or the new one.
Beside it, one file keeps every decision in order, readable by its owner alone. Where the program is killed between the
two, or another program changed the champion, the next decision notes what it found.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock
from pydantic import ValidationError

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError, ModelError
from salescoach.model.artifact import MANIFEST, Manifest, ModelFolder, find_model, make_current, whole_folder
from salescoach.types import Frozen
from salescoach.whole_file import write_private

Decision = Literal["found", "promoted", "rolled back", "challenges", "retired", "stopped"]

CHAMPIONS: Final[frozenset[Decision]] = frozenset({"found", "promoted", "rolled back"})
UNKNOWN: Final = "unknown"
COACH: Final = "coach"  # who decides where no person does


class ModelDecision(Frozen):
    """A decision about a model. ``folder``: its name under the home's models; ``reading``: why, in a sentence."""

    at: datetime
    by: str
    what: Decision
    folder: str
    model_id: str
    reading: str = ""


class KnownModel(Frozen):
    """A model folder under the home. ``created_at``: as its manifest says."""

    folder: str
    model_id: str
    created_at: str
    data: str


class ModelRegistry:
    """What is kept of a home's models. Every change holds a lock, so that two programs can't lose a decision."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.model_history_file

    def history(self) -> tuple[ModelDecision, ...]:
        """Every decision, oldest first.

        Raises:
            CoachError: the file can't be read.
        """
        if not self._file.exists():
            return ()
        try:
            return _History.model_validate_json(self._file.read_bytes()).decisions
        except (OSError, ValidationError):
            raise CoachError(
                f"The history of models {self._file} can't be read; restore it from a backup, or move it away: the "
                "model that scores stays the same, but what was decided before is lost."
            ) from None

    def models(self) -> tuple[KnownModel, ...]:
        """The model folders that are there, by name. Their files are not checked."""
        found = []
        for file in sorted(self._settings.models_dir.glob(f"*/{MANIFEST}")):
            try:
                manifest = Manifest.of(file.parent)
            except ModelError:
                continue  # a damaged folder can't contend; `coach doctor` says what is wrong with the champion
            found.append(_known(file.parent.name, manifest))
        return tuple(found)

    def champion(self) -> KnownModel:
        """The model that scores.

        Raises:
            ModelError: there is none, or its manifest can't be read.
        """
        folder = find_model(self._settings.model_copy(update={"model": None}))
        return _known(folder.name, Manifest.of(folder))

    def challengers(self) -> tuple[KnownModel, ...]:
        """The models that contend with the champion and are still there as they were entered, the oldest first."""
        champion = self.champion().model_id
        contending = contending_in(self.history())
        there = {one.model_id: one for one in self.models()}
        return tuple(there[model_id] for model_id in contending if model_id in there and model_id != champion)

    def challenge(self, name: str, by: str, reading: str = "") -> ModelDecision:
        """Enters a model as challenger.

        Raises:
            InputError: there is no such model, it is the champion, or it contends already.
            ModelError: its folder is damaged.
        """
        with self._changing() as decisions:
            folder = self._checked(name)
            model_id = folder.manifest.model_id
            if model_id == self.champion().model_id:
                raise InputError(f"{name} is the champion itself; name another model.")
            if model_id in contending_in(decisions):
                raise InputError(f"{name} contends already; `coach models list` shows how it does.")
            return self._note(decisions, "challenges", folder, by, reading)

    def retire(
        self, name: str, by: str, reading: str = "", *, what: Literal["retired", "stopped"] = "retired"
    ) -> ModelDecision:
        """Takes a challenger out; its folder stays.

        Raises:
            InputError: no challenger is called so.
        """
        with self._changing() as decisions:
            there = {one.folder: one for one in self.challengers()}
            if name not in there:
                raise InputError(f"No challenger is called {name!r}; there are: {_listed(there)}.")
            one = there[name]
            return self._append(decisions, _decision(what, one.folder, one.model_id, by, reading))

    def promote(self, name: str, by: str, reading: str = "") -> ModelDecision:
        """Makes a model the champion. The one until now stays in its folder, to roll back to.

        Raises:
            InputError: there is no such model, or it is the champion.
            ModelError: its folder is damaged; nothing is changed then.
        """
        with self._changing() as decisions:
            folder = self._checked(name)
            if decisions and decisions[-1].what == "found" and decisions[-1].model_id == folder.manifest.model_id:
                decisions.pop()  # a training wrote it where the champion was, which is what is noted now
            if reign(decisions)[-1:] == [folder.manifest.model_id]:
                raise InputError(f"{name} is the champion already.")
            make_current(self._settings, folder.path)
            return self._note(decisions, "promoted", folder, by, reading)

    def roll_back(self, by: str, reading: str = "") -> ModelDecision:
        """Makes the champion before this one the champion again.

        Raises:
            InputError: there was none, or it isn't there any more; names it.
            ModelError: its folder is damaged; nothing is changed then.
        """
        with self._changing() as decisions:
            before = reign(decisions)[:-1]
            if not before:
                raise InputError("There is no earlier champion to roll back to; `coach models list` shows the history.")
            model_id = before[-1]
            there = {one.model_id: one for one in self.models()}
            if model_id not in there:
                raise InputError(
                    f"The champion before, {model_id}, isn't among the models any more; choose one that is there with "
                    "`coach models use NAME`."
                )
            folder = self._checked(there[model_id].folder)
            make_current(self._settings, folder.path)
            return self._note(decisions, "rolled back", folder, by, reading)

    def keep_aside(self, folder: Path) -> Path | None:
        """Keeps the champion under its id where its folder is about to be written anew; gives the copy's place.

        The copy shares its files with the folder, by hard links where the disk has them, so it takes no room until the
        folder is replaced. Of copies made so, only this one is kept. None where the folder isn't the champion's.
        """
        with self._changing() as decisions:
            champion = self._champion_or_none()
            self._write(decisions)  # afterwards nobody could tell any more who it was
            if champion is None or folder != self._settings.models_dir / champion.folder:
                return None
            copy = self._settings.models_dir / champion.model_id
            if copy == folder:
                return None
            if not (copy / MANIFEST).is_file():
                with whole_folder(copy) as temporary:
                    shutil.copytree(folder, temporary, copy_function=_link_or_copy, dirs_exist_ok=True)
            contending = {one.folder for one in self.challengers()}
            for one in self.models():
                if one.folder == one.model_id and one.folder not in {copy.name, folder.name, *contending}:
                    shutil.rmtree(self._settings.models_dir / one.folder)
            return copy

    def _checked(self, name: str) -> ModelFolder:
        there = [one.folder for one in self.models()]
        if name not in there:
            raise InputError(f"There is no model {name!r} in {self._settings.models_dir}; there are: {_listed(there)}.")
        return ModelFolder.open(self._settings.models_dir / name)

    def _champion_or_none(self) -> KnownModel | None:
        try:
            return self.champion()
        except ModelError:
            return None

    @contextmanager
    def _changing(self) -> Iterator[list[ModelDecision]]:
        """The history under a lock, with the champion that is there, should nobody have noted it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._file.with_name(f".{self._file.name}.lock")):
            decisions = list(self.history())
            champion = self._champion_or_none()
            noted = reign(decisions)
            if champion is not None and (not noted or noted[-1] != champion.model_id):
                decisions.append(_decision("found", champion.folder, champion.model_id, UNKNOWN, ""))
            yield decisions

    def _note(
        self, decisions: list[ModelDecision], what: Decision, folder: ModelFolder, by: str, reading: str
    ) -> ModelDecision:
        one = _decision(what, folder.path.name, folder.manifest.model_id, by, reading)
        return self._append(decisions, one)

    def _append(self, decisions: list[ModelDecision], one: ModelDecision) -> ModelDecision:
        decisions.append(one)
        self._write(decisions)
        return one

    def _write(self, decisions: Sequence[ModelDecision]) -> None:
        text = _History(decisions=tuple(decisions)).model_dump_json(indent=1) + "\n"
        write_private(self._file, text, is_durable=True)


def reign(decisions: Sequence[ModelDecision]) -> list[str]:
    """Ids of the champions that can be rolled back to, the present one last; a roll-back takes the last one off."""
    line: list[str] = []
    for one in decisions:
        if one.what == "rolled back":
            line = line[:-1] if one.model_id in line[:-1] else [*line, one.model_id]
        elif one.what in CHAMPIONS and line[-1:] != [one.model_id]:
            line.append(one.model_id)
    return line


def contending_in(decisions: Sequence[ModelDecision]) -> list[str]:
    """Ids of the challengers after some decisions, in the order in which they entered."""
    contending: list[str] = []
    for one in decisions:
        if one.what == "challenges":
            contending.append(one.model_id)
        elif one.model_id in contending and one.what in {"retired", "stopped", "promoted"}:
            contending.remove(one.model_id)
    return contending


class _History(Frozen):
    decisions: tuple[ModelDecision, ...]


def _decision(what: Decision, folder: str, model_id: str, by: str, reading: str) -> ModelDecision:
    return ModelDecision(
        at=datetime.now(UTC).replace(microsecond=0), by=by, what=what, folder=folder, model_id=model_id, reading=reading
    )


def _known(folder: str, manifest: Manifest) -> KnownModel:
    return KnownModel(folder=folder, model_id=manifest.model_id, created_at=manifest.created_at, data=manifest.data)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _listed(names: Sequence[str] | dict[str, KnownModel]) -> str:
    return ", ".join(sorted(names)) or "none"
