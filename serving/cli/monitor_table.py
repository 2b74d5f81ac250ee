"""``coach monitor`` as people read it, and as Markdown: the same words and tables as on the page."""

from eval.online.page import answers, headline, not_judged, sections
from eval.online.results import CameTrue
from eval.report_page import render_tables


def monitor_page(found: CameTrue) -> str:
    """What the figures mean, then the tables."""
    said, _ = headline(found)
    parts = [said, *(f"{one.question} {one.answer}" for one in answers(found)), f"Not judged: {not_judged(found)}."]
    for section in sections(found):
        tables = render_tables(section)
        parts += [section.title, *section.paragraphs, *([tables] if tables else []), *section.notes]
    return "\n\n".join(parts)
