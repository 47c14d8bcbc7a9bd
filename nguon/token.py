"""``nguon token``: give devices tokens for HTTP, list them, take them back."""

import argparse
import secrets

from domain.ids import DeviceId
from domain.token import digest
from domain.window import print_instant
from firmware_sim.arguments import MOST, whole
from nguon import settings as config
from nguon.compose import now_ms, stores

_BYTES = 32


def add_token(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``token`` with its own three."""
    parser = verbs.add_parser(
        "token",
        help="make, list and revoke the tokens of devices that speak HTTP",
        description="A device that writes over HTTP (`nguon ingest --source http`) shows a token,"
        " which says which device it is. Only a digest of it is kept.",
    )
    inner = parser.add_subparsers(required=True, metavar="new | list | revoke")
    makes = inner.add_parser("new", help="make a token and print it, this once")
    makes.add_argument("device", metavar="DEVICE")
    makes.set_defaults(verb=_new)
    lists = inner.add_parser("list", help="one line a token: number, device, when made and revoked")
    lists.set_defaults(verb=_list)
    revokes = inner.add_parser("revoke", help="end a token; within seconds it opens nothing")
    revokes.add_argument("number", type=whole(1, MOST))
    revokes.set_defaults(verb=_revoke)


def _new(options: argparse.Namespace) -> int:
    device = DeviceId.parse(options.device)
    secret = secrets.token_urlsafe(_BYTES)
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        made = transaction.tokens.add(device, digest(secret), now_ms())
    print(f"token {made.number} of {device}, shown this once:\n{secret}")
    return 0


def _list(_options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened, opened.records.reading() as transaction:
        tokens = transaction.tokens.every()
    for one in tokens:
        ended = "" if one.revoked_ms is None else f"  revoked {print_instant(one.revoked_ms)}"
        print(f"{one.number:>6}  {one.device:<20}  made {print_instant(one.made_ms)}{ended}")
    valid = sum(one.revoked_ms is None for one in tokens)
    print(f"{len(tokens)} tokens, {valid} valid")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        ended = transaction.tokens.revoke(options.number, now_ms())
    print(f"token {ended.number} of {ended.device} is revoked")
    return 0
