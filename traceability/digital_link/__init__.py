"""GS1 Digital Link: one address that names a thing, says more about it, and can be opened.

``link.py`` is the general form, ``parse.py`` reads it strictly, ``lot.py`` is the one shape
that our labels carry, ``elements.py`` the form that barcodes without an address use, and
``decompress.py`` the short form that resolvers must understand. Which identifier may say
what, and stand where, is data: ``application_identifiers.csv``.
"""

from traceability.digital_link.link import Link
from traceability.digital_link.lot import LotLink
from traceability.digital_link.parse import parse

__all__ = ["Link", "LotLink", "parse"]
