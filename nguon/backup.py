"""``nguon backup``: both stores and the key, copied while everything runs.

A backup is a folder that can be checked by itself: its manifest names every file with
size and SHA-256, and what the store held. Made beside and renamed when whole, so that
half a backup never looks like one. PostgreSQL has its own tools for this; see
docs/operator.md.
"""

import argparse
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.errors import BadSettings, InvalidInput
from domain.os_errors import concerning, told
from domain.window import print_instant
from firmware_sim.__main__ import progress
from firmware_sim.arguments import whole
from nguon import settings as config
from nguon.compose import log_key, now_ms, require_files, signer
from nguon.settings import Settings, file_of
from store.sqlite import SqliteSeries
from store.sqlite.copy import copy, damage

MANIFEST, RECORDS, SERIES = "manifest.json", "records.db", "series.db"
KEY, LOG_KEY = "signing.key", "log.key"
_PREFIX = "nguon-"
Say = Callable[[str], None]


class Part(BaseModel):
    """A file of a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z]+\.[a-z]+$")
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds. ``made`` is RFC 3339; nothing committed later is in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = Field(ge=1, le=1)
    made: str
    parts: tuple[Part, ...]
    readings: int
    cycles: int
    conflicts: int
    quarantined: int

    def names(self) -> set[str]:
        """Return the names of its files."""
        return {part.name for part in self.parts}


def read_manifest(backup: Path) -> Manifest:
    """Return what a backup says of itself; raises `InvalidInput`."""
    path = backup / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        message = f"{backup} is no backup: {MANIFEST} cannot be read ({told(error)})"
        raise InvalidInput(message, "backup") from error
    except ValidationError as error:
        message = f"{path} is not a manifest of ours: {error.errors()[0]['msg']}"
        raise InvalidInput(message, "backup") from error
    if not {RECORDS, SERIES} <= manifest.names():
        message = f"{path} names no {RECORDS} or no {SERIES}"
        raise InvalidInput(message, "backup")
    return manifest


def make(settings: Settings, folder: Path, say: Say, *, with_key: bool) -> Path:
    """Write a backup into ``folder`` and return where it lies.

    Raises `BadSettings` where a store is no file, `StoreUnavailable` where one cannot be
    read or the disk is full; then nothing is left behind.
    """
    require_files(settings)
    files = store_files(settings)
    keys = {KEY: settings.key_file(), LOG_KEY: settings.log_key_file()} if with_key else {}
    if keys:
        signer(settings)  # says so when it is not there
        log_key(settings)
    made_ms = now_ms()
    stamp = print_instant(made_ms).replace("-", "").replace(":", "")
    target, partial = folder / f"{_PREFIX}{stamp}", folder / f".{_PREFIX}{stamp}.partial"
    with concerning(folder):
        partial.mkdir(parents=True, mode=0o700)
    try:
        # The records first: a passport in them then has all its readings.
        for name, source in files.items():
            copy(source, partial / name, _copying(source, say))
        for name, path in keys.items():
            shutil.copyfile(path, partial / name)
            (partial / name).chmod(0o600)
        manifest = _manifest(partial, made_ms, say)
        with concerning(folder):
            (partial / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")
        keep_on_disk(partial, (*manifest.names(), MANIFEST))
        partial.rename(target)
        _sync(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return target


def store_files(settings: Settings) -> dict[str, Path]:
    """Return where both stores lie, by their names in a backup; raises `BadSettings`."""
    files = {RECORDS: file_of(settings.records()), SERIES: file_of(settings.series())}
    found = {name: path for name, path in files.items() if path is not None}
    if found.keys() != files.keys():
        message = (
            "a store of the settings is no file: deploy/postgres-backup.sh is for PostgreSQL,"
            " `influx backup` for InfluxDB"
        )
        raise BadSettings(message)
    return found


def _copying(source: Path, say: Say) -> Callable[[int], None]:
    whole = max(1, source.stat().st_size)
    return lambda done: say(f"{source.name}: {done >> 20} MB, of {whole >> 20} at most")


def _manifest(partial: Path, made_ms: int, say: Say) -> Manifest:
    for name in (RECORDS, SERIES):
        say(f"checking the copy of {name}")
        wrong = damage(partial / name)
        if wrong:
            message = f"the copy is damaged, and so may be what it was made from: {wrong[0]}"
            raise InvalidInput(message, "backup")
    store = SqliteSeries(partial / SERIES, new=False)
    tally = store.tally()
    store.close()
    parts = []
    for path in sorted(partial.iterdir()):
        say(f"{path.name}: checksum")
        parts.append(Part(name=path.name, bytes=path.stat().st_size, sha256=sha256(path)))
    return Manifest(
        format=1, made=print_instant(made_ms), parts=tuple(parts), readings=tally.readings,
        cycles=tally.frames, conflicts=tally.conflicts, quarantined=tally.quarantined,
    )  # fmt: skip


def sha256(path: Path) -> str:
    """Return the checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_on_disk(folder: Path, names: Iterable[str]) -> None:
    """Have files, and the folder that names them, outlive a loss of power."""
    for name in names:
        _sync(folder / name)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _drop_old(folder: Path, keep: int) -> list[str]:
    """Remove all but the newest backups of a folder; what has no manifest is not ours."""
    ours = sorted(p for p in folder.glob(f"{_PREFIX}*") if (p / MANIFEST).is_file())
    old = ours[: max(0, len(ours) - keep)]
    for path in old:
        shutil.rmtree(path)
    return [path.name for path in old]


def add_backup(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``backup``."""
    parser = verbs.add_parser(
        "backup",
        help="copy both stores and the signing key, while everything runs",
        description="Copy both stores and the signing key into a new folder, while everything"
        " runs. Every copy is checked, and its manifest tells what it holds.",
        epilog="Then try it: nguon restore FOLDER/nguon-… --drill. Stores in PostgreSQL:"
        " deploy/postgres-backup.sh.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where backups are gathered")
    parser.add_argument(
        "--without-key", action="store_true", help="leave out the key that signs passports"
    )
    parser.add_argument(
        "--keep", type=whole(1, 10_000), metavar="N", help="then remove all but the newest N"
    )
    parser.set_defaults(verb=_backup)


def _backup(options: argparse.Namespace) -> int:
    loaded = config.load().settings
    target = make(loaded, options.folder, progress, with_key=not options.without_key)
    progress("")
    manifest = read_manifest(target)
    size = sum(part.bytes for part in manifest.parts)
    print(f"{target}: {manifest.readings} readings in {manifest.cycles} cycles, {size} bytes")
    if KEY in manifest.names():
        print("It holds the key that signs passports: let nobody else read it.")
    for name in _drop_old(options.folder, options.keep) if options.keep else ():
        print(f"removed {name}")
    return 0
