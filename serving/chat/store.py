"""What the chat's history keeps, in SQLite: users, threads, steps, elements, feedback, and which calls they are about.

Knows nothing of Chainlit, so that ``coach delete`` can use it without the page. After ``delete_thread`` and
``forget_call`` no byte of it is in the file.
"""

from serving.chat.stored_calls import StoredCalls
from serving.chat.stored_steps import StoredSteps
from serving.chat.stored_threads import StoredThreads


class ChatStore(StoredThreads, StoredSteps, StoredCalls):
    """The history's file. Every method is one transaction."""
