"""Which calls of the library a model learns from, where no table is named."""

from dataclasses import dataclass

from salescoach.errors import DataError
from salescoach.library import Library
from salescoach.types import LabelledCall
from training.parts import names_of_parts


@dataclass(frozen=True)
class Chosen:
    """Labelled calls to learn from. ``data`` says in words that fit into a sentence whose they are."""

    calls: list[LabelledCall]
    data: str


def choose_calls(library: Library, seed: int, *, by_time: bool = False) -> Chosen:
    """The team's own calls alone, once there are enough of them; else own and example calls together.

    Private calls are never among them. A split that only some calls name, such as those of one table, is not used.

    Args:
        library: where the calls are.
        seed: of the split that training will make; own calls that can't be split train nothing alone.
        by_time: as for training.
    """
    past = list(library.past_calls())
    own = [call for call in past if call.provenance == "own"]
    if not library.own_calls().n_missing and _can_be_split(own, seed, by_time=by_time):
        return Chosen(_of_one_split(own), f"{len(own)} calls of the team's own")
    n_examples = len(past) - len(own)
    if not own:
        return Chosen(
            _of_one_split(past),
            f"{n_examples} machine-written example calls of the library: a demonstration, not your market",
        )
    if not n_examples:
        return Chosen(_of_one_split(own), f"{len(own)} calls of the team's own")
    return Chosen(
        _of_one_split(past),
        f"{len(own)} calls of the team's own and {n_examples} machine-written ones, as there are too few own calls to "
        "learn from alone",
    )


def _can_be_split(calls: list[LabelledCall], seed: int, *, by_time: bool) -> bool:
    try:
        names_of_parts(_of_one_split(calls), seed, by_time=by_time)
    except DataError:
        return False
    return True


def _of_one_split(calls: list[LabelledCall]) -> list[LabelledCall]:
    if all(call.split for call in calls):
        return calls
    return [call.model_copy(update={"split": None}) for call in calls]
