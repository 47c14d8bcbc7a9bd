"""GS1 keys inside events: every spelling of one key becomes one canonical Digital Link.

An EPC URI, an EPC class or pattern URI and a Digital Link on any host may name the same
thing. Events are compared, searched and hashed by the *constrained canonical* Digital
Link: host id.gs1.org, no query, only the finest level of identification (CBV 2.0
section 8.9.2, rules 17 and 18; EPC Tag Data Standard 2.0 section 6.3 for the URNs).
"""

import re
from dataclasses import dataclass

from domain.gs1 import check_digit

STEM = "https://id.gs1.org"

# What an EPC URI may carry in a serial part: TDS 2.0 section 6.3.1, GS3A3 components.
_PART = (
    r"(?:%2[125-9A-Fa-f]|%3[0-9A-Fa-f]|%4[1-9A-Fa-f]|%5[0-9AaFf]|%6[1-9A-Fa-f]|%7[0-9Aa]"
    r"|[!')(*+,.0-9:;=A-Za-z_-])"
)
_CPI_PART = r"(?:%2[3dfDF]|[0-9A-Z-])"
# What must be written %XX in a Digital Link path, and may stand bare in an EPC URI.
_ENCODED = str.maketrans({c: f"%{ord(c):02X}" for c in "!()*+,:"})


@dataclass(frozen=True, slots=True)
class _Scheme:
    """One EPC URI scheme: where its digits go in the Digital Link.

    ``digits`` is the length of company prefix and reference together; 0 when free.
    ``lead`` digits of the reference move before the company prefix (indicator, extension).
    """

    path: str
    digits: int
    rest: re.Pattern[str]
    lead: int = 0
    filler: str = ""
    qualifier: str = ""


def _serial(longest: int, part: str = _PART) -> re.Pattern[str]:
    return re.compile(rf"\.({part}{{1,{longest}}})")


_NOTHING, _ANY, _NUMBER = re.compile("()"), re.compile(r"\.(\*)"), re.compile(r"\.(\d{1,12})")

_SCHEMES: dict[str, _Scheme] = {
    "id:sgtin": _Scheme("01", 13, _serial(20), lead=1, qualifier="21"),
    "id:sscc": _Scheme("00", 17, _NOTHING, lead=1),
    "id:sgln": _Scheme("414", 12, _serial(20), qualifier="254"),
    "id:grai": _Scheme("8003", 12, _serial(16), filler="0"),
    "id:gsrn": _Scheme("8018", 17, _NOTHING),
    "id:gsrnp": _Scheme("8017", 17, _NOTHING),
    "id:gdti": _Scheme("253", 12, _serial(17)),
    "id:sgcn": _Scheme("255", 12, _NUMBER),
    "id:gsin": _Scheme("402", 16, _NOTHING),
    "id:pgln": _Scheme("417", 12, _NOTHING),
    "id:upui": _Scheme("01", 13, _serial(28), lead=1, qualifier="235"),
    "class:lgtin": _Scheme("01", 13, _serial(20), lead=1, qualifier="10"),
    "idpat:sgtin": _Scheme("01", 13, _ANY, lead=1),
    "idpat:upui": _Scheme("01", 13, _ANY, lead=1),
    "idpat:grai": _Scheme("8003", 12, _ANY, filler="0"),
    "idpat:gdti": _Scheme("253", 12, _ANY),
    "idpat:sgcn": _Scheme("255", 12, _ANY),
}
SCHEMES = tuple(
    f"{kind}:"
    for kind in (*_SCHEMES, "id:giai", "id:ginc", "id:cpi", "idpat:cpi", "id:itip", "idpat:itip")
)
"""What follows ``urn:epc:`` in the URIs of GS1 keys; others (``id:gid``) name none."""

_KEY = re.compile(r"(\d{6,12})\.(\d*)")
_ITIP = re.compile(r"(\d{6,12})\.(\d+)\.(\d\d)\.(\d\d)\.(.+)")


def canonical(uri: str) -> str | None:
    """Return the constrained canonical Digital Link of a GS1 key, None when it is none."""
    if uri.startswith("urn:epc:"):
        return _from_epc(uri.removeprefix("urn:epc:"))
    if uri.startswith(("https://", "http://")):
        return _from_link(uri)
    return None


def _from_epc(urn: str) -> str | None:
    kind, _, body = urn.rpartition(":") if urn.count(":") == 2 else _split_urn(urn)
    if kind in ("id:giai", "id:ginc"):
        return _free(kind, body)
    if kind in ("id:cpi", "idpat:cpi"):
        return _component(kind, body)
    if kind in ("id:itip", "idpat:itip"):
        return _piece(kind, body)
    scheme = _SCHEMES.get(kind)
    return None if scheme is None else _keyed(scheme, body)


def _split_urn(urn: str) -> tuple[str, str, str]:
    """Split ``id:sgtin:…`` where the serial itself holds a colon."""
    parts = urn.split(":", 2)
    return ":".join(parts[:2]), ":", parts[2] if len(parts) == 3 else ""


