"""Words by which it is told what was said of days, prices, numbers and promises. English only."""

import re
from typing import Final

YES: Final = re.compile(
    r"\b(?:yes|yeah|yep|ya|aye|okay|ok|sure|fine|alright|all right|good|great|right|works|agreed|(?:i|we"
    r"|he|she|they)['\u2019]?ll|i can|do that|put it in)\b",
    re.I,
)
# Whether anything near says when; wider than the days and times that are quoted.
SOON: Final = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tonight|tomorrow|morning|afternoon|evening"
    r"|noon|week|weekend|month"
    r"|(?:by|at|before|after|until|till) (?:the )?(?:one|two|three|four|five|six|seven|eight|nine|ten"
    r"|eleven|twelve|half|lunch|"
    r"dinner)|january|february|march|april|june|july|august|september|october|november|december|\w+teenth|twent\w+|"
    r"(?:fir|seco|thi|four|fif|six|seven|eigh|nin|ten|eleven|twelf)(?:st|nd|rd|th))\b|\d",
    re.I,
)
TAKES_AWAY: Final = re.compile(
    r"\b(?:i['\u2019]?ll|i will|i['\u2019]?d have to|i have to|i['\u2019]?d need to|let me|i can"
    r"|i['\u2019]?m going to) (?:\w+ ){0,2}?"
    r"(?:check|find out|ask|look (?:it|that|this) up|look at (?:it|that|this)|look into|get back to you"
    r"|confirm)\b(?! you\b| your\b)",
    re.I,
)
# What a customer says who wants something else than what was just promised.
OTHERWISE: Final = re.compile(r"\b(?:first|instead|rather|no|not|dont)\b|n['\u2019]t\b", re.I)
PROMISES: Final = re.compile(
    r"\b(?:i['\u2019]?ll|i will|i['\u2019]?m going to) (?:\w+ ){0,2}?(?:send|email|mail|call|ring|text"
    r"|bring|get you|write|put|ask|check|draft|"
    r"drop|post|book|talk to|speak to|find out|look into)\b|\bi['\u2019]?m (?:sending|calling|emailing"
    r"|bringing|posting|booking)\b"
    r"|\byou['\u2019]?ll (?:have|get) (?:it|the|a|that|both|them|an)\b",
    re.I,
)
LONG_WORD: Final = re.compile(r"[^\W\d_]{5,}")
COMMON: Final = frozenset(
    "about after again could going other right still thing think there these would where which".split()
)
ASKS_PRICE: Final = re.compile(
    r"\bhow much\b[^?]{0,40}\b(?:is|are|does|do|would|will|it|cost|charge|a (?:month|year|seat))\b"
    r"|\bwhat(?:['\u2019]s| is| are| does| do"
    r"| would)\b[^?]{0,40}\b(?:price|prices|pricing|cost|costs|fee|fees|charge|rate|premium)\b|\bwhat[^?]{0,20} cost",
    re.I,
)
UNITS: Final = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|twice|double"
)
NUMBER: Final = re.compile(rf"\d|\b(?:{UNITS})(?:s|th)?\b", re.I)
# What something costs: sums, hours, shares, times; a date or a clock is none.
MEASURED: Final = re.compile(
    rf"[$€£]\s?\d|\d\s?(?:%|k\b|h\b)|\b(?:\d[\d.,]{{0,15}}+|{UNITS}|half an?|couple of"
    rf"|few)[\w -]{{0,12}}?\b(?:hours?|days?|weeks?|months?|minutes?"
    r"|percent|per ?cent|dollars?|euros?|pounds?|quid|bucks|cents?|pence|grand|hundred|thousand|million"
    r"|times|people|men|women|guys|"
    r"girls|calls|orders|tonnes?|pairs?|cases|units|claims|customers|staff|points?)\b|\bevery (?:day|night"
    r"|week|time|month|morning)\b"
    r"|\ball (?:day|night|morning|afternoon|weekend)\b|\b(?:hundreds|thousands|dozens) of\b",
    re.I,
)
ASKS_NUMBER: Final = re.compile(
    r"\bhow (?:much|many|often|long|big|far)\b|\bwhat (?:does|did|do|would) (?:it|that|this"
    r"|one)\b[^?]{0,20}\bcost|\bwhat[^?]{0,12}\bcosts?\b",
    re.I,
)
TOO_PRIVATE: Final = re.compile(
    r"\b(?:died?|dead|death|dying|funeral|hospital|cancer|ill|sick|stroke|surgery|operation|widow|buried|passed away|"
    r"divorce|accident|hurt|injur\w+|depress\w+|cry|crying|grave|pain|lost (?:my|his|her|our))\b",
    re.I,
)
