"""HTML pages: lines, tables and marked speakers, without what a page does not show."""

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import parse_transcript, read_calls_of, transcript_of
from tests.effort import effort
from tests.transcript_examples import Example, Said, has_warning, said

TALK = [("Rep", "Is the well deep?"), ("Customer", "Nine metres & dry."), ("Rep", "Then we drill.")]
LINES = [f"{who}: {text.replace('&', '&amp;')}" for who, text in TALK]


def page(body: str, head: str = "<title>Well at Lind's</title>") -> str:
    return f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">{head}</head><body>\n{body}\n</body></html>\n'


def in_each(form: str) -> str:
    return page("".join(form.format(who=who, text=text.replace("&", "&amp;")) for who, text in TALK))


ROWS = "".join(f"<tr><td>{who}</td><td>{text.replace('&', '&amp;')}</td></tr>" for who, text in TALK)
EXAMPLES = [
    Example("lines.html", page("<br>\n".join(LINES)), (TALK,)),
    Example("paragraphs.html", in_each("<p><b>{who}:</b> {text}</p>"), (TALK,)),
    Example("bold.html", in_each("<p><strong>{who}</strong></p><p>{text}</p>"), (TALK,)),
    Example("headings.html", in_each("<h3>{who}</h3><p>{text}</p>"), (TALK,)),
    Example("definitions.html", in_each("<dl><dt>{who}</dt><dd>{text}</dd></dl>"), (TALK,)),
    Example(
        "classes.html",
        in_each('<div class="turn"><span class="speaker-name">{who}</span> <div class="text">{text}</div></div>'),
        (TALK,),
    ),
    Example("list.html", page(f"<ul>{''.join(f'<li>{line}</li>' for line in LINES)}</ul>"), (TALK,)),
    Example("pre.html", page("<pre>" + "\n".join(LINES) + "</pre>"), (TALK,)),
    Example("table.html", page(f"<table><tr><th>Speaker</th><th>Text</th></tr>{ROWS}</table>"), (TALK,)),
    Example("cells.html", page(f"<table>{ROWS}</table>"), (TALK,)),
]


def test_times_beside_marked_speakers_and_the_title() -> None:
    body = (
        '<h1>Call</h1><ul><li class="participant">Ida Holm</li><li class="participant">Per Lie</li></ul>'
        '<div><span class="speaker">Ida Holm</span><span class="timestamp">0:05</span><p>Is it deep?</p></div>'
        '<div><span class="speaker">Per Lie</span><time>0:09</time><p>Nine metres.</p><p>It is dry.</p></div>'
    )
    [call] = read_calls_of(page(body).encode())
    assert (call.title, [turn.start_s for turn in call.turns]) == ("Well at Lind's", [5, 9])
    assert said(call) == [("Ida Holm", "Is it deep?"), ("Per Lie", "Nine metres. It is dry.")]
    assert has_warning(call, "1 line above the first speaker was left out")


def test_a_name_and_time_on_a_line_above_the_words() -> None:
    body = "<p><b>Ida Holm</b> (00:05)</p><p>Is it deep?</p><p><b>Per Lie</b> (00:09)</p><p>Nine metres.</p>"
    call = parse_transcript(page(body))
    assert said(call) == [("Ida Holm", "Is it deep?"), ("Per Lie", "Nine metres.")]
    assert [turn.start_s for turn in call.turns] == [5, 9]


def test_what_a_page_does_not_show_is_not_said() -> None:
    body = (
        "<script>var a = 'Rep: no';</script><style>p{}</style><nav>Rep: Home</nav><p hidden>Rep: no</p>"
        '<p style="display: none">Rep: no</p><!-- Rep: no --><button>Rep: Copy</button>'
        "<template><p>Rep: no</p></template>" + "".join(f"<p>{line}</p>" for line in LINES)
    )
    assert said(parse_transcript(page(body))) == TALK


def test_lines_beside_a_table_are_counted() -> None:
    rows = (("Time", "Speaker", "Text"), ("0:01", "Rep", "Deep?"), ("0:03", "Customer", "Yes."))
    table = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    call = parse_transcript(page(f"<p>Protocol of May</p><table>{table}</table>"))
    assert said(call) == [("Rep", "Deep?"), ("Customer", "Yes.")]
    assert has_warning(call, "1 line beside the table was left out")


def test_a_table_that_only_lays_out_the_page_keeps_its_place() -> None:
    body = f"<p>{LINES[0]}</p><table><tr><td>{LINES[1]}</td><td></td></tr></table><p>{LINES[2]}</p>"
    assert said(parse_transcript(page(body))) == TALK


@pytest.mark.parametrize("body", ["", "<p> </p>", "<script>Rep: hi</script>", "<img src='x'>"])
def test_a_page_without_words_is_refused(body: str) -> None:
    with pytest.raises(TranscriptError, match="no speech"):
        parse_transcript(page(body))


@pytest.mark.parametrize(
    "text", ["Rep: use <b>, it is <p>bold</p>\nCustomer: ok", "<Rep> hi", "Rep: a <html> tag\nCustomer: ho"]
)
def test_other_text_with_tags_is_no_page(text: str) -> None:
    assert not has_warning(parse_transcript(text), "HTML")
    assert any("<" in turn.text for turn in parse_transcript(text).turns)


def test_an_address_in_a_page_is_never_opened() -> None:
    body = (
        '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><iframe src="file:///etc/hostname"></iframe>'
        + "".join(f"<p>{line}</p>" for line in LINES)
    )
    assert said(transcript_of(page(body).encode(), "a.html")) == TALK


@pytest.mark.parametrize(
    "piece",
    [
        "<p ",
        "<div>",
        "<",
        "<b>",
        "x<br>",
        "&amp;",
        "<!--",
        '<span class="speaker">A</span>',
        "<table>",
        "<td>a",
        '<p class="a-b-c-',
    ],
)
def test_a_megabyte_of_anything_takes_a_second_at_most(piece: str) -> None:
    text = "<html>" + piece * (900_000 // len(piece))

    def read() -> None:
        try:
            result: Said = said(parse_transcript(text))
            assert result
        except TranscriptError as error:
            assert str(error)

    assert effort(read, 30) < 30
