"""The sample corpus: calls in memory, and as a CSV with the truth beside it."""

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from salescoach.whole_file import whole_file
from training.sample.account import SampleAccount, draw_account
from training.sample.asr import mishear
from training.sample.deal import CALL_TYPES, draw_course, draw_deal
from training.sample.draw import Draw
from training.sample.outcome import DEFAULT_NOISE, Move, probability, turn_effects
from training.sample.phrasebook import Bank, load_phrasebook
from training.sample.voice import Script, SpokenTurn, draw_length, situation_turns, speak

COLUMNS = (
    "call_id", "account_id", "rep_id", "industry", "call_type", "started_at", "duration_s",
    "call_transcript", "conversion_label", "split",
)  # fmt: skip
TRUTH_COLUMNS = ("call_id", "true_probability")
TURN_COLUMNS = ("call_id", "turn", "situation", "move", "bank", "true_effect")

# Of every 20 accounts in a row 10 train, 3 calibrate, 2 are tested in the words of training and 5 in other words.
_SPLIT_BLOCK = ("train",) * 10 + ("calibration",) * 3 + ("test_seen",) * 2 + ("test",) * 5
_MAX_CALLS_PER_ACCOUNT = 4
_FIRST_DAY = datetime(2025, 1, 6)
_N_WEEKS = 90
_LABELS = {"rep": "Rep", "customer": "Customer"}


@dataclass(frozen=True)
class SampleCall:
    """A simulated call with its truth: ``effects`` has one number a turn."""

    call_id: str
    account: SampleAccount
    call_type: str
    started_at: datetime
    duration_s: int
    turns: tuple[SpokenTurn, ...]
    converted: bool
    true_probability: float
    effects: tuple[float, ...]

    @property
    def split(self) -> str:
        """The split, which is the account's."""
        return self.account.split

    @property
    def bank(self) -> Bank:
        """The phrasing bank that the call is voiced from."""
        return self.account.bank

    @property
    def moves(self) -> tuple[Move, ...]:
        """What each turn does."""
        return tuple(turn.move for turn in self.turns)

    def transcript(self) -> str:
        """The call as text, one turn a line."""
        return "\n".join(f"[{_clock(t.start_s)}] {_LABELS[t.move.speaker]}: {t.text}" for t in self.turns)


@dataclass(frozen=True)
class SampleSummary:
    """What was written, and where."""

    path: Path
    truth_path: Path
    turns_path: Path
    n_calls: int
    n_accounts: int
    n_turns: int
    n_converted: int
    calls_by_split: dict[str, int]


def generate_calls(
    n_calls: int = 1200, seed: int = 7, noise: float = DEFAULT_NOISE, *, asr_noise: float = 0.0
) -> Iterator[SampleCall]:
    """Simulated calls, one after the other.

    Args:
        n_calls: How many. The first calls of a longer corpus are those of a shorter one.
        seed: Same seed, same calls, on any machine.
        noise: How much of the deal happens outside of the call; changes probabilities and outcomes, not what is said.
        asr_noise: Share of the words that speech recognition gets wrong, in [0, 1].
    """
    if n_calls < 0:
        raise ValueError(f"n_calls must be 0 or more, got {n_calls}")
    if not 0 <= asr_noise <= 1:
        raise ValueError(f"asr_noise is a share of words in [0, 1], got {asr_noise}")
    index = made = 0
    while made < n_calls:
        account = draw_account(seed, index, _split_of(seed, index))
        draw = Draw(seed, "dates", index)
        day = _FIRST_DAY + timedelta(days=7 * draw.below(_N_WEEKS))
        n_here = min(draw.between(1, _MAX_CALLS_PER_ACCOUNT), n_calls - made)
        for nth in range(n_here):
            day += timedelta(days=draw.between(3, 20))
            started_at = day + timedelta(hours=draw.between(8, 16), minutes=5 * draw.below(12))
            call_draw = Draw(seed, "call", index, nth)
            call = _call(account, call_draw, f"{account.account_id}-{nth + 1}", started_at, noise)
            yield _misheard(call, Draw(seed, "hearing", index, nth), asr_noise) if asr_noise else call
        made += n_here
        index += 1


