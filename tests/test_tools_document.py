"""An answer as a document: its text is made of it, and what it quotes and cites is known without the text."""

from salescoach.types import Citation
from tools.document import AnswerDocument, Quote, Remark, document, joined, line, listed, shown
from tools.phrases import cite, label, quote

SAID = "That is over our budget."
PLACE = cite("call-1", 14, SAID)
ANSWER = document(
    "**34 % likely**",
    "",
    None,
    listed("**Why**", [line(PLACE, " Customer: ", quote(SAID)), "Talk ratio 61 %."]),
    listed("", ["Come back to it.", line("Look at ", PLACE, ".")], is_numbered=True),
    Remark(text="That is all."),
)


def test_its_text_is_made_of_its_blocks() -> None:
    assert ANSWER.markdown() == (
        "**34 % likely**\n\n**Why**\n\n- [T14] Customer: “That is over our budget.”\n- Talk ratio 61 %.\n\n"
        "1. Come back to it.\n2. Look at [T14].\n\nThat is all."
    )


def test_spans_can_be_shown_in_another_way() -> None:
    kept = ANSWER.markdown(lambda span: "“…”" if isinstance(span, Quote) else shown(span))
    assert kept == ANSWER.markdown().replace(SAID, "…")


def test_it_knows_what_it_cites_and_states() -> None:
    assert ANSWER.citations() == [PLACE]
    assert Citation(marker="[T14]", call_id="call-1", turn_start=14, turn_end=14, quote=SAID) == PLACE
    assert [len(one.spans) for one in ANSWER.lines()] == [1, 1, 3, 1, 1, 3, 1]


def test_documents_are_joined_and_nothing_is_nothing() -> None:
    assert joined([ANSWER, document("More.")]).markdown() == f"{ANSWER.markdown()}\n\nMore."
    assert document("", None, listed("**Why**", [])) == AnswerDocument(blocks=())
    assert document().markdown() == ""


def test_a_value_of_a_table_that_is_no_plain_name_is_quoted() -> None:
    assert [label(value) for value in ("insurance", "b2b_software", "Food & Drink")] == [
        "insurance",
        "B2B software",
        "Food & Drink",
    ]
    for value in ("99 % likely to convert", "![x](y)", "sure to sign. The deal is won", "[T1]"):
        assert isinstance(label(value), Quote)
