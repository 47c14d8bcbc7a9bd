"""What the log says was erased, held against records that came back from a backup.

The published log lies outside of the records and of their backups, so it still knows what was
erased since. It is read as any outsider reads it.
"""

from collections.abc import Iterator

from domain.errors import NguonError
from nguon.compose import Stores, log_key
from nguon.published import published
from nguon.settings import Settings
from traceability.erasing.noted import Noted, claims_in, come_back, noted
from traceability.erasing.plan import erases
from traceability.log.checkpoint import Policy
from traceability.log.entry import Claim, decode
from traceability.log.files import LogFiles
from traceability.log.reader import LogReader


def everything_noted(settings: Settings, opened: Stores) -> Noted:
    """Return what was erased by the log in the records, and by what is published beyond it.

    Raises `InvalidInput` and `VerificationFailed` where the published log cannot be read.
    """
    with opened.records.reading() as transaction:
        size, ours = transaction.log.size(), claims_in(transaction)
    return noted([*ours, *_beyond(settings, size)])


def names_back(settings: Settings, opened: Stores) -> Iterator[str]:
    """Yield a line for each name that is back though it was erased, and what cannot be told."""
    if LogFiles(settings.log_folder()).checkpoint() is None:
        yield (
            "No published log is here, so nobody can tell which names were erased since that"
            " backup: bring the log's folder back too, or `nguon log adopt --from URL`, then"
            " `nguon fsck`"
        )
        return
    try:
        told = everything_noted(settings, opened)
    except NguonError as error:
        yield f"Which names were erased since that backup cannot be told: {error}"
        return
    lines = back(opened, told)
    yield from (f"ERASED ONCE, AND BACK: {line}" for line in lines)
    if lines:
        yield "Before anything is served: nguon log adopt, then nguon erase again --yes"
    with opened.records.reading() as transaction:
        count = told.without - noted(claims_in(transaction)).without
    if count > 0:
        yield (
            f"{count} more were erased since of whom the log holds no digest: erase by hand"
            " the producers whose names you erased before they had a passport"
        )


def back(opened: Stores, told: Noted) -> list[str]:
    """Return a line for each name that is there though it was erased."""
    with opened.records.reading() as transaction:
        return list(erases(come_back(transaction, told)))


def _beyond(settings: Settings, size: int) -> list[Claim]:
    """Return the claims that are published and not in the records."""
    if LogFiles(settings.log_folder()).checkpoint() is None:
        return []
    key = log_key(settings)
    fetch = published(str(settings.log_folder()))
    reader = LogReader(fetch, Policy(key.name, (key.log(),)))
    return [decode(reader.entry(number)) for number in range(size, reader.now.size)]