def write_sample(
    out: Path,
    *,
    n_calls: int = 1200,
    seed: int = 7,
    noise: float = DEFAULT_NOISE,
    asr_noise: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> SampleSummary:
    """Writes ``x.csv``, ``x.truth.csv`` and ``x.truth-turns.csv``; whole or not at all, in constant memory.

    ``progress`` is called with the number of calls written so far and the number wanted.
    """
    out = Path(out)
    paths = (out, out.with_name(f"{out.stem}.truth.csv"), out.with_name(f"{out.stem}.truth-turns.csv"))
    by_split = dict.fromkeys(dict.fromkeys(_SPLIT_BLOCK), 0)
    accounts = n_turns = n_converted = written = 0
    last_account = ""
    with ExitStack() as stack:
        whole = [stack.enter_context(whole_file(path)) for path in paths]
        opened = [stack.enter_context(p.open("w", encoding="utf-8", newline="")) for p in whole]
        calls_csv, truth_csv, turns_csv = (csv.writer(f, lineterminator="\n") for f in opened)
        calls_csv.writerow(COLUMNS)
        truth_csv.writerow(TRUTH_COLUMNS)
        turns_csv.writerow(TURN_COLUMNS)
        for call in generate_calls(n_calls, seed, noise, asr_noise=asr_noise):
            calls_csv.writerow(_row(call))
            truth_csv.writerow((call.call_id, f"{call.true_probability:.6f}"))
            turns_csv.writerows(_turn_rows(call))
            written += 1
            accounts += call.account.account_id != last_account
            last_account = call.account.account_id
            n_turns += len(call.turns)
            n_converted += call.converted
            by_split[call.split] += 1
            if progress is not None:
                progress(written, n_calls)
    return SampleSummary(*paths, written, accounts, n_turns, n_converted, by_split)


def _split_of(seed: int, index: int) -> str:
    block, place = divmod(index, len(_SPLIT_BLOCK))
    return Draw(seed, "split", block).shuffled(_SPLIT_BLOCK)[place]


def _misheard(call: SampleCall, draw: Draw, rate: float) -> SampleCall:
    return replace(call, turns=tuple(replace(t, text=mishear(draw, t.text, rate)) for t in call.turns))


def _call(account: SampleAccount, draw: Draw, call_id: str, started_at: datetime, noise: float) -> SampleCall:
    call_type = CALL_TYPES[draw.below(len(CALL_TYPES))]
    luck = draw.uniform()
    n_turns = draw_length(draw)
    deal = draw_deal(draw)
    course = draw_course(draw, deal, call_type, situation_turns(n_turns))
    turns = speak(draw, Script(account, call_type, course, n_turns, load_phrasebook(account.bank)))
    moves = [turn.move for turn in turns]
    true_probability = probability(moves, noise)
    return SampleCall(
        call_id=call_id,
        account=account,
        call_type=call_type,
        started_at=started_at,
        duration_s=turns[-1].start_s + draw.between(2, 5),
        turns=tuple(turns),
        converted=luck < true_probability,
        true_probability=true_probability,
        effects=tuple(turn_effects(moves, noise)),
    )


def _row(call: SampleCall) -> tuple[str | int, ...]:
    account = call.account
    return (
        call.call_id, account.account_id, account.rep_id, account.industry, call.call_type,
        call.started_at.isoformat(), call.duration_s, call.transcript(), int(call.converted), call.split,
    )  # fmt: skip


def _turn_rows(call: SampleCall) -> Iterator[tuple[str | int, ...]]:
    for n, (move, effect) in enumerate(zip(call.moves, call.effects, strict=True), start=1):
        yield call.call_id, n, move.situation, move.name, call.bank, f"{effect + 0.0:.6f}"


def _clock(seconds: int) -> str:
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours:02d}:{m:02d}:{s:02d}"
