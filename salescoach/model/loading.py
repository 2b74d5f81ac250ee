"""What a model folder holds, loaded: its arms, its encoder, and what it was fine-tuned from."""

import functools
import hashlib
import importlib.metadata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.errors import ModelError, NamedModelError, UnavailableError
from salescoach.model.artifact import MOVES, Manifest, ModelFolder, folder_fingerprint
from salescoach.model.base_model import resolve_base_model, sha256_of
from salescoach.model.embedding_arm import BlendedArm, ChosenArm, EmbeddingArm, ReferenceArm, ScoringArm, WordsArm
from salescoach.model.encoder import Encoder, TurnEncoder, best_engine
from salescoach.model.endpoint import FILE as ENDPOINT
from salescoach.model.endpoint import EndpointEncoder, is_endpoint
from salescoach.model.endpoint import write as write_endpoint
from salescoach.model.engines import Engine
from salescoach.model.likeness import Likeness
from salescoach.model.text_arm import TextArm
from salescoach.model.vector_cache import FileCache, MemoryCache
from salescoach.moves.moves_arm import MovesArm
from salescoach.moves.profile import CallProfile
from salescoach.moves.reader import BUNDLED_READER, EncoderReader, MoveReader, reader_id
from salescoach.moves.results import CallMoves
from salescoach.types import Transcript

if TYPE_CHECKING:
    from salescoach.model.scoring import Scorer

PROBES = (
    "Rep: What would have to be true for you to go ahead this quarter?",
    "Customer: Honestly, the price is above what we set aside.",
)
ENGINE_PACKAGES = ("torch", "transformers", "sentence-transformers", "numpy")


@dataclass(frozen=True)
class Untrained:
    """The encoder as it was before fine-tuning, and the head that was fitted on it."""

    encoder: Encoder
    arm: ReferenceArm


def load_arms(folder: ModelFolder, reader: Callable[[], EncoderReader] | None = None) -> tuple[EmbeddingArm, ChosenArm]:
    """The embedding's arm of a model folder, which finds likeness, and the arm that scores, often the same.

    ``reader``: loads the move reader, for a model that scores by it.

    Raises:
        ModelError: a file of theirs is missing or damaged, or the reader isn't the one that the model rests on.
    """
    manifest = folder.manifest
    embedding = EmbeddingArm.load(folder.embedding_file)
    arm: ScoringArm = embedding
    if manifest.scorer == "moves":
        arm = MovesArm(_same_reader(manifest, reader), CallProfile.load(folder.path / MOVES))
    elif manifest.scorer != manifest.embedding:
        words = WordsArm(TextArm.load(folder.text_file))
        arm = words if manifest.scorer == "tfidf" else BlendedArm((embedding, words), *manifest.blend)
    return embedding, ChosenArm(arm, manifest.scorer, manifest.conformal_quantile)


class BundledReader:
    """The move reader that comes with the coach, loaded when it first reads: what was read before needs no model."""

    def __init__(self, settings: Settings, *, cached: bool = True) -> None:
        self._settings = settings
        self._cached = cached

    @functools.cached_property
    def model_id(self) -> str:
        """Names it; raises ModelError where a file of it is missing or damaged."""
        return reader_id(BUNDLED_READER)

    @functools.cached_property
    def loaded(self) -> EncoderReader:
        """The reader itself; raises ModelError as ``load_reader``."""
        return load_reader(self._settings, cached=self._cached)

    def read(self, transcript: Transcript) -> CallMoves:
        """The moves of each turn, the objections and the next step."""
        return self.loaded.read(transcript)


def encoder_reader(reader: MoveReader | None) -> EncoderReader | None:
    """The encoder's reader behind a reader, loaded; None where it reads in another way, or there is none."""
    found = reader.loaded if isinstance(reader, BundledReader) else reader
    return found if isinstance(found, EncoderReader) else None


def load_reader(settings: Settings, *, cached: bool = True) -> EncoderReader:
    """The move reader that comes with the coach; it stands on the bundled base encoder, whatever the model is.

    Raises:
        ModelError: a file of the reader or of the base encoder is missing or damaged.
    """
    import torch

    torch.set_num_threads(settings.threads)
    engine = best_engine()
    cache = FileCache(settings.cache_dir / f"{reader_id(BUNDLED_READER)}-{engine}.sqlite") if cached else MemoryCache()
    base = Path(resolve_base_model(BUNDLED_BASE_MODEL))
    return EncoderReader.load(BUNDLED_READER, base, engine=engine, cache=cache)


def _same_reader(manifest: Manifest, reader: Callable[[], EncoderReader] | None) -> EncoderReader:
    found = None if reader is None else reader()
    if found is None or found.model_id != manifest.reader:
        raise ModelError(
            f"The model {manifest.model_id} rests on the move reader {manifest.reader}, which this version doesn't "
            "have; run `coach setup`, or train again."
        )
    return found


