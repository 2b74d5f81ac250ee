"""“Is this right?” in the chat: what `coach label` asks, answers kept as it keeps them, and nothing is markup."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.chat_models import Wording
from agent.coach import Coach
from salescoach.config import Settings
from salescoach.labels.answers import LabelQuestion
from salescoach.library import Library, label_log
from salescoach.model.loading import BundledReader
from salescoach.testing import make_call
from serving.chat import view
from serving.chat.accounts import Accounts
from serving.chat.history import ChatHistory
from serving.chat.labels_page import ANSWERS, NOTHING, STOP, ask_labels, asked, done, shown
from serving.usecases.label_reading import QueueReading
from serving.usecases.labels import label_queue
from serving.usecases.who import who_here
from tests.homes import clone
from tests.open_pages import ANNA, answer_with, be, no_page_is_left, shown_from_now_on
from tools.parts import Parts

__all__ = ["no_page_is_left"]  # a fixture

SAID = (
    "Rep: What would you need to go ahead?",
    "Customer: Honestly, forty a month is far above what we set aside for this.",
    "Rep: I hear you. What did you set aside?",
    "Customer: Thirty, and not a cent more, or my boss says no.",
)
HOSTILE = "![x](https://evil.example/a) | <img src=x> **bold** `code`\n# head"


def pressed(label: str) -> dict[str, Any]:
    number = list(ANSWERS).index(label) if label in ANSWERS else -1
    return {"payload": {"number": number}, "label": "", "name": "choose", "forId": "", "id": ""}


@pytest.fixture
def own(coach_home: Path, tmp_path: Path) -> Settings:
    """A home with two calls of the team's own, which is what is asked about."""
    settings = Settings.load(home=clone(coach_home, tmp_path / "home"))
    with Library(settings.library_file) as library:
        library.add([make_call("own-1", *SAID, outcome=None, account_id="firm")])
        library.add([make_call("own-2", *SAID[:2], outcome=None, account_id="other")])
    return settings


async def ask(settings: Settings, *presses: str) -> list[str]:
    """What the page shows while buttons are pressed."""
    be(ANNA)
    answer_with(*map(pressed, presses))
    texts, history = shown_from_now_on(), ChatHistory(settings)
    with Library(settings.library_file) as library:
        scorer = SimpleNamespace(reader=BundledReader(settings))
        coach = Coach(None, Parts(library, scorer, None), Wording(None, "offline", None))  # type: ignore[arg-type]
        await ask_labels(coach, settings, ANNA, history.quotes)
    await history.close()
    return texts


async def test_answers_are_kept_as_the_command_keeps_them(own: Settings) -> None:
    questions = label_queue(own, who_here(None), 4).questions
    texts = await ask(own, "Right, it is", "Wrong, it isn't", "Skip", "Not sure", STOP)
    kept = label_log.all_labels(own.library_file)
    expected = [(questions[place], answer) for place, answer in ((0, "yes"), (1, "no"), (3, "unsure"))]
    assert [
        (one.call_id, one.content_hash, one.turn, one.subject, one.answer, one.model_id, one.probability)
        for one in kept
    ] == [
        (one.call_id, one.content_hash, one.turn, one.subject, answer, one.model_id, one.probability)
        for one, answer in expected
    ]
    assert {one.rater for one in kept} == {who_here(None)}  # without accounts the same person as at the command line
    assert "3 answers were kept." in texts[-1]
    assert all(question in label_queue(own, "somebody else", 200).questions for question, _ in expected)
    left = label_queue(own, who_here(None), 200).questions
    assert questions[2] in left
    assert not {question for question, _ in expected} & set(left)


async def test_with_accounts_an_answer_is_the_users(own: Settings) -> None:
    Accounts(own.users_file).add(ANNA, "a long password")
    await ask(own, "Right, it is", STOP)
    assert [one.rater for one in label_log.all_labels(own.library_file)] == [ANNA]


async def test_a_call_that_is_deleted_meanwhile_is_said_and_the_next_question_comes(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *_) = label_queue(own, who_here(None), 1).questions
    show = QueueReading.queue

    def queue_then_delete(self: QueueReading, *args: Any) -> Any:
        found = show(self, *args)
        with Library(own.library_file) as library:
            library.delete(first.call_id)
        return found

    monkeypatch.setattr(QueueReading, "queue", queue_then_delete)
    texts = await ask(own, "Right, it is", STOP)
    assert label_log.all_labels(own.library_file) == []
    assert any(first.call_id in text and "call" in text for text in texts[1:])
    assert texts[-1] == "No answer was kept."


def test_reading_in_parts_gives_the_queue_of_reading_at_once(own: Settings) -> None:
    reading = QueueReading(own, "ada")
    assert (reading.n_calls, reading.n_left) == (2, 2)
    reading.read(1)
    assert reading.n_left == 1
    reading.read(1)
    assert reading.queue(5) == label_queue(own, "ada", 5)
    skipped = reading.queue(2).questions
    assert not set(skipped) & set(reading.queue(200, skipped).questions)


async def test_where_there_is_nothing_to_ask_it_says_so(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.usecases.label_reading.latest_calls", lambda library: [])
    assert (await ask(own))[-1] == view.answer_markdown(NOTHING)


def test_nothing_of_a_call_is_markup() -> None:
    question = LabelQuestion(
        call_id=HOSTILE, content_hash="0", turn=3, subject="pitch", asks="Is this pitch: the rep praises the offer?",
        speaker=HOSTILE, role="rep", quote=HOSTILE, before=HOSTILE, probability=0.26, threshold=0.25, model_id="m",
    )  # fmt: skip
    text = shown(question, "1 of 10")
    assert len([line for line in text.splitlines() if line.startswith(">")]) == 1
    assert asked(question).endswith("The coach says 26 % (a yes from 25 % on).")
    for one in (text, asked(question), done(question, "1 of 10", "Skip")):
        for active in ("![", "](", "<img", "`", "\n# "):
            assert active not in one.replace("\\" + active[0], "")
