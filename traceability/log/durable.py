"""Files that are there whole or not at all, and outlive a loss of power."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: Path, raw: bytes) -> Path:
    """Write a file in one step for all who read it.

    Returns its folder, whose own entry is still to be made durable with `sync`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with temporary.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path.parent


def sync(folders: Iterable[Path]) -> None:
    """Make durable which files some folders hold."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
