"""``nguon keys``: the life of the keys that sign passports."""

import argparse
from pathlib import Path

from domain.errors import BadSettings, Refused
from domain.text import one_line
from domain.window import parse_instant, print_instant
from nguon import settings as config
from nguon.compose import begin_signing, log_key, now_ms, signer, stores, trust
from nguon.handed_in import read_keys
from traceability.composition.summary import behind
from traceability.envelope import digest_of
from traceability.key_register import announce, revoke, trusted
from traceability.signer import create
from traceability.trust import fingerprint, print_trust


def add_keys(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``keys`` with its own four."""
    parser = verbs.add_parser(
        "keys",
        help="list, rotate and revoke the keys that sign passports",
        description="Every passport is signed with one key at a time. Which were valid when is"
        " published, and each change is in the log.",
    )
    inner = parser.add_subparsers(required=True, metavar="list | fingerprint | rotate | revoke")
    lists = inner.add_parser("list", help="one line a key: id, from when, until when")
    lists.set_defaults(verb=_list)
    prints = inner.add_parser(
        "fingerprint",
        help="one line to print on paper: the SHA-256 of the published list of keys",
        description="Print the SHA-256 of the list of keys as it is published, one line. Print it"
        " on paper, and have others do so too: whoever has the file compares it (sha256sum"
        " KEYS.json; `nguon verify` prints it). It changes whenever a key or a witness does. With"
        " FILE, that of the list in a file, which needs no installation.",
    )
    prints.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a list of keys")
    prints.set_defaults(verb=_fingerprint)
    rotates = inner.add_parser(
        "rotate",
        help="make a new key and end the one in use; then start `nguon api` again",
        description="Make a new key and end the one in use. What that one signed still holds. Its"
        " private part is kept beside the new one, renamed; delete it once a backup is made."
        " `nguon api` signs no more until it is started again.",
    )
    rotates.set_defaults(verb=_rotate)
    revokes = inner.add_parser(
        "revoke",
        help="say that others may have a key since a moment",
        description="Say that others may have a key since a moment. Passports that the log shows"
        " from before it still hold, all others of that key do not. If it is the key in use,"
        " rotate first.",
    )
    revokes.add_argument("id", metavar="KEY", help="its id, as `nguon keys list` prints it")
    revokes.add_argument(
        "--since", required=True, metavar="TIME", help="RFC 3339, for example 2026-11-21T08:00:00Z"
    )
    revokes.set_defaults(verb=_revoke)


def _list(_options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened, opened.records.reading() as transaction:
        keys = trusted(transaction)
    for key in keys:
        until = "still valid"
        if key.until_ms is not None:
            said = "REVOKED since" if key.revoked else "until"
            until = f"{said} {print_instant(key.until_ms)}"
        print(f"{key.id}  from {print_instant(key.from_ms)}  {until}")
    if not keys:
        print("no key has signed yet")
    return 0


def _fingerprint(options: argparse.Namespace) -> int:
    if options.file is not None:
        print(f"{read_keys(options.file)[1]}  {one_line(options.file)}")
        return 0
    loaded = config.load().settings
    with stores(loaded) as opened:
        published = print_trust(trust(loaded, opened.records, log_key(loaded))).encode()
    print(f"{fingerprint(published)}  {loaded.address()}/.well-known/nguon-keys.json")
    return 0


def _rotate(_options: argparse.Namespace) -> int:
    loaded = config.load().settings
    path = loaded.key_file()
    with stores(loaded) as opened:
        old = begin_signing(loaded, opened.records).public()
        aside = path.with_name(f"{path.name}.{old.id}")
        if aside.exists():
            message = f"{aside} is there already; nothing was changed"
            raise BadSettings(message)
        path.rename(aside)
        fresh = create(path, now_ms()).public()
        with opened.records.transaction() as transaction:
            announce(transaction, fresh, now_ms())
    print(f"passports are signed with key {fresh.id} from now on; start `nguon api` again")
    print(f"the private part of {old.id} lies at {aside}")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    since_ms = parse_instant(options.since)
    loaded = config.load().settings
    if options.id == signer(loaded).public().id:
        message = f"key {options.id} is in use: run `nguon keys rotate` first, then revoke it"
        raise Refused(message, "key")
    with stores(loaded) as opened, opened.records.transaction() as transaction:
        revoke(transaction, options.id, since_ms, now_ms())
        passports = transaction.lots.passports()
        later = {
            digest_of(one.envelope)
            for one in passports
            if one.key_id == options.id and one.issued_ms >= since_ms
        }
        void = [
            passport
            for passport in passports
            if any(
                digest_of(one.envelope) in later
                for one in (passport, *behind(transaction, passport))
            )
        ]
    print(f"key {options.id} is revoked since {print_instant(since_ms)}")
    for passport in void:
        print(f"  no longer holds: passport of lot {passport.number} ({passport.gtin}), issued"
              f" {print_instant(passport.issued_ms)}; issue it again")  # fmt: skip
    return 0
