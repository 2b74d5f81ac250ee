"""The one place that reads the environment. Argument beats environment beats default."""

import os
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from salescoach.errors import InputError

BUNDLED_BASE_MODEL = "all-MiniLM-L6-v2"
OFF = "off"
TRACES_PATH = "/v1/traces"


class Settings(BaseSettings):
    """Everything that can be set, under the prefix ``COACH_``.

    ``OPENAI_API_KEY`` and ``OPENAI_BASE_URL`` keep the names that the ecosystem gave them.
    """

    model_config = SettingsConfigDict(
        env_prefix="COACH_", env_ignore_empty=True, frozen=True, extra="ignore", populate_by_name=True
    )

    home: Path = Field(Path(".coach"), description="where models, library, index and caches live")
    model: Path | str | None = Field(
        None,
        description="the model folder, or its address, such as s3://bucket/model; default: the last set up or trained",
    )
    base_model: str = Field(
        BUNDLED_BASE_MODEL, description="what to train from: mpnet, multilingual, openai:MODEL, a folder or a name"
    )
    llm: str = Field("auto", description="who words the answers: auto, offline or openai:MODEL")
    threads: int = Field(1, ge=1, description="threads of the encoder; more helps on an idle machine only")
    slots: int = Field(
        default_factory=lambda: min(2, os.cpu_count() or 1),
        ge=1,
        description="questions that are worked on at a time, two where there are two cores; others wait for their turn",
    )
    seed: int = Field(7, ge=0, description="the seed of everything random")
    deadline_s: float = Field(20.0, gt=0, description="seconds a language model may take for one answer")
    question_deadline_s: float = Field(60.0, gt=0, description="seconds it may take for all answers to one question")
    max_sent_chars: int = Field(48_000, ge=8_000, description="characters that it may be sent at a time, at most")
    max_answer_tokens: int = Field(4_000, ge=200, description="tokens that it may answer with, its thoughts included")
    max_private_calls: int = Field(500, ge=1, description="pasted calls that a user of the chat may keep")
    max_history_mb: int = Field(500, ge=1, description="megabytes that the conversations of a user may take")
    rep_lookups: bool = Field(False, description="whether the library may be asked for numbers by rep")
    deal_cues: bool = Field(False, description="whether coach deals says what to do next about each deal")
    hosts: str = Field("", description="names, separated by commas, under which the chat may be opened from elsewhere")
    proxies: str = Field("", description="addresses, separated by commas, of proxies that say who a request is from")
    session_hours: float = Field(12.0, ge=0.25, le=400, description="hours until the chat asks for a password again")
    api_rate: str = Field("120/minute", description="how often a key may ask the REST interface")
    api_origins: str = Field("", description="pages elsewhere, separated by commas, that may use the REST interface")
    traces: str = Field(
        "", description="where traces go, such as http://127.0.0.1:4318; off: nowhere, whatever the next two say"
    )
    otel_traces_endpoint: str | None = Field(
        None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", description="the same, as OpenTelemetry names it"
    )
    otel_endpoint: str | None = Field(
        None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT", description="the same for all that OpenTelemetry sends"
    )
    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="the key for a language model that needs one"
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias="OPENAI_BASE_URL",
        description="where `openai:…` of `COACH_LLM` and `COACH_BASE_MODEL` is asked, and, on this machine, `auto`; "
        "without it, `openai:…` is OpenAI's own",
    )

    @field_validator("traces", "otel_traces_endpoint", "otel_endpoint")
    @classmethod
    def _check_address(cls, given: str | None) -> str | None:
        if given and given != OFF and not given.startswith(("http://", "https://")):
            raise ValueError("an address begins with http:// or https://")
        return given

    @field_validator("proxies")
    @classmethod
    def _check_proxies(cls, given: str) -> str:
        addresses = [address.strip() for address in given.split(",") if address.strip()]
        for address in addresses:
            ip_network(address, strict=False)  # a name or a * would let anybody say so
        return ",".join(addresses)

    @classmethod
    def load(cls, **arguments: Any) -> Self:
        """Settings from arguments (None means "not given"), environment and defaults.

        Raises:
            InputError: a setting can't be read; names it.
        """
        try:
            return cls(**{name: value for name, value in arguments.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            field = "_".join(str(part) for part in first["loc"]).upper()
            name, got = (
                (field, "")
                if field.startswith(("OPENAI_", "OTEL_"))
                else (f"COACH_{field}", f"; got {first['input']!r}")
            )
            raise InputError(f"The setting {name} can't be used: {first['msg']}{got}.") from None

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        """A path with other bytes could be opened, but not named in a message or a file."""
        try:
            str(value).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds bytes that are no UTF-8 text") from None
        return value

    @field_validator("model", mode="before")
    @classmethod
    def _is_folder_or_address(cls, given: Any) -> Any:
        """An address stays a text: as a path it would lose one of its slashes."""
        return Path(given) if isinstance(given, str) and "://" not in given else given

    @property
    def traces_address(self) -> str | None:
        """Where traces go by OTLP over HTTP; None: nowhere."""
        if self.traces == OFF or not (self.traces or self.otel_traces_endpoint or self.otel_endpoint):
            return None
        if not self.traces and self.otel_traces_endpoint:
            return self.otel_traces_endpoint  # which is whole, by its definition
        base = (self.traces or self.otel_endpoint or "").rstrip("/")
        return base if base.endswith(TRACES_PATH) else base + TRACES_PATH

    @cached_property
    def models_dir(self) -> Path:
        return self.home / "models"

    @cached_property
    def current_model_file(self) -> Path:
        """Names the folder under ``models_dir`` that is used by default."""
        return self.home / "current-model"

    @cached_property
    def model_history_file(self) -> Path:
        """Which models were champion or challenger, since when, and who said so."""
        return self.home / "model-history.json"

    @cached_property
    def library_file(self) -> Path:
        return self.home / "library.sqlite"

    @cached_property
    def index_dir(self) -> Path:
        return self.home / "index"

    @cached_property
    def runs_dir(self) -> Path:
        """What long work keeps so that it can be resumed; may hold text of calls."""
        return self.home / "runs"

    @cached_property
    def encoders_dir(self) -> Path:
        """Base encoders that come packed, unpacked."""
        return self.home / "encoders"

    @cached_property
    def cache_dir(self) -> Path:
        return self.home / "cache"

    @cached_property
    def threads_file(self) -> Path:
        """Checkpoints of conversations; they hold call ids, never transcripts."""
        return self.home / "conversations.sqlite"

    @cached_property
    def history_file(self) -> Path:
        """What the chat shows when somebody comes back: threads with their messages, figures and thumbs."""
        return self.home / "chat.sqlite"

    @cached_property
    def users_file(self) -> Path:
        """Who may sign in to the chat. Without it, it is the one person at this machine."""
        return self.home / "users.json"

    @cached_property
    def api_keys_file(self) -> Path:
        """The keys to the REST interface, hashed. Without it, it answers this machine only, and asks for no key."""
        return self.home / "api-keys.json"

    @cached_property
    def api_requests_file(self) -> Path:
        """What requests that named themselves were answered, for a day."""
        return self.home / "api-requests.sqlite"

    @cached_property
    def serving_lock(self) -> Path:
        """Held by the process that serves the REST interface."""
        return self.home / ".serving"

    @cached_property
    def team_file(self) -> Path:
        """The names of the people on our side."""
        return self.home / "team.json"

    @cached_property
    def trackers_file(self) -> Path:
        """What the user wants to be found in calls, with examples of it."""
        return self.home / "trackers.yaml"

    @cached_property
    def cookie_secret_file(self) -> Path:
        """What the chat's session cookies are signed with."""
        return self.home / "cookie-secret"

    @cached_property
    def sessions_dir(self) -> Path:
        """Who is signed in to the chat just now."""
        return self.home / "sessions"
