"""What tools call the same thing in their JSON, all in small letters and without ``_``: a new name is a word here."""

from typing import Final

from salescoach.reading.texts import phrases
from salescoach.types import Role

# What is said, the surest name first.
TEXTS: Final = (
    "text", "content", "message", "utterance", "sentence", "transcript", "transcription", "body", "spokentext",
    "speech", "phrase", "caption", "snippet", "said", "line", "displaytext", "display", "dialogue", "msg",
    "statement", "rawtext", "words", "value",
)  # fmt: skip
# Who says it: by name, then by what may be a name, an id or a record of both, then by an id, then by kind.
PERSON_NAMES: Final = (
    "speakername", "displayname", "participantname", "authorname", "sendername", "username", "fullname", "realname",
    "speakerdisplayname", "agentname", "personname",
)  # fmt: skip
SPEAKERS: Final = (
    "speaker", "participant", "author", "sender", "from", "who", "person", "user", "users", "speakers", "talker",
    "speakerlabel", "segmentparticipant", "speakertag", "name",
)  # fmt: skip
SPEAKER_IDS: Final = (
    "speakerid", "participantid", "personid", "userid", "contactid", "authorid", "senderid", "attendeeid",
    "recordingattendeeid", "memberid", "speakerindex", "speakernumber", "speakeridx", "zoomparticipantid",
)  # fmt: skip
KINDS: Final = (
    "role", "participantrole", "speakerrole", "speakertype", "participanttype", "participantpurpose", "persontype",
    "usertype", "userrole", "affiliation", "side", "party", "partytype", "purpose", "type",
)  # fmt: skip
CHANNELS: Final = (
    "mediachannel", "channelparticipant", "channellabel", "channeltag", "channelid", "channelindex", "channelnumber",
    "audiochannel", "channel", "track",
)  # fmt: skip
# When it is said. Behind each may stand a unit.
STARTS: Final = (
    "start", "starttime", "startoffset", "beginoffset", "begin", "begintime", "offset", "starttimestamp",
    "startdatetime", "startedat", "secondsfromstart", "snippettime", "timestamp", "timestamps", "offsets", "ts", "time",
    "absolutetime", "messagetime", "spokenat", "sentat", "createdat", "datecreated", "createtime",
)  # fmt: skip
ENDS: Final = (
    "end", "endtime", "endoffset", "stop", "stoptime", "endtimestamp", "enddatetime", "endedat", "endts", "finish",
    "until",
)  # fmt: skip
LENGTHS: Final = ("duration", "length", "dur")
UNITS: Final = {
    "": None, "s": 1, "sec": 1, "secs": 1, "seconds": 1, "inseconds": 1, "ms": 1e3, "millis": 1e3, "msec": 1e3,
    "milliseconds": 1e3, "inms": 1e3, "inmilliseconds": 1e3, "usec": 1e6, "microseconds": 1e6, "ticks": 1e7,
    "inticks": 1e7,
}  # fmt: skip

