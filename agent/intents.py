"""What a question asks for: a classifier over its embedding and a few typed cues, fitted on labelled examples.

The embedding carries the meaning; the cues carry what an embedding blurs: that a turn or two calls are named, that
something is imagined, that won and not lost calls are wanted. Numbers and quoted text are masked first, since what
is in them says nothing about what is asked.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Final

import numpy as np

from agent.arguments import (
    Outcome,
    metric_named,
    outcome,
    quotes,
    turns,
    wants_all_calls,
    without_quotes,
)
from agent.router_weights import RouterWeights, shipped_weights
from salescoach.model.encoder import Encoder
from salescoach.types import Frozen
from tools.brief import SPEC as BRIEF
from tools.registry import TOOL_OF

Intent = str  # one of INTENTS
# Sorted, so that the order of the tools in their list does not matter to the weights that are shipped.
INTENTS: Final[tuple[Intent, ...]] = tuple(sorted([*TOOL_OF, "help", "greeting", "thanks", "privacy", "unsure"]))

SIMILAR: Final[dict[Outcome, Intent]] = {"converted": "similar_won", "lost": "similar_lost", "any": "similar_any"}

CUE_WEIGHT = 0.4  # of a cue beside an embedding of unit length; chosen by cross-validation over groups of examples
REGULARISATION = 10.0  # the C of the logistic regression, chosen the same way
MIN_PROBABILITY = 0.25  # below it, or nearer than MIN_MARGIN to the next intent, the coach asks back
MIN_MARGIN = 0.03
MAX_CHARACTERS = 600  # a question is short; what is longer is read by its beginning and end

_COUNTS: Final = re.compile(r"\bhow (?:many|often)\b|\bnumber of\b|\bcount\b")
_SPELLINGS: Final = {
    "u": "you",
    "ur": "your",
    "r": "are",
    "pls": "please",
    "plz": "please",
    "thx": "thanks",
    "ty": "thank you",
    "wat": "what",
    "wut": "what",
    "whats": "what is",
    "wheres": "where is",
    "hows": "how is",
    "whos": "who is",
    "im": "i am",
    "ive": "i have",
    "id": "i would",
    "didnt": "did not",
    "dont": "do not",
    "cant": "can not",
    "shoud": "should",
    "gimme": "give me",
    "cuz": "because",
}

_PERSON = r"(?:i|we|he|she|they|you|it|the (?:rep|customer|client|buyer|prospect))"
_PAST = r"(?:calls?|deals?|conversations?|ones?|demos?|meetings?|examples?|wins?|winners?|losses|losers?|customers?)"

# The usual words of a request, one cue for each line: whether the question has them (lower case, without quotes).
_WORDINGS: Final[tuple[str, ...]] = (
    # Something else is imagined.
    rf"what if|what would (?:the score|it|have|happen)|if {_PERSON} (?:had|hadn't|didn't|never|would|were)"
    r"|suppose|imagine"
    rf"|had {_PERSON}|if turn|if only|pretend turn|would (?:delet|remov|cutt|dropp)ing|minus turn"
    r"|would (?:it|they|she|he|the score|that|another \w+) (?:have|be|change)|rescore"
    r"|score (?:it )?(?:again|without)|could i have changed|instead of turn",
    r"without|delet(?:e|ing)|remov(?:e|ing)|erase|strike|minus|replace|insert|take out|leave out|drop|cut"
    r"|add|swap|change|gone|skip|rewrite",
    # Two calls.
    r"compare\w*|comparison|versus|vs|differen\w+|differ|side by side|(?:better|worse) (?:than|or)|stacks? up|next to"
    r"|which (?:one|call|of|was|is|went)|against",
    r"both|the two|two calls|other (?:call|one)|(?:previous|earlier|last) (?:call|one)?|(?:call"
    r"|one) before|than before"
    r"|(?:first|second|third|fourth) (?:call|one)|call \d",
    # Past calls.
    r"like (?:this|mine|it|that|these)|similar|resembl\w+|comparable|alike|look ?alikes?|closest|nearest"
    r"|match\w*|precedents?"
    r"|related|same (?:objection|issue|thing|kind|problem)|remind\w*|kind of (?:call|conversation)"
    r"|our history|looks? like",
    r"(?:show|find|give|get|pull up|read|see|search|list|any|got|which|other|\d|two|three|four|five"
    rf"|six)\b.{{0,40}}\b{_PAST}",
    # What was said at such a moment.
    r"(?:should|could|would) (?:i|we|you|a \w+ rep) have|better (?:answer|reply|line|response|comeback|way)"
    r"|(?:good|right|best) (?:answer|reply|line|response|comeback|words)",
    r"(?:handle|answer|respond|reply|deal with|react|get past|say when|says? next|come ?back)\w*|replies"
    r"|objection|pushback",
    r"(?:winners|winning|top reps?|good (?:ones|reps?)|best (?:calls|reps?|people)|people who win|others"
    r"|colleagues|reps|won calls)",
    # Metrics of this call.
    r"metrics?|stats?|statistics|habits|speaking|talked|spoke|figures|the (?:basic )?numbers on|key figures|delivery",
    r"how (?:fast|long|often|early|patient|lively|interactive|many times|much|many \w+"
    rf"|many minutes)\b.*\b(?:did|was|were|do|am) ?{_PERSON}?"
    rf"|did {_PERSON} (?:talk|ask|interrupt|ramble|go on|agree|mention|cut|um|commit|leave|speak|listen|pause)\w*"
    r"|was i|am i|number of|count",
    # Numbers of the team.
    r"team'?s?|library|our|overall|across|all calls|all our|stored|in total|on average|average|typical\w*"
    r"|usual\w*|median|as a whole",
    r"(?:win|close|conversion|success) rates?|conversions?|(?:share|percentage|proportion) of|how often do we"
    r"|how many (?:\w+ ){0,2}(?:calls|deals)|number of (?:\w+ )?(?:calls|deals)|(?:do|did) we (?:win|lose"
    r"|close)|convert\w* (?:best|better)",
    r"(?:by|per|each|every|across) (?:the )?(?:industr\w+|sectors?|verticals?|call types?|types?|kind"
    r"|accounts?|months?|quarters?"
    r"|years?|reps?)|monthly|quarterly|yearly|annual\w*|trend|which industr\w+|month over month"
    r"|last (?:quarter|year|month)"
    r"|this (?:quarter|year)",
    # What tells won calls from lost ones.
    r"(?:why|how come|what|which|where|reasons?|patterns?|lessons?)\b.*\b(?:we|our|us|the team|the library)\b.*"
    r"\b(?:los(?:e|es|ing|t|ers|ses)|fail\w*|fall through|win(?:s|ning|ners)?|won|successful|go wrong)"
    r"|(?:won|win(?:s|ning|ners)?)\b.{0,25}\b(?:lost|loss(?:es)?|los(?:e|ing|ers))|loss (?:reasons|analysis|review)",
    r"(?:we|team|us) (?:(?:keep|always|often|do|are|so|not|never) )*(?:los(?:e|ing)|fail\w*|win|winning)"
    r"|our (?:losses|wins|lost|won|winning|losing)|(?:won|lost) (?:calls|deals)|losses|wins",
    # What the user's trackers find.
    r"trackers?|track(?:ed|ing)|(?:things|what) (?:that )?(?:i|we) track",
    # How the score moved.
    r"when|where did|at (?:what|which) (?:point|moment|turn|minute|stage)|(?:turning|tipping) point"
    r"|the moment|after which turn",
    r"curve|drop(?:ped)?|peak|jump|phase|recover|weakest|opening|start|beginning|half|lowest|highest"
    r"|curve|over time|trajectory|timeline|develop\w*|during|turn by turn|half ?time|middle|start to end"
    r"|over the course|end|fade\w*"
    r"|plot|graph|through the|momentum|towards|ups and downs",
    # Why.
    r"why|how come|reasons?|because|explain|what (?:made|makes|drove|pulled|brought|kept|counted|worked"
    r"|went)|behind|based? on"
    r"|evidence|justify|where does (?:that|the)|propping|holding",
    r"(?:turns?|moments?|lines?|sentences?|bits?|parts?)\b.*\b(?:hurt|matter\w*|mov\w+|sw[iu]ng|did"
    r"|drag\w*|cost|help\w*|damage\w*)|damage"
    r"|hurt|key moments|mess(?:ed)? up|did i do (?:wrong|well)|do wrong|low|high",
    r"effect|influence|matter|important|problem|bad about|wrong with|details?|zoom|look closer|context"
    r"|talk me through|tell me about",
    # The model.
    r"models?|accura\w+|trust|believe|reliab\w+|calibrat\w+|predict\w*|trained|auc|brier|validat\w+"
    r"|tested|evaluated|random|guess\w*"
    r"|biased?|limits|proven|uncertainty|errors?|mistakes|evaluation|science|overfit|weakness\w*"
    r"|how is this tested|range|track record|confidence|mean|coin|snake oil|hit rate|robust|made up"
    r"|false alarms|interval|under the hood|learn(?:ed|t)? from",
    r"(?:are|were|do|can|is|how (?:good|often|sure|wrong|accurate|much better)) (?:you|your|this|that"
    r"|it)\b.*\b(?:right|wrong|know|work|accurate|better|good|sure)"
    r"|you(?:r)?\b",
    # What to do.
    r"next|draft|write (?:a|an|the)|escalate|chase|advise|ideas?|stuck|feedback|coaching|on board"
    r"|move forward|next|follow-?up|recap|e?-?mail|improve|tips?|advice|recommend\w*|suggest\w*|prepare"
    r"|prep|coach me|save|rescue\w*|back on track"
    r"|turn this around|push it|work on|my move|what now|plan|proceed|get them to|win this|send them",
    r"(?:what|how|which \w+) (?:should|can|do|could|would) (?:i|we|you)|should i|help me (?:write|win|prepare)",
    # Where texts go.
    r"stor(?:e[ds]?|age)|forget this|wipe|erase my|encrypt\w+|phone home|names|recording|safe|local"
    r"|remember my|upload\w*|leaves?|shar(?:e|ed|ing)|privacy|private|public|confidential|secret|delete"
    r"|keep|kept|data|sent|send(?:ing)? this"
    r"|sending|cloud|server|internet|gdpr|legal|openai|anyone|anybody|outside|log|save|protected"
    r"|my machine|someone else",
    r"who (?:can|gets|has|will|else)|(?:can|will|does|do) (?:\w+ ){1,3}(?:see|read|get|access)"
    r"|where does (?:this|the|my) (?:text|call|data|transcript|conversation)"
    r"|where do",
    # Greetings, thanks, help.
    r"hi+|hello|hey+|heya|hallo|im back|i am back|nice to see you|yo|hiya|howdy|greetings|ahoy"
    r"|good (?:morning|afternoon|evening|day)|morning|evening|how are you|what is up|how is it going"
    r"|you there|nice to meet",
    r"thanks?|thank you|ta|cheers|bye|goodbye|good night|great|perfect|awesome|brilliant|appreciated"
    r"|wonderful|helpful|that is all|see you"
    r"|lovely|fantastic|nice|good stuff|a star|makes sense|understood|nice one|well done|good job"
    r"|all good|got it|super|cool|later",
    r"help|what can (?:you|i)|how (?:does|do) (?:this|it|i|you) (?:tool )?(?:work|use|start|paste|upload"
    r"|help)|features|options|menu|commands"
    r"|(?:example|sample) questions|what are you|what do you (?:do|need)|instructions for|capabilit\w+"
    r"|abilit(?:y|ies)|skills?|functions?|get started|overview|who are you|tutorial|manual|guide|new here"
    r"|what is this|formats?|possible",
    # The score.
    r"chances?|odds|pipeline|bank on|count on|revenue|warm|hot|cold|interested|convinced|serious|keen"
    r"|ready to|opportunity|chances?|likel\w+|probab\w+|scor(?:e|es|ed|ing)|rat(?:e|ing)|percent\w*"
    r"|forecast|commit|hope|shot|verdict|judge|evaluate|analyse"
    r"|the number|confident",
    r"(?:will|do|does|is|are|going to|gonna|would)\b.*\b(?:sign|buy|close|land|convert|purchase|go ahead"
    r"|say yes|come back|dead|lost|worth|going)"
    r"|how (?:did|was|is|are) (?:i|it|my|that|this|we|the call)|dead|looking|nail it|good call",
    # What is no business of the coach's.
    r"ignore|disregard|forget|system|prompt|pretend|mode|rules|from now on|reveal|repeat|unrestricted"
    r"|api key|instructions|act as|you are now",
    r"(?:best|worst|weakest|top) (?:\w+ )?reps?|fire|bonus|lying|liar|personality|angry|depressed"
    r"|rank the reps|good person|salary",
    r"poem|joke|weather|capital|recipe|python|translate|song|story|movie|film|dinner|lunch|flight|hotel"
    r"|music|essay|homework|president"
    r"|game|moon|tall|bitcoin|shares? price|stock|alarm|remind me|tickets|css|sql|novel|book me|order"
    r"|news|what time|birthday|draw",
)
N_FOREIGN: Final = 3  # the last of them
_DOMAIN = re.compile(
    r"\b(?:calls?|deals?|customers?|clients?|prospects?|buyers?|reps?|turns?|scor\w+|won|win|wins|lost"
    r"|conver\w+|transcripts?|objections?"
    r"|model|team|price|pricing|leads?|account|questions?|talk\w*|sign|buy|close|closing|odds|chances?"
    r"|probab\w+|win rate|industry)\b"
)
_THIS_CALL: Final = re.compile(
    r"\b(?:this|that|my|the (?:last|other|first|second|current)) (?:call|deal|one|conversation|customer|lead|sale)\b"
    r"|\b(?:like|to|at|with) (?:this|that|it|mine|these)\b"
)
_TEAM: Final = re.compile(
    r"\b(?:team\w*|library|we|our|us|all|across|overall|stored|total|average|typical\w*|usual\w*|median|normal\w*|reps"
    r"|calls|deals|by|per|each|every|month\w*|quarter\w*|year\w*|industr\w+|types?|trend|in general|among)\b"
)
_SOME_TURN: Final = re.compile(r"\b(?:turns?|lines?|sentences?|answer|reply)\b")
_MARKER: Final = re.compile(r"\[?\bt\s?\d+\b\]?", re.I)
_DIGITS: Final = re.compile(r"\d+")
_COMPILED: Final = tuple(re.compile(rf"\b(?:{wording})(?!\w)") for wording in _WORDINGS)


class Example(Frozen):
    """A question whose intent is known. ``group``: the underlying request, which its paraphrases share."""

    group: str
    intent: Intent
    question: str


@dataclass(frozen=True)
class Reading:
    """How a question may be meant: intents with their probabilities, likeliest first."""

    ranked: tuple[tuple[Intent, float], ...]

    @property
    def intent(self) -> Intent | None:
        """The likeliest intent; None where its tool is unlikely, or hardly likelier than what another tool answers.

        Which part of a tool's answer is meant may stay open: the answer is about the matter all the same.
        """
        first = self.ranked[0][0]
        same = TOOL_OF.get(first)
        p = sum(p for one, p in self.ranked if one == first or (same is not None and TOOL_OF.get(one) is same))
        runner_up = max(p for one, p in self.ranked if one != first and (same is None or TOOL_OF.get(one) is not same))
        return first if p >= MIN_PROBABILITY and p - runner_up >= MIN_MARGIN else None


def read_examples() -> tuple[Example, ...]:
    """The examples that the router is fitted on, from ``examples.jsonl``."""
    lines = resources.files("agent").joinpath("examples.jsonl").read_text(encoding="utf-8").splitlines()
    fields = Example.model_fields
    return tuple(Example(**{name: row[name] for name in fields}) for row in map(json.loads, lines))


class IntentRouter:
    """Reads the intent of a question. The same encoder and examples give the same readings.

    The package ships weights for the bundled base encoder. With another encoder, or other examples, the router is
    fitted on first use, which encodes all examples.

    Args:
        encoder: a generic sentence encoder; one that was fine-tuned on calls reads questions worse.
        examples: what it is fitted on; default: those of the package.
    """

    def __init__(self, encoder: Encoder, examples: Sequence[Example] | None = None) -> None:
        self._encoder = encoder
        self._examples = examples

    def read(self, question: str) -> Reading:
        """How a question, taken by itself, may be meant."""
        logits = _features(self._encoder, [question])[0] @ self._fitted.weights + self._fitted.bias
        p = np.exp(logits - logits.max())
        p = _with_outcome(_possible(p, question), outcome(question))
        order = np.argsort(-p, kind="stable")
        return Reading(tuple((INTENTS[row], float(p[row])) for row in order))

    @cached_property
    def _fitted(self) -> RouterWeights:
        if self._examples is not None:
            return fit(self._encoder, self._examples)
        shipped = shipped_weights()
        if shipped is not None and shipped.suit(self._encoder, len(cues("")), len(INTENTS)):
            return shipped.weights
        return fit(self._encoder, read_examples())


def fit(encoder: Encoder, examples: Sequence[Example]) -> RouterWeights:
    """The router's weights from examples; an intent without examples is never read."""
    from sklearn.linear_model import LogisticRegression

    labels = np.array([INTENTS.index(example.intent) for example in examples])
    model = LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=1000)
    model.fit(_features(encoder, [example.question for example in examples]), labels)
    weights = np.zeros((model.coef_.shape[1], len(INTENTS)))
    bias = np.full(len(INTENTS), -np.inf)
    weights[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return RouterWeights(weights, bias)


def name_of_features(examples: Sequence[Example]) -> str:
    """Changes with anything but the encoder that ``fit`` depends on, such as one cue of one example: 64 hex digits."""
    rows = [[one.intent, masked(one.question), cues(one.question)] for one in examples]
    return hashlib.sha256(json.dumps([INTENTS, CUE_WEIGHT, REGULARISATION, rows]).encode()).hexdigest()


def _possible(p: np.ndarray, question: str) -> np.ndarray:
    """The probabilities without those of intents that need what the question doesn't have; they add up to 1."""
    plain = _spelt_out(without_quotes(question).lower())
    has_turn = bool(turns(question)) or _SOME_TURN.search(plain) is not None
    imagines = _COMPILED[0].search(plain) is not None
    edits = _COMPILED[1].search(plain) is not None and (has_turn or bool(quotes(question)))
    wanted = outcome(question)
    possible = np.ones(len(INTENTS))
    possible[INTENTS.index("explain")] = has_turn and not edits
    possible[INTENTS.index("what_if")] = imagines or edits
    is_of_team = wanted is not None or _TEAM.search(plain) is not None
    possible[INTENTS.index("library")] = is_of_team or metric_named(question) is None
    possible[INTENTS.index("losing")] = _THIS_CALL.search(plain) is None
    possible[INTENTS.index("compare")] = any(pattern.search(plain) for pattern in _COMPILED[2:4])
    possible[[INTENTS.index(one) for one in BRIEF.intents]] = (
        _COUNTS.search(plain) is None
    )  # it quotes, and counts nothing
    return np.asarray(p * possible / (p @ possible))


def _spelt_out(text: str) -> str:
    return " ".join(_SPELLINGS.get(word, word) for word in text.replace("’", "'").split())


def _with_outcome(p: np.ndarray, wanted: Outcome | None) -> np.ndarray:
    """Probabilities of the intents with those of similar calls on one: that of the outcome named, else the likeliest.

    Which tool to call is asked first, and three intents that share it mustn't take votes from each other.
    """
    rows = [INTENTS.index(intent) for intent in SIMILAR.values()]
    named = max(rows, key=lambda row: float(p[row])) if wanted is None else INTENTS.index(SIMILAR[wanted])
    together = p[rows].sum()
    p = p.copy()
    p[rows] = 0.0
    p[named] = together
    return p


def _features(encoder: Encoder, questions: Sequence[str]) -> np.ndarray:
    """Embedding beside cues: shape (n_questions, dimension + n_cues), float64."""
    vectors = encoder.encode([masked(question) for question in questions]).astype(np.float64)
    return np.hstack([vectors, CUE_WEIGHT * np.array([cues(question) for question in questions], dtype=np.float64)])


def masked(question: str) -> str:
    """The question as it is embedded: usual spellings, each number and quoted text replaced by a stand-in."""
    text = without_quotes(question) + (" “some words”" if quotes(question) else "")
    text = _DIGITS.sub("5", _MARKER.sub("turn 5", text.replace("’", "'")))
    words = [_SPELLINGS.get(word.lower(), word) for word in text.split()]
    return " ".join(words)[:MAX_CHARACTERS].lower()


def cues(question: str) -> list[float]:
    """1.0 for each typed cue that a question has, else 0.0."""
    plain = _spelt_out(without_quotes(question).lower())
    named = turns(question)
    wanted = outcome(question)
    n_words = len(plain.split())
    worded = [pattern.search(plain) is not None for pattern in _COMPILED]
    found = [
        len(named) > 0,
        len(quotes(question)) > 0,
        wants_all_calls(question),
        wanted in ("converted", "any"),
        wanted in ("lost", "any"),
        metric_named(question) is not None,
        n_words <= 2,
        n_words <= 4,
        _DOMAIN.search(plain) is not None,
        not any(worded),
        any(worded[-N_FOREIGN:]),
        *worded,
    ]
    return [float(one) for one in found]
