"""Deals at risk on simulated accounts with known truth, and how long ten thousand calls take.

    COACH_HOME=WORK python benchmarks/deals.py [--writers w34 w36 …] [--accounts 1000] [--seed 7]

An account is put together from authored calls of writers whom the move reader never learned from. What is in a call is
known from its settled labels; who was heard, when, and what became of the deal is drawn. The command sees what the
reader reads of the calls, the speakers' labels and the dates. ``docs/deals.md`` has the figures and what is assumed.
"""

import argparse
import math
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from salescoach.config import Settings
from salescoach.deals.board import urgency
from salescoach.deals.cadence import gaps, usual_gap
from salescoach.deals.calls import AccountCall, Heard
from salescoach.deals.risks import AFTER_REFUSAL, RISK_KINDS, DealState, RiskKind, risks_of
from salescoach.library import Library, score_log
from salescoach.library.lookups import wilson
from salescoach.library.score_log import LoggedScore
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.model.scoring import CallScorer
from salescoach.moves.results import CallMoves
from salescoach.stats.measures import roc_auc
from salescoach.types import LabelledCall, Transcript, Turn
from serving.usecases.deals import find_deals
from training.authored.corpus import Labels, read_calls
from training.authored.deals import Deal, read_deals
from training.authored.labelled import AUTHORED, JUDGES, labels_by

CHOSEN_ON: Final = JUDGES[::2]  # the rules' few numbers were chosen on accounts of these writers
REPORTED: Final = JUDGES[1::2]
CHOSEN_WITH_SEED: Final = 1

N_CALLS: Final = {1: 0.25, 2: 0.3, 3: 0.3, 4: 0.15}
WITHOUT_PRICE: Final = 0.1  # of accounts, made of calls in which price isn't spoken of: else there would be hardly any
SAME_PERSON: Final = 0.75  # that the main contact is the one who speaks
UNNAMED: Final = 0.08  # of calls, whose labels name nobody
MIDDLE_GAP_DAYS, GAPS_OF_ACCOUNTS, GAPS_OF_ONE = 10.0, 0.5, 0.4  # median, and spreads of the logarithm
GONE: Final = 0.4  # of accounts, in which no call comes any more
LONGER_THAN: Final = 1.645  # standard deviations: a silence longer than 95 of 100 of the account's gaps
# What is assumed to add to the log-odds of a conversion, beside what the facts of the calls say.
EFFECTS: Final[Mapping[RiskKind, float]] = {
    "gone_quiet": -1.2, "step_overdue": -0.6, "single_contact": -0.4, "no_decision_maker": -0.4
}  # fmt: skip
N_TIMED: Final = 10_000
LOST: Final = 0.55  # of the accounts, as of the authored calls
LAST_CALLS_WEIGHT: Final = 0.7  # in the log-odds of an account; the rest is the mean of its calls

FIRST: Final = (
    "Ada Bo Cleo Dov Esi Finn Gia Hal Ines Jomo Kaia Leif Mira Nils Oona Pavel Rosa Sami Tove Uri Vera Wim"
).split()
LAST: Final = "Achterberg Brandvold Castelmor Dunmarrow Eskeland Fairholt Grevell Hollinrake Ivarson Jardemar".split()
WEEKDAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ORDINALS: Final = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth"
).split()


@dataclass(frozen=True)
class KnownCall:
    """An authored call: what was said, its labels, the drawn facts of its deal, and what the coach makes of it."""

    transcript: Transcript
    labels: Labels
    deal: Deal
    heard: Heard
    probability: float | None

    def makes(self, *moves: str) -> list[int]:
        """The turns that make one of some moves, by the labels."""
        return [turn for turn, made in self.labels.moves.items() if not {*made}.isdisjoint(moves)]


@dataclass(frozen=True)
class SimulatedAccount:
    """An account on a day: its calls as the command sees them, its true risks, and what its facts say of the outcome.

    ``log_odds``: of a conversion, by the drawn facts of its calls, the last of which counts most.
    """

    calls: Sequence[AccountCall]
    scores: Sequence[float | None]
    today: date
    truth: frozenset[RiskKind]
    log_odds: float


