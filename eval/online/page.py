"""The page "Did it come true?": what the figures mean first, then tables and pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eval.online.figures import drawings
from eval.online.results import CameTrue, JudgedGroup, OutcomeEstimate, SaidBin, WatchedStream
from eval.report_page import ReportAnswer, ReportPage, Section, Table, Tone, write_page
from salescoach.stats.measures import Measure

MIN_TO_JUDGE: Final = 50  # calls; of fewer, nothing is said in words
FOOTNOTE: Final = (
    "In brackets: 95 % intervals that count accounts, as calls of one account are not independent. Only the first "
    "score of each call counts, and only if it was noted before the deal ended. This page holds no text of any call "
    "and loads nothing from elsewhere."
)
ALARMS_ARE_WRONG: Final = (
    "Of all alarms about outcomes together, at most one is false in twenty times 2,000 looks; so it is of those about "
    "incoming calls, as far as calls come independently (docs/monitoring.md has the simulations)."
)


def write_report(file: Path, found: CameTrue, command: str) -> None:
    """Writes the page to ``file``, ending in .html, and the JSON beside it."""
    said, tone = headline(found)
    page = ReportPage(
        title="Did it come true?",
        kicker=f"Did it come true? {found.as_of}: {found.n:,} scores with an outcome, {found.pending:,} without one",
        headline=said,
        tone=tone,
        answers=answers(found),
        sections=sections(found),
        facts=[
            ("Command", command),
            ("Looked at", found.as_of),
            ("Judged", f"{found.n:,} calls of {found.accounts:,} accounts"),
            ("Not judged", not_judged(found)),
        ],
        footnote=FOOTNOTE,
    )
    write_page(file, page, drawings(found), found.model_dump(mode="json"))


def headline(found: CameTrue) -> tuple[str, Tone]:
    """Whether scores can be trusted by what happened, in a sentence."""
    if found.alarms:
        n = len(found.alarms)
        return f"{n} alarm{'s' if n > 1 else ''}: something has changed.", "bad"
    if found.n < MIN_TO_JUDGE or found.brier_ci is None or found.brier_base is None or found.rate is None:
        return f"Too early to say: {found.n:,} scores have an outcome, {MIN_TO_JUDGE} are needed.", "open"
    if found.brier_ci[1] < found.brier_base:
        return "It comes true: scores tell more than the base rate.", "good"
    if found.brier_ci[0] > found.brier_base:
        return "It does not come true: the base rate alone would have told more.", "bad"
    return "It is not shown yet that scores tell more than the base rate.", "open"


def answers(found: CameTrue) -> list[ReportAnswer]:
    """The questions of the first screen."""
    shown = [ReportAnswer("Do probabilities mean what they say?", _calibration(found))]
    shown.append(ReportAnswer("Is it better than the base rate?", _skill(found)))
    if found.estimate is not None:
        shown.append(ReportAnswer("And the calls without an outcome?", expected(found.estimate)))
    if found.time_to_outcome is not None:
        shown.append(ReportAnswer("How long do outcomes take?", _waiting(found)))
    shown.append(ReportAnswer("Has anything changed?", _changed(found)))
    return shown


def sections(found: CameTrue) -> list[Section]:
    """All that is known, alarms first."""
    parts = []
    if found.alarms:
        rows = [[one.since, one.noticed, one.kind, one.text] for one in found.alarms]
        parts.append(Section("Alarms", tables=[Table(["since", "noticed", "kind", "what"], rows)]))
    if found.n:
        parts += [_reliability(found), _brier(found), *_against(found), _over_time(found), *_by_group(found)]
    parts += [_censored(found), _watched(found)]
    return parts


def bin_sentence(one: SaidBin) -> str:
    """Such as ``of calls said 70-80 %, 14 of 19 converted``."""
    return f"of calls said {one.low:.0%}-{one.high:.0%}, {one.converted:,} of {one.n:,} converted".replace("%-", "-")


def expected(one: OutcomeEstimate) -> str:
    """An estimate in words, which says that it is one."""
    low, high = one.converted_interval
    return (
        f"Of {one.n:,}, about {one.converted:,.0f} should convert ({low:,.0f} to {high:,.0f}), with a Brier score of "
        f"{one.brier:.3f}. {one.text}"
    )


def not_judged(found: CameTrue) -> str:
    """The scores that can't be judged, with the reasons."""
    return (
        f"{found.pending:,} without an outcome yet, {found.abstained:,} without a number, {found.late:,} scored only "
        f"after the deal had ended, {found.undated:,} whose end has no date, {found.unmatched:,} of calls that are not "
        "among the team's own"
    )


def _calibration(found: CameTrue) -> str:
    if found.said is None or found.rate is None:
        return "No outcome has come yet."
    fullest = max(found.reliability, key=lambda one: one.n)
    sentence = bin_sentence(fullest)
    return f"{found.said:.0%} was said on average, {_share(found.rate)} converted; {sentence}."


def _skill(found: CameTrue) -> str:
    if found.brier is None or found.brier_base is None:
        return "No outcome has come yet."
    ci = f" ({found.brier_ci[0]:.3f} to {found.brier_ci[1]:.3f})" if found.brier_ci else ""
    return (
        f"Brier score {found.brier:.3f}{ci}; always saying the share that converted would have had "
        f"{found.brier_base:.3f}. Lower is better."
    )


def _waiting(found: CameTrue) -> str:
    waited = found.time_to_outcome
    if waited is None or waited.median_days is None:
        return "Fewer than half of the deals have ended, so that can't be told yet."
    low, high = waited.ci
    ends = f" ({'?' if low is None else f'{low:.0f}'} to {'?' if high is None else f'{high:.0f}'})"
    ninth = "" if waited.nine_tenths_days is None else f", nine of ten within {waited.nine_tenths_days:.0f}"
    return f"Half of the deals end within {waited.median_days:.0f} days{ends} of the score{ninth}."


