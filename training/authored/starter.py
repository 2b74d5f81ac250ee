"""The authored calls that fill an empty library, described as users' calls are.

Those of writers who judge stay out: a call that can be looked up is known, and nothing can be judged on it any more.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import Final

from salescoach.stats.splits import TEST
from salescoach.types import LabelledCall
from training.authored.labelled import authored_calls

PREFIX: Final = "ex-"  # as the ids of data/examples begin; neither `coach sample` nor a CRM makes such ids
CALL_TYPES: Final = {
    "first cold call": "cold_call",
    "answer to an inquiry": "inquiry",
    "discovery": "discovery",
    "demonstration or viewing": "demo",
    "going through the proposal": "proposal",
    "negotiation": "negotiation",
    "renewal": "renewal",
    "selling more to a customer": "upsell",
    "follow-up after silence": "follow_up",
    "winning back a former customer": "win_back",
}  # kinds of call as writers were told them, and as the column `call_type` of a table has them


def starter_calls(n_calls: int) -> list[LabelledCall]:
    """So many of the calls that train or calibrate, those of the last writers first: their brief was the best.

    Their metadata are ``call_type``, ``industry`` and, as a title, what was sold to whom: ``market``.
    """
    calls = [call for call in authored_calls() if call.split != TEST]
    return [_as_users_calls_are(call) for call in calls[max(0, len(calls) - n_calls) :]]


@cache
def industries() -> dict[str, str]:
    """The industry of each market, such as ``insurance``."""
    text = resources.files("training.authored").joinpath("industries.toml").read_text(encoding="utf-8")
    return {market: industry for industry, markets in tomllib.loads(text).items() for market in markets}


def _as_users_calls_are(call: LabelledCall) -> LabelledCall:
    call_id, market = f"{PREFIX}{call.call_id}", call.metadata["market"]
    return call.model_copy(
        update={
            "call_id": call_id,
            "account_id": call_id,
            "transcript": call.transcript.model_copy(update={"call_id": call_id}),
            "metadata": {
                "industry": industries()[market],
                "call_type": CALL_TYPES[call.metadata["call_type"]],
                "market": market,
            },
        }
    )
