"""What a deal says of its call beside the outcome, under the names of the library's metadata.

Nothing that may have been written after the call is a feature: ``FEATURES`` are the names that a model may learn from.
The size that a deal has in the export isn't among them, as amounts are corrected when a deal closes.
"""

from datetime import datetime
from typing import Final

from salescoach.crm.deals import CrmDeal, StageEntry

INDUSTRY, DEAL_TYPE, DEAL_SIZE = "industry", "deal_type", "deal_size"
STAGE_AT_CALL, SIZE_AT_CALL = "stage_at_call", "deal_size_at_call"
FEATURES: Final = (INDUSTRY, DEAL_TYPE, STAGE_AT_CALL, SIZE_AT_CALL)

_SIZES: Final = ((1_000, "under 1k"), (10_000, "1k to 10k"), (50_000, "10k to 50k"), (250_000, "50k to 250k"))
_LARGEST: Final = "250k or more"


def facts_of(deal: CrmDeal, call: datetime | None) -> dict[str, str]:
    """Name -> value of what is known of a deal; stage and size at the call only where a stage history tells them."""
    then = _entry_at(deal, call) if call is not None else None
    facts = {
        INDUSTRY: deal.industry,
        DEAL_TYPE: deal.deal_type,
        DEAL_SIZE: size_of(deal.amount),
        STAGE_AT_CALL: then.stage if then else "",
        SIZE_AT_CALL: size_of(then.amount) if then else "",
    }
    return {name: value for name, value in facts.items() if value}


def size_of(amount: float | None) -> str:
    """The band of an amount in the export's currency; empty where there is none."""
    if amount is None or amount < 0:
        return ""
    return next((band for below, band in _SIZES if amount < below), _LARGEST)


def _entry_at(deal: CrmDeal, call: datetime) -> StageEntry | None:
    entered = [entry for entry in deal.stages if entry.at.is_before(call)]
    return max(entered, key=lambda entry: entry.at.at, default=None)