def _changed(found: CameTrue) -> str:
    if found.alarms:
        return " ".join(one.text for one in found.alarms[:2])
    n_watched = sum(one.statistic is not None for one in found.watched)
    if not n_watched:
        return "There are too few values yet to say how things are, so nothing is watched."
    return f"No alarm: {n_watched} of {len(found.watched)} streams have a baseline and are like it."


def _reliability(found: CameTrue) -> Section:
    rows = [
        [f"{one.low:.0%} to {one.high:.0%}", f"{one.n:,}", f"{one.converted:,}", _percent(one.said), _percent(one.rate),
         _range(one.ci)]
        for one in found.reliability
    ]  # fmt: skip
    header = ["said", "calls", "converted", "said on average", "share", "95 % interval"]
    said = "On the dotted line a probability means what it says; the bars are 95 % intervals."
    return Section("Do probabilities mean what they say?", [said], [("reliability", "")], [Table(header, rows)])


def _brier(found: CameTrue) -> Section:
    rows = [["Brier", _number(found.brier) + (f" ({_pair(found.brier_ci)})" if found.brier_ci else "")]]
    rows.append(["Brier of the base rate", _number(found.brier_base)])
    rows += [[f"Brier: {name}", str(one)] for name, one in found.parts.items()]
    if found.auc is not None:
        rows.append(["AUROC", str(found.auc)])
    if found.estimate_of_judged is not None:
        rows.append(["Brier as estimated before outcomes came", _number(found.estimate_of_judged.brier)])
    notes = [
        "Brier = reliability - resolution + uncertainty, but for the spread of probabilities inside a tenth. The base "
        "rate is that of these very calls, which nobody knew before. The estimate is what would have been shown until "
        "the outcomes came."
    ]
    return Section("How good were they?", tables=[Table(["measure", "value (95 % interval)"], rows)], notes=notes)


def _against(found: CameTrue) -> list[Section]:
    if not found.against:
        return []
    rows = [
        [one.name, f"{one.n:,}", _number(one.brier), _number(one.other), _gap(one.difference)] for one in found.against
    ]
    header = ["beside", "calls", "Brier of the coach", "of the other", "difference (95 % interval)"]
    notes = [
        "Below 0 the coach is better. Of the newest quarter only the fast outcomes have come: compare it with care."
    ]
    return [Section("Beside what else was known", tables=[Table(header, rows)], notes=notes)]


def _over_time(found: CameTrue) -> Section:
    notes = ["By the month of the score. Of the newest months only the fast outcomes have come."]
    return Section("By month", figures=[("by_month", "")], tables=[_group_table("month", found.by_month)], notes=notes)


def _by_group(found: CameTrue) -> list[Section]:
    named = (("model", found.by_model), ("industry", found.by_industry), ("type of call", found.by_type))
    tables = [_group_table(name, groups) for name, groups in named if groups]
    return [Section("By model, industry and type", tables=tables)] if tables else []


def _group_table(name: str, groups: Sequence[JudgedGroup]) -> Table:
    rows = [
        [one.name, f"{one.n:,}", f"{one.converted:,}", _percent(one.said), _percent(one.rate), _range(one.ci),
         str(one.brier), _number(one.brier_base)]
        for one in groups
    ]  # fmt: skip
    return Table([name, "calls", "converted", "said", "share", "95 %", "Brier (95 %)", "base rate's"], rows)


def _censored(found: CameTrue) -> Section:
    full, waited = found.follow_up, found.time_to_outcome
    said = [
        f"{full.n:,} calls were scored at least {full.days} days ago: {full.converted:,} converted, {full.lost:,} "
        f"lost, {full.open:,} without an outcome until now. Slow outcomes distort these figures least."
    ]
    if full.said is not None and full.rate is not None and full.brier is not None:
        said.append(f"Of them {_percent(full.said)} was said, {_share(full.rate)} converted; Brier {full.brier}.")
    if waited is not None:
        said.append(_waiting(found))
    shown = [("waiting", "Still open")] if waited is not None else []
    return Section(
        "Calls without an outcome yet",
        said,
        shown,
        notes=["The curve is Kaplan and Meier's: calls without an outcome count as open for as long as is known."],
    )


def _watched(found: CameTrue) -> Section:
    rows = [_watched_row(one) for one in found.watched]
    header = ["watched", "values", "baseline", "then", "lately", "statistic", "alarm from"]
    return Section("What is watched", tables=[Table(header, rows)], notes=[ALARMS_ARE_WRONG])


def _watched_row(one: WatchedStream) -> list[str]:
    if one.before is None or one.statistic is None:
        return [one.what, f"{one.n:,}", f"needs {one.n_baseline:,}", "", "", "", ""]
    now = "" if one.now is None else f"{one.now:.3g}"
    return [
        one.what, f"{one.n:,}", f"{one.n_baseline:,}", f"{one.before:.3g}", now, f"{one.statistic:.1f}",
        f"{one.threshold:.1f}",
    ]  # fmt: skip


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _share(one: Measure) -> str:
    return f"{one.value:.0%}" + (f" ({one.ci[0]:.0%} to {one.ci[1]:.0%})" if one.ci else "")


def _range(ci: tuple[float, float] | None) -> str:
    return "" if ci is None else f"{ci[0]:.0%} to {ci[1]:.0%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _pair(ci: tuple[float, float]) -> str:
    return f"{ci[0]:.3f} to {ci[1]:.3f}"


def _gap(one: Measure) -> str:
    return f"{one.value:+.3f}" + (f" ({one.ci[0]:+.3f} to {one.ci[1]:+.3f})" if one.ci else "")
