"""What the offline coach says where no tool is needed: help, greetings, where texts go, and asking back.

No numbers, no quotation marks and no promises about a call: these sentences rest on no tool result.
"""

from collections.abc import Sequence

from agent.intents import Intent
from tools.registry import SPECS

HELP = """\
Paste a sales call, or upload it, and ask in your own words. For example:

- *How likely is it that this converts?* and *Why?*
- *When did it go wrong?* or *Why did that turn hurt?*, with the number of the turn
- *Show me similar won deals*, or lost ones, or only those of an industry or call type
- *What did won calls do at this moment?*
- *What would the score be without that turn?*, or with other words in its place
- *What was my talk ratio?* and other metrics of the call
- *Compare both calls*, where there are several
- *What is our win rate by industry?* and other numbers of the team's calls
- *Which of my deals are at risk?*
- *Fill in a sales scorecard for this call*
- *Why do we lose?*, for what tells won calls of the team from lost ones
- *What should I do next?*
- *How good is your model?* and *Where does this text go?*"""

GREETING = (
    "Hello! Paste a sales call, or ask about a call that is already here. "
    "I can say how likely it converts, why, and what won calls did at such a moment."
)
THANKS = "You're welcome. Ask whenever you want to know more about a call."
PRIVACY = (
    "The offline coach is speaking: it runs on this machine, and nothing of a call is sent anywhere by it. "
    "A call that you paste is kept in the call library of this installation, where others who use the same "
    "installation don't find it among the team's calls, until you delete it; `coach delete` with the call's id takes "
    "it out of library, index, caches and conversations. No model learns from it unless somebody starts a training. "
    "Where a language model words the answers instead, the page names the host that texts go to before any is sent."
)
UNSURE = (
    "I'm not sure what you would like to know. I can score this call and say why, follow how the score moved, show "
    "similar won or lost calls and what was said there, look up metrics and the team's numbers, compare calls, "
    "and say how far to trust the model."
)
ASK_FOR_A_CALL = (
    "Paste a sales call here, or upload it: one line per turn, such as `Rep: Hello.` and `Customer: Hi.` "
    "I'll tell you how likely it converts, which turns moved that, and what similar won calls did."
)
ASK_FOR_SECOND_CALL = "To compare, I need another call in this conversation: paste it here, then ask again."
NO_SUCH_CALL = "This conversation has no such call. Paste it here, or name one of those that are here by its place."
NO_SUCH_TURN = "This call has no turn of that number. Give a number that stands behind a quote in my answers."
ASK_WHICH_TURN = "Which turn do you mean? Give its number, as it stands behind a quote in my answers."
ASK_FOR_EDIT = {
    "turn": "At which turn? Give its number, and I'll score the call with those words in it.",
    "text": "What should stand at that turn instead? Give the words in quotation marks, or ask for it to be left out.",
    "both": (
        "I can score the call as if it had gone another way. Tell me the number of the turn, and the words that should "
        "stand there in quotation marks, or that the turn should be left out."
    ),
}

# How each intent would be asked for plainly: what the coach offers when it isn't sure.
PLAIN_QUESTIONS: dict[Intent, str] = {
    **{intent: question for spec in SPECS for intent, question in spec.intents.items()},
    "help": "What can you do?",
    "privacy": "Where does this text go?",
}


def ask_back(likeliest: Sequence[Intent]) -> str:
    """Asks what is meant, and offers the likeliest readings."""
    offered = [PLAIN_QUESTIONS[intent] for intent in likeliest if intent in PLAIN_QUESTIONS]
    if not offered:
        return UNSURE
    return "I'm not sure what you would like to know. Did you mean " + " or ".join(f"*{one}*" for one in offered)
