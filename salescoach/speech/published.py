"""What has been published about call metrics, with source, number of calls, year, and what speaks against it.

All are correlations among the customers of software vendors, mostly business software sold by phone or video in the
United States, mostly between 2016 and 2020. None has been checked by us, none is a rule for one call, and several
contradict each other; where a team has calls of its own, those come first.
"""

from typing import Final

from salescoach.types import PublishedFigure

_GONG_2016 = "25,537 calls of 17 companies"

_TALK_RATIO: Final = (
    PublishedFigure(
        finding="The calls that closed best had about 43 % of the speaking time with the rep; the average rep "
        "spoke for 65 to 75 %.",
        n=_GONG_2016,
        year=2016,
        calls="business software",
        tier="primary",
        source="Gong, https://www.gong.io/resources/labs/talk-to-listen-conversion-ratio/",
        caveat="In 328 demo meetings the rep spoke for 60 to 70 %, in discovery for 40 to 60 % (Demodesk, secondary).",
    ),
    PublishedFigure(
        finding="The average was 60 %, in lost deals 62 %.",
        n="326,000 calls",
        year=None,
        calls="customers of Gong",
        tier="secondary",
        source="Hyperbound, https://hyperbound.ai/blog/talk-listen-ratio-sales-deals",
        caveat="Another page gives 46 % for won and 72 % for lost deals of what it says are the same calls "
        "(https://getgangly.com/blog/how-to-win-sales-calls, weak): both can't be right.",
    ),
)

PUBLISHED: Final[dict[str, tuple[PublishedFigure, ...]]] = {
    "talk_ratio_seconds": _TALK_RATIO,
    "talk_ratio_words": tuple(
        figure.model_copy(update={"caveat": f"Measured in seconds, not in words. {figure.caveat}".strip()})
        for figure in _TALK_RATIO
    ),
    "rep_questions": (
        PublishedFigure(
            finding="Discovery calls with 11 to 14 questions of the rep did best (74 %), those with 1 to 6 worst "
            "(46 %), those with 15 to 18 again less well (67 %).",
            n="519,000 discovery calls",
            year=None,
            calls="discovery calls of customers of Gong",
            tier="primary",
            source="Gong's slides, https://www.slideshare.net/slideshow/"
            "navigating-sales-conversations-from-first-call-to-closed-deal/105791822",
            caveat="Read off a chart whose bins had to be inferred; says nothing about demos and closing calls.",
        ),
    ),
    "longest_monologue_seconds": (
        PublishedFigure(
            finding="In successful demos the rep's longest stretch was at most 76 s.",
            n="67,149 demos",
            year=2017,
            calls="demos of business software",
            tier="secondary",
            source="greatdemo.blogspot.com (2018), after Gong",
        ),
    ),
    "longest_customer_story_seconds": (
        PublishedFigure(
            finding="Calls in which the customer told something for about 4 min nearly uninterrupted were won more "
            "often; with at most 50 s, less often than average.",
            n="257,967 calls of 43 min on average",
            year=None,
            calls="customers of Gong",
            tier="primary",
            source="Gong's infographic, https://lemonly.com/work/winning-sales-conversations-infographic",
        ),
    ),
    "patience_seconds": (
        PublishedFigure(
            finding="After an objection the best reps waited about 1.5 s, others about 0.3 s.",
            n="67,149 demos",
            year=2017,
            calls="demos of business software",
            tier="secondary",
            source="breakintotechsales.com, after Gong",
            caveat="After objections only; a vendor's default for all pauses is about 1 s (feelgoodaboutselling.com, "
            "secondary).",
        ),
    ),
    "speech_rate_wpm": (
        PublishedFigure(
            finding="Reps spoke 173 words per minute on average, and 188 when an objection unsettled them.",
            n="67,149 demos",
            year=2017,
            calls="demos of business software",
            tier="secondary",
            source="cuepitch.com, after Gong",
        ),
    ),
    "price_mentions": (
        PublishedFigure(
            finding="Calls with 3 or 4 mentions of the price did best; fewer and more went with less success.",
            n=_GONG_2016,
            year=2016,
            calls="business software",
            tier="secondary",
            source="CrankWheel and thinkgrowth.org, after Gong and HubSpot",
            caveat="How a mention was counted isn't told, so the count here may be another one.",
        ),
    ),
    "first_price_mention_minutes": (
        PublishedFigure(
            finding="The best reps spoke of the price 40 to 49 min into the call.",
            n=_GONG_2016,
            year=2016,
            calls="business software, calls of an hour or so",
            tier="secondary",
            source="CrankWheel and thinkgrowth.org, after Gong and HubSpot",
            caveat="38 to 46 min is told as well (weak).",
        ),
    ),
    "competitor_mentions": (
        PublishedFigure(
            finding="Won discovery calls had 5 to 6 mentions of competitors, lost ones 3.",
            n="5,000,000 calls of 300 companies",
            year=2020,
            calls="discovery calls, business software",
            tier="secondary",
            source="Chorus, https://www.cxtoday.com/?p=24477",
            caveat="Counted by name; the count here is of the customer's turns about another offer, named or not.",
        ),
    ),
    "first_competitor_mention_share": (
        PublishedFigure(
            finding="Where a competitor was spoken of early, 49 % more calls converted; in the middle or late, "
            "slightly fewer.",
            n="257,967 calls",
            year=None,
            calls="customers of Gong",
            tier="primary",
            source="Gong's infographic, https://lemonly.com/work/winning-sales-conversations-infographic",
        ),
    ),
    "next_step": (
        PublishedFigure(
            finding="Winning demos spent 12.7 % more time on next steps at their end.",
            n="67,149 demos",
            year=2017,
            calls="demos of business software",
            tier="secondary",
            source="https://www.kdnuggets.com/2017/09/gongio-9-elements-deal-closing-sales-demos.html",
            caveat="Time, not whether there was one. The fastest deals spent 53 % more time on it in the first meeting "
            "(28,833 deals, woodmanagementconsulting.com, secondary).",
        ),
    ),
}
