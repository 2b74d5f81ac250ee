"""The chat page: Chainlit events <-> Coach events, nothing else. Start it with ``coach chat``.

What is shown is made in ``serving/chat_*.py``; what is true comes from the coach.
"""

# Chainlit is not read by the type checker (see pyproject.toml), so its decorators are untyped to it.
# mypy: disallow-untyped-decorators=False

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import chainlit as cl
from chainlit import server
from chainlit.config import FILES_DIRECTORY
from chainlit.element import Element
from chainlit.session import ws_sessions_id

from agent.build import open_coach
from agent.coach import FIRST_QUESTION, Coach
from agent.preferences import Preferences
from salescoach.config import Settings
from salescoach.errors import CoachError, InputError, without_paths
from salescoach.reading.labelled import is_table
from salescoach.reading.transcripts import assign_roles
from salescoach.types import Transcript
from serving.chat import uploads, view
from serving.chat.accounts import Accounts
from serving.chat.actions import BUTTONS, MORE, Desk, buttons
from serving.chat.answering import AnswerOnPage, exchanges_of
from serving.chat.asking import OTHER, choose, typed
from serving.chat.bodies import Bodies
from serving.chat.export import Exchange
from serving.chat.guard import Guard
from serving.chat.history import ChatHistory, add_routes
from serving.chat.page import content_policy, with_charts_ready, without_outside_links
from serving.chat.panel import preferences_of, widgets
from serving.chat.reader_process import Reader
from serving.chat.review import review
from serving.chat.server import MAX_MESSAGE_BYTES, ROOT, public_paths
from serving.chat.sessions import Sessions
from serving.chat.sign_in import LOCAL_USER, PasswordCheck, SignIn, signed_in
from serving.chat.sockets import guard_sockets
from serving.chat.stored_files import sweep
from serving.chat.waiting import in_turn
from serving.usecases.lost_library import check_library
from serving.usecases.outcomes import WAITING, has_accounts
from serving.usecases.owners import give_owners
from tools.phrases import count

logger = logging.getLogger(__name__)

SAMPLE_CALL: Final = ROOT / "data" / "examples" / "02-income-protection-electrician.txt"
SAMPLE_REQUEST: Final = "Score a sample call"
SORRY: Final = "Something went wrong on my side, and I have noted it in the log. Please try again."

MAX_FILES: Final = 3
MAX_QUESTION_CHARS: Final = 4_000
MAX_OFFERED_ROWS: Final = 6
MAX_PROBLEMS: Final = 3
MAX_OFFERED_NAMES: Final = 8
# What the page is sent first when a thread is opened again has arrived by then.
RESUMED_SECONDS: Final = 0.3
FOLLOW_SECONDS: Final = 300
SWEEP_SECONDS: Final = 600


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
                await asyncio.to_thread(check_library, Settings.load())
                self._opened = await self._stack.enter_async_context(open_coach(Settings.load()))
            return self._opened

    async def close(self) -> None:
        """Closes the coach, if one was opened."""
        await self._stack.aclose()


opener = CoachOpener()
reader = Reader()
following: set[asyncio.Task[None]] = set()


@asynccontextmanager
async def explained() -> AsyncIterator[None]:
    """Whatever fails is said in a sentence for the user; an exception's own text never reaches the page."""
    try:
        yield
    except CoachError as error:
        await cl.ErrorMessage(content=view.escape(_for_page(error))).send()
    except Exception:
        logger.exception("A message could not be answered.")
        await cl.ErrorMessage(content=SORRY).send()


def _for_page(error: CoachError) -> str:
    """What the page says of an error. The log says it whole, with the folders of this machine."""
    logger.warning("%s", error)
    return without_paths(str(error), Settings.load().home)


@cl.on_app_startup
async def start() -> None:
    """Opens the coach before the first page is served, so that the first question doesn't wait for it."""
    following.add(asyncio.create_task(_sweep_uploads()))
    await reader.warm_up()
    try:
        await asyncio.to_thread(give_owners, Settings.load())
        await opener.get()
    except CoachError as error:
        logger.warning("%s", error)


async def _sweep_uploads() -> None:
    """Now and regularly: a page that is closed without a word leaves its files."""
    while True:
        try:
            await asyncio.to_thread(sweep, FILES_DIRECTORY, frozenset(ws_sessions_id))
        except OSError:
            logger.exception("What closed pages left could not be removed.")
        await asyncio.sleep(SWEEP_SECONDS)


@cl.on_app_shutdown
async def stop() -> None:
    """Closes what is held open."""
    for task in following:
        task.cancel()
    await reader.close()
    await opener.close()
    await history().close()


