"""A model folder: everything needed to score, written whole or not at all, and checked before it is used.

manifest.json            what this is, and the sha256 of every other file
MODEL_CARD.md            the same for people
encoder/                 a sentence-transformers model (safetensors)
<embedding>.safetensors  pooling, head and what is needed to abstain (arrays only, nothing executable)
generic.safetensors      beside a fine-tuned embedding: pooling and head of the untrained one, to compare with
likeness.safetensors     call vectors of the training calls, for scoring by likeness
moves.safetensors        where the move reader scores: what is likely to come of a call, by its profile
tfidf.safetensors        where words score: their hashes and pairs' hashes with weights, never a word
"""

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field

from salescoach.config import Settings
from salescoach.errors import InputError, ModelError, NamedModelError
from salescoach.leftovers import half_made, remove_half_made
from salescoach.model.base_model import sha256_of
from salescoach.model.engines import Engine
from salescoach.stats.measures import Measure, Thresholds
from salescoach.types import EmbeddingName, Frozen, PassRate, ScorerName
from salescoach.whole_file import whole_file

MANIFEST = "manifest.json"
CARD = "MODEL_CARD.md"
ENCODER = "encoder"
MOVES = "moves.safetensors"
FORMAT = 2
HASH_DIGITS = 10  # 40 bits of a content hash: of a million calls not one is taken for one of 20,000 by chance


class Manifest(Frozen):
    """What a model folder says about itself."""

    format: int = FORMAT
    model_id: str
    name: str
    created_at: str
    scorer: ScorerName = Field(description="the arm that scores: the best on the calls that judged")
    embedding: EmbeddingName = Field(description="whether the encoder in the folder is fine-tuned")
    blend: tuple[float, float] = Field(description="slope and offset on the mean logit of embedding and text")
    base_model: str
    engine: Engine
    reader: str | None = Field(None, description="the move reader, where that scores")
    encoder_fingerprint: str
    versions: dict[str, str]
    data: str = Field(description="what it was trained on, in words")
    data_hash: str
    split_hash: str
    seed: int
    n_train: int
    n_calibration: int
    n_test: int
    n_learned: int | None = Field(None, description="calls that the kept model learned from; None in older folders")
    base_rate: float = Field(ge=0, le=1, description="share of converted calls among those learned from")
    conformal_quantile: float
    thresholds: Thresholds = Field(description="chosen on calibration calls")
    max_unlikeness: float = Field(gt=0, description="a call further than this from the training calls is not judged")
    training_calls: tuple[str, ...] = Field(
        description="starts of the content hashes of the calls that any fit has seen"
    )
    measures: dict[str, dict[str, Measure]] = Field(description="arm -> measure, on calls that no fit has seen")
    behaviour: tuple[PassRate, ...] = Field((), description="checks of behaviour; none in older folders")
    files: dict[str, str] = Field(description="relative path -> sha256")

    @classmethod
    def of(cls, folder: Path) -> "Manifest":
        """The manifest of a model folder, whose files are not checked.

        Raises:
            ModelError: it can't be read.
        """
        try:
            return cls.model_validate_json((folder / MANIFEST).read_bytes())
        except (OSError, ValueError):
            raise ModelError(f"The model in {folder} can't be read; run `coach setup`, or train again.") from None

    def has_seen(self, content_hash: str) -> bool:
        """Whether any fit has seen the call of this content."""
        return content_hash[:HASH_DIGITS] in self._seen

    @cached_property
    def _seen(self) -> frozenset[str]:
        return frozenset(content_hash[:HASH_DIGITS] for content_hash in self.training_calls)


