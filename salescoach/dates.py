"""Dates of calls: in UTC without a zone, as SQLite keeps none, and such as a call can have."""

from datetime import UTC, datetime, timedelta

from salescoach.errors import DataError

FIRST_YEAR = 1990  # nobody transcribed sales calls before
_MAX_AHEAD = timedelta(days=1)  # time zones, and clocks that are a little off


def naive_utc(when: datetime) -> datetime:
    """The time in UTC, without its zone; one without a zone is taken for UTC.

    Raises:
        DataError: in UTC it is beyond the calendar's edge.
    """
    if not when.tzinfo:
        return when
    try:
        return when.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise DataError(f"{when.isoformat()} can't be a date: in UTC it is outside of the calendar") from None


def check_date(when: datetime | None, name: str, *, may_be_ahead: bool = False) -> None:
    """Refuses a date that no call can have.

    Args:
        when: the date; None is fine.
        name: of the field, for the error.
        may_be_ahead: whether it may lie in the future, as simulated calls do where the clock is set back.

    Raises:
        DataError: it is before ``FIRST_YEAR`` or more than a day ahead; the sentence fits after "row 3: ".
    """
    if when is None:
        return
    try:
        known = naive_utc(when)
    except DataError as error:
        raise DataError(f"{name} can't be used: {error}") from None
    now = datetime.now(UTC).replace(tzinfo=None)
    if known.year < FIRST_YEAR:
        raise DataError(f"{name} must be in {FIRST_YEAR} or later, not {when.isoformat()}")
    if known - now > _MAX_AHEAD and not may_be_ahead:
        clock = f"this machine's clock ({now:%Y-%m-%d %H:%M} UTC)"
        raise DataError(f"{name} must not be in the future, as {when.isoformat()} is by {clock}")
