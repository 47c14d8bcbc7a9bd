"""A lot's passport in the shape of the UNTP Digital Product Passport 0.6, as a credential.

W3C Verifiable Credentials Data Model 2.0. Only terms that the two contexts define are used, so
that a program which reads it as JSON-LD loses nothing and no ``@vocab`` has to catch the rest.
Made from the signed passport alone and from its place in the log: the same passport gives the
same credential, whoever makes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from domain.gs1 import Gtin, LotNumber
from domain.window import days_window, print_instant
from traceability.countries import country_of
from traceability.credential.claims import Claimant, Proof, claims_of
from traceability.credential.did import did_of
from traceability.credential.status_list import CONTEXT, entries
from traceability.epcis.identifiers import STEM
from traceability.epcis.telling import Amount

UNTP_CONTEXT = "https://test.uncefact.org/vocabulary/untp/dpp/0.6.0/"
TYPES = ("DigitalProductPassport", "VerifiableCredential")
_MADE = "Dividing, joining or processing of harvested lots"
_GS1 = "https://ref.gs1.org/voc/"


@dataclass(frozen=True, slots=True)
class Issued:
    """A passport as issued: where we answer, what it says, its digest and place, its proof.

    ``digest`` is SHA-256 over the envelope in hexadecimal, ``place`` its entry's number.
    """

    address: str
    document: Mapping[str, Any]
    digest: str
    place: int
    proof: Proof

    @property
    def lot(self) -> Amount:
        """The lot, as events name it too."""
        told = self.document["lot"]
        return Amount(Gtin(told["gtin"]), LotNumber(told["number"]), told["kilograms"])

    @property
    def data(self) -> str:
        """Where the lot's data are."""
        return lot_url(self.address, self.lot.gtin, self.lot.lot)

    @property
    def where(self) -> tuple[str, str]:
        """Zone and GLN of where the lot came into being: its plot, or where it was last made."""
        if "made_of" in self.document:
            last = self.document["steps"][-1]
            return last["zone"], last["place"]
        return self.document["season"]["zone"], self.document["plot"]["gln"]

    @property
    def claimant(self) -> Claimant:
        """Who claims what the passport says, under the credential's URI."""
        name, uri = self.document["issuer"], f"{self.data}/credential#{self.digest}"
        return Claimant(did_of(self.address), name, self.address, uri)


def lot_url(address: str, gtin: str, number: str) -> str:
    """Return where a lot's data are."""
    return f"{address}/v1/lots/{gtin}/{quote(number, safe='')}"


def product_passport(issued: Issued) -> dict[str, Any]:
    """Return the credential, not yet signed, as plain JSON values."""
    by, lot = issued.claimant, issued.document["lot"]
    zone = ZoneInfo(issued.where[0])
    expires = date.fromisoformat(lot["expires"])
    return {
        "@context": [CONTEXT, UNTP_CONTEXT],
        "type": list(TYPES),
        "id": by.credential,
        "issuer": {"type": ["CredentialIssuer"], "id": by.did, "name": by.name},
        "validFrom": issued.document["issued"],
        "validUntil": print_instant(days_window(expires, expires, zone).end_ms),
        "credentialSubject": {
            "type": ["ProductPassport"],
            "product": _product(issued),
            "granularityLevel": "batch",
            "conformityClaim": claims_of(issued.document, by, issued.proof),
            "traceabilityInformation": [_traceability(issued)],
        },
        "credentialStatus": entries(issued.address, issued.place),
    }


def _product(issued: Issued) -> dict[str, Any]:
    document, lot = issued.document, issued.lot
    named, (zone, gln) = document["product"], issued.where
    country = country_of(zone)
    made = "made_of" in document
    where = f"Nơi làm ra {gln} (place of making)" if made else f"Nơi trồng {gln} (place of growing)"
    page = issued.address + lot.uri.removeprefix(STEM)
    found = {
        "type": ["Product"],
        "id": lot.uri,
        "name": f"{named['name_vi']} ({named['name_en']})",
        "registeredId": f"{lot.gtin}.{lot.lot}",
        "idScheme": {
            "type": ["IdentifierScheme"],
            "id": f"{STEM}/01/",
            "name": "Global Trade Item Number (GTIN) with batch or lot number",
        },
        "batchNumber": lot.lot,
        "productionDate": document["lot"]["harvested"],
        "producedAtFacility": {
            "id": f"{STEM}/414/{gln}",
            "name": where,
            "registeredId": gln,
        },
        "dimensions": {
            "type": ["Dimension"],
            "weight": {"type": ["Measure"], "value": lot.kilograms, "unit": "KGM"},
        },
        "furtherInformation": [
            _link(page, "What is known of the lot today", "pip"),
            _link(f"{issued.data}/passport", "The signed passport (DSSE)", "dpp"),
            _link(f"{issued.address}/kiem-chung", "What it proves, and what not",
                  "verificationService"),
        ],
    }  # fmt: skip
    return found if country is None else found | {"countryOfProduction": country.code}


def _traceability(issued: Issued) -> dict[str, Any]:
    # No verifiedRatio: nobody independent has verified a share of these events.
    events = _link(f"{issued.data}/events", "The lot's events (EPCIS 2.0)", "epcis")
    return {
        "type": ["TraceabilityPerformance"],
        "valueChainProcess": _MADE if "made_of" in issued.document else "Growing and harvest",
        "traceabilityEvent": [events | {"type": ["SecureLink", "Link"]}],
    }


def _link(url: str, name: str, kind: str) -> dict[str, Any]:
    return {"type": ["Link"], "linkURL": url, "linkName": name, "linkType": _GS1 + kind}