class ModelFolder:
    """A model folder that has been checked."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    @property
    def encoder(self) -> Path:
        """The folder of the encoder."""
        return self.path / ENCODER

    @property
    def embedding_file(self) -> Path:
        """The arrays of the arm that goes with the encoder."""
        return self.path / f"{self.manifest.embedding}.safetensors"

    @property
    def generic_file(self) -> Path:
        """The head on the untrained encoder, beside a fine-tuned one; older folders have none."""
        return self.path / "generic.safetensors"

    @property
    def likeness_file(self) -> Path:
        """The vectors of the training calls, for scoring by likeness."""
        return self.path / "likeness.safetensors"

    @property
    def text_file(self) -> Path:
        """The arrays of the arm on words."""
        return self.path / "tfidf.safetensors"

    @property
    def verdict(self) -> str:
        """What the model card says first: whether anything was learned, and whether fine-tuning was worth it."""
        return (self.path / CARD).read_text(encoding="utf-8").partition("\n")[0]

    @classmethod
    def open(cls, path: Path) -> "ModelFolder":
        """Reads the manifest and checks every file against it.

        Raises:
            ModelError: there is no model folder, or one of its files is missing, changed or not listed.
        """
        if not (path / MANIFEST).is_file():
            raise ModelError(_none_in(path))
        try:
            raw = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            manifest = Manifest.model_validate(raw)
        except (ValueError, RecursionError):  # pydantic's errors are ValueErrors
            raise _damaged(path, MANIFEST) from None
        if manifest.format != FORMAT or manifest.model_id != _model_id(manifest.name, raw):
            raise _damaged(path, MANIFEST)
        present = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()} - {MANIFEST}
        for relative in sorted(present ^ manifest.files.keys()):
            raise _damaged(path, relative)
        for relative, expected in manifest.files.items():
            if sha256_of(path / relative) != expected:
                raise _damaged(path, relative)
        return cls(path, manifest)


def find_model(settings: Settings) -> Path:
    """The model folder that is used: the one named, else the one last set up or trained.

    One that is named by an address is fetched first, as ``salescoach.model.fetched`` says.

    Raises:
        NamedModelError: there is none in the folder, or at the address, that is named.
        ModelError: none is named and none has been made yet, or what is at the address can't be had whole.
    """
    if isinstance(settings.model, str):
        from salescoach.model.fetched import fetched  # what few need, and needs more than most

        return fetched(settings.model, settings)
    if settings.model is not None:
        if not (settings.model / MANIFEST).is_file():
            raise NamedModelError(_none_in(settings.model))
        return settings.model
    try:
        name = settings.current_model_file.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        raise ModelError(f"There is no model in {settings.home} yet; run `coach setup` first.") from None
    return settings.models_dir / name


def make_current(settings: Settings, folder: Path) -> None:
    """Makes a folder under ``models_dir`` the default model."""
    with whole_file(settings.current_model_file) as temporary:
        temporary.write_text(folder.name + "\n", encoding="utf-8")


def seal(folder: Path, **fields: Any) -> Manifest:
    """Hashes all files of ``folder`` and writes its manifest from ``fields`` (all but files and model_id)."""
    files = {str(file.relative_to(folder)): sha256_of(file) for file in sorted(folder.rglob("*")) if file.is_file()}
    unnamed = Manifest(model_id="", files=files, **fields)
    raw = unnamed.model_dump(mode="json")
    manifest = unnamed.model_copy(update={"model_id": _model_id(unnamed.name, raw)})
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return manifest


@contextmanager
def whole_folder(target: Path, marks: Collection[str] = (MANIFEST, CARD, ENCODER)) -> Iterator[Path]:
    """A new folder to write to, renamed to ``target`` when the block ends well and removed when it doesn't.

    An older folder of that name is replaced only then, if it holds one of ``marks``: a file of such a folder.

    Raises:
        InputError: something else is there; it is never replaced.
    """
    if not _is_replaceable(target, marks):
        raise InputError(f"{target} is there already and is no model folder; name a new folder, or an older model's.")
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_half_made(target.parent, target.name)
    with half_made(target) as (temporary, old):
        try:
            temporary.mkdir()
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    with file.open("rb") as handle:
                        os.fsync(handle.fileno())
            if target.exists():
                os.replace(target, old)
                try:
                    os.replace(temporary, target)
                except OSError:
                    os.replace(old, target)
                    raise
                shutil.rmtree(old)
            else:
                os.replace(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def folder_fingerprint(folder: Path) -> str:
    """sha256 over the files of an encoder folder, by name and content: 64 hex digits."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(folder)} {sha256_of(file)}\n".encode())
    return digest.hexdigest()


def _is_replaceable(target: Path, marks: Collection[str]) -> bool:
    """Whether nothing is lost where ``target`` is replaced: it isn't there, is empty, or was a model, whole or not."""
    if not target.is_dir():
        return not target.exists()
    present = {entry.name for entry in target.iterdir()}
    return not present or not present.isdisjoint(marks)


def _model_id(name: str, raw_manifest: dict[str, Any]) -> str:
    """The name and a hash over the whole manifest, so that no figure in it can change unnoticed."""
    content = json.dumps({key: value for key, value in raw_manifest.items() if key != "model_id"}, sort_keys=True)
    return f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _none_in(path: Path) -> str:
    return f"There is no model in {path}; run `coach setup`, or name a model folder with --model."


def _damaged(path: Path, relative: str) -> ModelError:
    return ModelError(
        f"The model folder {path} is damaged: {relative} is missing, unlisted or not what the manifest says; "
        "train again or run `coach setup`."
    )
