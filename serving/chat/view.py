"""What the chat shows, as text that is safe to render: pure functions that know nothing of Chainlit.

What people said in a call is data. It reaches the page with every character that Markdown could act on escaped, so that
no picture, link or HTML of a transcript is ever rendered, while a reader sees exactly what was said.
"""

import re
import textwrap
from typing import Final

from agent.chat_models import OFFLINE, Wording
from salescoach.hosts import is_this_machine
from salescoach.model.artifact import Manifest
from salescoach.reading.spelling import is_nobody
from salescoach.reading.texts import QUOTED
from salescoach.reading.transcripts import speakers
from salescoach.types import Citation, LabelledCall, Transcript, Turn
from tools.phrases import count

WHOLE_CALL: Final = "Read the whole call"

_CONTEXT_TURNS: Final = 40
# A browser lays out this many turns without a pause; the rest of a marathon call is in the file that was given.
_MAX_SHOWN_TURNS: Final = 600
_MAX_NAMED: Final = 4

_ACTIVE: Final = re.compile(r"[\\`*_\[\]<>#|~:&!$]")
_BLOCK_START: Final = re.compile(r"^([^\S\n]*+)([-+=]|\d++(?=[.)]))", re.MULTILINE)
# Chainlit's Markdown makes links of bare addresses even where each character is escaped. A word joiner, which has no
# width, keeps them text.
_BARE_ADDRESS: Final = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=\w)", re.IGNORECASE)
WORD_JOINER: Final = "\u2060"

_OURS: Final = re.compile(
    r"(?P<marker>\[(?:T\d+(?:–\d+)?|call [^\]\n]{1,500}+)\])"
    rf"|(?P<quote>“{QUOTED}”)"
    r"|(?P<emphasis>\*{1,2})"
    r"|(?P<block>(?:(?<=\n)|\A)[ \t]*(?:[-*]|\d+\.|#{1,4})(?=[ \t]))"
)
_SPACE: Final = re.compile(r"\s+")
_UNSAFE_ON_A_BUTTON: Final = re.compile(r"[^\w .,'’&()@/+\-\u2060…·?–%]|_")
_SMALL_NUMBER: Final = re.compile(r"(?<!\d)\d{1,6}(?!\d)")
_UNSAFE_IN_NAME: Final = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[^\w.,–\- ]")


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    safe = _SPACE.sub(lambda space: "\n" if "\n" in space[0] else space[0], text)
    safe = _BARE_ADDRESS.sub(WORD_JOINER, safe)
    safe = _ACTIVE.sub(r"\\\g<0>", safe)
    return _BLOCK_START.sub(_escaped_start, safe)


def _escaped_start(match: re.Match[str]) -> str:
    # “-” is escaped itself; of “1.” it is the full stop that makes the list.
    indent, start = match.groups()
    return f"{indent}{start}\\" if start.isdigit() else f"{indent}\\{start}"


def element_name(marker: str) -> str:
    """How a citation is called on the page: its marker, less what Markdown would take for its own.

    Chainlit makes a link of every place in an answer that reads like an element's name. The word joiners, which nobody
    sees, keep “T1” from being found in “T14” or in what somebody said.
    """
    return f"{WORD_JOINER}{_UNSAFE_IN_NAME.sub('·', marker.strip('[]'))}{WORD_JOINER}"


def answer_markdown(text: str) -> str:
    """An answer as the page may render it.

    Emphasis, lists, headings and citation markers of ours stay; everything else is escaped, whether or not it stands in
    a quote, so that a quotation mark inside a quote opens no door.
    """
    parts = []
    end = 0
    for match in _OURS.finditer(text):
        parts.append(_inline(text[end : match.start()]))
        end = match.end()
        if match["marker"]:
            parts.append(element_name(match["marker"]))
        elif match["quote"]:
            parts.append(escape(match["quote"]))
        else:
            parts.append(match[0])
    return "".join([*parts, _inline(text[end:])])


def _inline(text: str) -> str:
    """Escaped, with its line breaks kept: they part our own paragraphs."""
    return _ACTIVE.sub(r"\\\g<0>", _BARE_ADDRESS.sub(WORD_JOINER, text))