def load_likeness(folder: ModelFolder) -> Likeness:
    """The past calls of a folder that was opened earlier, if they are still those of the same model.

    Raises:
        ModelError: another model is in the folder by now.
    """
    file = folder.likeness_file
    if not file.is_file() or sha256_of(file) != folder.manifest.files[file.name]:
        raise ModelError(
            f"The model {folder.manifest.model_id} is no longer in {folder.path}, so it can't score by likeness; "
            "start the program again to use the model that is there now."
        )
    return Likeness.load(file)


def load_untrained(folder: ModelFolder, settings: Settings) -> Untrained:
    """What a model was fine-tuned from: the encoder, and the head on it that the model folder keeps.

    Raises:
        UnavailableError: the encoder isn't on this machine any more, or isn't the one of the head.
    """
    manifest = folder.manifest
    arm = ReferenceArm.load(folder.generic_file)
    try:
        encoder = load_base_encoder(settings.model_copy(update={"base_model": manifest.base_model}))
    except ModelError as error:
        raise UnavailableError(
            f"{manifest.base_model}, which {manifest.model_id} was fine-tuned from, can't be loaded to compare with: "
            f"{error}"
        ) from None
    if encoder.dimension != arm.pooling.query.shape[1]:
        raise UnavailableError(
            f"{manifest.base_model} is not what {manifest.model_id} was fine-tuned from any more, so there is nothing "
            "to compare with; train again."
        )
    return Untrained(encoder, arm)


def load_encoder(
    folder: Path, fingerprint: str, settings: Settings, *, cached: bool = True
) -> TurnEncoder | EndpointEncoder:
    """An encoder, its vectors kept under ``COACH_HOME`` (one file for each encoder and engine) or only in memory.

    Raises:
        NamedModelError: its vectors come from an endpoint that the settings don't name.
        ModelError: it is damaged.
    """
    is_here = not (folder / ENDPOINT).is_file()
    engine: Engine = best_engine() if is_here else "openai"
    cache = FileCache(settings.cache_dir / f"{fingerprint[:16]}-{engine}.sqlite") if cached else MemoryCache()
    if not is_here:
        return EndpointEncoder.of(folder, fingerprint, settings, cache)
    return TurnEncoder.load(folder, fingerprint=fingerprint, engine=engine, threads=settings.threads, cache=cache)


def load_base_encoder(settings: Settings) -> TurnEncoder | EndpointEncoder:
    """The encoder that training starts from, generic as it is.

    Raises:
        NamedModelError: another one than the bundled is named, and it can't be loaded.
        ModelError: the bundled one can't be.
    """
    with named_base(settings):
        if is_endpoint(settings.base_model):
            with TemporaryDirectory() as folder:
                write_endpoint(settings, Path(folder))
                return load_encoder(Path(folder), folder_fingerprint(Path(folder)), settings)
        source = resolve_base_model(settings.base_model, settings.encoders_dir)
        if Path(source).is_dir():
            return load_encoder(Path(source), folder_fingerprint(Path(source)), settings)
        name = hashlib.sha256(source.encode()).hexdigest()
        return TurnEncoder.load(source, fingerprint=name, threads=settings.threads)


def load_question_encoder(scorer: "Scorer", settings: Settings) -> Encoder:
    """The encoder that questions are read with: the bundled one, which the weights that ship were fitted on.

    One that was fine-tuned has learned what converts and may have forgotten what a question means; one at an endpoint
    would have every question sent there.
    """
    manifest = scorer.manifest
    if manifest.embedding == "generic" and manifest.base_model == BUNDLED_BASE_MODEL:
        return scorer.encoder
    return load_base_encoder(settings.model_copy(update={"base_model": BUNDLED_BASE_MODEL}))


@contextmanager
def named_base(settings: Settings) -> Iterator[None]:
    """Around the loading of the base encoder: one that the user named and that can't be loaded is a NamedModelError."""
    try:
        yield
    except NamedModelError:
        raise
    except ModelError as error:
        if settings.base_model == BUNDLED_BASE_MODEL:
            raise
        raise NamedModelError(f"The base encoder {settings.base_model} can't be used: {error}") from None


def installed_versions() -> dict[str, str]:
    """Versions of the packages that decide what a vector is."""
    return {name: importlib.metadata.version(name) for name in ENGINE_PACKAGES}


def changed_versions(manifest: Manifest) -> str:
    """Which packages differ from those that the model was trained with, in words."""
    now = installed_versions()
    changed = [
        f"{name} {then} then, {now[name]} now" for name, then in manifest.versions.items() if now.get(name) != then
    ]
    return "; ".join(changed) or "the package versions are the same"
