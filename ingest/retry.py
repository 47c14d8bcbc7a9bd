"""Try what is in quarantine again, after a mend: the same bytes through the same pipeline."""

from dataclasses import dataclass, replace

from domain.reading import Refusal
from ingest.message import Received
from ingest.pipeline import Rules, take_in
from store.series import Fate, Quarantined, Series


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of an entry: readings kept now, and why it is still refused (empty: mended)."""

    entry: Quarantined
    fate: Fate
    still: tuple[Refusal, ...]


def retry(
    series: Series, entry: Quarantined, rules: Rules, now_ms: int, *, keep: bool = True
) -> Retried:
    """Read an entry again as it was received then; with ``keep`` False only say what would be.

    What can be kept is kept even where other parts are still refused; the entry is
    mended when nothing of it is refused any more. Safe to repeat and to interrupt.
    """
    message = Received(entry.topic, entry.payload, entry.first_ms, (0, 0, 0))
    delivery = take_in(message, rules)
    usable = sum(len(frame.readings) for frame in delivery.frames)
    if not keep:
        return Retried(entry, Fate(usable, 0, 0, 0), delivery.refusals)
    fate = Fate(0, 0, 0, 0)
    if usable or not delivery.refusals:
        # Without its refusals: they are in quarantine already, and were not seen again.
        (fate,) = series.append([replace(delivery, refusals=())], now_ms).fates
    if not delivery.refusals:
        series.mend(entry.id, now_ms)
    return Retried(entry, fate, delivery.refusals)
