"""The chat page: Chainlit events <-> Coach events, nothing else. Start it with ``coach chat``.

What is shown is made in ``serving/chat_view.py``; what is true comes from the coach.
"""

# Chainlit is not read by the type checker (see pyproject.toml), so its decorators are untyped to it.
# mypy: disallow-untyped-decorators=False

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Final

import chainlit as cl
from chainlit import server
from chainlit.element import Element
from chainlit.utils import utc_now

from agent.build import open_coach
from agent.coach import FIRST_QUESTION, Answer, Coach, Token, ToolFinished, ToolStarted
from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.transcripts import assign_roles, decode, looks_like_transcript, parse_transcript
from salescoach.types import Citation, Transcript
from serving import chat_steps
from serving import chat_view as view
from serving.web import ROOT, Guard, without_outside_links

logger = logging.getLogger(__name__)

SAMPLE_CALL: Final = ROOT / "data" / "examples" / "02-income-protection-electrician.txt"
SAMPLE_REQUEST: Final = "Score a sample call"
FOLLOW_UPS: Final = (
    ("Similar won deals", "Show me similar won deals.", "trophy"),
    ("Similar lost deals", "Show me similar lost deals.", "search-x"),
    ("What won calls did", "What did won calls do at this moment?", "lightbulb"),
    ("When it turned", "When did the call turn?", "activity"),
    ("Metrics", "Show me the call metrics.", "gauge"),
)
SORRY: Final = "Something went wrong on my side, and I have noted it in the log. Please try again."

MAX_FILES: Final = 3
MAX_QUESTION_CHARS: Final = 4_000
# Above the largest transcript, so that a paste that is too long gets an answer instead of a dropped connection.
MAX_MESSAGE_BYTES: Final = 8_000_000
ASK_SECONDS: Final = 900
# The page opens its side panel for every new element. After this time it has, and can be told to close it.
PANEL_SECONDS: Final = 0.3


class CoachOpener:
    """Opens the one coach of this process as soon as there is a model, and closes it at the end."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._opened: Coach | None = None

    async def get(self) -> Coach:
        """The coach.

        Raises:
            CoachError: it can't be opened; says what to do.
        """
        async with self._lock:
            if self._opened is None:
                self._opened = await self._stack.enter_async_context(open_coach(Settings.load()))
            return self._opened

    async def close(self) -> None:
        """Closes the coach, if one was opened."""
        await self._stack.aclose()


opener = CoachOpener()


@asynccontextmanager
async def explained() -> AsyncIterator[None]:
    """Whatever fails is said in a sentence for the user; an exception's own text never reaches the page."""
    try:
        yield
    except CoachError as error:
        await cl.ErrorMessage(content=view.escape(str(error))).send()
    except Exception:
        logger.exception("A message could not be answered.")
        await cl.ErrorMessage(content=SORRY).send()


@cl.on_app_startup
async def start() -> None:
    """Opens the coach before the first page is served, so that the first question doesn't wait for it."""
    try:
        await opener.get()
    except CoachError as error:
        logger.warning("%s", error)


@cl.on_app_shutdown
async def stop() -> None:
    """Closes what the coach holds open."""
    await opener.close()


@cl.data_layer
def no_data_layer() -> None:
    """Nothing is stored by Chainlit, whatever database or cloud key the environment happens to name."""


@cl.set_chat_profiles
async def profiles(user: object = None, language: object = None) -> list[cl.ChatProfile]:
    """The one profile there is; its description is the welcome."""
    try:
        coach = await opener.get()
        welcome = view.welcome(coach.manifest, coach.wording)
    except CoachError as error:
        welcome = view.welcome(None, None, str(error))
    except Exception:
        logger.exception("The coach could not be opened.")
        welcome = view.welcome(None, None, SORRY)
    return [cl.ChatProfile(name="coach", markdown_description=welcome, icon="/public/favicon.svg", default=True)]


@cl.set_starters
async def starters(user: object = None, language: object = None) -> list[cl.Starter]:
    """What to try first."""
    return [
        cl.Starter(label=SAMPLE_REQUEST, message=SAMPLE_REQUEST),
        cl.Starter(label="Show me similar won deals", message="Show me similar won deals."),
        cl.Starter(label="What was my talk ratio?", message="What was my talk ratio?"),
    ]


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """A call, pasted or uploaded, or a question."""
    async with explained():
        coach = await opener.get()
        text = message.content.strip()
        files = [element for element in message.elements if element.path]
        if files:
            await _take_files(coach, message, text, files)
        elif text == SAMPLE_REQUEST:
            await _take_text(coach, message, SAMPLE_CALL.read_text(encoding="utf-8"), "Sample call")
        elif await asyncio.to_thread(looks_like_transcript, text):
            await _take_text(coach, message, text, "Pasted call")
        elif len(text) > MAX_QUESTION_CHARS:
            await _shorten(message, f"Pasted text · {len(text):,} characters")
            raise InputError(
                "That is too long for a question, and I can't read it as a call: "
                "a call has one line per turn, such as “Rep: …” and “Customer: …”."
            )
        else:
            await _answer(coach, text)


@cl.action_callback("ask")
async def on_action(action: cl.Action) -> None:
    """A button under an answer asks what its label says."""
    async with explained():
        label, question, _ = FOLLOW_UPS[int(action.payload["follow_up"])]
        coach = await opener.get()
        await cl.Message(content=label, author="User", type="user_message").send()
        await _answer(coach, question)


