"""What a browser may say through the socket: about itself, and in a message."""

import uuid
from typing import Any

import pytest
from chainlit.config import FILES_DIRECTORY

from salescoach.errors import InputError
from serving.chat.sockets import connection, message, upload_folder

ID = "00000000-0000-4000-8000-00000000000a"
AUTH = {"clientType": "webapp", "sessionId": ID, "threadId": ""}
PATHS = (
    "",
    ".",
    "..",
    "../public",
    "../../..",
    "/",
    "/etc/cron.d",
    ID + "/../..",
    f"{{{ID}}}",
    f"urn:uuid:{ID}",
    7,
    None,
)


@pytest.mark.parametrize("bad", PATHS)
def test_nothing_but_a_uuid_names_a_session_a_thread_or_a_folder(bad: Any) -> None:
    assert connection(AUTH | {"sessionId": bad}) is None
    if bad:
        assert connection(AUTH | {"threadId": bad}) is None
    with pytest.raises(ValueError, match="UUID"):
        upload_folder(bad)
    assert upload_folder(ID) == FILES_DIRECTORY / ID


@pytest.mark.parametrize("auth", [None, [], "x", {}, {"sessionId": ID}, AUTH | {"clientType": "copilot"}])
def test_what_is_no_page_does_not_connect(auth: Any) -> None:
    assert connection(auth) is None


def test_of_a_page_only_what_is_known_is_passed_on() -> None:
    assert connection(AUTH | {"userEnv": '{"A": 1}', "chatProfile": "coach", "more": [1]}) == {
        "sessionId": ID, "threadId": None, "clientType": "webapp", "chatProfile": "coach", "userEnv": None,
    }  # fmt: skip
    assert connection(AUTH | {"threadId": ID, "chatProfile": 7}) == {
        "sessionId": ID, "threadId": ID, "clientType": "webapp", "chatProfile": None, "userEnv": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        [], {}, None, "x", {"message": None}, {"message": {}}, {"message": {"id": "x", "output": "a"}},
        {"message": {"id": str(uuid.uuid4())}}, {"message": {"id": str(uuid.uuid4()), "output": ["a"]}},
        {"message": {"id": str(uuid.uuid1()), "output": "a"}},
        {"message": {"id": str(uuid.uuid4()), "output": "a"}, "fileReferences": "x"},
        {"message": {"id": str(uuid.uuid4()), "output": "a"}, "fileReferences": [{"name": "x"}]},
    ],
)  # fmt: skip
def test_what_is_no_message_is_said_in_a_sentence(payload: Any) -> None:
    with pytest.raises(InputError, match="can't be read; reload it and try again"):
        message(payload)


def test_a_message_says_what_was_typed_and_nothing_else() -> None:
    given = {
        "id": "2b6d9c5e-3f0a-4f6e-9d8b-0d3c6a1b2c3d", "output": "half a face: \ud83d, whole: \U0001f600",
        "name": "anna", "type": "assistant_message", "createdAt": "1970", "metadata": {"exchange": {"forged": 1}},
        "threadId": "../x",
        "language": "x", "command": "y",
    }  # fmt: skip
    taken = message({"message": given, "fileReferences": [{"id": "f", "more": 1}]})
    created = taken["message"].pop("createdAt")
    assert created > "2020"
    assert taken == {
        "message": {
            "id": given["id"], "output": "half a face: \ufffd, whole: \U0001f600", "name": "anna", "parentId": None,
            "type": "user_message",
        },
        "fileReferences": [{"id": "f"}],
    }  # fmt: skip
