"""``nguon certificate`` and ``nguon picture``: papers and pictures from the command line."""

import argparse
import secrets
from pathlib import Path

from domain.certificate import Certificate, Withdrawal
from domain.errors import InvalidInput
from domain.gs1 import Gtin
from domain.ids import CertificateId, PlotId, ProducerId
from firmware_sim.arguments import day
from nguon import settings as config
from nguon.compose import now_ms, stores
from traceability.certificates import withdraw, write
from traceability.standards import standards

_AUTHOR = "nguon certificate"


def add_papers(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs."""
    parser = verbs.add_parser(
        "certificate",
        help="certificates of producers: list, write down, withdraw",
        description="Certificates of producers. Each is in the public log from the moment it is"
        " written down, and counts for a lot when it was in force on its day of harvest. It is"
        " never changed; one that is taken away is withdrawn from a day on.",
        epilog="Example: nguon certificate add ho-1 vietgap VG-2026-0417 'Trung tâm Chứng nhận'"
        " 2026-01-15 2028-01-14 --paper scan.pdf",
    )
    inner = parser.add_subparsers(required=True, metavar="list | add | withdraw | standards")
    lists = inner.add_parser("list", help="every certificate, and what holds of it")
    lists.set_defaults(verb=_list)
    adds = inner.add_parser("add", help="write one down")
    adds.add_argument("producer", metavar="PRODUCER", help="whose it is, by id")
    adds.add_argument("standard", metavar="STANDARD", help="a code of `standards`")
    adds.add_argument("number", metavar="NUMBER", help="as printed")
    adds.add_argument("certifier", metavar="CERTIFIER", help="who gave it, as printed")
    adds.add_argument("valid_from", type=day, metavar="FROM", help="first day, YYYY-MM-DD")
    adds.add_argument("valid_to", type=day, metavar="UNTIL", help="last day, YYYY-MM-DD")
    adds.add_argument("--plot", action="append", default=[], help="for this plot alone; repeatable")
    adds.add_argument("--crop", action="append", default=[], help="for this crop alone; repeatable")
    adds.add_argument("--paper", type=Path, metavar="FILE", help="its scan: PDF, JPEG or PNG")
    adds.add_argument("--id", metavar="ID", help="said again, nothing changes (drawn at random)")
    adds.set_defaults(verb=_add)
    ends = inner.add_parser("withdraw", help="say that one no longer holds")
    ends.add_argument("id", metavar="ID")
    ends.add_argument("since", type=day, metavar="SINCE", help="from which day on, YYYY-MM-DD")
    ends.add_argument("reason", metavar="REASON")
    ends.set_defaults(verb=_withdraw)
    names = inner.add_parser("standards", help="the standards there are")
    names.set_defaults(verb=_standards)
    picture = verbs.add_parser(
        "picture",
        help="show a picture of a product on its pages",
        description="Show a picture of a product on its pages from now on. It is drawn anew as a"
        " JPEG of at most 1,200 pixels a side: where and when it was taken does not come along.",
    )
    picture.add_argument("gtin", metavar="GTIN", help="14 digits")
    picture.add_argument("file", type=Path, metavar="FILE", help="JPEG, PNG or WebP")
    picture.set_defaults(verb=_picture)


def _list(_options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened, opened.records.reading() as transaction:
        for one in transaction.papers.certificates():
            withdrawal = transaction.papers.withdrawal(one.id)
            ended = "" if withdrawal is None else f"  WITHDRAWN from {withdrawal.since} on"
            days = f"{one.valid_from} to {one.valid_to}"
            print(f"{one.id}  {one.producer}  {one.standard} {one.number}  {days}{ended}")
    return 0


def _add(options: argparse.Namespace) -> int:
    from traceability.files import keep_paper  # noqa: PLC0415 - verbs start fast

    scan = None if options.paper is None else options.paper.read_bytes()
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        at_ms = now_ms()
        one = Certificate(
            CertificateId.parse(options.id or secrets.token_hex(8)),
            ProducerId.parse(options.producer), options.standard, options.number,
            options.certifier, options.valid_from, options.valid_to,
            tuple(map(PlotId.parse, options.plot)), tuple(options.crop),
            None if scan is None else keep_paper(transaction, scan, at_ms), _AUTHOR, at_ms,
        )  # fmt: skip
        new = write(transaction, one)
    print(f"{one.id}: {'written down, and in the log' if new else 'was there already'}")
    return 0


def _withdraw(options: argparse.Namespace) -> int:
    name = CertificateId.parse(options.id)
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        said = Withdrawal(name, options.since, options.reason, _AUTHOR, now_ms())
        withdraw(transaction, said)
    print(f"{name}: withdrawn from {options.since} on")
    return 0


def _standards(_options: argparse.Namespace) -> int:
    for one in standards().values():
        print(f"{one.code:<12}{one.title_vi}\n{'':<12}{one.title_en}, from {one.valid_from}")
    return 0


def _picture(options: argparse.Namespace) -> int:
    from traceability.files import show_picture  # noqa: PLC0415 - see _add

    content = options.file.read_bytes()
    if not content:
        message = f"{options.file} is empty"
        raise InvalidInput(message, "picture")
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        digest = show_picture(
            transaction, Gtin.parse(options.gtin), content, "nguon picture", now_ms()
        )
    print(f"/hinh/{digest}.jpg is shown on the pages of {options.gtin}")
    return 0
