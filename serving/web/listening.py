"""The port that a server listens on."""

import socket

from salescoach.errors import InputError


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address.

    Raises:
        InputError: it can't be, as where the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(f"Port {port} can't be used ({error.strerror}); give another one with --port.") from None
    return listening
