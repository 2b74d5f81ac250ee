"""What speech recognition does to a turn: words misheard, dropped and joined, punctuation and capitals lost."""

from training.sample.draw import Draw

_HOMOPHONES = {
    "their": "there", "there": "their", "your": "you're", "you're": "your", "it's": "its", "its": "it's",
    "to": "too", "too": "to", "two": "to", "for": "four", "four": "for", "by": "buy", "buy": "by", "here": "hear",
    "hear": "here", "know": "no", "right": "write", "week": "weak", "whole": "hole", "would": "wood", "than": "then",
    "then": "than", "are": "our", "our": "are", "we're": "were", "we'd": "weed", "which": "witch", "wait": "weight",
}  # fmt: skip
_DROPPED = frozenset(("a", "the", "of", "to", "and", "it", "is", "that", "on", "at", "in", "for", "with", "as", "so"))


def mishear(draw: Draw, text: str, rate: float) -> str:
    """The text with about a share ``rate`` of its words changed; a turn never becomes empty."""
    heard: list[str] = []
    for word in text.split(" "):
        if not draw.chance(rate):
            heard.append(word)
            continue
        bare = word.lower().strip(".,?!…")
        if bare in _HOMOPHONES:
            heard.append(_HOMOPHONES[bare])
        elif bare in _DROPPED:
            continue
        elif heard and draw.chance(0.3):
            heard[-1] += bare
        else:
            heard.append(bare or word)
    return " ".join(heard) or text
