"""The journal of scans: on disk within a fifth of a second, counted in the records later.

A page that is opened thousands of times a second cannot wait for a transaction each. What
was opened is appended to a file of this process, a line of JSON each, and the file is synced;
whole files are folded into the records, which remember their names, so that one that
a crash left behind after it was counted is not counted twice.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple
from io import FileIO
from pathlib import Path
from typing import IO

from domain.scan import Scan

_ENDING = ".scans"


class ScanJournal:
    """The files in a folder; this process holds a lock on its own.

    `append` and `seal` are for one thread at a time, the others for any.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: FileIO | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, scans: Sequence[Scan]) -> None:
        """Keep scans; on return they are on disk. Raises `OSError`, and then none is kept."""
        if self._open is None:
            self._open = self._begin()
        raw = b"".join(json.dumps(astuple(scan)).encode() + b"\n" for scan in scans)
        end = self._open.seek(0, os.SEEK_END)
        try:
            while raw:
                raw = raw[self._open.write(raw) :]
            os.fdatasync(self._open.fileno())
        except OSError:
            # Else the same scans, brought again, would be counted twice.
            with suppress(OSError):
                self._open.truncate(end)
            raise

    def seal(self) -> None:
        """End this process's file, so that it can be folded."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def sealed(self) -> Iterator[tuple[str, list[Scan]]]:
        """Yield name and scans of every file that nobody writes to any more.

        Those of processes that were killed are among them: their locks died with them.
        The file is locked while its name is in the caller's hands.
        """
        for path in sorted(self._folder.glob("*" + _ENDING)):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue  # another process has folded it
            with file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                if path.exists():
                    yield path.name, list(_scans(file))

    def drop(self, name: str) -> None:
        """Forget a file that is in the records."""
        (self._folder / name).unlink(missing_ok=True)

    def _begin(self) -> FileIO:
        # Made under another ending, so that nobody takes it for sealed before it is locked.
        path = self._folder / f"{secrets.token_hex(16)}.new"
        file = path.open("ab", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        path.rename(path.with_suffix(_ENDING))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return file


def _scans(file: IO[bytes]) -> Iterator[Scan]:
    """Yield what can be read: a kill may have torn the last line."""
    for line in file:
        try:
            gtin, number, serial, place, device, at_ms, times = json.loads(line)
        except (ValueError, TypeError):
            continue
        if line.endswith(b"\n"):
            yield Scan(gtin, number, serial, place, device, at_ms, times)
