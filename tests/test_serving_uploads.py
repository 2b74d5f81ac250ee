"""How much one user may leave lying in all open conversations together."""

import uuid

import pytest
from chainlit.session import WebsocketSession
from chainlit.user import User
from fastapi import HTTPException

from serving.chat import uploads
from tests.open_pages import no_page_is_left

__all__ = ["no_page_is_left"]  # fixtures


def opened(user: str) -> WebsocketSession:
    return WebsocketSession(
        id=str(uuid.uuid4()), socket_id=uuid.uuid4().hex, emit=print, emit_call=print, user_env={},
        client_type="webapp", user=User(identifier=user),
    )  # fmt: skip


async def test_many_conversations_of_one_user_take_no_more_than_their_share() -> None:
    size = uploads.MAX_BYTES // 10
    kept = []
    for _ in range(uploads.MAX_BYTES_OF_USER // uploads.MAX_BYTES):
        kept.append(session := opened("anna"))
        for _ in range(10):
            uploads._make_room(session, size)
        with pytest.raises(HTTPException, match="one conversation takes"):
            uploads._make_room(session, 1)
    with pytest.raises(HTTPException, match="your open conversations take"):
        uploads._make_room(opened("anna"), 1)
    uploads._make_room(opened("ben"), size)  # somebody else's share is another
    await kept.pop().delete()  # a conversation that is over takes nothing
    uploads._make_room(opened("anna"), size)
