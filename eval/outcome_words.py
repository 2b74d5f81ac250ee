"""Words in a call that say how the deal ended: notes of a CRM, and talk of what happened after the call."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from salescoach.types import Outcome

MIN_ANNOUNCED: Final = 3
MIN_TOLD: Final = 5
RIGHT_SHARE: Final = 0.8
TOLD_Z: Final = 3.3  # two-sided p = 0.001, as there are several phrases


@dataclass(frozen=True)
class Phrase:
    """``announces``: a note that nobody says aloud. Else it is talk, which counts only where it goes with the label."""

    name: str
    outcome: Outcome
    announces: bool
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Hits:
    """Where a phrase was found: row -> the words. ``rates`` are of the converted and of the lost calls."""

    phrase: Phrase
    words: dict[int, str]
    rates: tuple[float, float]
    right_share: float
    z: float

    @property
    def severity(self) -> Literal["leak", "warning", "fine"]:
        """A leak gives the label away; an announcement that doesn't is worth a warning, talk that doesn't is fine."""
        is_right = self.right_share >= RIGHT_SHARE
        if self.phrase.announces:
            return "leak" if is_right and len(self.words) >= MIN_ANNOUNCED else "warning"
        return "leak" if is_right and len(self.words) >= MIN_TOLD and self.z > TOLD_Z else "fine"


def find_outcome_words(texts: Sequence[str], labels: np.ndarray) -> list[Hits]:
    """What gives the outcome away or may do so: leaks first, then by the number of calls.

    Args:
        texts: the calls, one ``Speaker: text`` line a turn; the words of a hit are given in small letters.
        labels: 1 (converted) or 0 (lost), shape (n_texts,).
    """
    texts = [text.lower() for text in texts]  # half the time of a search that ignores case
    hits = [found for phrase in PHRASES if (found := _hits(phrase, texts, labels)) and found.severity != "fine"]
    return sorted(hits, key=lambda found: (found.severity != "leak", -len(found.words)))


def _hits(phrase: Phrase, texts: Sequence[str], labels: np.ndarray) -> Hits | None:
    matches = ((row, phrase.pattern.search(text)) for row, text in enumerate(texts))
    words = {row: match[0] for row, match in matches if match}
    if not words:
        return None
    has = np.zeros(len(labels))
    has[list(words)] = 1
    of_converted, of_lost = labels / max(labels.sum(), 1), (1 - labels) / max((1 - labels).sum(), 1)
    rates = float(has @ of_converted), float(has @ of_lost)
    right = float(has @ (labels == (phrase.outcome == "converted"))) / len(words)
    variance = has.mean() * (1 - has.mean()) * (of_converted.max() + of_lost.max())
    z = abs(rates[0] - rates[1]) / np.sqrt(variance) if variance and 0 < labels.mean() < 1 else 0.0
    return Hits(phrase, words, rates, right, float(z))


_VALUES: Final[dict[Outcome, str]] = {
    "converted": r"(?:closed[\s_-]*)?(?:won|win|converted|signed|successful)",
    "lost": r"(?:closed[\s_-]*)?(?:lost|loss|not[\s_-]converted|churned|unsuccessful|no[\s_-]sale)",
}
_FLAGS: Final[dict[Outcome, str]] = {"converted": r"(?:1|true|yes)", "lost": r"(?:0|false|no)"}
_VERBS: Final[dict[Outcome, str]] = {"converted": "won", "lost": "lost"}
_DEAL: Final = r"(?:deal|opportunity|opp|sale)"
_FIELD: Final = r"(?:outcome|result|stage|status|disposition)"
_FLAG_FIELD: Final = r"(?:conversion[\s_]?label|is[\s_]won|converted|label)"
_IS: Final = r"[\"']?\s*[:=]\s*[\"'\[(]*"
_END: Final = r"(?=\s*(?:[.,;!|)\]>}\"'\n]|$))"  # "deal lost." is a note, "a deal lost to them" is talk

# A past event, not a wish: "could we sign on Tuesday" and "once the contract is signed" are ordinary talk.
_TOLD: Final[dict[Outcome, dict[str, str]]] = {
    "converted": {
        "signed the contract": r"(?<!once )(?<!have )\b(?:counter)?signed (?:the|their|our|a) "
        r"(?:contract|agreement|order form|proposal) (?:on|in|at|by|this|today|yesterday|after|last)\b",
        "contract was signed": r"\b(?:contract|agreement|order form) (?:was|has been|got) (?:\w+ )?signed\b",
        "deal was won": rf"\b{_DEAL} (?:was|has been|got) (?:won|closed)\b|\bwon (?:the|this) {_DEAL}\b",
        "became a customer": r"\b(?:became|has become) a (?:paying )?customer\b",
    },
    "lost": {
        "deal was lost": rf"\b{_DEAL} (?:was|has been|got) lost\b|\blost (?:the|this) {_DEAL}\b",
        "chose a competitor": r"\b(?:chose|went with|signed with) (?:a|another|the) "
        r"(?:competitor|vendor|supplier|provider)\b",
        "did not buy": r"\b(?:did not|didn['’]t) (?:buy|purchase|convert|sign)\b",
    },
}


def _announcements(outcome: Outcome) -> dict[str, str]:
    verb, value, flag = _VERBS[outcome], _VALUES[outcome], _FLAGS[outcome]
    return {
        f"closed {verb}": rf"\bclosed[\s_-]*{verb}\b",
        f"outcome: {verb}": rf"\b{_FIELD}{_IS}{value}{_END}|\b(?:outcome|{_FLAG_FIELD}){_IS}{flag}{_END}",
        f"[{verb}]": rf"[\[(<{{](?:{_DEAL}[\s_-]*)?{value}[\])>}}]|#(?:{_DEAL}[\s_-]*|closed[\s_-]*)?{verb}\b",
        f"deal {verb}": rf"\b{_DEAL}[\s_:-]+{verb}{_END}|\bmarked (?:\w+ ){{0,2}}as {value}{_END}",
    }


def _phrases(outcome: Outcome) -> list[Phrase]:
    known = [(True, _announcements(outcome)), (False, _TOLD[outcome])]
    return [
        Phrase(name, outcome, announces, re.compile(pattern))
        for announces, patterns in known
        for name, pattern in patterns.items()
    ]


PHRASES: Final = (*_phrases("converted"), *_phrases("lost"))
