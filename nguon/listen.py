"""The socket that a service listens on, had before anything else starts, or a clear sentence."""

import socket

from domain.errors import BadSettings
from domain.os_errors import told


def listener(host: str, port: int, names: str) -> socket.socket:
    """Return what listens on an address; raises `BadSettings` when it cannot be had.

    ``names`` are the settings or options that the address comes from.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        error.filename = f"{host}:{port}"
        message = f"{names}: {told(error)}"
        raise BadSettings(message) from error
    except UnicodeError as error:
        message = f"{names}: {host!r} is no name of a machine: {error}"
        raise BadSettings(message) from error