def _keyed(scheme: _Scheme, body: str) -> str | None:
    key = _KEY.match(body)
    if key is None or len(key[1]) + len(key[2]) != scheme.digits or len(key[2]) < scheme.lead:
        return None
    rest = scheme.rest.fullmatch(body, key.end())
    if rest is None:
        return None
    digits = scheme.filler + key[2][: scheme.lead] + key[1] + key[2][scheme.lead :]
    path = f"{STEM}/{scheme.path}/{digits}{check_digit(digits)}"
    if scheme.rest is _ANY:
        return path  # a pattern of every serial names the class itself
    serial = rest[1].translate(_ENCODED)
    if scheme.qualifier == "254" and serial == "0":
        return path  # an SGLN without extension: TDS 2.0 section 6.3.3
    return f"{path}/{scheme.qualifier}/{serial}" if scheme.qualifier else path + serial


def _free(kind: str, body: str) -> str | None:
    """GIAI and GINC: company prefix, then 30 characters altogether, no check digit."""
    found = re.fullmatch(rf"(\d{{6,12}})\.({_PART}{{1,24}})", body)
    if found is None or len(found[1]) + len(re.findall(_PART, found[2])) > 30:
        return None
    ai = "8004" if kind == "id:giai" else "401"
    return f"{STEM}/{ai}/{found[1]}{found[2].translate(_ENCODED)}"


def _component(kind: str, body: str) -> str | None:
    tail = r"\.\*" if kind.startswith("idpat") else r"\.(\d{1,12})"
    found = re.fullmatch(rf"(\d{{6,12}})\.({_CPI_PART}{{1,24}}){tail}", body)
    if found is None or len(found[1]) + len(re.findall(_CPI_PART, found[2])) > 30:
        return None
    serial = "" if kind.startswith("idpat") else f"/8011/{found[3]}"
    return f"{STEM}/8010/{found[1]}{found[2]}{serial}"


def _piece(kind: str, body: str) -> str | None:
    found = _ITIP.fullmatch(body)
    if found is None or len(found[1]) + len(found[2]) != 13:
        return None
    digits = found[2][0] + found[1] + found[2][1:]
    path = f"{STEM}/8006/{digits}{check_digit(digits)}{found[3]}{found[4]}"
    if kind.startswith("idpat"):
        return path if found[5] == "*" else None
    serial = re.fullmatch(rf"{_PART}{{1,20}}", found[5])
    return f"{path}/21/{found[5].translate(_ENCODED)}" if serial else None


# Digital Link, the short names of syntax 1.2 included: events written then are still read.
_ALPHAS = {
    "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417",
    "gsrnp": "8017", "gsrn": "8018", "gcn": "255", "sscc": "00", "gdti": "253",
    "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004",
    "cpv": "22", "lot": "10", "ser": "21",
}  # fmt: skip
_C82 = r"(?:[\"'\-.0-9;<=>?A-Z_a-z]|%[0-9A-Fa-f]{2})"
_KEYS: dict[str, re.Pattern[str]] = {
    "00": re.compile(r"\d{18}"),
    "01": re.compile(r"\d{8}|\d{12,14}"),
    "253": re.compile(rf"\d{{13}}{_C82}{{0,17}}"),
    "255": re.compile(r"\d{13}\d{0,12}"),
    "401": re.compile(rf"\d{{4}}{_C82}{{0,26}}"),
    "402": re.compile(r"\d{17}"),
    "414": re.compile(r"\d{13}"),
    "417": re.compile(r"\d{13}"),
    "8003": re.compile(rf"\d{{14}}{_C82}{{0,16}}"),
    "8004": re.compile(rf"\d{{4}}{_C82}{{0,26}}"),
    "8006": re.compile(r"\d{18}"),
    "8010": re.compile(r"\d{4}(?:[#\-0-9A-Z]|%2[3fF]){0,26}"),
    "8017": re.compile(r"\d{18}"),
    "8018": re.compile(r"\d{18}"),
}
_QUALIFIERS: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {
    "01": tuple((ai, re.compile(rf"{_C82}{{1,20}}")) for ai in ("22", "10", "21")),
    "8006": tuple((ai, re.compile(rf"{_C82}{{1,20}}")) for ai in ("22", "10", "21")),
    "414": (("254", re.compile(rf"{_C82}{{1,20}}")),),
    "8010": (("8011", re.compile(r"\d{1,12}")),),
}
_CONTROLLED = (("235", re.compile(rf"{_C82}{{1,28}}")),)


def _from_link(uri: str) -> str | None:
    bare = uri.partition("?")[0]
    if "#" in bare:
        return None
    segments = bare.split("/")[3:]
    for at, segment in enumerate(segments[:-1]):
        ai = _ALPHAS.get(segment, segment)
        if ai in _KEYS and _KEYS[ai].fullmatch(segments[at + 1]):
            found = _finest(ai, segments[at + 1], segments[at + 2 :])
            if found is not None:
                return found
    return None


def _finest(ai: str, key: str, rest: list[str]) -> str | None:
    """Return the key with its finest qualifier alone; None when the path is no Digital Link."""
    if ai == "01":
        key = key.zfill(14)
    path = f"{STEM}/{ai}/{key}"
    if not rest:
        return path
    if len(rest) % 2:
        return None
    allowed = _CONTROLLED if ai == "01" and rest[0] == "235" else _QUALIFIERS.get(ai, ())
    finest = ""
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        qualifier = _ALPHAS.get(name, name)
        order = [known for known, _ in allowed]
        if qualifier not in order or not dict(allowed)[qualifier].fullmatch(value):
            return None
        allowed = allowed[order.index(qualifier) + 1 :]
        if qualifier != "22":  # the consumer product variant is not part of a CBV identity
            finest = f"/{qualifier}/{value}"
    return path + finest
