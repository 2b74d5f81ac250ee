"""The parts as other people's LangChain code uses them, with the real model."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore

from agent.runnables import CustomEmbedder, JudgedCall, SimilarityScorer, scoring_chain
from salescoach.config import Settings
from salescoach.errors import InputError, TranscriptError
from salescoach.model.pooling import N_BLOCKS
from salescoach.model.scoring import CallScorer
from salescoach.model.similarity import METHODS
from salescoach.reading.transcripts import read_transcript
from salescoach.types import Transcript
from tests.homes import clone

EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "examples").glob("*.txt"))[:3]
DIMENSION = N_BLOCKS * 384  # of a call vector of the bundled encoder


@pytest.fixture(scope="module")
def scorer(coach_home: Path) -> CallScorer:
    return CallScorer.load(Settings.load(home=coach_home))


@pytest.fixture(scope="module")
def chain(coach_home: Path) -> Runnable[str | Transcript, JudgedCall]:
    return scoring_chain(Settings.load(home=coach_home))


@pytest.fixture(scope="module")
def embedder(scorer: CallScorer) -> CustomEmbedder:
    return CustomEmbedder(scorer.encoder)


def numbers(judged: Sequence[JudgedCall]) -> list[Any]:
    return [(one.score.model_copy(update={"latency_ms": 0.0}), one.similarity) for one in judged]


def test_the_chain_gives_the_bytes_of_the_command_line(
    chain: Runnable[str | Transcript, JudgedCall], coach_home: Path, tmp_path: Path
) -> None:
    home = clone(coach_home, tmp_path / "own")  # what the command prints is noted in the library
    text = EXAMPLES[0].read_text(encoding="utf-8")
    code = "import sys; sys.argv[0] = 'coach'; from serving.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "score", str(EXAMPLES[0]), "--json"],
        env={"COACH_HOME": str(home), "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(done.stdout)
    ours = chain.invoke(text).score.model_dump(mode="json")
    assert printed["probability"] is not None
    for unlike in ("latency_ms", "call_id"):
        del printed[unlike], ours[unlike]
    assert json.dumps(ours) == json.dumps(printed)


async def test_every_way_to_run_the_chain_gives_the_same(
    chain: Runnable[str | Transcript, JudgedCall], scorer: CallScorer
) -> None:
    calls = [read_transcript(file) for file in EXAMPLES]
    expected = numbers([chain.invoke(call) for call in calls])
    assert [one.probability for one, _ in expected] == [scorer.score(call).probability for call in calls]
    assert numbers(chain.batch(list(calls))) == expected
    assert numbers(await chain.abatch(list(calls))) == expected
    assert numbers([await chain.ainvoke(call) for call in calls]) == expected
    assert numbers([chunk for call in calls for chunk in chain.stream(call)]) == expected
    assert numbers([chunk for call in calls async for chunk in chain.astream(call)]) == expected


def test_a_batch_keeps_what_can_be_read_where_asked_to(chain: Runnable[Any, JudgedCall]) -> None:
    text = EXAMPLES[0].read_text(encoding="utf-8")
    good, bad = chain.batch([text, " \n"], return_exceptions=True)
    assert isinstance(good, JudgedCall)
    assert isinstance(bad, TranscriptError)


@pytest.mark.parametrize("given", ["", " \n", None, 3, {"text": "Rep: Hello."}, Transcript(turns=()), [1.0]])
def test_what_is_no_call_is_an_input_error(chain: Runnable[Any, JudgedCall], given: object) -> None:
    with pytest.raises(InputError):
        chain.invoke(given)


def test_the_four_scores_are_those_of_the_methods(scorer: CallScorer, coach_home: Path) -> None:
    similarity = SimilarityScorer.load(Settings.load(home=coach_home), scorer)
    call = read_transcript(EXAMPLES[0])
    vector = scorer.call_vector(call)
    of_call = similarity.invoke(call)
    assert similarity.invoke(EXAMPLES[0].read_text(encoding="utf-8")) == of_call
    assert similarity.invoke(vector) == similarity.invoke(vector.tolist()) == of_call
    found = of_call.model_dump()
    assert list(found) == list(METHODS)
    assert np.isclose(found["hybrid"], np.mean([found[name] for name in METHODS[:3]]))
    won, lost = similarity._past.prototypes[1], similarity._past.prototypes[0]
    assert similarity.invoke(won).cosine > 0 > similarity.invoke(lost).cosine


@pytest.mark.parametrize("given", [[1.0, 2.0], [float("nan")] * DIMENSION, [], ["a"] * DIMENSION, object(), None, 3.0])
def test_what_is_no_vector_is_an_input_error(scorer: CallScorer, coach_home: Path, given: Any) -> None:
    with pytest.raises(InputError):
        SimilarityScorer.load(Settings.load(home=coach_home), scorer).invoke(given)


async def test_the_embedder_is_langchains(embedder: CustomEmbedder, scorer: CallScorer) -> None:
    assert isinstance(embedder, Embeddings)
    texts = ["Rep: What would have to be true?", "Customer: A lower price."]
    vectors = np.array(embedder.embed_documents(texts), dtype=np.float32)
    assert (vectors == scorer.encoder.encode(texts)).all()
    assert embedder.embed_query(texts[1]) == vectors[1].tolist() == (await embedder.aembed_query(texts[1]))
    assert (await embedder.aembed_documents(texts)) == vectors.tolist()
    assert embedder.embed_documents([]) == []
    with pytest.raises(InputError, match="Text 2 is of type NoneType"):
        embedder.embed_documents(["a", None])  # type: ignore[list-item]


def test_the_parts_serve_in_other_peoples_chains(
    chain: Runnable[str | Transcript, JudgedCall], embedder: CustomEmbedder
) -> None:
    store = InMemoryVectorStore(embedder)
    store.add_documents(
        [Document("Customer: It is over our budget."), Document("Customer: Who else uses it?"), Document("Rep: Hello!")]
    )
    retriever = store.as_retriever(search_kwargs={"k": 1})
    told = (
        RunnablePassthrough.assign(judged=RunnableLambda(lambda given: given["call"]) | chain)
        | RunnablePassthrough.assign(like=RunnableLambda(lambda given: given["question"]) | retriever)
        | RunnableLambda(lambda given: (given["judged"].score.probability, given["like"][0].page_content))
    )
    text = EXAMPLES[0].read_text(encoding="utf-8")
    probability, like = told.invoke({"call": text, "question": "Customer: That costs too much."})
    assert probability == chain.invoke(text).score.probability
    assert like == "Customer: It is over our budget."
