"""``nguon erase``: take a name out of the records, as the law gives everybody the right to.

Shows what would go and what stays; does it with ``--yes``, once and for all.
"""

import argparse
from collections.abc import Callable, Sequence

from domain.errors import InvalidInput, NguonError, StoreRefused
from domain.ids import EntryId, ProducerId, StepId
from firmware_sim.__main__ import progress
from nguon import settings as config
from nguon.compose import Stores, log_key, now_ms, stores
from nguon.settings import Settings
from store.records import Transaction
from traceability.erasing.doing import erase
from traceability.erasing.noted import claims_in, come_back, noted
from traceability.erasing.plan import Plan, erases, of_entries, of_parties, of_producer, stays
from traceability.log.checkpoint import parse_checkpoint
from traceability.log.files import LogFiles
from traceability.log.note import parse_note
from traceability.log.publish import publish

_Planning = Callable[[Transaction, argparse.Namespace], Plan]


def add_erase(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``erase`` with its own four."""
    parser = verbs.add_parser(
        "erase",
        help="take somebody's name out of the records; proofs stay whole",
        description="Take somebody's name out of the records. Passports, events and the log hold"
        " salted digests only: with the salt gone nobody can open them, and every proof still"
        " holds. The log notes that something was erased, and names nobody. Without --yes it only"
        " says what would be erased and what stays.",
        epilog="Older backups still hold the name: see docs/operator.md.",
    )
    inner = parser.add_subparsers(required=True, metavar="producer | party | diary | again")
    producer = inner.add_parser("producer", help="a producer's name, phone and logins")
    producer.add_argument("producer", metavar="PRODUCER")
    producer.add_argument(
        "--diary", action="store_true", help="also as the author of diary entries"
    )
    _finish(producer, _producer, text="also what these entries' notes say")
    party = inner.add_parser("party", help="the name of whoever took a shipment")
    party.add_argument("step", nargs="+", metavar="STEP")
    party.add_argument(
        "--everywhere", action="store_true", help="and every other shipment to the same name"
    )
    _finish(party, _party)
    diary = inner.add_parser("diary", help="the authors of diary entries")
    diary.add_argument("entry", nargs="*", metavar="ENTRY")
    diary.add_argument("--author", action="append", default=[], metavar="LOGIN")
    _finish(diary, _diary, text="also what the notes say")
    again = inner.add_parser("again", help="what an older backup has brought back")
    _finish(again, _again)


def _finish(
    parser: argparse.ArgumentParser, planning: _Planning, text: str = ""
) -> None:  # fmt: skip
    if text:
        parser.add_argument("--text", action="store_true", help=text)
    parser.add_argument("--yes", action="store_true", help="do it; there is no way back")
    parser.set_defaults(verb=_erase, planning=planning)


def _producer(transaction: Transaction, options: argparse.Namespace) -> Plan:
    producer = ProducerId.parse(options.producer)
    return of_producer(transaction, producer, diary=options.diary, text=options.text)


def _party(transaction: Transaction, options: argparse.Namespace) -> Plan:
    steps = tuple(StepId.parse(one) for one in options.step)
    return of_parties(transaction, steps, everywhere=options.everywhere)


def _diary(transaction: Transaction, options: argparse.Namespace) -> Plan:
    entries = tuple(EntryId.parse(one) for one in options.entry)
    if not entries and not options.author:
        message = "say which entries, or --author LOGIN"
        raise InvalidInput(message, "entry")
    return of_entries(transaction, entries, tuple(options.author), text=options.text)


def _again(transaction: Transaction, _options: argparse.Namespace) -> Plan:
    return come_back(transaction, noted(claims_in(transaction)))


def _require_newest(loaded: Settings, opened: Stores) -> None:
    """Raise `StoreRefused` where more was published than the records know.

    What is erased is noted in the log, and that would then have two histories.
    """
    note = LogFiles(loaded.log_folder()).checkpoint()
    shown = 0 if note is None else parse_checkpoint(parse_note(note)).size
    with opened.records.reading() as transaction:
        size = transaction.log.size()
    if shown > size:
        message = (
            f"the published log has {shown} entries, the records have {size}: they came back from"
            " a backup. First run: nguon log adopt"
        )
        raise StoreRefused(message)


def _erase(options: argparse.Namespace) -> int:
    loaded = config.load().settings
    with stores(loaded) as opened:
        _require_newest(loaded, opened)
        with opened.records.transaction() as transaction:
            plan = options.planning(transaction, options)
            going, staying = list(erases(plan)), list(stays(transaction, plan))
            if options.yes:
                erase(transaction, plan, now_ms())
        _tell(going, staying, done=options.yes)
        if options.yes:
            _finish_off(loaded, opened)
            if not plan.empty:
                print("Older backups still hold it: make a new one, and let the older ones go.")
        elif not plan.empty:
            print("Nothing was erased. The same with --yes does it; there is no way back.")
    return 0


def _tell(going: Sequence[str], staying: Sequence[str], *, done: bool) -> None:
    if not going:
        print("there is nothing left to erase" if done else "there is nothing to erase")
        return
    print("was erased:" if done else "would be erased:")
    for line in going:
        print(f"  {line}")
    print("stays:")
    for line in staying:
        print(f"  {line}")


def _finish_off(loaded: Settings, opened: Stores) -> None:
    """Write the files anew and show the log; either may be made up for later."""
    try:
        opened.records.compact()
        print("the database was written anew: its files hold nothing of it any more")
    except NguonError as error:
        print(f"erased, but the files may still hold it ({error}); say the same again later")
    try:
        publish(opened.records, LogFiles(loaded.log_folder()), log_key(loaded), progress)
        progress("")
    except (NguonError, OSError) as error:
        print(f"the log could not be published ({error}); `nguon watch` does it")