@cl.data_layer
@cache
def history() -> ChatHistory:
    """What was said and shown, kept under ``COACH_HOME`` whatever database the environment happens to name."""
    return ChatHistory(Settings.load())


def _sign_in(accounts: Accounts | None, sessions: Sessions | None) -> None:
    """By password where there are accounts; else everybody at this machine is the one user, without a login page."""
    if accounts is None or sessions is None:

        @cl.header_auth_callback
        async def local(headers: object) -> cl.User:
            return cl.User(identifier=LOCAL_USER)

        return
    check = PasswordCheck(accounts)

    @cl.password_auth_callback
    async def by_password(username: str, password: str) -> cl.User | None:
        name = await check(username, password)
        return signed_in(name, sessions) if name else None


@cl.on_chat_resume
async def on_chat_resume(thread: dict[str, Any]) -> None:
    """Back in a thread. Where its answer is still being made, the page gets the thread again when it is done."""
    cl.user_session.set("preferences", preferences_of(cl.context.session.chat_settings))
    cl.user_session.set("exchanges", exchanges_of(await history().exchanges(thread["id"])))
    for name in ("buttons", "abstained"):
        cl.user_session.set(name, None)
    await _offer_settings()
    task = history().answering_task(thread["id"])
    if task is not None:
        cl.context.session.current_task = task  # the stop button stops it, as before
    following.add(follow := asyncio.create_task(_follow(thread["id"], task)))
    follow.add_done_callback(following.discard)


async def _follow(thread_id: str, task: asyncio.Task[Any] | None) -> None:
    await asyncio.sleep(RESUMED_SECONDS)
    if task is not None:
        logger.info("A question of a conversation that was opened again is still being worked on.")
        await cl.context.emitter.task_start()
        _, unfinished = await asyncio.wait([task], timeout=FOLLOW_SECONDS)
        if unfinished:
            logger.warning("An answer takes over %d s; the page that waits for it has to be reloaded.", FOLLOW_SECONDS)
        if (again := await history().get_thread(thread_id)) is not None:
            cl.user_session.set("exchanges", exchanges_of(await history().exchanges(thread_id)))
            await cl.context.emitter.resume_thread(again)
        await cl.context.emitter.task_end()
    async with explained():
        await _offer_buttons()


@cl.set_chat_profiles
async def profiles(user: object = None, language: object = None) -> list[cl.ChatProfile]:
    """The one profile there is; its description is the welcome."""
    try:
        coach = await opener.get()
        welcome = view.welcome(coach.manifest, coach.wording)
    except CoachError as error:
        welcome = view.welcome(None, None, _for_page(error))
    except Exception:
        logger.exception("The coach could not be opened.")
        welcome = view.welcome(None, None, SORRY)
    return [cl.ChatProfile(name="coach", markdown_description=welcome, icon="/public/favicon.svg", default=True)]


@cl.set_starters
async def starters(user: object = None, language: object = None) -> list[cl.Starter]:
    """What to try first, and what waits for the user."""
    waiting = [cl.Starter(label=WAITING, message=WAITING)] if await _is_awaited(user) else []
    return [
        *waiting,
        cl.Starter(label=SAMPLE_REQUEST, message=SAMPLE_REQUEST),
        cl.Starter(label="Find similar won deals", message="Show me similar won deals."),
        cl.Starter(label="Why do we lose?", message="Why do we lose?"),
        cl.Starter(label="How good is the model?", message="How good is the model?"),
    ]


async def _is_awaited(user: object) -> bool:
    if not isinstance(user, cl.User) or not has_accounts(Settings.load()):
        return False
    try:
        coach = await opener.get()
        return bool(await asyncio.to_thread(coach.parts.library.proposals, user.identifier))
    except CoachError:  # the welcome says so
        return False


@cl.on_chat_start
async def begin() -> None:
    """Offers the settings."""
    await _offer_settings()


