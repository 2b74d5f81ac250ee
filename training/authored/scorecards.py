"""What experienced readers tick after reading an authored call: for each criterion how far it is met, and where.

A line of a file is ``{"call": "w01-003", "playbook": "bant", "criterion": "budget", "met": "partly", "turn": 12}``.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from salescoach.errors import DataError
from salescoach.scorecards.results import Met
from salescoach.types import Frozen
from training.authored.labelled import AUTHORED
from training.authored.packed import text_lines

FOLDER: Final = AUTHORED / "scorecards"
LEVELS: Final[dict[Met, int]] = {"no": 0, "partly": 1, "yes": 2}  # ``not applicable`` has none


class CriterionLabel(Frozen):
    """One tick. ``turn``, from 1: the one that shows it best; None where nothing does."""

    call: str
    playbook: str
    criterion: str
    met: Met
    turn: int | None = None


def read_criterion_labels(files: Iterable[Path]) -> list[CriterionLabel]:
    """All labels of files of JSON lines, packed or not.

    Raises:
        DataError: a line can't be read; names file and line.
    """
    found = []
    for file in files:
        for number, line in enumerate(text_lines(file), start=1):
            try:
                found.append(CriterionLabel.model_validate_json(line))
            except ValueError as error:
                raise DataError(f"{file.name}, line {number}: this is no label of a criterion ({error}).") from None
    return found
