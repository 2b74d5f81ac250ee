"""What a question asks for: the nearest of a few example questions, by embedding."""

from typing import Literal

import numpy as np

from salescoach.encoder import Encoder

Intent = Literal["score", "similar_won", "similar_lost", "similar_any", "won_did", "metrics", "library"]

EXAMPLES: dict[Intent, tuple[str, ...]] = {
    "score": (
        "Score this call.",
        "How likely is it that this deal converts?",
        "What are the chances that they sign?",
        "Why is the score so low?",
        "Why?",
        "What went wrong in this call?",
        "Which moments hurt us?",
        "What did I do well?",
        "What should I have said?",
        "How did I do?",
        "Explain the probability.",
        "Will they buy?",
        "Give me advice on this call.",
    ),
    "similar_won": (
        "Show me similar won deals.",
        "Find calls like this one that we won.",
        "How did other reps win calls like this?",
        "Show me a won deal with the same objection.",
        "Which closed deals are like this one?",
        "Give me examples of successful calls like this.",
    ),
    "similar_lost": (
        "Show me similar lost deals.",
        "Which calls like this one did we lose?",
        "How did lost calls handle this?",
        "Find failed calls that resemble this one.",
        "Why do we lose calls like this?",
    ),
    "similar_any": (
        "Show me similar calls.",
        "Find calls like this one.",
        "Have we had a conversation like this before?",
        "Which past calls resemble this one?",
    ),
    "won_did": (
        "What did won calls do at this moment?",
        "What did converted calls do at this moment?",
        "What should I have said at turn 14?",
        "How did reps in won deals answer this objection?",
        "What do successful reps reply to that?",
        "What could I have answered there?",
        "How did lost calls reply to this objection?",
    ),
    "library": (
        "What is our win rate?",
        "What is our win rate by industry?",
        "How many deals did we win last quarter?",
        "How many calls are in the library?",
        "How has our win rate developed over the months?",
        "Which industry do we win most in?",
        "How many calls did we lose this year?",
        "What share of our demos convert?",
        "Show me win rates by call type.",
        "How does the team do by account?",
    ),
    "metrics": (
        "What was my talk ratio?",
        "How much did I talk?",
        "How many questions did I ask?",
        "Show me the call metrics.",
        "How long was my longest monologue?",
        "Did we agree on a next step?",
        "How do my numbers compare with the team's won calls?",
        "How often was the price mentioned?",
        "How fast did I speak?",
    ),
}
MIN_LIKENESS = 0.35  # below it the coach asks back; unrelated questions mostly stay under 0.3


class IntentRouter:
    """Chooses the intent of a question, or None where no example is near enough."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._intents = [intent for intent, examples in EXAMPLES.items() for _ in examples]

    def route(self, question: str) -> Intent | None:
        """The intent of the nearest example question."""
        examples = self._encoder.encode([example for examples in EXAMPLES.values() for example in examples])
        likeness = examples @ self._encoder.encode([question])[0]
        best = int(np.argmax(likeness))
        return self._intents[best] if likeness[best] >= MIN_LIKENESS else None
