"""GS1 keys as strangers write them: whether one is whole, and ends in its check digit.

GS1 General Specifications, section 7.9.1 (check digits). An EPC URI has none: it is computed
when the Digital Link is made of it, so that only links can have a wrong one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.gs1 import check_digit
from traceability.epcis.identifiers import SCHEMES, STEM, canonical
from traceability.epcis.shapes import fault
from traceability.epcis.vocabulary import expand

_ENDS: Mapping[str, tuple[str, int]] = {
    "00": ("SSCC", 18),
    "01": ("GTIN", 14),
    "253": ("GDTI", 13),
    "255": ("GCN", 13),
    "402": ("GSIN", 17),
    "414": ("GLN", 13),
    "417": ("GLN", 13),
    "8003": ("GRAI", 14),
    "8006": ("GTIN", 14),
    "8017": ("GSRN", 18),
    "8018": ("GSRN", 18),
}
"""Application Identifier → what it names, and the digits of it up to its check digit."""

_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_AMOUNTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_PLACES = ("readPoint", "bizLocation")
_PARTIES = ("bizTransaction", "source", "destination")


def wrong_digit(link: str) -> str | None:
    """Return what is wrong with the check digit of a canonical Digital Link, None if nothing."""
    ai, key = link.removeprefix(f"{STEM}/").split("/")[:2]
    noun, length = _ENDS.get(ai, ("", 0))
    digits = key[:length]
    if not digits or check_digit(digits[:-1]) == int(digits[-1]):
        return None
    return f"{noun} {digits} ends in {digits[-1]}, its check digit is {check_digit(digits[:-1])}"


def problem_of(uri: str) -> str | None:
    """Return why a URI that looks like a GS1 key is none, None for every other URI."""
    link = canonical(uri)
    if link is not None:
        return wrong_digit(link)
    if uri.startswith("urn:epc:"):
        known = uri.removeprefix("urn:epc:").startswith(SCHEMES)
        return f"{uri[:80]!r} is no EPC URI of its scheme (Tag Data Standard)" if known else None
    if uri.startswith(f"{STEM}/"):
        return f"{uri[:80]!r} is no GS1 Digital Link"
    return None


def require_check_digits(event: Mapping[str, Any], where: str, known: Mapping[str, str]) -> None:
    """Raise `InvalidInput` naming the place of the first key with a wrong check digit.

    ``event`` has the shape of one; ``known`` are the prefixes that its contexts declare.
    """
    for at, text in _named(event):
        link = canonical(expand(text, None, known))
        wrong = None if link is None else wrong_digit(link)
        if wrong is not None:
            fault(wrong, f"{where}.{at}")


def _named(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of everything in an event that may be a GS1 key."""
    if "parentID" in event:
        yield "parentID", event["parentID"]
    for field in _LISTS:
        yield from ((f"{field}[{n}]", each) for n, each in enumerate(event.get(field, ())))
    for field in _AMOUNTS:
        for n, each in enumerate(event.get(field, ())):
            yield f"{field}[{n}].epcClass", each["epcClass"]
    yield from ((f"{field}.id", event[field]["id"]) for field in _PLACES if field in event)
    for member in _PARTIES:
        for n, each in enumerate(event.get(f"{member}List", ())):
            yield f"{member}List[{n}].{member}", each[member]
    yield from _devices(event)


def _devices(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for n, element in enumerate(event.get("sensorElementList", ())):
        metadata = element.get("sensorMetadata", {})
        if "deviceID" in metadata:
            yield f"sensorElementList[{n}].sensorMetadata.deviceID", metadata["deviceID"]
        for m, report in enumerate(element["sensorReport"]):
            if "deviceID" in report:
                yield f"sensorElementList[{n}].sensorReport[{m}].deviceID", report["deviceID"]
