"""What a passport claims, as UNTP claims: who says so, the figures, and where their proof is.

``conformance`` is a field that UNTP cannot do without, and nothing of ours is judged against a
threshold: true says that the figures were made by the method named, from readings that are in
the log, and each description says so. The topic is therefore transparency throughout; that
soil was moist is no statement about water as an environmental matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from traceability.epcis.measures import measure
from traceability.epcis.sensing import Namespace

_TOPIC = "governance.transparency"
_FIGURES = ("minimum", "mean", "maximum", "total")
_SHARES = ("coverage", "in_band")
_COUNTS = ("expected", "filled", "received", "used", "failed", "suspect", "disputed")
_ONE, _SECOND = "C62", "SEC"


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a passport's proof is to be had, and SHA-256 over it in hexadecimal."""

    url: str
    digest: str


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims: the issuer's DID and name, its address, and the credential's own URI."""

    did: str
    name: str
    address: str
    credential: str


def claims_of(document: Mapping[str, Any], by: Claimant, proof: Proof) -> list[dict[str, Any]]:
    """Return the claims of a passport: a datastream each, the diary's sprayings, certificates.

    Of a lot made of several harvests: one for each of these, which have credentials of their own.
    """
    if "made_of" in document:
        return [_went_in(row, document, by, proof) for row in document["made_of"]]
    measured = [_measured(row, document, by, proof) for row in document["evidence"]]
    certified = [_certified(row, by, proof) for row in document.get("certificates", [])]
    return [*measured, _sprayings(document, by, proof), *certified]


def all_declared(document: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the figures of a passport's first claims, as a credential must repeat them."""
    if "made_of" in document:
        return [declared_of_part(row) for row in document["made_of"]]
    return [declared(row) for row in document["evidence"]]


def declared_of_part(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return how much of a harvested lot is in one made of it."""
    return [
        _metric("weight when opened", row["weighed"], "KGM"),
        _metric("weight that went in", row["kilograms"], "KGM"),
        _metric("share of what went in", row["share"], _ONE),
    ]


def declared(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the figures of one row of evidence as UNTP metrics, units from Recommendation 20."""
    code = measure(row["property"]).uom
    # Recommendation 20 has no code for turbidity and the like: the name then says the unit.
    named = "" if code is not None else f" in {row['unit']}"
    figures = [
        _metric(f"{figure} of {row['property']}{named}", row[figure], code or _ONE)
        for figure in _FIGURES
        if row[figure] is not None
    ]
    shares = [_metric(name, row[name], _ONE) for name in _SHARES if row[name] is not None]
    counts = [_metric(f"{name} readings", row[name], _ONE) for name in _COUNTS]
    silence = _metric("longest silence", row["longest_silence_s"], _SECOND)
    return [*figures, *shares, *counts, silence]


def _measured(
    row: Mapping[str, Any], document: Mapping[str, Any], by: Claimant, proof: Proof
) -> dict[str, Any]:
    depth = "" if row["depth_m"] is None else f" at {row['depth_m']:g} m below ground"
    method = document["method"]
    said = (
        f"Measured by device {row['device']}, channel {row['channel']}: {row['property']}{depth}."
        f" Conformance means summed up by {method} from logged readings; nothing missing was"
        " filled in, and no threshold was judged."
    )
    standard = {
        "type": ["Standard"],
        "id": Namespace(by.address).method(method),
        "name": method,
        "issuingParty": {"id": by.did, "name": by.name},
    }
    claim = _claim(by, f"{row['device']}:{row['channel']}", said, declared(row), proof)
    return claim | {"referenceStandard": standard, "assessmentDate": document["issued"][:10]}


def _went_in(
    row: Mapping[str, Any], document: Mapping[str, Any], by: Claimant, proof: Proof
) -> dict[str, Any]:
    said = (
        f"Made of lot {row['number']} of GTIN {row['gtin']}, harvested {row['harvested']}."
        f" Conformance means reckoned by {document['method']} from the logged steps between, as if"
        " every lot were evenly mixed; its passport is inside the proof."
    )
    name = f"made-of/{row['gtin']}/{quote(row['number'], safe='')}"
    return _claim(by, name, said, declared_of_part(row), proof)


def _sprayings(document: Mapping[str, Any], by: Claimant, proof: Proof) -> dict[str, Any]:
    rows = [row for row in document["diary"] if row["work"] == "spraying"]
    waits = [
        _metric(f"waiting days after {row['product']}, {row['day']}", row["waiting_days"], "DAY")
        for row in rows
    ]
    said = (
        "Declared by the grower in the farm diary, of which the proof has digests. Conformance"
        " means computed: the waiting period of every spraying written down was over at harvest."
    )
    figures = [_metric("sprayings in the diary", len(rows), _ONE), *waits]
    return _claim(by, "sprayings", said, figures, proof)


def _certified(row: Mapping[str, Any], by: Claimant, proof: Proof) -> dict[str, Any]:
    said = (
        f"{row['title_en']}: certificate {row['number']}, given by {row['certifier']}, in force"
        f" from {row['from']} to {row['until']}. Conformance means that the paper was on record,"
        " and in force on the day of harvest; the certifier was not asked."
    )
    days = (date.fromisoformat(row["until"]) - date.fromisoformat(row["from"])).days + 1
    figures = [_metric("days in force", days, "DAY")]
    name = quote(f"certificate-{row['standard']}-{row['number']}", safe="")
    return _claim(by, name, said, figures, proof)


def _claim(
    by: Claimant, name: str, said: str, figures: list[dict[str, Any]], proof: Proof
) -> dict[str, Any]:
    return {
        "type": ["Claim", "Declaration"],
        "id": f"{by.credential}/{name}",
        "description": said,
        "declaredValue": figures,
        "conformance": True,
        "conformityTopic": _TOPIC,
        "conformityEvidence": {
            "type": ["SecureLink", "Link"],
            "linkURL": proof.url,
            "linkName": "The signed passport and its proof in the log (ZIP)",
            "linkType": "https://ref.gs1.org/voc/dpp",
            "hashDigest": proof.digest,
            "hashMethod": "SHA-256",
            "encryptionMethod": "none",
        },
    }


def _metric(name: str, value: float, unit: str) -> dict[str, Any]:
    measured = {"type": ["Measure"], "value": value, "unit": unit}
    return {"type": ["Metric"], "metricName": name, "metricValue": measured}
