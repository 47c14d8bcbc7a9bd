"""Certificates: what somebody else says of a producer, for some plots and crops, for a time.

A certificate is written down once and never changed. One that is taken away has a
withdrawal of its own, from a day on: what was in force on the day of a harvest stays known.
"""

from dataclasses import dataclass
from datetime import date

from domain.ids import CertificateId, PlotId, ProducerId


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of a producer; both days are in. No ``plots`` or ``crops``: all of them.

    ``standard`` is a code of the table of standards, ``number`` what is printed on the paper,
    ``certifier`` who gave it. ``paper`` is the SHA-256 of its scan in hexadecimal, if kept.
    """

    id: CertificateId
    producer: ProducerId
    standard: str
    number: str
    certifier: str
    valid_from: date
    valid_to: date
    plots: tuple[PlotId, ...]
    crops: tuple[str, ...]
    paper: str | None
    author: str
    recorded_ms: int

    def covers(self, plot: PlotId, crop: str) -> bool:
        """Whether it speaks of a crop on a plot of its producer."""
        return plot in (self.plots or (plot,)) and crop in (self.crops or (crop,))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A certificate no longer holds from a day on, whatever is printed on it."""

    certificate: CertificateId
    since: date
    reason: str
    author: str
    recorded_ms: int


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file behind a paper or a product; ``digest`` is its SHA-256 in hexadecimal."""

    digest: str
    media: str
    content: bytes
    recorded_ms: int
