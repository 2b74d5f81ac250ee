"""What a stage, a status or a flag of a CRM says about a deal: won, lost, open, or nothing that is clear."""

import re
from collections.abc import Collection
from typing import Final, Literal

from salescoach.reading.spelling import folded

State = Literal["won", "lost", "open", "unclear", "deleted"]

_YES: Final = frozenset("yes true 1 y t x ja oui si sim wahr vrai vero verdadero verdadeiro waar checked".split())
_NO: Final = frozenset("no false 0 n f nein non nao falsch faux falso onwaar nee unchecked".split())
_CLOSED: Final = frozenset(
    "closed close geschlossen abgeschlossen ferme fermee cloture cloturee clos cerrado cerrada cierre fechado fechada "
    "fechamento chiuso chiusa chiusura gesloten afgesloten concluded".split()
)
_WON: Final = frozenset(
    "won closedwon converted gewonnen gagne gagnee ganado ganada ganho ganha vinto vinta acquisito acquisita".split()
)
_LOST: Final = frozenset("lost closedlost verloren perdu perdue perdido perdida perso persa perduto perduta".split())
_DELETED: Final = frozenset(
    "deleted archived geloscht supprime supprimee eliminado eliminada eliminato verwijderd".split()
)
_FILLERS: Final = frozenset("deal deals opportunity the as und and e y et en".split())
_WORD: Final = re.compile(r"[^\W\d_]+")


def flag_in(text: str) -> bool | None:
    """Yes or no in any case and six languages; None where it is neither, such as in an empty cell."""
    plain = folded(text)
    return True if plain in _YES else False if plain in _NO else None


def state_of_words(text: str) -> State | None:
    """What the name of a stage or a status says by itself: "6 - CLOSED WON" is won, "Won't fix" or "Signed" nothing.

    Each of its words must be known, so that a stage such as "Won back, in review" isn't taken for an end.
    """
    words = set(_WORD.findall(folded(text)))
    if not words <= _CLOSED | _WON | _LOST | _DELETED | _FILLERS:
        return None
    known: dict[State, frozenset[str]] = {"won": _WON, "lost": _LOST, "deleted": _DELETED}
    found = [state for state, its in known.items() if words & its]
    return found[0] if len(found) == 1 else None


def state_of(
    *, stage: str, status: str, won: bool | None, lost: bool | None, closed: bool | None, said: Collection[State] = ()
) -> State:
    """The state of a deal by everything that its row says; "unclear" where that contradicts itself.

    Args:
        stage: name of the stage.
        status: won, lost or open in words, or a yes for won.
        won: whether the CRM says that it is won.
        lost: the same of lost.
        closed: the same of closed; a deal that is closed and not won is lost.
        said: what the user says of the stage, which decides alone.
    """
    if said:
        return next(iter(said))
    votes = {state for words in (stage, status) if (state := state_of_words(words)) is not None}
    if won or flag_in(status):
        votes.add("won")
    if lost or (closed and won is False):
        votes.add("lost")
    if closed is False or (won is False and lost is False):
        votes.add("open")
    if "deleted" in votes:
        return "deleted"
    if len(votes) > 1 or (closed and not votes):
        return "unclear"
    return next(iter(votes), "open")
