"""What an answer is: blocks of lines, and in a line words, quotes and citations. Code fills it; nobody reads it back.

Whoever needs to know what an answer quotes or cites asks the document, and the text is made from it last.
"""

from collections.abc import Callable, Iterable, Iterator

from salescoach.types import Citation, Frozen

NOT_CHECKED = "The model's own reading, not checked"  # the title of what a language model says itself


class Quote(Frozen):
    """Words that were said, exactly as they were; ``is_cut``: more was said after them."""

    text: str
    is_cut: bool = False

    def __str__(self) -> str:
        return f"“{self.text}”{' …' if self.is_cut else ''}"


class Remark(Frozen):
    """Words that a language model put between what code filled in."""

    text: str

    def __str__(self) -> str:
        return self.text


Span = str | Quote | Citation | Remark  # a str is a text of ours, in Markdown


class AnswerLine(Frozen):
    """A statement, or a paragraph."""

    spans: tuple[Span, ...]


class Listing(Frozen):
    """Lines under a title, which may be empty. ``is_checked``: whether code states them, and no language model."""

    title: AnswerLine
    items: tuple[AnswerLine, ...]
    is_numbered: bool = False
    is_checked: bool = True


Block = AnswerLine | Listing
Part = Span | AnswerLine


def shown(span: Span) -> str:
    """A span in Markdown."""
    return span.marker if isinstance(span, Citation) else str(span)


class AnswerDocument(Frozen):
    """An answer."""

    blocks: tuple[Block, ...]

    def markdown(self, show: Callable[[Span], str] = shown) -> str:
        """The text; ``show`` says how a span stands in it."""
        return "\n\n".join(_markdown(block, show) for block in self.blocks)

    def lines(self) -> Iterator[AnswerLine]:
        """Everything that is stated, in order."""
        for block in self.blocks:
            if isinstance(block, AnswerLine):
                yield block
            else:
                yield from (line for line in (block.title, *block.items) if line.spans)

    def spans(self) -> Iterator[Span]:
        """What the lines are made of."""
        for one in self.lines():
            yield from one.spans

    def not_checked(self) -> list[str]:
        """What a language model says itself, each sentence with its markers."""
        listings = [one for one in self.blocks if isinstance(one, Listing) and not one.is_checked]
        return ["".join(map(shown, item.spans)) for one in listings for item in one.items]

    def citations(self) -> list[Citation]:
        """What the markers point to, each marker once, in order."""
        found: dict[str, Citation] = {}
        for span in self.spans():
            if isinstance(span, Citation):
                found.setdefault(span.marker, span)
        return list(found.values())


def line(*parts: Part) -> AnswerLine:
    """A line of parts, one after the other."""
    spans: list[Span] = []
    for part in parts:
        spans += part.spans if isinstance(part, AnswerLine) else (part,)
    return AnswerLine(spans=tuple(span for span in spans if span != ""))


def listed(title: Part, items: Iterable[Part], *, is_numbered: bool = False) -> Listing | None:
    """Lines under a title; None where there are none."""
    found = tuple(line(item) for item in items)
    return Listing(title=line(title), items=found, is_numbered=is_numbered) if found else None


def document(*parts: Block | Span | None) -> AnswerDocument:
    """A document of blocks, without those that are empty."""
    blocks = [part if isinstance(part, Listing) else line(part) for part in parts if part is not None]
    return AnswerDocument(blocks=tuple(block for block in blocks if isinstance(block, Listing) or block.spans))


def joined(documents: Iterable[AnswerDocument]) -> AnswerDocument:
    """One document of several."""
    return AnswerDocument(blocks=tuple(block for one in documents for block in one.blocks))


def _markdown(block: Block, show: Callable[[Span], str]) -> str:
    if isinstance(block, AnswerLine):
        return _text(block, show)
    starts = (f"{number}." if block.is_numbered else "-" for number in range(1, len(block.items) + 1))
    items = "\n".join(f"{start} {_text(item, show)}" for start, item in zip(starts, block.items, strict=True))
    return f"{_text(block.title, show)}\n\n{items}" if block.title.spans else items


def _text(one: AnswerLine, show: Callable[[Span], str]) -> str:
    return "".join(map(show, one.spans))
