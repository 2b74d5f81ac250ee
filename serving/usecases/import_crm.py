"""Outcomes from a CRM's export: what it says of the team's calls, as a plan first, and then as entries."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import Field

from salescoach.config import Settings
from salescoach.crm.columns import Crm
from salescoach.crm.deals import DealExport, ExportOptions, StageRead, read_deals
from salescoach.crm.export_dates import today
from salescoach.crm.facts import facts_of
from salescoach.crm.labels import NAMES_OF_ACCOUNT, WHY, CallKnown, CallLabel, Labeller, Reason
from salescoach.errors import DataError
from salescoach.library import CallSummary, Library
from salescoach.library.facts import CrmFacts
from salescoach.progress import Progress, silent
from salescoach.types import Frozen, Outcome
from serving.usecases.outcomes import index_again

MAX_NAMED: Final = 20  # calls named with a reason


class CallChange(Frozen):
    """What an import changes of a call: its outcome, if ``after`` isn't ``before``, and new ``facts``."""

    call_id: str
    account: str | None
    deal_id: str
    stage: str
    before: Outcome | None
    after: Outcome | None
    facts: dict[str, str]
    entry: CrmFacts = Field(exclude=True)

    @property
    def is_contradiction(self) -> bool:
        """Whether the call has another outcome already."""
        return self.before is not None and self.after != self.before


class LeftOut(Frozen):
    """Calls that get no outcome, with the reason; the first of them are named."""

    reason: Reason
    why: str
    n: int
    call_ids: tuple[str, ...]


class CrmPlan(Frozen):
    """What an export says of the team's calls.

    ``contradictions`` are calls with another outcome than the export's: they stay unless they are to be replaced.
    ``unchanged``: calls of which it says nothing new.
    """

    crm: Crm
    n_deals: int
    n_calls: int
    days: int
    mapping: tuple[StageRead, ...]
    changes: tuple[CallChange, ...]
    contradictions: tuple[CallChange, ...]
    unchanged: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


class CrmImport(Frozen):
    """A plan and what was done of it; ``trouble`` says why the index could not follow."""

    plan: CrmPlan
    is_dry_run: bool
    n_written: int
    trouble: str | None = None


def read_export(file: Path, options: ExportOptions) -> DealExport:
    """The deals in a file.

    Raises:
        DataError: it can't be read, or is no export of deals.
        InputError: a stage that is named isn't there, or dates don't show their order.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} can't be read ({error.strerror}); check the path and its permissions.") from None
    return read_deals(data, file.name, options)


def plan_import(library: Library, export: DealExport, *, days: int, replace: bool = False) -> CrmPlan:
    """What would change; nothing is written.

    Args:
        library: whose team's own calls are looked at.
        export: the deals.
        days: within how many days after a call a win counts for it.
        replace: whether outcomes and facts that are there give way to the export's.
    """
    labeller = Labeller(export, days=days, today=today())
    calls = [call for call in library.team_calls() if call.provenance == "own"]
    labels = [(call, labeller.label(_known(call))) for call in calls]
    changes = [change for call, label in labels if (change := _change(call, label, replace=replace)) is not None]
    kept_back = [] if replace else [change for change in changes if change.is_contradiction]
    done = [change for change in changes if change not in kept_back]
    return CrmPlan(
        crm=export.crm,
        n_deals=len(export.deals),
        n_calls=len(calls),
        days=days,
        mapping=export.mapping,
        changes=tuple(done),
        contradictions=tuple(kept_back),
        unchanged=sum(label.outcome is not None for _, label in labels)
        - sum(change.entry.outcome is not None for change in changes),
        left_out=_left_out([label for _, label in labels]),
        notes=export.notes,
    )


def carry_out(
    settings: Settings, library: Library, plan: CrmPlan, *, by: str | None, progress: Progress = silent
) -> CrmImport:
    """Enters what a plan changes, all of it or nothing, and indexes the library.

    Raises:
        DataError: an outcome was changed since the plan was made; nothing is entered.
    """
    source = f"an export of {plan.crm}"
    library.enter_facts([change.entry for change in plan.changes], f"{by}, from {source}" if by else source)
    changed = [change.entry.call_id for change in plan.changes]
    trouble = index_again(settings, library, None, progress, changed) if changed else None
    return CrmImport(plan=plan, is_dry_run=False, n_written=len(plan.changes), trouble=trouble)


def _known(call: CallSummary) -> CallKnown:
    return CallKnown(
        call_id=call.call_id,
        account_id=call.account_id,
        account_names=tuple(call.metadata[name] for name in NAMES_OF_ACCOUNT if call.metadata.get(name)),
        started_at=call.started_at,
    )


def _change(call: CallSummary, label: CallLabel, *, replace: bool) -> CallChange | None:
    """What a deal changes of a call; None where it says nothing new."""
    deal = label.deal
    if deal is None:
        return None
    facts = {
        name: value
        for name, value in facts_of(deal, call.started_at).items()
        if (replace or name not in call.metadata) and call.metadata.get(name) != value
    }
    account = deal.accounts[0] if call.account_id is None and len(deal.accounts) == 1 else None
    rep = deal.rep if call.rep_id is None and deal.rep else None
    outcome = label.outcome if label.outcome != call.outcome else None
    if not (facts or account or rep or outcome):
        return None
    entry = CrmFacts(
        call_id=call.call_id, before=call.outcome, outcome=outcome, outcome_at=label.outcome_at,
        account_id=account, rep_id=rep, metadata=facts,
    )  # fmt: skip
    named = {name: value for name, value in (("account_id", account), ("rep_id", rep)) if value}
    return CallChange(
        call_id=call.call_id,
        account=call.account_id or account or next(iter(deal.names), None),
        deal_id=deal.deal_id,
        stage=deal.stage,
        before=call.outcome,
        after=outcome or call.outcome,
        facts={**facts, **named},
        entry=entry,
    )


def _left_out(labels: Sequence[CallLabel]) -> tuple[LeftOut, ...]:
    counts = Counter(label.reason for label in labels if label.reason is not None)
    return tuple(
        LeftOut(
            reason=reason,
            why=WHY[reason],
            n=n,
            call_ids=tuple([label.call_id for label in labels if label.reason == reason][:MAX_NAMED]),
        )
        for reason, n in counts.most_common()
    )
