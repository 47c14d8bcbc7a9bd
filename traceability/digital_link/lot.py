"""The one shape that our labels carry: product, lot, place and harvest day.

``https://HOST/01/{gtin}/10/{lot}?416={gln}&7007={yymmdd}``, which is also what Circular
02/2024/TT-BKHCN asks a trace code to be made of.
"""

from dataclasses import dataclass
from datetime import date
from typing import Self

from domain.errors import InvalidInput
from domain.gs1 import Gln, Gtin, LotNumber, parse_date, print_date
from traceability.digital_link.link import Element, Link


@dataclass(frozen=True, slots=True)
class LotLink:
    """A lot's label. ``gln`` is AI (416), ``harvested`` is AI (7007)."""

    gtin: Gtin
    lot: LotNumber
    gln: Gln | None
    harvested: date | None

    @classmethod
    def of(cls, link: Link) -> Self:
        """Return the label that a link is; raises `InvalidInput` when it names no lot.

        What else its query says is left out; who must know compares what is minted again.
        """
        if [ai for ai, _ in link.path] != ["01", "10"]:
            message = f"the path is not /01/{{gtin}}/10/{{lot}}: {link.path_text()[:120]}"
            raise InvalidInput(message, "link")
        (_, gtin), (_, lot) = link.path
        gln, day = link.value("416"), link.value("7007")
        return cls(
            Gtin.parse(gtin),
            LotNumber.parse(lot),
            None if gln is None else Gln.parse(gln),
            None if day is None else parse_date(day),
        )

    def link(self) -> Link:
        """Return the label in its general form."""
        attributes: list[Element] = []
        if self.gln is not None:
            attributes.append(("416", self.gln))
        if self.harvested is not None:
            attributes.append(("7007", print_date(self.harvested)))
        return Link((("01", self.gtin), ("10", self.lot)), tuple(attributes))

    def path(self) -> str:
        """Return the path under which the buyer's page answers."""
        return self.link().path_text()

    def mint(self, stem: str) -> str:
        """Return the link under ``stem``, attributes in order of their AI."""
        return self.link().mint(stem)

    def canonical(self) -> str:
        """Return the form that never changes, whatever host serves it."""
        return self.link().canonical()
