"""Experiments on what people are shown: their plans, which account was shown which arm and when, who takes no part."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from salescoach.errors import InputError
from salescoach.library.side_tables import kept_time, now, reading, writing
from salescoach.types import Frozen

OptOutKind = Literal["account", "person"]

_EXPOSE: Final = """
INSERT INTO exposures (experiment, account_id, arm, first_at, last_at, times)
SELECT :experiment, :account_id, :arm, :at, :at, 1
WHERE EXISTS (SELECT * FROM experiments WHERE name = :experiment AND stopped_at IS NULL)
ON CONFLICT (experiment, account_id) DO UPDATE SET last_at = excluded.last_at, times = times + 1
"""


# Accounts that were shown anything but the first arm, which is what everybody sees.
TREATED: Final = (
    "SELECT account_id FROM exposures JOIN experiments ON name = experiment "
    "WHERE arm IS NOT json_extract(plan, '$.arms[0]')"
)


class KeptExperiment(Frozen):
    """An experiment as it is kept. ``plan``: as it was fixed at the start."""

    name: str
    plan: dict[str, Any]
    started_at: datetime
    stopped_at: datetime | None
    stopped_by: str | None


class Exposure(Frozen):
    """An account that was shown its arm, first at ``first_at``."""

    account_id: str
    arm: str
    first_at: datetime


def begin(file: Path, name: str, plan: dict[str, Any]) -> KeptExperiment:
    """Keeps a new experiment, which runs from now on.

    Raises:
        InputError: there has been one of that name.
        CoachError: there is no library, or it can't be written to.
    """
    started = now()
    with writing(file) as database:
        if database.execute("SELECT 1 FROM experiments WHERE name = ?", (name,)).fetchone():
            raise InputError(f"There is an experiment {name!r} already; its plan stays as it is, so take another name.")
        row = (name, json.dumps(plan), kept_time(started))
        database.execute("INSERT INTO experiments (name, plan, started_at) VALUES (?, ?, ?)", row)
    return KeptExperiment(name=name, plan=plan, started_at=started, stopped_at=None, stopped_by=None)


def stop(file: Path, name: str, by: str) -> None:
    """Ends an experiment: nobody is assigned or shown an arm any more.

    Raises:
        InputError: there is none of that name, or it has ended.
    """
    with writing(file) as database:
        changed = database.execute(
            "UPDATE experiments SET stopped_at = ?, stopped_by = ? WHERE name = ? AND stopped_at IS NULL",
            (kept_time(now()), by, name),
        )
        if not changed.rowcount:
            raise InputError(f"There is no running experiment {name!r}; `coach experiment list` shows them.")


def experiments(file: Path) -> list[KeptExperiment]:
    """Every experiment, oldest first."""
    with reading(file) as database:
        rows = database.execute(
            "SELECT name, plan, started_at, stopped_at, stopped_by FROM experiments ORDER BY started_at, name"
        ).fetchall()
    return [
        KeptExperiment(name=name, plan=json.loads(plan), started_at=started, stopped_at=stopped, stopped_by=by)
        for name, plan, started, stopped, by in rows
    ]


def expose(file: Path, experiment: str, shown: Sequence[tuple[str, str]]) -> None:
    """Notes that accounts are shown their arms now: pairs of account and arm. The first time of each is kept.

    Nothing is noted of an experiment that has ended.
    """
    at = kept_time(now())
    rows = [{"experiment": experiment, "account_id": account, "arm": arm, "at": at} for account, arm in shown]
    with writing(file) as database:
        database.executemany(_EXPOSE, rows)


def exposures(file: Path, experiment: str) -> list[Exposure]:
    """The accounts that were shown an arm, in the order of the first time."""
    with reading(file) as database:
        rows = database.execute(
            "SELECT account_id, arm, first_at FROM exposures WHERE experiment = ? ORDER BY first_at, account_id",
            (experiment,),
        ).fetchall()
    return [Exposure(account_id=account, arm=arm, first_at=first) for account, arm, first in rows]


def treated(file: Path) -> set[str]:
    """Accounts that were shown anything but the first arm, which is what everybody sees, in any experiment."""
    with reading(file) as database:
        return {account for (account,) in database.execute(TREATED)}


def opt_outs(file: Path, kind: OptOutKind) -> set[str]:
    """The accounts, or the persons, that take part in no experiment."""
    with reading(file) as database:
        return {name for (name,) in database.execute("SELECT name FROM opt_outs WHERE kind = ?", (kind,))}


def set_opt_outs(file: Path, kind: OptOutKind, names: Sequence[str], *, out: bool) -> None:
    """Takes accounts or persons out of all experiments, or in again.

    An account that goes out is taken out of what has been noted too, so that it counts nowhere.
    """
    with writing(file) as database:
        if not out:
            database.executemany("DELETE FROM opt_outs WHERE kind = ? AND name = ?", [(kind, name) for name in names])
            return
        rows = [(kind, name, kept_time(now())) for name in names]
        database.executemany("INSERT INTO opt_outs (kind, name, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows)
        if kind == "account":
            database.executemany("DELETE FROM exposures WHERE account_id = ?", [(name,) for name in names])


def delete(database: sqlite3.Connection, account_ids: Iterable[str]) -> None:
    """Takes accounts out whose last call was deleted, in the transaction that deleted it."""
    database.executemany(
        "DELETE FROM exposures WHERE account_id = :it AND NOT EXISTS (SELECT * FROM accounts WHERE account_id = :it)",
        [{"it": account} for account in account_ids],
    )
