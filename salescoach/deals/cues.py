"""What to do next about a risk, in a sentence. Who is shown it may be an experiment (docs/experiments-on-people.md)."""

from collections.abc import Mapping
from typing import Final

from salescoach.deals.board import AccountDeal
from salescoach.deals.risks import RiskKind

CUES: Final[Mapping[RiskKind, str]] = {
    "gone_quiet": "Call them, and bring a reason that is theirs: what they said they needed.",
    "step_overdue": "Ask what came between, and agree on a new day in the same call.",
    "no_next_step": "Get in touch and name one next step with a day.",
    "objection_open": "Take up the concern where it was left before you talk about anything else.",
    "no_decision_maker": "Ask who else has to say yes, and whether you may meet.",
    "single_contact": "Ask your contact who else will work with it, and talk to one of them.",
    "competitor": "Ask what they like about the other offer, and answer that.",
    "no_price": "Bring up the budget before they have to ask.",
}


def cue_for(deal: AccountDeal) -> str | None:
    """What to do next about the first risk that something can be done about.

    None after a refusal, where nobody is to get in touch, for a closed deal, and where no risk was found.
    """
    if deal.do_not_contact or deal.outcome is not None:
        return None
    return next((CUES[risk.kind] for risk in deal.risks if risk.kind in CUES), None)
