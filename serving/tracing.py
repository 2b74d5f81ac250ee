"""Traces by OpenTelemetry: how long reading, scoring, searching, answering and requests take, and nothing of calls.

Off unless a setting names where traces go. A span has a name out of ``SPANS`` and attributes out of ``ATTRIBUTES``:
numbers, codes, ids of models, and names that this program gives to things. What a call holds, what somebody typed, and
the text of an error have no attribute to stand in.

The provider is this module's own and is never made the process's: other libraries that know OpenTelemetry, some of
which would send prompts and documents, find none to send by. Nor are a client's trace headers taken over.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, get_args

from salescoach.config import Settings
from salescoach.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer

SpanName = Literal["read", "score", "rank", "search", "answer", "tool", "request"]
SPANS: Final = get_args(SpanName)
ATTRIBUTES: Final[dict[str, type]] = {
    "coach.model_id": str,
    "coach.n_turns": int,
    "coach.n_calls": int,
    "coach.abstained": bool,
    "coach.door": str,
    "coach.tool": str,
    "http.request.method": str,
    "http.route": str,
    "http.response.status_code": int,
    "error.type": str,
}
SERVICE: Final = "sales-coach"
TIMEOUT_S: Final = 2.0  # that sending may take, also when the program ends
MISSING: Final = (
    "Traces are to go to {address}, and what sends them isn't installed; run `pip install 'sales-coach[tracing]'`, or "
    "unset {setting}."
)

logger = logging.getLogger(__name__)
_tracer: "Tracer | None" = None


class TracedSpan:
    """A span, or none where nothing is traced."""

    def __init__(self, span: "Span | None" = None) -> None:
        self.inner = span

    def note(self, **attributes: str | float | None) -> None:
        """Sets attributes: ``n_turns=3`` is ``coach.n_turns``, ``http_route=…`` is ``http.route``; None sets nothing.

        Raises:
            ValueError: there is no such attribute, or it isn't of its type.
        """
        for given, value in attributes.items():
            name = _ATTRIBUTE_OF.get(given)
            if name is None or (value is not None and type(value) is not ATTRIBUTES[name]):
                raise ValueError(f"{given} is no attribute of a span, or not of its type")
            if self.inner is not None and value is not None:
                self.inner.set_attribute(name, value)

    def end(self, error: BaseException | None = None) -> None:
        """Ends it; of an error only the type is told."""
        if self.inner is None:
            return
        if error is not None:
            from opentelemetry.trace import StatusCode

            self.note(error_type=type(error).__name__)
            self.inner.set_status(StatusCode.ERROR)
        self.inner.end()


def begin(name: SpanName, parent: TracedSpan | None = None) -> TracedSpan:
    """A span from now on until its ``end``, under ``parent``, or under the one that is being worked in."""
    if name not in SPANS:
        raise ValueError(f"{name} is no name of a span")
    if _tracer is None:
        return TracedSpan()
    context = None
    if parent is not None and parent.inner is not None:
        from opentelemetry.trace import set_span_in_context

        context = set_span_in_context(parent.inner)
    return TracedSpan(_tracer.start_span(name, context, record_exception=False, set_status_on_exception=False))


@contextmanager
def span(name: SpanName) -> Iterator[TracedSpan]:
    """A span around a block. What begins within the block, in its threads too, stands under it."""
    one = begin(name)
    if one.inner is None:
        yield one
        return
    from opentelemetry.context import attach, detach
    from opentelemetry.trace import set_span_in_context

    token = attach(set_span_in_context(one.inner))
    try:
        yield one
    except BaseException as error:
        one.end(error)
        raise
    else:
        one.end()
    finally:
        detach(token)


def start_tracing(settings: Settings, exporter: "SpanExporter | None" = None) -> bool:
    """Begins to trace where the settings name an address, until the process ends; says whether it does.

    Args:
        settings: name the address.
        exporter: takes the spans, one after another, in place of the address.

    Raises:
        InputError: ``COACH_TRACES`` names an address, and the extra is missing. Where a setting that other programs
            read as well names it, that is a warning.
    """
    global _tracer  # noqa: PLW0603 - a process traces or it doesn't, as it logs or doesn't
    address = settings.traces_address
    if address is None and exporter is None:
        return False
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        setting = "COACH_TRACES" if settings.traces else "OTEL_EXPORTER_OTLP_ENDPOINT"
        said = MISSING.format(address=address, setting=setting)
        if settings.traces:
            raise InputError(said) from None
        logger.warning("%s", said)
        return False
    # Of the machine and the command's arguments nothing is told, which the detectors of other resources would do.
    provider = TracerProvider(resource=Resource({"service.name": SERVICE}))
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)  # once for each failure, not for each try
        sending = OTLPSpanExporter(endpoint=address, timeout=TIMEOUT_S)
        provider.add_span_processor(BatchSpanProcessor(sending, export_timeout_millis=1_000 * TIMEOUT_S))
    _tracer = provider.get_tracer(SERVICE)
    return True


def stop_tracing() -> None:
    """From now on nothing is traced; what has ended is sent when the process ends."""
    global _tracer  # noqa: PLW0603
    _tracer = None


_ATTRIBUTE_OF: Final = {name.removeprefix("coach.").replace(".", "_"): name for name in ATTRIBUTES}
