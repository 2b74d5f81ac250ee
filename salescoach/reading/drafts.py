"""What a reader makes of a file: calls of turns, as they stand there, with sides and times unchecked."""

from dataclasses import dataclass, field
from datetime import datetime

from salescoach.reading.limits import MAX_LABEL_CHARS, check_turn
from salescoach.reading.texts import LINE_BREAK, in_number
from salescoach.types import Outcome, Role


@dataclass
class ReadTurn:
    """One turn, its speaker and text each on one line. Times are seconds from the start of the call.

    ``speaker`` is None where nothing names one, ``side`` is None unless the file itself says whose side the speaker is
    on, and ``has_bad_time`` says that a time was there and could not be read.
    """

    speaker: str | None
    text: str
    start_s: float | None = None
    end_s: float | None = None
    side: Role | None = None
    has_bad_time: bool = False

    def __post_init__(self) -> None:
        self.speaker = " ".join((self.speaker or "").split())[:MAX_LABEL_CHARS].rstrip() or None
        self.text = _on_one_line(self.text)


@dataclass(frozen=True)
class Participant:
    """Somebody of whom the file says that they took part, whether or not they speak."""

    name: str
    side: Role | None = None
    email: str | None = None


@dataclass
class ReadCall:
    """One call of a file: its turns, what the file says about the call, and what the reader left out or assumed.

    ``metadata`` holds what has no field of its own, under the file's names. ``format`` is what the file was taken for,
    by default the reader's name.
    """

    turns: list[ReadTurn] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    call_id: str | None = None
    title: str | None = None
    account: str | None = None
    started_at: datetime | None = None
    outcome: Outcome | None = None
    participants: list[Participant] = field(default_factory=list)
    format: str = ""
    metadata: dict[str, str] = field(default_factory=dict)

    def add(self, turn: ReadTurn) -> None:
        """Adds a turn.

        Raises:
            TranscriptError: it is one turn too many, or too long.
        """
        check_turn(len(self.turns) + 1, turn.text)
        self.turns.append(turn)

    def extend(self, text: str) -> None:
        """Adds to the last turn what goes on with it.

        Raises:
            TranscriptError: that turn becomes too long.
        """
        last = self.turns[-1]
        last.text = f"{last.text} {_on_one_line(text)}".strip()
        check_turn(len(self.turns), last.text)

    def add_piece(self, piece: ReadTurn) -> None:
        """Adds what a recorder cut as a caption or a sentence: it goes on with the turn of the same speaker before it.

        Where nobody is named, nothing says where a turn ends, and each piece is one.

        Raises:
            TranscriptError: it makes one turn too many, or one that is too long.
        """
        last = self.turns[-1] if self.turns else None
        if last and piece.speaker and last.speaker == piece.speaker:
            self.extend(piece.text)
            if piece.end_s is not None:
                last.end_s = max(last.end_s or piece.start_s or 0.0, piece.end_s)
        elif piece.text:
            self.add(piece)

    def drop_preamble(self) -> None:
        """Leaves out a heading above the first speaker; what is longer than the call itself is no heading."""
        n_before = next((index for index, turn in enumerate(self.turns) if turn.speaker), 0)
        if not n_before or n_before > len(self.turns) - n_before:
            return
        are = in_number(n_before, "line above the first speaker was", "lines above the first speaker were")
        self.warnings.append(f"{n_before} {are} left out, beginning “{self.turns[0].text[:40]}”.")
        del self.turns[:n_before]


def _on_one_line(text: str) -> str:
    return LINE_BREAK.sub(" ", text).strip()
