"""Which texts of a result are ours."""

from pydantic import Field

from salescoach.redact.our_words import Ours, our_words
from salescoach.types import Frozen


class Part(Frozen):
    quote: str
    reading: Ours[str]


class Found(Frozen):
    reading: str
    verdict: Ours[str | None] = None
    reasons: Ours[tuple[str, ...]] = ()
    parts: tuple[Part, ...] = ()
    by_name: dict[str, Part] = Field(default_factory=dict)
    metadata: dict[str, str] = Field(default_factory=dict)


def test_texts_are_ours_by_their_field_and_never_by_its_name() -> None:
    one, other = (Part(quote=f"said {name}", reading=f"ours {name}") for name in "ab")
    found = Found(
        reading="said c",
        verdict="ours c",
        reasons=("ours d", "ours e"),
        parts=(one,),
        by_name={"reading": other},
        metadata={"reading": "said d"},
    )
    assert sorted(our_words(found)) == ["ours a", "ours b", "ours c", "ours d", "ours e"]
    assert list(our_words(Found(reading="said"))) == []


def test_a_part_keeps_its_marks_in_what_is_made_of_it() -> None:
    class Longer(Part):
        marker: str

    assert list(our_words(Longer(quote="said", reading="ours", marker="[T1]"))) == ["ours"]
