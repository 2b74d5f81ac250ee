"""An answer of the coach read into pieces: paragraphs, headings and lists of runs of text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from salescoach.reading.texts import QUOTED
from tools.document import NOT_CHECKED

_QUOTE: Final = rf"“{QUOTED}”"
_QUOTED: Final = re.compile(_QUOTE)
_INLINE: Final = re.compile(
    rf"(?P<marker>\[(?:T\d+(?:–\d+)?|call [^\]\n]{{1,500}}+)\])|(?P<quote>{_QUOTE})|(?P<stars>\*{{1,2}})"
)
_ITEM: Final = re.compile(r"\A[ \t]*+(?:(?P<bullet>[-*])|(?P<number>\d+)\.|(?P<heading>#{1,4}))[ \t]+(?P<text>.*)")


@dataclass(frozen=True)
class AnswerPiece:
    """A run of text. ``source``: the number of the source that it cites, 0 for ordinary text."""

    text: str
    strong: bool = False
    emphasis: bool = False
    source: int = 0


@dataclass(frozen=True)
class AnswerBlock:
    """A paragraph, a heading or a list; ``items`` has one entry but for lists.

    ``is_checked``: whether code states it; else it is a language model's own reading, or the title of that.
    """

    kind: Literal["paragraph", "heading", "bullets", "numbers"]
    items: list[list[AnswerPiece]]
    is_checked: bool = True


def answer_blocks(answer: str, sources: dict[str, int]) -> Iterator[AnswerBlock]:
    """The blocks of an answer in the little Markdown that answers have. What is quoted can't begin one."""
    is_own = False  # what follows on its title, as far as it is a list
    for block in _blocks(answer, sources):
        is_title = "".join(piece.text for piece in block.items[0]) == NOT_CHECKED
        is_own = is_title or (is_own and block.kind == "bullets")
        yield replace(block, is_checked=not is_own)


def _blocks(answer: str, sources: dict[str, int]) -> Iterator[AnswerBlock]:
    text = _QUOTED.sub(lambda match: " ".join(match[0].split()), answer)
    block: AnswerBlock | None = None
    for line in text.splitlines():
        found = _ITEM.fullmatch(line)
        if not line.strip() or found is None:
            kind: Any = "paragraph"
        else:
            kind = "bullets" if found["bullet"] else "numbers" if found["number"] else "heading"
        pieces = _pieces(found["text"] if found else line.strip(), sources)
        if block is not None and (not line.strip() or kind != block.kind or kind == "heading"):
            yield block
            block = None
        if not line.strip():
            continue
        if block is None:
            block = AnswerBlock(kind, [pieces])
        elif kind == "paragraph":
            block.items[0] += [AnswerPiece(" "), *pieces]
        else:
            block.items.append(pieces)
    if block is not None:
        yield block


def _pieces(line: str, sources: dict[str, int]) -> list[AnswerPiece]:
    pieces: list[AnswerPiece] = []
    strong = emphasis = False
    end = 0
    for match in _INLINE.finditer(line):
        pieces.append(AnswerPiece(line[end : match.start()], strong, emphasis))
        end = match.end()
        if match["stars"]:
            strong, emphasis = strong ^ (len(match[0]) == 2), emphasis ^ (len(match[0]) == 1)
        else:
            pieces.append(AnswerPiece(match[0], strong, emphasis, sources.get(match[0], 0)))
    pieces.append(AnswerPiece(line[end:], strong, emphasis))
    return [piece for piece in pieces if piece.text]
