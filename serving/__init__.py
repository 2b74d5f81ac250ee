"""The doors to the coach other than the chat page itself: the command line and the server that serves the page."""
