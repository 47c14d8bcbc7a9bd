"""``nguon restore``: bring a backup back, or show in a scratch folder that it could be.

Never overwrites: what stands in the way is for a person to move. A drill is the only
proof that a backup is one; it runs what `nguon fsck` runs.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from domain.errors import Clash, InvalidInput, NguonError
from firmware_sim.__main__ import progress
from nguon import settings as config
from nguon.audit_days import Looked
from nguon.backup import (
    KEY,
    LOG_KEY,
    Manifest,
    Say,
    keep_on_disk,
    read_manifest,
    sha256,
    store_files,
)
from nguon.compose import log_key, signer, stores, trust
from nguon.erased import back, everything_noted, names_back
from nguon.fsck import findings, shown
from nguon.settings import Settings
from traceability.log.files import LogFiles
from traceability.log.publish import show_signed


def check(backup: Path, say: Say) -> Manifest:
    """Return the manifest of a backup that is whole; raises `InvalidInput` naming the file."""
    manifest = read_manifest(backup)
    for part in manifest.parts:
        say(f"{part.name}: checksum")
        path = backup / part.name
        if not path.is_file():
            wrong = "is not there"
        elif path.stat().st_size != part.bytes:
            wrong = f"has {path.stat().st_size} bytes, not {part.bytes}"
        elif sha256(path) != part.sha256:
            wrong = "is not what was written: its checksum differs"
        else:
            continue
        message = f"{path} {wrong}; nothing was restored"
        raise InvalidInput(message, "backup")
    return manifest


def bring_back(backup: Path, settings: Settings, say: Say) -> Manifest:
    """Copy a backup to where the settings look for it.

    Raises `Clash` where anything stands in the way, `InvalidInput` where the backup is
    damaged, `BadSettings` where the settings name PostgreSQL; then nothing is changed.
    """
    manifest = check(backup, say)
    places = store_files(settings)
    keys = {KEY: settings.key_file(), LOG_KEY: settings.log_key_file()}
    places |= {name: path for name, path in keys.items() if name in manifest.names()}
    for target in places.values():
        for beside in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
            if beside.exists():
                message = f"{beside} is there already: move it away, nothing is overwritten"
                raise Clash(message)
    partial = {name: target.with_name(f".{target.name}.partial") for name, target in places.items()}
    try:
        for name, target in places.items():
            say(f"{name}: copying")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backup / name, partial[name])
            if name in keys:
                partial[name].chmod(0o600)
        for name, target in places.items():
            partial[name].rename(target)
            keep_on_disk(target.parent, [target.name])
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    return manifest


def drill(backup: Path, settings: Settings, say: Say) -> Iterator[str]:
    """Restore into a scratch folder and yield what is wrong there, nothing when all is well."""
    with tempfile.TemporaryDirectory(prefix="nguon-drill-") as folder:
        scratch = settings.model_copy(
            update={
                "data": Path(folder),
                "series_url": "",
                "records_url": "",
                # absolute paths would lead out of the scratch folder
                "signing_key": Path(KEY),
                "log_key": Path(LOG_KEY),
                "log_dir": Path("log"),
            }
        )
        manifest = bring_back(backup, scratch, say)
        key = signer(scratch if KEY in manifest.names() else settings).public()
        log = log_key(scratch if LOG_KEY in manifest.names() else settings)
        with stores(scratch) as opened:
            believed = trust(scratch, opened.records, log)
            # Nothing is signed in a drill: two checkpoints of one size would be two histories.
            show_signed(opened.records, LogFiles(scratch.log_folder()), say)
            tally = opened.series.tally()
            held = (tally.readings, tally.frames, tally.conflicts, tally.quarantined)
            said = (manifest.readings, manifest.cycles, manifest.conflicts, manifest.quarantined)
            if held != said:
                yield f"readings, cycles, conflicts, quarantine: manifest {said}, there {held}"
            keys = believed.keys or (key,)
            yield from findings(opened, keys, shown(scratch, believed), Looked(say=say))
            with suppress(NguonError):  # no published log here, or no key to read it with
                lines = back(opened, everything_noted(settings, opened))
                yield from (f"it would bring back what was erased since: {one}" for one in lines)


def add_restore(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``restore``."""
    parser = verbs.add_parser(
        "restore",
        help="bring a backup back, or prove that it could be",
        description="Bring a backup back to where the settings look for their stores and key."
        " Nothing is overwritten. With --drill, into a scratch folder, where everything that"
        " `nguon fsck` checks is checked, and which is removed again.",
    )
    parser.add_argument("backup", type=Path, metavar="FOLDER/nguon-…")
    parser.add_argument("--drill", action="store_true", help="only prove that it could be restored")
    parser.set_defaults(verb=_restore)


def _restore(options: argparse.Namespace) -> int:
    loaded = config.load().settings
    if options.drill:
        return _drill(options.backup, loaded)
    manifest = bring_back(options.backup, loaded, progress)
    progress("")
    print(
        f"{manifest.readings} readings in {manifest.cycles} cycles are back, as of {manifest.made}"
    )
    print("What was committed after that is not in them; of it devices only still hold what")
    print("no receipt covered, and are asked for it. Now run: nguon fsck")
    with stores(loaded) as opened:
        for line in names_back(loaded, opened):
            print(line)
    return 0


def _drill(backup: Path, settings: Settings) -> int:
    wrong = 0
    for line in drill(backup, settings, progress):
        progress("")
        print(line, flush=True)
        wrong += 1
    progress("")
    manifest = read_manifest(backup)
    print(f"{backup.name}, made {manifest.made}: {manifest.readings} readings,"
          f" {manifest.cycles} cycles: {wrong} findings")  # fmt: skip
    return 1 if wrong else 0
