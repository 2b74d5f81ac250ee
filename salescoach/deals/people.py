"""How many people of a customer were heard, by the names that stand before their turns."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from salescoach.reading.role_words import side_of
from salescoach.reading.spelling import folded, is_personal

NO_NAME_CHARS: Final = ".'\u2019-"


def people(labels: Iterable[str]) -> frozenset[frozenset[str]] | None:
    """The people behind some labels, each as the words of the longest name; None where a label names nobody.

    "Jess", "Jess Moore" and "Moore, Jess (Hexa)" are one person; "Customer" may be anybody.
    """
    found: list[frozenset[str]] = []
    for words in sorted({_words(label) for label in labels}, key=lambda words: (-len(words), sorted(words))):
        if not words:
            return None
        if not any(words <= known for known in found):
            found.append(words)
    return frozenset(found)


@lru_cache(maxsize=4096)  # the labels of an account recur
def _words(label: str) -> frozenset[str]:
    """The words of a person's name, none where the label is nobody's in particular."""
    name = label.partition("(")[0]
    if not is_personal(label) or side_of(label) is not None:
        return frozenset()
    return frozenset(word.strip(NO_NAME_CHARS) for word in folded(name).replace(",", " ").split()) - {""}
