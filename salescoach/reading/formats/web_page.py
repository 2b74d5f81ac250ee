"""HTML pages: what is seen of them, with the speakers that they mark, or a table of what is said."""

from salescoach.reading.documents import calls_of_document
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.markup import is_html_page, read_markup
from salescoach.reading.source import Source


class WebPage(FormatReader):
    """A turn is a line of the page, or what stands below a marked speaker."""

    name = "HTML page"
    says = "a page, without what is not shown of it"

    def recognises(self, source: Source) -> float:
        """By how it begins."""
        return CERTAIN if is_html_page(source.text) else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """The calls of its tables, or of its text."""
        return calls_of_document(read_markup(source.text), source.reps)
