"""The metrics of a call beside those of the library's won and lost calls."""

from pydantic import Field

from salescoach.config import Settings
from salescoach.library import CallSummary, Library
from salescoach.model.loading import BundledReader
from salescoach.moves.reader import NamedReader
from salescoach.moves.results import CallMoves
from salescoach.speech.call_metrics import next_step_of
from salescoach.speech.metric_list import METRICS, METRICS_VERSION
from salescoach.speech.readings import PeerKind, choose_peers, how_many_have_it, metric_readings
from salescoach.types import Frozen, LabelledCall, MetricReading, NextStep, Transcript
from serving.usecases.lost_library import check_library

HowMany = tuple[int, int]


class ComparedWith(PeerKind):
    """The past calls that a call is set beside: of what kind, and how many."""

    n_won: int
    n_lost: int


class CallMetrics(Frozen):
    """What ``coach metrics --json`` prints. ``metrics_version``: of the definitions that the metrics follow.

    ``having``, which isn't printed there: for each yes/no metric, how many of the won calls have it, and of the lost
    ones, each with how many are known; None where these are too few.
    """

    metrics: tuple[MetricReading, ...]
    compared_with: ComparedWith
    next_step: NextStep | None
    metrics_version: int
    having: dict[str, tuple[HowMany | None, HowMany | None]] = Field(exclude=True)


def measure_call(
    settings: Settings,
    transcript: Transcript,
    *,
    industry: str | None = None,
    call_type: str | None = None,
    reader: NamedReader | None = None,
) -> CallMetrics:
    """Measures a call, which need not be in the library, and sets it beside the past calls that are.

    Args:
        settings: name the library; without one there is nothing to compare with.
        transcript: the call. Where the library has it, it isn't compared with itself, and its industry and call type
            are known.
        industry: set it beside calls of this industry.
        call_type: set it beside calls of this type.
        reader: of a process that has one loaded; default: the one that comes with the coach.

    Raises:
        CoachError: the library is damaged, or it is not the one that the index was built from.
        ModelError: the move reader is missing or damaged.
    """
    past: list[CallSummary] = []
    known: LabelledCall | None = None
    moves: CallMoves | None = None
    reader = reader or BundledReader(settings)
    check_library(settings)
    if settings.library_file.exists():
        with Library(settings.library_file, create=False) as library:
            past, known = library.summaries(), library.find(transcript)
            moves = library.moves_of(known.call_id) if known else None
    if moves is None or moves.model_id != reader.model_id:
        moves = reader.read(transcript)
    facts = known.metadata if known else {}
    peers = choose_peers(
        past,
        reader=reader.model_id,
        industry=industry or facts.get("industry"),
        call_type=call_type or facts.get("call_type"),
        without=known.call_id if known else None,
    )
    return CallMetrics(
        metrics=metric_readings(transcript, moves, peers),
        compared_with=ComparedWith(
            whose=peers.whose,
            industry=peers.industry,
            call_type=peers.call_type,
            n_won=len(peers.won),
            n_lost=len(peers.lost),
        ),
        next_step=next_step_of(moves),
        metrics_version=METRICS_VERSION,
        having={
            metric.name: (how_many_have_it(metric.name, peers.won), how_many_have_it(metric.name, peers.lost))
            for metric in METRICS
            if metric.unit == "yes/no"
        },
    )
