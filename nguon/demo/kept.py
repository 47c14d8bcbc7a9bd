"""What the demonstration keeps in its folder: passwords, and that nobody else uses it."""

import fcntl
import json
from pathlib import Path
from typing import IO

from domain.errors import BadSettings


def read(path: Path) -> dict[str, str]:
    """Return names and words kept in a file, none when it is not there yet.

    Raises `BadSettings` when it is damaged.
    """
    if not path.exists():
        return {}
    try:
        return {str(name): str(word) for name, word in json.loads(path.read_text("utf-8")).items()}
    except (ValueError, AttributeError) as error:
        message = (
            f"{path} is damaged; remove the folder {path.parent.parent} to start afresh: {error}"
        )
        raise BadSettings(message) from error


def write(path: Path, words: dict[str, str]) -> None:
    """Keep names and words, readable by their owner only; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(words, indent=2), "utf-8")
    fresh.replace(path)


def claim(folder: Path) -> IO[str]:
    """Hold the folder for this process; raises `BadSettings` when another one does."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "demo.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        message = f"another demonstration is running on {folder}; end it, or set NGUON_DATA"
        raise BadSettings(message) from error
    return lock
