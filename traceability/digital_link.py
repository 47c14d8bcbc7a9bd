"""GS1 Digital Link: mint and parse the one shape that our labels carry.

``https://HOST/01/{gtin}/10/{lot}?416={gln}&7007={yymmdd}``: product, lot, place and
harvest day, which is also what Circular 02/2024/TT-BKHCN asks a trace code to be made
of. GS1 Digital Link URI syntax 1.4: section 4 (14-digit GTIN, no convenience alphas),
4.10 (percent-encoding), 5 (canonical form under https://id.gs1.org).
"""

from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from domain.errors import InvalidInput
from domain.gs1 import Gln, Gtin, LotNumber, parse_date, print_date

CANONICAL_STEM = "https://id.gs1.org"


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """A lot's label. ``gln`` is AI (416), ``harvested`` is AI (7007)."""

    gtin: Gtin
    lot: LotNumber
    gln: Gln | None
    harvested: date | None

    def path(self) -> str:
        """Return the path under which the buyer's page answers."""
        return f"/01/{self.gtin}/10/{quote(self.lot, safe='')}"

    def mint(self, stem: str) -> str:
        """Return the link under ``stem``, attributes in order of their AI."""
        attributes = []
        if self.gln is not None:
            attributes.append(f"416={self.gln}")
        if self.harvested is not None:
            attributes.append(f"7007={print_date(self.harvested)}")
        query = "?" + "&".join(attributes) if attributes else ""
        return stem.rstrip("/") + self.path() + query

    def canonical(self) -> str:
        """Return the form that never changes, whatever host serves it."""
        return self.mint(CANONICAL_STEM)


def parse(text: str) -> DigitalLink:
    """Return the label that a link names; raises `InvalidInput` saying what is wrong.

    Query keys that are not numbers are ignored, as the standard says; numeric keys
    other than 416 and 7007 are refused, since they claim to be AIs and are not ours.
    """
    try:
        parts = urlsplit(text)
        path, query = parts.path, parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        message = f"not a link: {text[:120]!r}"
        raise InvalidInput(message, "link") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        message = f"a Digital Link is an http or https address: {text[:120]!r}"
        raise InvalidInput(message, "link")
    segments = path.split("/")[1:]
    if len(segments) < 4 or segments[-4] != "01" or segments[-2] != "10":
        message = f"the path is not …/01/{{gtin}}/10/{{lot}}: {path[:120]!r}"
        raise InvalidInput(message, "link")
    attributes = _attributes(query)
    return DigitalLink(
        Gtin.parse(segments[-3]),
        LotNumber.parse(_decoded(segments[-1])),
        Gln.parse(attributes["416"]) if "416" in attributes else None,
        parse_date(attributes["7007"]) if "7007" in attributes else None,
    )


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        message = f"percent-encoding that is not UTF-8: {segment[:60]!r}"
        raise InvalidInput(message, "link") from error


def _attributes(query: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in query:
        if not (key.isascii() and key.isdigit()):
            continue
        if key in found or key not in ("416", "7007"):
            message = f"({key}) may not stand here"
            raise InvalidInput(message, "link")
        found[key] = value
    return found
