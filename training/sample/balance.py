"""What keeps manner from telling the outcome: a move and its opposite get equally many words, and words of praise.

The phrasings of some moves are longer, or kinder, than those of their opposites. Instead of tuning every phrasing, the
shorter move is more often led in with a sentence that says nothing, and the drier one more often with a courtesy.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from training.sample.account import call_slots, draw_account
from training.sample.draw import Draw
from training.sample.outcome import HANDLINGS, STANCES, Move, Speaker
from training.sample.phrasebook import TONE_SHARES, Bank, fill, load_lexicon, load_phrasebook

_WORD = re.compile(r"[a-z']+")
_N_ACCOUNTS = 24
_NO_CORPUS = -1  # the seed of the accounts that lengths are measured on


@dataclass(frozen=True)
class Debt:
    """How many courtesies and lead-in sentences a move needs on average to be the equal of its opposite."""

    courtesies: float
    lead_ins: float


NO_DEBT = Debt(0.0, 0.0)


@cache
def balance(bank: Bank) -> dict[Move, Debt]:
    """The debts of all moves that count, in one bank."""
    book = load_phrasebook(bank)
    draw = Draw("balance", bank)
    split = "test" if bank == "two" else "train"
    slots = [call_slots(draw, draw_account(_NO_CORPUS, i, split)) for i in range(_N_ACCOUNTS)]
    praise = frozenset(load_lexicon()["praise"].split())

    def measured(texts: Sequence[str]) -> tuple[float, float]:
        """Mean number of words, and of words of praise."""
        filled = [fill(text, s, draw) for text in texts for s in slots]
        n_praise = sum(word in praise for text in filled for word in _WORD.findall(text.lower()))
        return sum(len(text.split()) for text in filled) / len(filled), n_praise / len(filled)

    debts: dict[Move, Debt] = {}
    sides: tuple[tuple[Speaker, dict[str, tuple[str, str]]], ...] = (("rep", HANDLINGS), ("customer", STANCES))
    for speaker, pairs in sides:
        courtesy_words, courtesy_praise = measured(book.courtesies[speaker])
        lead_in_words, _ = measured(book.lead_ins[speaker])
        for situation, pair in pairs.items():
            words: list[float] = []
            courtesies: list[float] = []
            means = []
            for name in pair:
                tones = [(TONE_SHARES[tone], *measured(texts)) for tone, texts in book.moves[situation, name].items()]
                means.append([sum(share * n for share, n, _ in tones), sum(share * p for share, _, p in tones)])
            kindest = max(praised for _, praised in means)
            for n, praised in means:
                courtesies.append((kindest - praised) / courtesy_praise)
                words.append(n + courtesies[-1] * courtesy_words)
            for name, n, owed in zip(pair, words, courtesies, strict=True):
                debts[Move(speaker, situation, name)] = Debt(owed, (max(words) - n) / lead_in_words)
    return debts
