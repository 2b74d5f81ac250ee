"""An encoder behind an OpenAI-compatible ``/v1/embeddings``: frozen, cached, and used only where that is said outright.

Every turn that is not in the cache yet is sent there, in training and in scoring. So a model folder names model and
address, and is used only where the settings name the same ones.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
from pydantic import ValidationError

from salescoach.config import Settings
from salescoach.errors import ModelError, NamedModelError
from salescoach.hosts import only_here
from salescoach.model.cached_encoder import CachedEncoder
from salescoach.model.engines import Engine
from salescoach.model.vector_cache import MemoryCache, VectorCache
from salescoach.types import Frozen

PREFIX: Final = "openai:"  # before the model's name, as in COACH_LLM
FILE: Final = "endpoint.json"
OPENAI_URL: Final = "https://api.openai.com/v1"
TEXTS_AT_ONCE: Final = 64
CHARS_PER_TOKEN: Final = 4  # of English, about; the endpoint's own tokens aren't known
SECONDS: Final = 60.0


class Endpoint(Frozen):
    """Where vectors come from: what a model folder keeps in place of an encoder."""

    model: str
    url: str
    dimension: int

    @property
    def host(self) -> str:
        """The machine that texts are sent to."""
        return urlsplit(self.url).hostname or self.url


def is_endpoint(base_model: str) -> bool:
    """Whether a base model's name is that of a model behind an endpoint."""
    return base_model.startswith(PREFIX)


def address(settings: Settings) -> str:
    """The endpoint's address: ``OPENAI_BASE_URL``, else OpenAI's."""
    return (settings.openai_base_url or OPENAI_URL).rstrip("/")


class EndpointEncoder(CachedEncoder):
    """An encoder whose vectors somebody else computes."""

    engine: Engine = "openai"

    def __init__(self, endpoint: Endpoint, key: str, fingerprint: str, cache: VectorCache | None = None) -> None:
        super().__init__(fingerprint, endpoint.dimension, "", cache)
        self.endpoint = endpoint
        self._key = key

    @classmethod
    def of(cls, folder: Path, fingerprint: str, settings: Settings, cache: VectorCache) -> "EndpointEncoder":
        """The one that ``write`` named in a folder.

        Raises:
            NamedModelError: the settings don't name the same model and address.
            ModelError: the file is damaged.
        """
        try:
            endpoint = Endpoint.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
        except (ValidationError, OSError, ValueError):
            raise ModelError(f"{folder / FILE} is damaged; train again.") from None
        if settings.base_model != PREFIX + endpoint.model or address(settings) != endpoint.url:
            raise NamedModelError(
                f"With this model every turn is sent to {endpoint.host}; if you want that, set COACH_BASE_MODEL="
                f"{PREFIX}{endpoint.model} and OPENAI_BASE_URL={endpoint.url}, else name another model."
            )
        return cls(endpoint, _key(settings), f"{fingerprint[:16]}-openai", cache)

    def without_cache(self) -> "EndpointEncoder":
        """The same encoder, remembering nothing: what a call costs the first time."""
        return EndpointEncoder(self.endpoint, self._key, self.fingerprint, MemoryCache(max_vectors=0))

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, about."""
        return [2 + len(text) // CHARS_PER_TOKEN for text in texts]

    def vectors_of_pieces(self, pieces: Sequence[str], lengths: np.ndarray) -> np.ndarray:
        """Vectors of texts within the token limit: shape (n_pieces, dimension), float32, unit length.

        Raises:
            ModelError: the endpoint can't be reached, refuses, or answers something else.
        """
        batches = [pieces[start : start + TEXTS_AT_ONCE] for start in range(0, len(pieces), TEXTS_AT_ONCE)]
        found = np.concatenate([_ask(self.endpoint.url, self.endpoint.model, self._key, batch) for batch in batches])
        if found.shape[1] != self.dimension:
            raise ModelError(
                f"{self.endpoint.host} gave vectors of {found.shape[1]} numbers, where the model was trained on "
                f"{self.dimension}; name the endpoint that it was trained with."
            )
        return found


def write(settings: Settings, folder: Path) -> None:
    """Writes which model at which address the settings name; asks for one vector, to learn its length.

    Raises:
        ModelError: the endpoint can't be reached, refuses, or answers something else.
    """
    model, url = settings.base_model.removeprefix(PREFIX), address(settings)
    if not model:
        raise ModelError(f"{PREFIX} needs a model's name after it, such as {PREFIX}text-embedding-3-small.")
    vector = _ask(url, model, _key(settings), ["Hello."])
    endpoint = Endpoint(model=model, url=url, dimension=vector.shape[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(endpoint.model_dump(), indent=1) + "\n", encoding="utf-8")


def _key(settings: Settings) -> str:
    return settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"


def _ask(url: str, model: str, key: str, texts: Sequence[str]) -> np.ndarray:
    """Vectors of unit length, float32. What goes wrong is told without the texts, which an endpoint may repeat."""
    import openai

    host = urlsplit(url).hostname or url
    # Not from the environment: an organisation or a project of another key would go along.
    headers: dict[str, Any] = {name: openai.Omit() for name in ("OpenAI-Organization", "OpenAI-Project")}
    try:
        with openai.OpenAI(
            base_url=url,
            api_key=key,
            timeout=SECONDS,
            max_retries=2,
            default_headers=headers,
            http_client=openai.DefaultHttpxClient(**only_here(host)),
        ) as client:
            answer = client.embeddings.create(model=model, input=list(texts), encoding_format="float")
        rows = sorted(answer.data, key=lambda row: row.index)
        vectors = np.array([row.embedding for row in rows], dtype=np.float32)
    except openai.APIStatusError as error:
        raise ModelError(f"{host} refused to encode with {model}: HTTP {error.status_code}.{_hint(error)}") from None
    except openai.APIConnectionError:
        raise ModelError(f"{host}, which encodes with {model}, can't be reached; check OPENAI_BASE_URL.") from None
    except (openai.OpenAIError, ValueError, TypeError, AttributeError):
        raise _odd(host, model) from None
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if vectors.ndim == 2 else np.zeros(1)
    if len(vectors) != len(texts) or not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise _odd(host, model)
    return np.asarray(vectors / lengths)


def _hint(error: Any) -> str:
    if error.status_code in (401, 403):
        return " Check OPENAI_API_KEY."
    return " Check the model's name." if error.status_code == 404 else ""


def _odd(host: str, model: str) -> ModelError:
    return ModelError(f"{host} gave no usable vectors for {model}; name an endpoint that is like OpenAI's.")
