"""The names that exports give their columns: those of the CRM's objects, and those of its reports."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from salescoach.errors import DataError
from salescoach.reading.spelling import folded
from salescoach.reading.texts import listed

Crm = Literal["salesforce", "hubspot", "pipedrive", "csv"]
CRMS: Final[tuple[Crm, ...]] = ("salesforce", "hubspot", "pipedrive", "csv")

# Field -> names of its column, in small letters and with single spaces between words; the first that is there counts.
_COLUMNS: Final[dict[Crm, dict[str, str]]] = {
    "salesforce": {
        "deal_id": "opportunity id|opportunityid|case safe id|id",
        "account_id": "account id|accountid|account account id",
        "account_name": "account name|account account name|accountname",
        "merged": "master record id|masterrecordid|account master record id|merged account ids",
        "stage": "stage|stagename|stage name|opportunity stage",
        "won": "won|iswon|is won",
        "closed": "closed|isclosed|is closed",
        "closed_at": "close date|closedate",
        "created_at": "created date|createddate|opportunity created date",
        "amount": "amount|opportunity amount",
        "type": "type|opportunity type",
        "industry": "industry|account industry",
        "rep": "opportunity owner|owner name|opportunity owner name|owner full name|ownerid",
        "deleted": "isdeleted|deleted",
        "to_stage": "to stage|new stage",
        "changed_at": "last stage change date|stage change date|last modified|edit date|change date",
        "call_ids": "call id|call ids|gong call id|conversation id",
    },
    "hubspot": {
        "deal_id": "record id|deal id|hs object id|hs_object_id|dealid",
        "account_id": "associated company ids|associated company ids primary|primary associated company id"
        "|hs primary associated company|company id|associatedcompanyid",
        "account_name": "associated company primary|associated company names primary|associated company names"
        "|associated company|primary company|company name",
        "merged": "merged record ids|merged deal ids|merged company ids|hs merged object ids",
        "stage": "deal stage|dealstage",
        "won": "is closed won|hs is closed won",
        "lost": "is closed lost|hs is closed lost",
        "closed": "is deal closed|is closed|hs is closed",
        "closed_at": "close date|closedate",
        "created_at": "create date|createdate|created date",
        "amount": "amount|amount in company currency",
        "type": "deal type|dealtype",
        "industry": "industry|company industry",
        "rep": "deal owner|hubspot owner id|owner",
        "call_ids": "associated call ids|call id|call ids",
    },
    "pipedrive": {
        "deal_id": "deal id|id",
        "account_id": "organization id|deal organization id|org id|organisation id",
        "account_name": "deal organization|organization|organization name|deal organization name|organisation",
        "merged": "merged organizations|merged organization ids|merged deals",
        "stage": "deal stage|stage",
        "status": "deal status|status",
        "won_at": "deal won time|won time",
        "lost_at": "deal lost time|lost time",
        "closed_at": "deal deal closed on|deal closed on|closed on|close time|deal close time",
        "created_at": "deal deal created|deal created|deal add time|add time|created",
        "amount": "deal value|value",
        "type": "deal label|label|deal type|type",
        "industry": "organization industry|industry|deal industry",
        "rep": "deal owner|owner",
        "call_ids": "call id|call ids",
    },
    "csv": {
        "call_ids": "call id|call ids|callid",
        "deal_id": "deal id|opportunity id|dealid|id",
        "account_id": "account id|accountid|customer id|company id",
        "account_name": "account name|account|company|company name|customer|customer name|organization",
        "merged": "merged from|merged into|merged account ids",
        "stage": "stage|deal stage",
        "status": "outcome|status|result|converted|won",
        "closed": "closed|is closed",
        "closed_at": "closed at|close date|closed|outcome at|closed on|closed date",
        "created_at": "created at|created|create date|created date",
        "amount": "amount|value|deal size|deal value",
        "type": "type|deal type",
        "industry": "industry|sector",
        "rep": "rep id|rep|owner|deal owner",
    },
}
_DATES: Final = ("closed_at", "won_at", "lost_at", "created_at", "changed_at")
_WORD: Final = re.compile(r"[^\W_]+")
_ENTERED: Final = re.compile(
    r"(?:hs[ _])?date[ _]entered[ _](?:stage )?[\"“”']?(?P<stage>[^\"“”'(]{1,200})", re.IGNORECASE
)
_MAX_SHOWN: Final = 20

DATE_FIELDS: Final = frozenset(_DATES)


def key_of(heading: str) -> str:
    """A column's name for comparing: small letters, single spaces, no other marks."""
    return " ".join(_WORD.findall(folded(heading)))


def n_known(cells: Sequence[str]) -> int:
    """How many cells are names of columns in one CRM's exports, at most over all CRMs."""
    return max(len(_places(cells, crm)) for crm in CRMS)


def crm_of(heading: Sequence[str]) -> Crm:
    """The CRM whose names most of the columns have; of those with as many, the first."""
    return max(CRMS, key=lambda crm: (len(_places(heading, crm)), -CRMS.index(crm)))


def places_of(heading: Sequence[str], crm: Crm, file: str) -> Mapping[str, int]:
    """Field -> number of its column.

    Raises:
        DataError: a column is missing without which no outcome can be told; says which.
    """
    places = _places(heading, crm)
    missing = []
    if not places.keys() & {"account_id", "account_name", "call_ids"}:
        missing.append("the account's id or name")
    if not places.keys() & {"stage", "status", "won", "lost"}:
        missing.append("the stage or the status")
    if not places.keys() & {"closed_at", "won_at", "lost_at"}:
        missing.append("the day it closed")
    if missing:
        raise DataError(
            f"{file} doesn't hold {listed(missing)} of each deal under a name that exports of {crm} have; the columns "
            f"found are: {listed(heading, _MAX_SHOWN)}."
        )
    return places


def stage_columns(heading: Sequence[str]) -> dict[int, str]:
    """Number of a column -> the stage that it says when a deal entered, as HubSpot exports it."""
    found = {number: _ENTERED.match(name.strip()) for number, name in enumerate(heading)}
    return {number: match["stage"].strip() for number, match in found.items() if match}


def _places(heading: Sequence[str], crm: Crm) -> dict[str, int]:
    keys: dict[str, int] = {}
    for at, heading_name in enumerate(heading):
        keys.setdefault(key_of(heading_name), at)
    places: dict[str, int] = {}
    for field, names in _COLUMNS[crm].items():
        number = next((keys[name] for name in names.split("|") if name in keys), None)
        if number is not None:
            places[field] = number
    return places
