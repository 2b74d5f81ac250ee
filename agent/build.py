"""The one page where the parts of the coach are put together."""

import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from agent.arguments import Known
from agent.chat_models import choose_wordings
from agent.checkpoints import CoachSerializer, remembering
from agent.coach import Coach
from agent.graph import GraphParts, make_graph
from agent.intents import IntentRouter
from agent.offline import OfflineChatModel
from agent.queue import WorkQueue
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.model.loading import load_base_encoder
from salescoach.model.scoring import CallScorer
from salescoach.moves.trackers.desk import TrackerDesk
from salescoach.scorecards.desk import ScorecardDesk
from salescoach.types import MethodName, Role
from tools.parts import Parts
from tools.registry import make_tools
from vectorstore.search import PastCalls


def build_parts(settings: Settings) -> Parts:
    """What the tools need: library, scorer and index.

    Raises:
        ModelError: there is no usable model folder.
    """
    scorer = CallScorer.load(settings)
    library = Library(settings.library_file)
    index = PastCalls(settings.index_dir, library, scorer)
    trackers = TrackerDesk.of(settings, library)
    return Parts(library, scorer, index, settings.rep_lookups, trackers, ScorecardDesk.of(settings, trackers))


def known_of(parts: Parts) -> Known:
    """What the offline coach knows of the library, to understand names in a question."""

    def values_of(name: str) -> list[str]:
        return sorted({call.metadata[name] for call in parts.library.team_calls() if call.metadata.get(name)})

    def roles_of(call_id: str) -> list[Role]:
        try:
            return [turn.role for turn in parts.library.get(call_id).transcript.turns]
        except InputError:  # deleted since; the tools say so
            return []

    def trackers() -> list[str]:
        return [] if parts.trackers is None else [one.name for one in parts.trackers.kept.all()]

    return Known(values_of=values_of, roles_of=roles_of, trackers=trackers)


def build_coach(
    settings: Settings,
    parts: Parts,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    queue: WorkQueue | None = None,
) -> Coach:
    """A coach over the parts; without a checkpointer it forgets when the process ends.

    ``queue``: where its questions wait, if other work waits there too.
    """
    # A fine-tuned encoder has learned what converts and may have forgotten what a question means.
    is_generic = parts.scorer.manifest.embedding == "generic"
    encoder = parts.scorer.encoder if is_generic else load_base_encoder(settings)
    offline = OfflineChatModel(router=IntentRouter(encoder), known=known_of(parts))
    wordings = choose_wordings(settings, offline)
    wording = wordings.chosen

    @functools.cache
    def tools_by(method: MethodName) -> Sequence[BaseTool]:
        return make_tools(replace(parts, scorer=parts.scorer.with_method(method)))

    graph = make_graph(
        GraphParts(
            wording.model,
            offline,
            make_tools(parts),
            settings.deadline_s,
            settings.question_deadline_s,
            settings.max_sent_chars,
            has_schema=wording.host is not None,
            tools_by=tools_by,
            model_by=lambda name: wordings.make(name).model,
        ),
        checkpointer or InMemorySaver(serde=CoachSerializer()),
    )
    return Coach(graph, parts, wording, wordings.names, queue or WorkQueue(settings.slots))


@asynccontextmanager
async def open_coach(settings: Settings) -> AsyncIterator[Coach]:
    """A coach that remembers its conversations under ``COACH_HOME``."""
    parts = build_parts(settings)
    async with remembering(settings.threads_file) as memory:
        yield build_coach(settings, parts, memory)
