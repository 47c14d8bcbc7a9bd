"""``nguon ledger``: what devices owed, delivered and still owe."""

import argparse
from datetime import timedelta

from district.ledger import device_days, zone_of_device
from domain.ids import DeviceId
from domain.ranges import Runs, missing, size
from domain.window import local_day
from firmware_sim.arguments import whole
from nguon import settings as config
from nguon.compose import Stores, now_ms, stores
from store.records import Transaction

_RUNS_SHOWN = 12


def add_ledger(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``ledger``."""
    parser = verbs.add_parser(
        "ledger",
        help="what each device owed, delivered and still owes",
        description="Cycles received and missing by each device's own count; with a device,"
        " its boots, its holes and its days. Exit status 1 while anything is missing.",
    )
    parser.add_argument("device", nargs="?", help="one device in detail")
    parser.add_argument(
        "--days",
        type=whole(1, 3_660),
        default=7,
        metavar="N",
        help="so many local days back (%(default)s)",
    )
    parser.set_defaults(verb=_ledger)


def _ledger(options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened, opened.records.reading() as transaction:
        register = transaction.devices.register()
        if options.device is not None:
            device = DeviceId.parse(options.device)
            register.device(device)
            return _detail(opened, transaction, device, options.days)
        gone = 0
        for device in sorted(register.devices):
            runs = opened.series.ledger(device).values()
            holes = sum(size(missing(one)) for one in runs)
            print(f"{device:<24} {sum(map(size, runs)):>9} received {holes:>7} missing")
            gone += holes
    print(f"{len(register.devices)} devices, {gone} cycles missing")
    return 1 if gone else 0


def _detail(opened: Stores, transaction: Transaction, device: DeviceId, days: int) -> int:
    gone = 0
    for boot, runs in opened.series.ledger(device).items():
        holes = missing(runs)
        gone += size(holes)
        print(f"boot {boot}: {size(runs)} received, {size(holes)} missing {_printed(holes)}")
    zone = zone_of_device(transaction, device, now_ms())
    today = local_day(now_ms(), zone)
    span = today - timedelta(days=days - 1), today
    print(f"day ({zone.key})  expected  received  missing  late")
    for row in device_days(transaction, opened.series, device, span, zone):
        one = row.account
        print(f"{row.day}  {one.expected:>8}  {one.received:>8}  {one.missing:>7}  {one.late:>4}")
    return 1 if gone else 0


def _printed(holes: Runs) -> str:
    shown = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in holes[:_RUNS_SHOWN])
    return f"({shown}{', …' if len(holes) > _RUNS_SHOWN else ''})" if holes else ""
