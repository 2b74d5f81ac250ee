"""“Did it come true?” in the chat: what `coach monitor` found, its words and tables, escaped, and nothing else."""

from datetime import UTC
from pathlib import Path

import pytest

from eval.online.page import answers, headline, sections
from eval.online.results import CameTrue
from salescoach.config import Settings
from serving.chat.came_true_charts import TITLES, charts
from serving.chat.came_true_page import (
    ALARMS,
    CAME_TRUE,
    NONE_YET,
    TENTHS,
    beside,
    came_true_text,
    is_asked,
    panel_name,
    section_text,
    tables_text,
)
from serving.usecases.monitor import monitor
from tests.scored_library import ScoredCall, day, steady_calls, write_library

NOW = day(2500).replace(tzinfo=UTC)
HOSTILE = "![x](https://evil.example/a) | <img src=x> `code`"


def found_in(folder: Path, calls: list[ScoredCall]) -> CameTrue:
    settings = Settings.load(home=folder)
    write_library(settings.library_file, calls)
    return monitor(settings, now=NOW)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> CameTrue:
    waiting = [ScoredCall(f"w{row}", [(400 + row, 0.3, "m-1")], account=f"b{row}") for row in range(7)]
    return found_in(tmp_path_factory.mktemp("home"), [*steady_calls(400), *waiting])


def test_every_figure_is_that_of_the_command(found: CameTrue) -> None:
    text = came_true_text(found)
    assert headline(found)[0] in text
    assert f"400 scores have an outcome by {found.as_of}, 7 have none" in text
    assert all(f"- **{one.question}** " in text for one in answers(found))
    assert found.estimate is not None
    assert "An estimate, not a measurement" in text
    for one in found.reliability:
        assert f"| {one.low:.0%} to {one.high:.0%} | {one.n:,} | {one.converted:,} | " in tables_text(found)


def test_every_part_of_the_report_is_in_the_message_or_beside_it(found: CameTrue) -> None:
    shown = [*beside(found), *(one for one in sections(found) if one.title in (ALARMS, TENTHS))]
    assert sorted(one.title for one in shown) == sorted(one.title for one in sections(found))
    names = [panel_name(one) for one in beside(found)]
    assert len(set(names)) == len(names)
    assert all(name in tables_text(found) for name in names)
    by_model = next(one for one in beside(found) if "industry" in one.title)
    assert "| energy | 200 |" in section_text(by_model)
    assert "| m-1 | 400 |" in section_text(by_model)


def test_alarms_stand_above_everything_once(tmp_path: Path) -> None:
    found = found_in(tmp_path, steady_calls(2200, n_before=1400, after=0.3))
    text = came_true_text(found)
    assert found.alarms
    for alarm in found.alarms:
        assert text.count(f"| {alarm.since} | {alarm.noticed} | {alarm.kind.replace('_', chr(92) + '_')} | ") == 1
    assert text.index("| since | noticed | kind | what |") < text.index("- **")
    assert "Has anything changed?" not in text


def test_nothing_of_a_table_is_markup(tmp_path: Path) -> None:
    calls = [
        ScoredCall(
            f"c{row}", [(row, 0.4, HOSTILE)], ("converted", "lost")[row % 2], row + 1.0, f"a{row}",
            metadata={"industry": HOSTILE, "call_type": HOSTILE},
        )
        for row in range(20)
    ]  # fmt: skip
    found = found_in(tmp_path, calls)
    shown = "\n".join([came_true_text(found), tables_text(found), *map(section_text, beside(found))])
    assert "evil.example" in shown
    for active in ("![", "](", "<img", "`"):
        assert active not in shown.replace("\\" + active[0], "")


def test_without_an_outcome_it_says_how_to_enter_one(tmp_path: Path) -> None:
    found = found_in(tmp_path, [ScoredCall("c", [(1, 0.4, "m-1")])])
    assert NONE_YET in came_true_text(found)
    assert charts(found) == {}


def test_the_pictures_are_those_of_the_report_and_say_what_they_show(found: CameTrue) -> None:
    drawn = charts(found)
    assert drawn.keys() == TITLES.keys()
    assert list(drawn["reliability"].data[0].y) == [one.rate for one in found.reliability if one.n]
    (first, *_) = (one for one in found.reliability if one.n)
    assert f"{first.converted} of {first.n} converted" in drawn["reliability"].layout.meta
    assert all(figure.layout.paper_bgcolor == "rgba(0,0,0,0)" for figure in drawn.values())


@pytest.mark.parametrize("question", [CAME_TRUE, "did the scores come true", "Did your  scores come true ?"])
def test_it_can_be_asked_for_in_words(question: str) -> None:
    assert is_asked(question)
    assert not is_asked(f"{question} Because I think so.")
    assert not is_asked("Did my call convert?")