def main() -> None:
    """Measures and prints Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", nargs="+", default=REPORTED)
    parser.add_argument("--accounts", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    known, moves = known_calls(args.writers, CallScorer.load(Settings.load()))
    rng = np.random.default_rng(args.seed)
    accounts = [simulated(rng, known) for _ in range(args.accounts)]
    print(risk_table(accounts))
    for name, share_of_effects in (("as assumed", 1.0), ("half of that", 0.5), ("nothing", 0.0)):
        print(f"What contacts and dates do to the outcome: {name}.\n")
        print(order_table(accounts, true_log_odds(accounts, share_of_effects), rng))
    print(speed_line(known, moves))


def known_calls(writers: Sequence[str], scorer: CallScorer) -> tuple[list[KnownCall], list[CallMoves]]:
    """The calls of some writers, read and scored, and all that was read of each."""
    calls, deals = read_calls(AUTHORED / "calls"), read_deals(AUTHORED / "facts")
    labels = labels_by("settled", calls)
    assert scorer.reader is not None
    known, moves = [], []
    for one in labels:
        if one.partition("-")[0] not in writers:
            continue
        moves.append(scorer.reader.read(calls[one]))
        known.append(
            KnownCall(
                transcript=calls[one],
                labels=labels[one],
                deal=deals[one],
                heard=Heard.of(moves[-1].model_dump()),
                probability=scorer.score(calls[one], n_evidence=1).probability,
            )
        )
    return known, moves


def simulated(rng: np.random.Generator, known: Sequence[KnownCall]) -> SimulatedAccount:
    """One account."""
    n = int(rng.choice(list(N_CALLS), p=list(N_CALLS.values())))
    pool = known
    if n > 1 and rng.random() < WITHOUT_PRICE:
        pool = [call for call in known if not call.makes("price_talk", "objection_price")]
    own = [pool[row] for row in rng.choice(len(pool), size=n, replace=False)]
    own.sort(
        key=lambda call: bool(call.makes("refusal")) and rng.random() < 0.8
    )  # after most refusals there is no call
    middle = MIDDLE_GAP_DAYS * math.exp(GAPS_OF_ACCOUNTS * rng.normal())
    between = [middle * math.exp(GAPS_OF_ONE * rng.normal()) for _ in range(n - 1)]
    silence = middle * math.exp(GAPS_OF_ONE * rng.normal()) * rng.random()
    if rng.random() < GONE:
        silence = middle * (1 + rng.exponential(3))
    last, due = last_call_and_due(rng, own[-1])
    today = last + timedelta(days=round(silence))
    times = [datetime.combine(last, datetime.min.time()) + timedelta(hours=10) for _ in own]
    for place in reversed(range(n - 1)):
        times[place] = times[place + 1] - timedelta(days=between[place])
    people = cast_of(rng, own)
    calls = [
        AccountCall(
            call_id=f"call-{place}",
            account_id="account",
            content_hash=f"call-{place}",
            at=times[place],
            customers=frozenset(labels_of(rng, people[place])),
            heard=call.heard,
        )
        for place, call in enumerate(own)
    ]
    is_quiet = silence > middle * math.exp(GAPS_OF_ONE * LONGER_THAN) and not (due is not None and due >= today)
    truth = true_risks(own, people, is_quiet=is_quiet, is_overdue=due is not None and due < today)
    facts = [_logit(call.deal.probability) for call in own]
    log_odds = LAST_CALLS_WEIGHT * facts[-1] + (1 - LAST_CALLS_WEIGHT) * float(np.mean(facts))
    return SimulatedAccount(calls, [call.probability for call in own], today, truth, log_odds)


def true_log_odds(accounts: Sequence[SimulatedAccount], share_of_effects: float) -> np.ndarray:
    """The log-odds of a conversion of each account, such that a share of ``LOST`` is lost: shape (n_accounts,)."""
    found = np.array(
        [one.log_odds + share_of_effects * sum(EFFECTS.get(kind, 0.0) for kind in one.truth) for one in accounts]
    )
    low, high = -10.0, 10.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 / (1 + np.exp(found + middle))) > LOST else (low, middle)
    return found + low


def true_risks(
    own: Sequence[KnownCall], people: Sequence[Sequence[str]], *, is_quiet: bool, is_overdue: bool
) -> frozenset[RiskKind]:
    """The risks that an account really has, by the labels of its calls, who spoke, and what was drawn."""
    last = own[-1]
    says = [call for call in own if call.makes("refusal", "commitment")]
    is_refused = bool(says) and max(says[-1].makes("refusal"), default=0) > max(says[-1].makes("commitment"), default=0)
    met = {concern.kind: concern.handled for call in own for concern in call.labels.objections}
    deciding = [place for place, call in enumerate(own) if call.makes("authority")]
    has_decider = bool(deciding) and bool(
        {name for heard in people[deciding[-1] + 1 :] for name in heard}
        - {name for heard in people[: deciding[-1] + 1] for name in heard}
    )
    step = last.labels.next_step
    true: dict[RiskKind, bool] = {
        "refusal": is_refused,
        "gone_quiet": is_quiet,
        "step_overdue": is_overdue and step is not None and step.committed,
        "no_next_step": step is None or not step.committed,
        "objection_open": any(handled in ("not", "badly") for handled in met.values()),
        "no_decision_maker": bool(deciding) and not has_decider,
        "single_contact": len(own) > 1 and len({name for heard in people for name in heard}) == 1,
        "competitor": any(call.makes("competitor") for call in own),
        "no_price": len(own) > 1 and not any(call.makes("price_talk", "objection_price") for call in own),
    }
    return frozenset(kind for kind in (AFTER_REFUSAL if is_refused else RISK_KINDS) if true[kind])


def last_call_and_due(rng: np.random.Generator, call: KnownCall) -> tuple[date, date | None]:
    """The days of a call and of its next step, such that what the label says of the day is true of a calendar."""
    said = "" if call.labels.next_step is None else call.labels.next_step.when
    day = date(2015, 1, 1) + timedelta(days=int(rng.integers(3_650)))
    weekdays = re.findall(rf"({'|'.join(WEEKDAYS)})(?: the ([\w-]+))?", said)
    numbers = [_ordinal(word) for word in re.findall(r"\bthe ([\w-]+)", said)]
    number = next((one for one in reversed(numbers) if one), None)
    if number is not None:
        weekday = next((name for name, word in reversed(weekdays) if _ordinal(word) == number), None)
        month = "December" if "December" in said else None
        while day.day != number or (weekday and WEEKDAYS[day.weekday()] != weekday) or (month and day.month != 12):
            day += timedelta(days=1)
        return day - timedelta(days=int(rng.integers(1, 11))), day
    if weekdays:  # where there are two, the second follows the first
        due = day + timedelta(days=(WEEKDAYS.index(weekdays[-1][0]) - day.weekday()) % 7)
        first = due - timedelta(days=(due.weekday() - WEEKDAYS.index(weekdays[0][0])) % 7)
        return first - timedelta(days=int(rng.integers(1, 7))), due
    week = day - timedelta(days=day.weekday())
    for words, due in (
        (("today", "tonight", "this afternoon", "this morning", "before lunch", "by four"), day),
        (("tomorrow",), day + timedelta(days=1)),
        (("next week",), week + timedelta(days=11)),
        (("weekend",), week + timedelta(days=6)),
        (("this week", "in the week", "of the week"), max(day, week + timedelta(days=4))),
    ):
        if any(word in said for word in words):
            return day, due
    return day, None


def cast_of(rng: np.random.Generator, own: Sequence[KnownCall]) -> list[list[str]]:
    """Who of the customer speaks in each call: the main contact mostly, sometimes somebody else, or both."""
    names = [f"{FIRST[row]} {LAST[int(rng.integers(len(LAST)))]}" for row in rng.permutation(len(FIRST))]
    cast = []
    for call in own:
        n = len({turn.speaker for turn in call.transcript.turns if turn.role == "customer"})
        places = [0 if rng.random() < SAME_PERSON else int(rng.integers(1, 5))]
        while len(places) < n:
            places.append(next(place for place in range(1, 9) if place not in places))
        cast.append([names[place] for place in places])
    return cast


def labels_of(rng: np.random.Generator, people: Sequence[str]) -> list[str]:
    """The labels of some people, as recordings have them."""
    if rng.random() < UNNAMED:
        return [f"Customer {number}" for number in range(1, len(people) + 1)]
    forms = ("{0} {1}", "{0}", "{0} {1} (Hexa)", "{1}, {0}")
    return [str(rng.choice(forms, p=(0.5, 0.3, 0.1, 0.1))).format(*name.split()) for name in people]


def risk_table(accounts: Sequence[SimulatedAccount]) -> str:
    """Precision and recall of each risk, with intervals of 95 % over accounts."""
    teams = [gap for account in accounts for gap in gaps(call.at for call in account.calls)]
    found = [{risk.kind for risk in risks_of(state_of(account, teams))} for account in accounts]
    lines = ["| risk | true in | found in | precision | recall |", "| --- | --- | --- | --- | --- |"]
    for kind in RISK_KINDS:
        is_true = np.array([kind in account.truth for account in accounts])
        is_found = np.array([kind in one for one in found])
        cells = [share(is_true[is_found]), share(is_found[is_true])]
        lines.append(f"| `{kind}` | {is_true.mean():.2f} | {is_found.mean():.2f} | {' | '.join(cells)} |")
    return "\n".join([f"{len(accounts):,} accounts\n", *lines, ""])


def share(yes: np.ndarray) -> str:
    """A share with its interval of 95 % (Wilson)."""
    if not len(yes):
        return "–"
    low, high = wilson(float(yes.mean()), len(yes))
    return f"{yes.mean():.2f} ({low:.2f} to {high:.2f})"


def order_table(accounts: Sequence[SimulatedAccount], log_odds: np.ndarray, rng: np.random.Generator) -> str:
    """The share of losses in the fifth that comes first, by several orders.

    Outcomes are drawn by the log-odds; "expected" is what the odds themselves say, without the chance of the draw.
    """
    teams = [gap for account in accounts for gap in gaps(call.at for call in account.calls)]
    p_lost = 1 / (1 + np.exp(log_odds))
    lost = rng.random(len(accounts)) < p_lost
    states = [state_of(account, teams) for account in accounts]
    last = [account.scores[-1] if account.scores[-1] is not None else 0.5 for account in accounts]
    orders = {
        "risk × time": [
            urgency(account.scores[-1], risks_of(state), account.today)
            for account, state in zip(accounts, states, strict=True)
        ],
        "last score only": [1 - p for p in last],
        "days since the last call only": [state.days_quiet or 0 for state in states],
        "number of risks only": [len(risks_of(state)) for state in states],
        "the true odds, which nobody knows": [-one for one in log_odds],
    }
    lines = [
        f"| first by | lost, of the first fifth (of all: {lost.mean():.2f}) | × base rate | expected × | AUROC |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, values in orders.items():
        rows = np.argsort(-np.array(values), kind="stable")[: len(lost) // 5]
        times, expected = lost[rows].mean() / lost.mean(), p_lost[rows].mean() / p_lost.mean()
        lines.append(
            f"| {name} | {share(lost[rows])} | {times:.2f} | {expected:.2f} | {roc_auc(lost, np.array(values)):.3f} |"
        )
    return "\n".join([*lines, ""])


def state_of(account: SimulatedAccount, teams_gaps: Sequence[float]) -> DealState:
    """The deal as the command sees it."""
    return DealState(account.calls, account.today, usual_gap(gaps(call.at for call in account.calls), teams_gaps))


def speed_line(known: Sequence[KnownCall], moves: Sequence[CallMoves]) -> str:
    """How long ``find_deals`` takes for many calls, all of open deals, that were read and scored before."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(home=Path(folder), model=find_model(Settings.load()))
        manifest = ModelFolder.open(find_model(settings)).manifest
        day = datetime(2026, 1, 5)
        calls, read = [], {}
        for number in range(N_TIMED):
            own, found = known[number % len(known)], moves[number % len(known)]
            said = Turn(speaker="Rep", role="rep", text=f"That was call number {number}.")
            transcript = own.transcript.model_copy(update={"turns": (*own.transcript.turns, said), "call_id": None})
            read[transcript.content_hash] = found
            calls.append(
                LabelledCall(
                    transcript=transcript,
                    call_id=f"call-{number}",
                    account_id=f"account-{number // 3}",
                    started_at=day + timedelta(days=number % 100),
                )
            )
        with Library(settings.library_file) as library:
            library.add(calls)
            library.read_moves(KnownMoves(moves[0].model_id, read))
        scores = [
            LoggedScore(
                call_id=None,
                content_hash=call.transcript.content_hash,
                model_id=manifest.model_id,
                scorer=manifest.scorer,
                probability=0.5,
                interval=(0.3, 0.7),
                abstained=False,
                scored_at=day,
                door="cli",
            )
            for call in calls
        ]
        score_log.append(settings.library_file, scores)
        taken = []
        for _ in range(3):
            begun = time.process_time()
            n_deals = len(find_deals(settings, "cli", on=date(2026, 6, 1)).deals)
            taken.append(time.process_time() - begun)
    return f"{N_TIMED:,} calls of {n_deals:,} open deals: {sorted(taken)[1]:.2f} s of CPU time"


@dataclass(frozen=True)
class KnownMoves:
    """A reader that knows some calls by heart, by content hash."""

    model_id: str
    moves: Mapping[str, CallMoves]

    def read(self, transcript: Transcript) -> CallMoves:
        """What was read of a call before."""
        return self.moves[transcript.content_hash]


def _ordinal(word: str) -> int | None:
    if found := re.fullmatch(r"(\d+)(?:st|nd|rd|th)", word):
        return int(found[1])
    return ORDINALS.index(word) + 1 if word in ORDINALS else None


def _logit(p: float) -> float:
    return math.log(p / (1 - p))