@cl.on_settings_update
async def change_settings(values: dict[str, Any]) -> None:
    """From the next question on."""
    cl.user_session.set("preferences", preferences_of(values))


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """A call, pasted or uploaded, or a question."""
    async with followed_by_buttons(), explained():
        coach = await opener.get()
        await history().refuse_if_full()
        text = message.content.strip()
        files = [element for element in message.elements if element.path]
        if files and len(text) > MAX_QUESTION_CHARS:
            await _shorten(message, f"Pasted text · {len(text):,} characters")
            raise InputError(
                f"That is too long for a question beside a file; give at most {MAX_QUESTION_CHARS:,} characters."
            )
        if files:
            await _take_files(coach, message, text, files)
        elif text == SAMPLE_REQUEST:
            await _take_text(coach, message, SAMPLE_CALL.read_text(encoding="utf-8"), "Sample call")
        elif text == WAITING:
            await review(coach, Settings.load(), cl.context.session.user.identifier, history().quotes)
        elif await reader.is_call(text):
            await _take_text(coach, message, text, "Pasted call")
        elif len(text) > MAX_QUESTION_CHARS:
            await _shorten(message, f"Pasted text · {len(text):,} characters")
            raise InputError(
                "That is too long for a question, and I can't read it as a call: "
                "a call has one line per turn, such as “Rep: …” and “Customer: …”."
            )
        else:
            await _answer(coach, text)


@cl.action_callback("do")
async def on_action(action: cl.Action) -> None:
    """A button under an answer."""
    await _stoppable(_do(str(action.payload.get("do"))))


async def _do(name: str) -> None:
    async with followed_by_buttons(unfolded=name == MORE), explained():
        coach = await opener.get()
        button = BUTTONS.get(name)
        if button is None:
            raise InputError("There is no such button.")
        await history().refuse_if_full()
        if name != MORE:
            await cl.Message(content=button.label, author="User", type="user_message").send()
        if button.question is not None:
            await _answer(coach, button.question)
        elif button.does is not None:
            await button.does(await _desk(coach))


async def _stoppable(work: Coroutine[Any, Any, None]) -> None:
    """Runs what a button does as Chainlit runs a message: with the stop button, which cancels it."""
    session = cl.context.session
    session.current_task = task = asyncio.create_task(work)
    await cl.context.emitter.task_start()
    try:
        await asyncio.wait({task})
    finally:
        await cl.context.emitter.task_end()


async def _take_files(coach: Coach, message: cl.Message, text: str, files: list[Element]) -> None:
    if len(files) > MAX_FILES:
        raise InputError(f"You gave {len(files)} files; give at most {MAX_FILES} at a time.")
    for file in files:
        title = f"Uploaded {file.name}"
        await _shorten(message, text or title)
        content = await asyncio.to_thread(Path(file.path).read_bytes)
        if is_table(Path(file.name)):
            transcript = await _choose_row(content, file.name)
            if transcript is None:
                continue
        else:
            transcript = await reader.file(content, file.name)
        await _take_call(coach, message, transcript, title, text)


async def _choose_row(content: bytes, name: str) -> Transcript | None:
    """The call of a table that the user chooses; a table of one is that one."""
    table = await reader.table(content, name)
    calls = table.calls
    if len(calls) == 1 and not table.problems:
        return calls[0].transcript
    left_out = f" Left out: {view.escape('; '.join(table.problems[:MAX_PROBLEMS]))}." if table.problems else ""
    row = await choose(
        f"**{view.escape(name)}** has {count(len(calls), 'call')}.{left_out} Which one?",
        {view.row_label(number, call): number for number, call in enumerate(calls[:MAX_OFFERED_ROWS], start=1)},
        other="Another one" if len(calls) > MAX_OFFERED_ROWS else "None of them",
    )
    if row == OTHER and len(calls) > MAX_OFFERED_ROWS:
        answer = await typed(f"Give its number, 1 to {len(calls)}, or its id.") or ""
        ids = {call.call_id: number for number, call in enumerate(calls, start=1)}
        row = ids.get(answer) or view.typed_number(answer)
        if not 1 <= row <= len(calls):
            raise InputError(f"{name} has no such call; upload it again and give a number from 1 to {len(calls)}.")
    return calls[row - 1].transcript if row is not None and row != OTHER else None


async def _take_text(coach: Coach, message: cl.Message, text: str, title: str) -> None:
    await _shorten(message, title)
    await _take_call(coach, message, await reader.text(text), title)


async def _take_call(coach: Coach, message: cl.Message, transcript: Transcript, title: str, question: str = "") -> None:
    """Shows a call as a card, asks who is who where that is unclear, and scores it."""
    await _shorten(message, "\n".join(line for line in (question, view.card(transcript, title)) if line))
    transcript = await _settle_roles(transcript)
    owner, at_most = cl.context.session.user.identifier, Settings.load().max_private_calls
    call_id = await asyncio.to_thread(coach.add_call, transcript, owner, at_most)
    await history().add_call(message.thread_id, call_id, message.id)
    exchange = await _answer(coach, question or FIRST_QUESTION, call_id)
    if exchange is not None and exchange.score is not None:
        await _name_conversation(message, view.scored_name(exchange.score.probability_percent, message.content))


