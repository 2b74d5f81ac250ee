"""Claims in words that no number stands behind: how a deal ends, what people felt, what they are like."""

import re
from collections.abc import Iterator

_ENDS = (
    r"(?:convert|close|sign|buy|purchase|win|be won|be lost|go through|say yes|commit|order|fail|walk away|be signed)"
)
_MAYBE = re.compile(
    r"\b(?:if|whether|unless|how|would|could|might|may|can't|cannot|can not|don't|doesn't|no one|nobody|nothing|never|"
    r"not a (?:promise|verdict)|neither|ask|asks|asked|question|suppose|rather than|instead of|than|expect\w*)\b|\?",
    re.IGNORECASE,
)
_VERDICT = re.compile(
    r"\b(?:this|your|the current)\s+(?:deal|call|account|customer|client|prospect|opportunity|one|sale)"
    r"(?:'s|\s+(?:is|was|has\s+been|will\s+be|looks|seems|remains|are))\s+(?:\w+\s+){0,3}?"
    r"(?:won|lost|closed|dead|done|signed|converted|sold|in the bag|over|secured|doomed|finished|a sure thing"
    r"|a done deal|"
    r"a win|a loss)\b"
    r"|\b(?:in the bag|done deal|slam dunk|sure thing|dead deal|lost cause|foregone conclusion|no[- ]brainer|home run|"
    r"as good as (?:won|lost|signed|closed|done)|sealed the deal|deal is sealed|guarantee[ds]?|100 ?% sure"
    r"|rest assured)\b"
    r"|\b(?:the\s+deal|it)\s+(?:is|was|has\s+been|'s)\s+(?:\w+\s+)?(?:won|lost|dead|signed|sealed|closed)\b"
    r"|\bcongratulations\b.{0,40}\b(?:win|won|deal|close)",
    re.IGNORECASE,
)
_WILL_END = re.compile(
    rf"\b(?:they|he|she|it|customers?|client|buyer|prospect|deal|call|you|account|this)(?:'ll|\s+(?:will|shall|won't"
    rf"|is going to|are going to|is about"
    rf" to|are about to|is set to|are set to|is bound to|is sure to|is certain to|are certain to|are sure to"
    rf"|are bound to|is destined to))"
    rf"\s+(?:not\s+|definitely\s+|certainly\s+|surely\s+|probably\s+|almost\s+|never\s+|soon\s+"
    rf"|\w+ly\s+){{0,2}}{_ENDS}\b",
    re.IGNORECASE,
)
_COMMITMENT = re.compile(
    r"\b(?:customer|client|buyer|prospect|they|he|she)\s+(?:has\s+|have\s+|had\s+|is\s+|are\s+|was\s+"
    r"|were\s+)?(?:\w+ly\s+|all\s+|now\s+)?"
    r"(?:agreed|promised|committed|decided|ready|willing|prepared|happy|eager|set|about|keen|confirmed|vowed)\s+"
    r"(?:(?:that\s+)?(?:they|he|she)\s+(?:will|would|'ll)\s+|to\s+)(?:\w+ly\s+)?(?:sign|buy|purchase|close|pay"
    r"|convert|order|go ahead|move forward)\b"
    r"|\b(?:customer|client|buyer|prospect|they)\s+(?:has\s+|have\s+)?(?:already\s+|just\s+)?(?:signed|bought"
    r"|purchased|paid|said yes|"
    r"accepted (?:the|your) (?:offer|price|proposal)|approved the (?:budget|deal|purchase|contract)|rejected (?:the"
    r"|your) (?:offer|proposal))\b",
    re.IGNORECASE,
)
_DEGREES = (
    re.compile(r"\b(?:almost|nearly|virtually|practically|quite|absolutely|100 ?%)?\s*(?:certain|sure|guaranteed"
        r"|bound|inevitable)\s+"
                rf"(?:to\s+{_ENDS}|that\b)|\b(?:certainty|undoubtedly|without (?:a )?doubt|no doubt|definitely"
                rf"|surely|certainly)\b"
                rf"(?=.{{0,40}}\b(?:{_ENDS}|win|deal)\b)", re.IGNORECASE),
    re.compile(rf"\b(?:impossible|no (?:way|chance|hope)|zero chance|hopeless)\b(?=.{{0,40}}\b(?:{_ENDS}|deal|call"
        rf"|this)\b)", re.IGNORECASE),
    re.compile(r"\b(?:very|highly|extremely|overwhelmingly|most|really|super) (?:likely|probable)\b"
                r"|\b(?:excellent|very good|great|high|strong) (?:chances?|odds|probability"
                r"|likelihood)\b", re.IGNORECASE),
    re.compile(r"\b(?:very|highly|extremely|most) (?:unlikely|improbable)\b"
                r"|\b(?:slim|tiny|remote|poor|low|little|minimal) (?:chances?|odds|probability"
                r"|likelihood)\b", re.IGNORECASE),
    re.compile(r"(?<!how )(?<!more )(?<!less )(?<!as )(?<!% )(?<!percent )(?<!times )(?<!most )(?<!very )(?<!highly "
        r")(?<!equally )(?<!is it )"
                rf"\b(?:likely|probable)\b(?=\s+(?:to\s+{_ENDS}|that\b))|\bprobably\b(?=\s+{_ENDS}\b)"
                rf"|\bwill\s+(?:probably|likely)\s+{_ENDS}\b|\b(?:good|better than even) (?:chances?"
                rf"|odds)\b", re.IGNORECASE),
    re.compile(rf"(?<!very )(?<!highly )(?<!less )(?<!more )\b(?:unlikely|improbable)\b(?=\s+(?:to\s+{_ENDS}"
        rf"|that\b))", re.IGNORECASE),
)  # fmt: skip
_FEELING = re.compile(
    r"\b(?:rep|reps|you|seller|agent|employee|customer|client|prospect|buyer|he|she|they)\s+(?:was|were|is|are"
    r"|seemed|seems|sounded|sounds|"
    r"felt|feels|looked|looks|appeared|appears|got|became|grew)\s+(?:to\s+be\s+)?(?:\w+ly\s+|very\s+|a\s+bit\s+"
    r"|quite\s+|somewhat\s+)?"
    r"(?:angry|sad|nervous|anxious|happy|upset|annoyed|irritated|frustrated|afraid|scared|excited|enthusiastic|bored"
    r"|depressed|"
    r"stressed|furious|insecure|unhappy|delighted|thrilled|tense|hostile|emotional|desperate|worried|confident|impatient"
    r"|reluctant|disappointed|relieved|embarrassed|jealous|proud|ashamed|offended|resentful)\b",
    re.IGNORECASE,
)
_PERSON = r"(?:rep|reps|you|seller|salesperson|agent|employee|customer|client|prospect|buyer|he|she|they|[A-Z][a-z]+)"
_QUALITY = (
    r"(?:rude|pushy|lazy|unprepared|incompetent|competent|dishonest|honest|arrogant|impolite|polite|aggressive|passive"
    r"|careless|clumsy|stupid|smart|clever|brilliant|talented|gifted|skilled|unskilled|inexperienced|unprofessional"
    r"|professional|difficult|unreasonable|stubborn|naive|greedy|manipulative|sloppy|weak|strong|bad|good|great|poor"
    r"|terrible|excellent|awful|useless|hopeless|charming|likeable|unlikeable|trustworthy|untrustworthy|patronising"
    r"|patronizing|condescending|inattentive|a natural|amateurish)"
)
_JUDGEMENT = re.compile(
    rf"\b{_PERSON}\s+(?:(?:is|was|are|were|seems?|seemed|looks?|looked|comes? across as|came across as)\s+)"
    rf"(?:(?:\w+ly|very|too|a bit|quite|rather|so|not|an?)\s+){{0,3}}{_QUALITY}\b"
    rf"|\b{_PERSON}\s+(?:(?:doesn't|didn't|don't|does not|did not|never|can't|cannot)\s+listen(?:s|ed)?|lied|lies"
    rf"|cheated|misled|bullied|(?:needs?|requires?)\s+(?:re)?(?:training|replacing|coaching)"
    rf"|(?:should|must|ought to)\s+be\s+(?:replaced|fired|dismissed|promoted|retrained|disciplined|let go))\b"
    rf"|\b(?:did|does|doing)\s+an?\s+(?:\w+ly\s+)?{_QUALITY}\s+job\b"
    rf"|\b{_QUALITY}\s+(?:rep|reps|closer|listener|seller|salesperson|negotiator|communicator|person|buyer)\b"
    r"|\b(?:best|worst|top|weakest|strongest)\s+(?:rep|reps|seller|closer|performer)\b",
)
_SHOWN = 60


def wrong_claims(sentence: str, *, about_past_call: bool) -> Iterator[str]:
    """What a sentence of a language model's own says of how the deal ends, or of what somebody felt or is like.

    Args:
        sentence: without its quotes and markers.
        about_past_call: whether it cites a past call, whose outcome is known.
    """
    if match := _FEELING.search(sentence):
        yield f"“{match[0][:_SHOWN]}” says what somebody felt, which the coach doesn't infer"
    if match := _JUDGEMENT.search(sentence):
        yield f"“{match[0][:_SHOWN]}” judges a person, which the coach doesn't do"
    if about_past_call or _MAYBE.search(sentence):
        return
    for pattern in (_VERDICT, _WILL_END, _COMMITMENT):
        if match := pattern.search(sentence):
            yield f"“{match[0][:_SHOWN]}” is a verdict that no result gives"
    for degree in _DEGREES:
        if match := degree.search(sentence):
            yield f"“{match[0].strip()[:_SHOWN]}” is a likelihood of your own; put in the fact that has it"
