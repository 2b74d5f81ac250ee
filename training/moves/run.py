"""Trains the move reader on authored calls, judges it on writers that it never saw, and writes its folder."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salescoach.errors import DataError
from salescoach.model.artifact import whole_folder
from salescoach.model.base_model import resolve_base_model, sha256_of
from salescoach.model.bert import Bert
from salescoach.model.encoder import best_engine, dtype_of
from salescoach.moves.heads import CONCERN, MoveHeads
from salescoach.moves.lexical import LexicalMoves, seen_of
from salescoach.moves.network import MoveNetwork
from salescoach.moves.objections import HandlingModel
from salescoach.moves.profile import CallProfile, figures
from salescoach.moves.reader import (
    CARD,
    DIGITS,
    FILES,
    HANDLING,
    HEADS,
    PROFILE,
    TRAINED_LAYERS,
    WORDS,
    WORTH,
    ReaderCard,
    above_thresholds,
)
from salescoach.moves.worth import TurnsWorth
from salescoach.progress import Progress
from salescoach.types import Transcript
from training.authored.corpus import CallCourse, Labels, Pair, SingleTurn
from training.moves.calibrate import calibrated, fit_handling, fit_profile, halves
from training.moves.data import PairRows, SingleRows, TurnRows, known_rows, label_rows, single_rows
from training.moves.finetune import MoveOptions, TrainedReader, finetune, rare_weights
from training.moves.judge import CallReading, handled_accuracy, outcome_figures, reading_figures
from training.moves.lexical import fit_lexical


@dataclass(frozen=True)
class Corpus:
    """Labelled calls by id.

    ``forecasts``: probabilities of a conversion from the text alone; ``courses``: the same as the call went on;
    ``chances``: those that outcomes were drawn with; ``converted``: the outcomes.
    """

    calls: Mapping[str, Transcript]
    labels: Mapping[str, Labels]
    forecasts: Mapping[str, float]
    courses: Mapping[str, CallCourse]
    chances: Mapping[str, float]
    converted: Mapping[str, bool]

    def course(self, call_id: str) -> tuple[float, ...]:
        """The probability after each turn of a call; the last is what all who read the whole call think together."""
        return (*self.courses[call_id].after(len(self.calls[call_id]))[:-1], self.forecasts[call_id])

    def of(self, ids: Collection[str]) -> "Corpus":
        """Some of the calls."""
        return Corpus(
            {one: self.calls[one] for one in ids},
            {one: self.labels[one] for one in ids},
            {one: self.forecasts[one] for one in ids},
            {one: self.courses[one] for one in ids},
            {one: self.chances[one] for one in ids},
            {one: self.converted[one] for one in ids},
        )


@dataclass(frozen=True)
class Lessons:
    """Pairs that must be told apart, and turns by themselves, whose words teach."""

    pairs: Sequence[Pair]
    turns: Sequence[SingleTurn] = ()


@dataclass(frozen=True)
class Judges:
    """Writers who don't teach, of calls and of pairs, by id."""

    calls: Collection[str]
    pairs: Collection[str] = ()


@dataclass(frozen=True)
class JudgedReader:
    """Figures on writers that the reader never saw; ``logits``: calibrated, what each judged call is worth."""

    card: ReaderCard
    logits: dict[str, float]