async def _shorten(message: cl.Message, content: str) -> None:
    message.content = content
    await message.update()
    await _name_conversation(message, content)


async def _name_conversation(message: cl.Message, name: str) -> None:
    """After its first message."""
    if [known.id for known in cl.chat_context.get() if known.type == "user_message"] == [message.id]:
        await history().name_thread(message.thread_id, name)
        # Lets the page's list of conversations show the name.
        await cl.context.emitter.emit("first_interaction", {"interaction": name, "thread_id": message.thread_id})


async def _settle_roles(transcript: Transcript) -> Transcript:
    names = view.unclear_speakers(transcript)
    if not names:
        return transcript
    chosen = await choose(
        "Who is on your side?",
        {name: number for number, name in enumerate(names[:MAX_OFFERED_NAMES])},
        other="None of them",
    )
    return transcript if chosen in (None, OTHER) else assign_roles(transcript, names[chosen])


async def _answer(coach: Coach, question: str, call_id: str | None = None) -> Exchange | None:
    exchange = await AnswerOnPage(coach, history(), _preferences()).ask(question, call_id)
    if exchange is not None:
        _exchanges().append(exchange)
    return exchange


@asynccontextmanager
async def followed_by_buttons(*, unfolded: bool = False) -> AsyncIterator[None]:
    """Buttons are about the newest call: they stand under the newest message, and nowhere while something is done."""
    for action in cl.user_session.get("buttons") or ():
        await action.remove()
    try:
        yield
    finally:
        async with explained():
            await _offer_buttons(unfolded=unfolded)


async def _offer_buttons(*, unfolded: bool = False) -> None:
    messages, calls = cl.chat_context.get(), await history().calls(cl.context.session.thread_id)
    if not messages or not calls:
        return
    if cl.user_session.get("abstained") is None:  # a conversation that was opened again
        coach = await opener.get()
        user = cl.context.session.user.identifier
        score = await in_turn(coach, partial(coach.score_anyway, calls[-1], _preferences(), user=user))
        cl.user_session.set("abstained", score.probability_percent is None)
    is_shared = has_accounts(Settings.load())
    actions = buttons(abstained=cl.user_session.get("abstained"), unfolded=unfolded, is_shared=is_shared)
    cl.user_session.set("buttons", actions)
    for action in actions:
        await action.send(for_id=messages[-1].id)


async def _desk(coach: Coach) -> Desk:
    session = cl.context.session
    calls = await history().calls(session.thread_id)
    if not calls:
        raise InputError("There is no call in this conversation yet; paste one, or upload it.")
    coach.call(calls[-1], session.user.identifier)  # whatever a button does with it, the user may see it
    return Desk(
        coach,
        Settings.load(),
        _preferences(),
        calls[-1],
        session.user.identifier,
        _exchanges(),
        ask=lambda question: _answer(coach, question),
        note=history().quotes,
    )


def _preferences() -> Preferences:
    return cl.user_session.get("preferences") or Preferences()


def _exchanges() -> list[Exchange]:
    """What was asked and answered in this conversation, oldest first."""
    if cl.user_session.get("exchanges") is None:
        cl.user_session.set("exchanges", [])
    known: list[Exchange] = cl.user_session.get("exchanges")
    return known


async def _offer_settings() -> None:
    try:
        coach = await opener.get()
    except CoachError:  # the welcome says so
        return
    await cl.ChatSettings(widgets(coach.wordings, coach.wording, _preferences())).send()


def _harden() -> None:
    """What Chainlit has no setting for. Not again when the running page is reloaded: the app is closed by then."""
    if server.app.middleware_stack is not None:
        return
    settings = Settings.load()
    accounts = Accounts(settings.users_file) if settings.users_file.exists() else None
    seconds = round(settings.session_hours * 3_600)
    sessions = Sessions(settings.sessions_dir, accounts, seconds) if accounts else None
    server.config.project.user_session_timeout = seconds
    _sign_in(accounts, sessions)
    add_routes(server.app, history)
    uploads.add_routes(server.app)
    guard_sockets(SORRY)
    assets = Path(server.build_dir) / "assets"
    page = with_charts_ready(without_outside_links(server.get_html_template("")), assets)
    server.get_html_template = lambda root_path: page
    server.app.add_middleware(Bodies)  # the last one added is the first one asked
    server.app.add_middleware(SignIn, sessions=sessions)
    hosts = [host for host in settings.hosts.split(",") if host]
    server.app.add_middleware(Guard, hosts=hosts, policy=content_policy(page), public=public_paths())
    server.sio.eio.max_http_buffer_size = MAX_MESSAGE_BYTES


_harden()
