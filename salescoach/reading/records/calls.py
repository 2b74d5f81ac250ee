"""Calls in any JSON whose records say who says what, with what the records around them say of each call."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.limits import MAX_LINES
from salescoach.reading.records.cast import Cast
from salescoach.reading.records.choose import (
    around_call,
    best_lists,
    call_of_list,
    is_within_speech,
    other_lists,
    utterance_fields,
)
from salescoach.reading.records.fields import Fields, fields_of, first_text, folded
from salescoach.reading.records.forms import Form
from salescoach.reading.records.names import ACCOUNTS, CALL_IDS, OUTCOMES, STARTED, TEXTS, TITLES
from salescoach.reading.records.pieces import add_pieces
from salescoach.reading.records.speech import Utterance, pieces_of
from salescoach.reading.records.walk import Found
from salescoach.reading.texts import in_number, listed
from salescoach.reading.values import date_in, simple_values, text_in
from salescoach.types import Outcome

_IDS_IN_UTTERANCES: Final = CALL_IDS[:-3]  # an utterance has an "id" of its own
_OUTCOMES: Final[dict[str, Outcome]] = {"1": "converted", "0": "lost", "1.0": "converted", "0.0": "lost"}
_OWN: Final = frozenset((*TEXTS, *OUTCOMES))
_FIRST_YEAR: Final = 1990  # of a recording; an earlier date is a number that is none


def calls_in_records(root: Any, forms: Sequence[Form] = ()) -> list[ReadCall]:
    """The calls in a JSON value, by its best list of utterances; none where it has no such list.

    Raises:
        TranscriptError: a call has no words, or a limit is exceeded.
    """
    per_call: dict[tuple[int, ...], list[Found]] = defaultdict(list)
    for found in best_lists(root):
        per_call[call_of_list(found)].append(found)
    n_shared = _n_shared([lists[0] for lists in per_call.values()])
    calls = [call for lists in per_call.values() for call in _calls(lists, forms, n_shared)]
    if per_call and not calls:
        raise TranscriptError("There is no speech in this JSON, whose records hold no words; export the call again.")
    warnings = _warnings_of_others([lists[0] for lists in per_call.values()], root, len(calls))
    for call in calls:
        call.warnings += warnings
    return calls


def _warnings_of_others(firsts: Sequence[Found], root: Any, n_calls: int) -> list[str]:
    """What is said of records beside the calls that have no words, and of other lists with speech."""
    warnings = []
    items = [one for one in around_call(firsts[0]) if one.in_list is not None] if firsts else []
    is_flat = sum(one.in_list is not None for one in firsts[0].around) == 1 if firsts else False
    if items and is_flat and (n := items[-1].n_beside - n_calls) > 0:
        more = in_number(n, "1 more record", f"{n} more records")
        warnings.append(f"The file has {more} without words, which can't be read.")
    if names := other_lists(root):
        lists = in_number(len(names), "list", "lists")
        warnings.append(
            f"The file has words in the {lists} {listed(f'“{name}”' for name in names)} too, which were left out."
        )
    return warnings


def call_of(records: Iterable[Mapping[str, Any]]) -> ReadCall:
    """A call without turns, with what the records around them say of it, the nearest first."""
    call = ReadCall()
    for record in records:
        fields = fields_of(record)
        call.call_id = call.call_id or first_text(fields, CALL_IDS) or None
        call.title = call.title or first_text(fields, TITLES) or None
        call.account = call.account or _name_in(fields, ACCOUNTS) or None
        dates = (date for name in STARTED if text_in(fields.get(name)) and (date := date_in(fields[name])))
        call.started_at = call.started_at or next((date for date in dates if date.year > _FIRST_YEAR), None)
        call.outcome = call.outcome or _OUTCOMES.get(first_text(fields, OUTCOMES))
        others = {name: value for name, value in record.items() if folded(str(name)) not in _OWN}
        call.metadata = {**simple_values(others, without=frozenset()), **call.metadata}
    told = (call.call_id, call.title, call.account)
    call.metadata = {str(name): text for name, text in call.metadata.items() if text not in told}
    return call


def _n_shared(firsts: Sequence[Found]) -> int:
    """How many of the outermost records are around several calls and say nothing about one of them."""
    if len(firsts) < 2:
        return 0
    return next((n for n, one in enumerate(firsts[0].around) if one.in_list is not None), len(firsts[0].around))


def _calls(lists: Sequence[Found], forms: Sequence[Form], n_shared: int) -> list[ReadCall]:
    """The call of some lists, or the calls, where each utterance names its own."""
    form = next((form for form in forms if _fits(form, lists[0])), None)
    cast = Cast([one.record for one in reversed(lists[0].around)])
    known = [one.record for one in reversed(around_call(lists[0])[n_shared:])]
    calls: list[ReadCall] = []
    for call_id, utterances in _per_call(lists).items():
        call = call_of(known)
        call.call_id = call_id or call.call_id
        call.participants = cast.participants
        call.format = form.name if form else ""
        pieces, warnings = pieces_of(utterances, cast, form)
        if not pieces:
            continue
        call.warnings += warnings
        add_pieces(call, pieces, cast, form.per_second if form else None, is_sorted=len(lists) == 1)
        calls.append(call)
    return calls


def _per_call(lists: Sequence[Found]) -> dict[str, list[Utterance]]:
    """Id of a call -> its utterances, where all of them name theirs; else all of them under none.

    Raises:
        TranscriptError: there are too many.
    """
    per_call: dict[str, list[Utterance]] = defaultdict(list)
    for found in lists:
        above = found.around[-1].record if is_within_speech(found) else None
        for record in found.records:
            fields = utterance_fields(record)
            per_call[first_text(fields, _IDS_IN_UTTERANCES)].append((fields, above))
        per_call[next(reversed(per_call))] += [({}, None)] * found.n_others  # such as null, which says nothing
    n_all = sum(map(len, per_call.values()))
    if n_all > MAX_LINES:
        raise TranscriptError(f"The file has more than {MAX_LINES:,} records of speech; split it into single calls.")
    if "" not in per_call and 2 * len(per_call) <= n_all + 1:  # else each utterance has an id of its own
        return per_call
    return {"": [one for utterances in per_call.values() for one in utterances]}


def _fits(form: Form, found: Found) -> bool:
    return found.name in form.lists and form.has <= utterance_fields(found.records[0]).keys()


def _name_in(fields: Fields, names: Iterable[str]) -> str:
    values = (fields.get(name) for name in names)
    found = (text_in(value.get("name")) if isinstance(value, dict) else text_in(value) for value in values)
    return next((text for text in found if text), "")