async def _take_files(coach: Coach, message: cl.Message, text: str, files: list[Element]) -> None:
    if len(files) > MAX_FILES:
        raise InputError(f"You gave {len(files)} files; give at most {MAX_FILES} at a time.")
    for file in files:
        await _shorten(message, text or f"Uploaded {file.name}")
        content, notes = decode(await asyncio.to_thread(Path(file.path).read_bytes))
        transcript = await asyncio.to_thread(parse_transcript, content)
        transcript = transcript.model_copy(update={"warnings": (*notes, *transcript.warnings)})
        await _take_call(coach, message, transcript, f"Uploaded {file.name}", text)


async def _take_text(coach: Coach, message: cl.Message, text: str, title: str) -> None:
    await _shorten(message, title)
    await _take_call(coach, message, await asyncio.to_thread(parse_transcript, text), title)


async def _take_call(coach: Coach, message: cl.Message, transcript: Transcript, title: str, question: str = "") -> None:
    """Shows a call as a card, asks who is who where that is unclear, and scores it."""
    await _shorten(message, "\n".join(line for line in (question, view.card(transcript, title)) if line))
    transcript = await _settle_roles(transcript)
    call_id = await asyncio.to_thread(coach.add_call, transcript)
    await _answer(coach, question or FIRST_QUESTION, call_id)


async def _shorten(message: cl.Message, content: str) -> None:
    message.content = content
    await message.update()


async def _settle_roles(transcript: Transcript) -> Transcript:
    names = view.unclear_speakers(transcript)
    if not names:
        return transcript
    actions = [
        cl.Action(name="side", payload={"speaker": number}, label=view.plain_name(name))
        for number, name in enumerate(names[:8])
    ]
    actions.append(cl.Action(name="side", payload={"speaker": -1}, label="None of them"))
    question = cl.AskActionMessage(content="Who is on your side?", actions=actions, timeout=ASK_SECONDS)
    reply = await question.send()
    chosen = int(reply["payload"]["speaker"]) if reply else -1
    question.content = f"On your side: **{view.escape(names[chosen]) if chosen >= 0 else 'none of them'}**"
    await question.update()
    return assign_roles(transcript, names[chosen]) if chosen >= 0 else transcript


async def _answer(coach: Coach, question: str, call_id: str | None = None) -> None:
    """Passes on what the coach does, as it does it."""
    stream = view.AnswerStream()
    steps: dict[str, cl.Step] = {}
    reply: cl.Message | None = None
    # Closed at once where the user presses stop, so that the next question need not wait for this one.
    async with aclosing(coach.ask(cl.context.session.thread_id, question, call_id)) as events:
        async for event in events:
            match event:
                case ToolStarted():
                    steps[event.id] = await _start_step(event)
                case ToolFinished():
                    await _finish_step(steps[event.id], event)
                case Token():
                    # Made at the first token: made earlier, it would stand above the steps.
                    reply = reply or cl.Message(content="")
                    await reply.stream_token(stream.feed(event.text))
                case Answer():
                    await _finish_answer(coach, reply or cl.Message(content=""), event, call_id)


async def _start_step(event: ToolStarted) -> cl.Step:
    run = cl.context.current_step
    step = cl.Step(
        name=chat_steps.step_title(event.name),
        type="tool",
        show_input=False,
        parent_id=run.id if run is not None else None,
        metadata={"avatarName": "default"},  # else a step's name is looked up as a picture
    )
    step.start = utc_now()
    await step.send()
    return step


async def _finish_step(step: cl.Step, event: ToolFinished) -> None:
    step.name = chat_steps.step_result(event.name, event.result)
    step.output = chat_steps.step_details(event.result, event.text)
    step.is_error = event.result is None
    step.end = utc_now()
    await step.update()


async def _finish_answer(coach: Coach, reply: cl.Message, answer: Answer, call_id: str | None) -> None:
    """Sends the whole text with its sources and buttons, in place of what was streamed."""
    reply.content = view.answer_markdown(answer.answer)
    reply.elements = [element for cited in answer.citations if (element := _source(coach, cited)) is not None]
    if call_id is not None:
        whole = view.transcript_panel(coach.call(call_id).transcript)
        reply.elements.append(cl.Text(name=view.WHOLE_CALL, content=whole, display="side"))
        reply.content += f"\n\n{view.WHOLE_CALL}"
    await _drop_follow_ups()
    if answer.tool_calls:
        reply.actions = [
            cl.Action(name="ask", payload={"follow_up": number}, label=label, icon=icon)
            for number, (label, _, icon) in enumerate(FOLLOW_UPS)
        ]
        cl.user_session.set("follow_ups", reply.actions)
    await reply.send()
    if reply.elements:
        await asyncio.sleep(PANEL_SECONDS)
        await cl.ElementSidebar.set_elements([])


async def _drop_follow_ups() -> None:
    """Takes the buttons off the last answer: they ask about the newest call, so they belong under the newest answer."""
    for action in cl.user_session.get("follow_ups") or ():
        await action.remove()
    cl.user_session.set("follow_ups", None)


def _source(coach: Coach, cited: Citation) -> cl.Text | None:
    try:
        panel = view.citation_panel(coach.call(cited.call_id), cited)
    except InputError:  # deleted since it was found
        return None
    return cl.Text(name=view.element_name(cited.marker), content=panel, display="side")


def _harden() -> None:
    """What Chainlit has no setting for. Not again when the running page is reloaded: the app is closed by then."""
    if server.app.middleware_stack is not None:
        return
    server.app.add_middleware(Guard)
    server.sio.eio.max_http_buffer_size = MAX_MESSAGE_BYTES
    template = server.get_html_template
    server.get_html_template = lambda root_path: without_outside_links(template(root_path))


_harden()