def train_reader(
    corpus: Corpus,
    lessons: Lessons,
    judges: Judges,
    out: Path,
    base_model: str,
    options: MoveOptions,
    work: Path,
    say: Progress,
) -> JudgedReader:
    """Trains on all writers but the judges, calibrates and judges on those, and writes the folder ``out``.

    Each half of the judges is read with what was calibrated on the other half; what is kept was calibrated on both.

    Args:
        corpus: all calls; the part of an id before its dash names the writer.
        lessons: what teaches beside the calls.
        judges: who judges; everybody else teaches.
        out: the folder to write; a reader there is replaced when the new one is whole.
        base_model: the base encoder, by name.
        options: how to train.
        work: a folder for checkpoints.
        say: is told how far it is.

    Raises:
        DataError: there are fewer than two judging writers, or nobody else.
    """
    judged_ids = [one for one in corpus.calls if writer_of(one) in judges.calls]
    learned_ids = [one for one in corpus.calls if writer_of(one) not in judges.calls]
    if len(set(map(writer_of, judged_ids))) < 2 or not learned_ids:
        raise DataError("At least two writers must judge, and others must teach.")
    base = Path(resolve_base_model(base_model))
    seen = _network(base, None)
    learned, judged = corpus.of(learned_ids), corpus.of(judged_ids)
    turns = TurnRows.of(learned.calls, learned.labels, seen.windows)
    worth = [learned.course(one) for one in turns.call_ids]
    teaching = [pair for pair in lessons.pairs if writer_of(pair.id) not in judges.pairs]
    pairs = PairRows.of(teaching, seen.windows)
    singles = SingleRows.of(lessons.turns, learned.calls, seen.windows)
    trained = finetune(base, turns, worth, pairs, singles, options, work, say)
    rare = rare_weights(turns, options.rare_weight)
    lexical = _lexical(learned, turns, lessons.turns)

    network = _network(base, trained)
    read = {
        one: _Seen(call, network.features(network.windows(call.turns)), lexical.logits(seen_of(call)))
        for one, call in judged.calls.items()
    }
    readings: dict[str, CallReading] = {}
    logits: dict[str, float] = {}
    for fitted_on, half in halves([writer_of(one) for one in judged_ids]):
        parts = _calibrate(trained, judged.of([one for one in judged_ids if writer_of(one) in fitted_on]), read, rare)
        for one in judged_ids:
            if writer_of(one) in half:
                readings[one] = parts.read(read[one])
                logits[one] = parts.outlook(read[one])
    found = reading_figures(
        readings, {one: label_rows(judged.labels[one], judged.calls[one].turns) for one in judged_ids}
    )
    kept = _calibrate(trained, judged, read, rare)
    with whole_folder(out, marks={CARD}) as folder:
        _save(trained, kept, lexical, folder)
        card = ReaderCard(
            name="moves",
            data=f"{_told(learned_ids)}, {len(teaching)} pairs and {len(lessons.turns)} single turns; "
            f"calibrated and judged on {_told(judged_ids)} more",
            base_model=base_model,
            figures=found,
            handled_balanced_accuracy=handled_accuracy(readings, judged.labels),
            worth=outcome_figures(logits, judged.converted, kept.profile),
            judged={one: round(value, DIGITS) for one, value in logits.items()},
            pairs=_pairs_right(
                network, trained, [pair for pair in lessons.pairs if writer_of(pair.id) in judges.pairs]
            ),
            files={name: sha256_of(folder / name) for name in FILES},
        )
        (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return JudgedReader(card, logits)


def writer_of(call_id: str) -> str:
    """Who wrote a call or a pair."""
    return call_id.partition("-")[0]


def _told(call_ids: Sequence[str]) -> str:
    return f"{len(call_ids)} authored calls of {len({*map(writer_of, call_ids)})} writers"


@dataclass(frozen=True)
class _Seen:
    """A call with the feature vectors of its turns and the logits of their words."""

    call: Transcript
    features: np.ndarray
    words: np.ndarray

    def probabilities(self, heads: MoveHeads) -> np.ndarray:
        return heads.probabilities(self.features, self.words, [turn.role for turn in self.call.turns])

    def figures(self, heads: MoveHeads, worth: TurnsWorth) -> np.ndarray:
        roles = [turn.role for turn in self.call.turns]
        return figures(float(worth.of(self.features)[0]), self.probabilities(heads), roles)


@dataclass(frozen=True)
class _Parts:
    heads: MoveHeads
    handling: HandlingModel
    worth: TurnsWorth
    profile: CallProfile

    def read(self, seen: _Seen) -> CallReading:
        p = seen.probabilities(self.heads)
        above = above_thresholds(p, self.heads.threshold)
        concerns = self.handling.concerns(seen.call.turns, p, above[:, CONCERN], self.outlook(seen))
        return CallReading(above, concerns)

    def outlook(self, seen: _Seen) -> float:
        return float(self.profile.logits(seen.figures(self.heads, self.worth)))


def _calibrate(trained: TrainedReader, corpus: Corpus, read: Mapping[str, _Seen], rare: np.ndarray) -> _Parts:
    ids = list(corpus.calls)
    labels, known = (
        np.concatenate([make(corpus.labels[one], corpus.calls[one].turns) for one in ids])
        for make in (label_rows, known_rows)
    )
    features, words = (np.concatenate([getattr(read[one], name) for one in ids]) for name in ("features", "words"))
    heads = calibrated(trained.heads, features, words, labels, known, rare)
    p = {one: read[one].probabilities(heads) for one in ids}
    rows = np.array([read[one].figures(heads, trained.worth) for one in ids])
    profile = fit_profile(
        rows,
        np.array([corpus.forecasts[one] for one in ids]),
        np.array([corpus.chances[one] for one in ids]),
        [writer_of(one) for one in ids],
    )
    outlooks = dict(zip(ids, profile.logits(rows).tolist(), strict=True))
    return _Parts(heads, fit_handling(corpus.calls, corpus.labels, p, outlooks), trained.worth, profile)


def _lexical(learned: Corpus, rows: TurnRows, singles: Sequence[SingleTurn]) -> LexicalMoves:
    words = [one for call_id in rows.call_ids for one in seen_of(learned.calls[call_id])]
    labels, known = single_rows(singles)
    return fit_lexical(
        [*words, *(("", one.text) for one in singles)],
        np.concatenate([rows.labels, labels]),
        np.concatenate([rows.known, known]),
    )


def _pairs_right(network: MoveNetwork, trained: TrainedReader, pairs: Sequence[Pair]) -> float | None:
    """The share of pairs of which the better version is worth more."""
    rows = PairRows.of(pairs, network.windows)
    worth = [[trained.worth.of(network.features(version))[0] for version in pair] for pair in rows.windows]
    return float(np.mean([better > worse for better, worse in worth])) if worth else None


def _network(base: Path, trained: TrainedReader | None) -> MoveNetwork:
    bert = Bert.load(base, dtype_of(best_engine()), trained.difference if trained else None)
    if bert is None:
        raise DataError(f"{base} is no BERT encoder, which the move reader needs.")
    return MoveNetwork(bert)


def _save(trained: TrainedReader, parts: _Parts, lexical: LexicalMoves, folder: Path) -> None:
    from safetensors.torch import save_file

    save_file(dict(trained.difference), folder / TRAINED_LAYERS)
    parts.heads.save(folder / HEADS)
    lexical.save(folder / WORDS)
    parts.handling.save(folder / HANDLING)
    trained.worth.save(folder / WORTH)
    parts.profile.save(folder / PROFILE)
