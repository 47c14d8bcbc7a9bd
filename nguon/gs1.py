"""``nguon gs1``: the GS1 keys of parties and devices.

A key is given for good: another may follow it, and the older one leads on to the same page.
"""

import argparse

from domain.errors import InvalidInput, NotFound
from domain.gs1 import Giai, Gln
from domain.ids import DeviceId, ProducerId
from nguon import settings as config
from nguon.compose import now_ms, stores
from nguon.settings import PREFIX, Settings


def add_gs1(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``gs1`` with its own three."""
    parser = verbs.add_parser(
        "gs1",
        help="give parties and devices their GS1 keys, or list them",
        description="Give parties their GLN, AI (417), and devices their GIAI, AI (8004). A key is"
        " given for good; what was told before it was known stays as it was told.",
    )
    inner = parser.add_subparsers(required=True, metavar="party | device | list")
    party = inner.add_parser("party", help="give a producer a party GLN")
    party.add_argument("producer", metavar="PRODUCER")
    party.add_argument("gln", metavar="GLN", help="13 digits")
    party.set_defaults(verb=_party)
    device = inner.add_parser("device", help="give a device a GIAI")
    device.add_argument("device", metavar="DEVICE")
    device.add_argument(
        "giai", metavar="GIAI", nargs="?", help="(NGUON_COMPANY_PREFIX and the device's id)"
    )
    device.set_defaults(verb=_device)
    lists = inner.add_parser("list", help="one line a party and device, with its newest key")
    lists.set_defaults(verb=_list)


def giai_for(settings: Settings, device: DeviceId, given: str | None) -> Giai | None:
    """Return a device's GIAI: the one given, else the one that the company prefix makes.

    None where neither is there; raises `InvalidInput` when it is no GIAI, or one too long.
    """
    if given is not None:
        return Giai.parse(given)
    if not settings.company_prefix:
        return None
    try:
        return Giai.of(settings.company_prefix, device)
    except InvalidInput as error:
        message = f"{PREFIX}COMPANY_PREFIX and {device} make no GIAI, so say which it is: {error}"
        raise InvalidInput(message, "giai") from error


def _party(options: argparse.Namespace) -> int:
    producer, gln = ProducerId.parse(options.producer), Gln.parse(options.gln)
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        transaction.places.producer(producer)
        new = transaction.gs1.give_gln(producer, gln, now_ms())
    print(f"{producer} has GLN {gln}" if new else f"{producer} had GLN {gln} already")
    return 0


def _device(options: argparse.Namespace) -> int:
    loaded, device = config.load().settings, DeviceId.parse(options.device)
    giai = giai_for(loaded, device, options.giai)
    if giai is None:
        message = f"a GIAI is needed, or {PREFIX}COMPANY_PREFIX"
        raise InvalidInput(message, "giai")
    with stores(loaded) as opened, opened.records.transaction() as transaction:
        if device not in transaction.devices.register().devices:
            message = f"no device {device}"
            raise NotFound(message)
        new = transaction.gs1.give_giai(device, giai, now_ms())
    print(f"{device} has GIAI {giai}" if new else f"{device} had GIAI {giai} already")
    return 0


def _list(_options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened, opened.records.reading() as transaction:
        for producer in transaction.places.producers():
            print(f"party   {producer.id:<24} {producer.gln or '-'}")
        for device in transaction.devices.register().devices.values():
            print(f"device  {device.id:<24} {device.giai or '-'}")
    return 0