class AnswerStream:
    """Turns tokens into renderable text: whole lines at a time, never a part of a quote."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, token: str) -> str:
        """What can be shown after this token; mostly nothing until a line is whole."""
        self._pending += token
        cut = self._pending.rfind("\n") + 1
        whole = self._pending[:cut]
        if not cut or whole.count("“") != whole.count("”"):
            return ""
        self._pending = self._pending[cut:]
        return answer_markdown(whole)


def welcome(manifest: Manifest | None, wording: Wording | None, problem: str | None = None) -> str:
    """What to do, and who speaks. Names the host that text is sent to before any text leaves."""
    if manifest is None or wording is None:
        return f"### Sales Coach\n\n{escape(problem or 'The coach could not be opened.')}"
    return "\n\n".join(
        [
            "### What would have won this call?",
            "Paste a sales call below, or drop a text, Word, caption or JSON file, or a table of calls, on the page.",
            "You get how likely it converts, the turns that moved that, and what similar won calls did.",
            f"Scored by **{escape(manifest.model_id)}**, which learned from {escape(manifest.data)}. "
            + _speaker(wording),
        ]
    )


def _speaker(wording: Wording) -> str:
    if wording.name == OFFLINE:
        return "Worded by the **offline coach**: nothing leaves this machine."
    name = f"Worded by **{escape(wording.name)}**"
    if wording.host is None or is_this_machine(wording.host):
        return f"{name}, which runs on this machine."
    return f"{name}: your questions and quotes of your calls are **sent to {escape(wording.host)}**."


def card(transcript: Transcript, title: str) -> str:
    """A call in one line, in place of the wall that it is."""
    names = speakers(transcript)
    shown = ", ".join(names[:_MAX_NAMED]) + (f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else "")
    return f"{title} · {count(len(transcript), 'turn')} · {shown}"


def scored_name(percent: int | None, card: str) -> str:
    """What a conversation is called once its first call is scored."""
    return f"{'no score' if percent is None else f'{percent} %'} · {card}"


def row_label(number: int, call: LabelledCall) -> str:
    """A row of a table of calls, for a button."""
    outcome = f" · {call.outcome}" if call.outcome else ""
    return f"{number} · {call.call_id} · {count(len(call.transcript), 'turn')}{outcome}"


def unclear_speakers(transcript: Transcript) -> tuple[str, ...]:
    """The speakers to ask about, where the call has no rep or no customer and somebody could be either."""
    if {"rep", "customer"} <= {turn.role for turn in transcript.turns}:
        return ()
    unclear = {turn.speaker for turn in transcript.turns if turn.role == "unknown"}
    everybody = speakers(transcript)
    named = [name for name in everybody if name in unclear and not is_nobody(name)]
    return tuple(named) if len(everybody) > 1 else ()


def plain_name(name: str) -> str:
    """A speaker's name for a button, whose label Chainlit later shows as Markdown."""
    safe = _UNSAFE_ON_A_BUTTON.sub(" ", _BARE_ADDRESS.sub(WORD_JOINER, name))
    return " ".join(safe.split()) or "?"


def citation_panel(call: LabelledCall, citation: Citation) -> str:
    """The cited turns, quoted, with some turns of the call around them."""
    turns = call.transcript.turns
    first = max(citation.turn_start - _CONTEXT_TURNS, 1)
    last = min(citation.turn_end + _CONTEXT_TURNS, len(turns))
    shown = {number: _turn(number, turns[number - 1]) for number in range(first, last + 1)}
    cited = "\n\n".join(shown.pop(number) for number in range(citation.turn_start, citation.turn_end + 1))
    parts = [
        _about(call, citation),
        *(["…"] if first > 1 else []),
        *(turn for number, turn in shown.items() if number < citation.turn_start),
        # The block quote is what the style sheet highlights.
        "\n".join(f"> {line}" for line in cited.split("\n")),
        *(turn for number, turn in shown.items() if number > citation.turn_end),
        *(["…"] if last < len(turns) else []),
    ]
    return "\n\n".join(parts)


def transcript_panel(transcript: Transcript) -> str:
    """A whole call, one paragraph a turn."""
    shown = transcript.turns[:_MAX_SHOWN_TURNS]
    parts = [_turn(number, turn) for number, turn in enumerate(shown, start=1)]
    if len(transcript) > len(shown):
        parts.append(f"… and {count(len(transcript) - len(shown), 'turn')} more")
    return "\n\n".join(parts)


def _about(call: LabelledCall, citation: Citation) -> str:
    if citation.turn_start == citation.turn_end:
        turns = f"Turn {citation.turn_start}"
    else:
        turns = f"Turns {citation.turn_start}–{citation.turn_end}"
    if call.outcome is None:
        return f"**{turns} of {len(call.transcript)}** in your call"
    outcome = "a call that converted" if call.outcome == "converted" else "a call that was lost"
    about = [call.metadata[name].replace("_", " ") for name in ("industry", "call_type") if name in call.metadata]
    return f"**{turns} of {len(call.transcript)}** in {outcome}" + (f" ({escape(', '.join(about))})" if about else "")


def _turn(number: int, turn: Turn) -> str:
    head = [f"T{number}", escape(turn.speaker)]
    if turn.start_s is not None:
        head.append(f"{int(turn.start_s) // 60}\\:{int(turn.start_s) % 60:02d}")
    return f"**{' · '.join(head)}**\n{escape(turn.text)}"


def typed_number(text: str) -> int:
    """The number that a user typed, such as “T41” or “turn 41”; 0 where there is none."""
    found = _SMALL_NUMBER.search(text)
    return int(found[0]) if found else 0


def shortened(text: str, n_chars: int) -> str:
    """The beginning of a text, at most so long, cut between words."""
    return textwrap.shorten(text, n_chars, placeholder=" …")