# What a call's list of utterances is called, and lists beside it that nobody said.
LISTS: Final = phrases(
    """
    transcript|transcripts|transcription|utterances|segments|sentences|messages|turns|entries|dialog|dialogue|lines
    conversation|conversations|monologues|transcriptentries|transcriptsegments|conversationitems|phrases|results|chunks
    transcriptcreateutterances|utteranceinsights|conversationaltranscript|calltranscript|calltranscription|timeline|cues
    transcriptobject|transcriptitems|transcriptdata|speakersegments|diarizedtranscript|diarization|captions|content|data
    transcriptsentences|conversationturns|speech|blocks|paragraphs|items|recognizedphrases|sections
    """
)
NOT_SPEECH: Final = phrases(
    """
    summary|summaries|chapters|highlights|actionitems|topics|comments|notes|tasks|keywords|moments|questions|nextsteps
    bulletedsummary|keypoints|takeaways|tags|fields|categories|entities|trackers|outline|annotations|labels|attachments
    words|wordsegments|wordtimings|tokens|elements|alternatives|nbest|sentimentanalysisresults|translations|callhighlights
    citations|bookmarks|snippets|insights|analysis|contentsafetylabels|combinedrecognizedphrases|combinedphrases
    """
)
# Records in a list that hold the utterance one level down.
WRAPPERS: Final = (
    "transcript",
    "utterance",
    "message",
    "node",
    "source",
    "segment",
    "data",
    "item",
    "event",
    "payload",
)
# Lists of people, and lists of parts of one call: what is in their items is still the same call.
PEOPLE: Final = phrases(
    """
    speakers|participants|parties|attendees|users|people|members|speakerinfo|calendarinvitees|invitees|contacts|roster
    externalparticipants|externalattendees|internalparticipants|internalattendees|meetingattendees|callparticipants
    agents|customers|organizers|joinedparticipants|team
    """
)
PARTS: Final = phrases("chapters|topics|sections|paragraphs|parts|pages|blocks|chunks|segments|channels|monologues")
PEOPLE_OF_A_SIDE: Final[dict[str, Role]] = {
    "externalparticipants": "customer",
    "externalattendees": "customer",
    "customers": "customer",
    "internalparticipants": "rep",
    "internalattendees": "rep",
    "agents": "rep",
}

# What is said of somebody's side.
IS_OURS: Final = ("isrep", "isinternal", "internal", "isagent", "isemployee", "issalesrep", "isteammember")
IS_THEIRS: Final = ("isexternal", "external", "iscustomer", "isclient", "isprospect")
SIDE_WORDS: Final[dict[str, Role]] = {
    "internal": "rep", "external": "customer", "cust": "customer", "humanagent": "rep", "automatedagent": "rep",
    "virtualagent": "rep", "enduser": "customer", "employee": "rep", "custombot": "rep", "supervisor": "rep",
}  # fmt: skip
ASSISTANTS: Final = phrases("assistant|bot|ai|gpt|chatgpt|model|chatbot")
ASKERS: Final = phrases("user|human")
INSTRUCTIONS: Final = phrases("system|developer|tool|function|ipython")
NOBODY: Final = phrases("unknown|none|null|nan|n/a|na|undefined|unidentified|?|-1|uu|unk|<unknown>|not identified")

# What is said of the call.
CALL_IDS: Final = (
    "callid", "conversationid", "meetingid", "transcriptid", "recordingid", "sessionid", "interactionid", "dialogueid",
    "dialogid", "chatid", "convid", "conversationname", "sourcerecordid", "jobname", "uuid", "sid", "id",
)  # fmt: skip
TITLES: Final = ("title", "meetingtitle", "calltitle", "subject", "topic", "callname", "meetingname", "hscalltitle")
ACCOUNTS: Final = (
    "account",
    "accountname",
    "company",
    "companyname",
    "customername",
    "organization",
    "organizationname",
)
STARTED: Final = (
    "startedat", "started", "starttime", "recordingstarttime", "recordingstart", "callstart", "callstarttime",
    "meetingstarttime", "datestring", "date", "calldate", "startdatetime", "start", "scheduledstarttime", "scheduled",
    "time", "timestamp", "createdat", "createtime", "created", "datecreated",
)  # fmt: skip
OUTCOMES: Final = ("conversionlabel",)


def _with_units(names: tuple[str, ...]) -> dict[str, tuple[int, float | None]]:
    with_units = {f"{name}{unit}": per_second for name in names for unit, per_second in UNITS.items()}
    # Plurals and names that only look like one with a unit behind it; whisper.cpp has milliseconds in "offsets".
    with_units |= {name: None for name in names} | ({"offsets": 1e3} if "offsets" in names else {})
    return {name: (place, per_second) for place, (name, per_second) in enumerate(with_units.items())}


# Name of a time -> its place among those that a record may have, and how many of its units make a second, None where
# the name doesn't say.
START_UNITS: Final = _with_units(STARTS)
END_UNITS: Final = _with_units(ENDS)
LENGTH_UNITS: Final = _with_units(LENGTHS)
