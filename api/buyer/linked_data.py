"""What the page of a lot says, for programs that read it: schema.org in JSON-LD.

Search engines and shops copy what they find here, and copies outlive pages. So a lot that is
recalled or in doubt says which one it is and that it is so, and claims nothing; nobody's name is
given; and no offer is made. It stands in a script element that is data: no browser runs it, and
the Content-Security-Policy, which forbids every script, does not ask about it (HTML, 4.12.1).
"""

from typing import Any

from api.buyer.views import CertificateView, LotView, MeasuredView
from domain.lot import LotState
from traceability.countries import country_of

_VOCABULARY = "https://ref.gs1.org/voc/"
_CLAIMED_IN = (LotState.VALID, LotState.EXPIRED)


def linked_data(view: LotView, link: str, zone: str, language: str) -> dict[str, Any]:
    """Return the lot as JSON-LD; ``link`` is its Digital Link, ``zone`` its plot's time zone.

    A lot is some of a product (``SomeProducts``): only to that may a lot's link be given.
    """
    product, lot = view.product, view.lot
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": ["Product", "SomeProducts"],
        "@id": link,
        "name": product.name_vi if language == "vi" else product.name_en,
        "gtin14": lot.gtin,
        "hasGS1DigitalLink": link,
    }
    known = [
        _property("hasBatchLotNumber", "lot", lot.number),
        _property("recallStatus", "state", view.state.value),
    ]
    if view.state in _CLAIMED_IN:
        found["productionDate"] = lot.harvested.isoformat()
        country = country_of(zone)
        if country is not None:
            name = country.name_vi if language == "vi" else country.name_en
            found["countryOfOrigin"] = {
                "@type": "Country", "identifier": country.code, "name": name,
            }  # fmt: skip
        if view.passport is not None:
            known += [_measured(one) for one in view.passport.measured]
            certified = [_certified(one) for one in view.passport.certificates if not one.withdrawn]
            if certified:
                found["hasCertification"] = certified
    return found | {"additionalProperty": known}


def _property(kind: str, name: str, value: str) -> dict[str, Any]:
    return {
        "@type": "PropertyValue", "propertyID": _VOCABULARY + kind, "name": name, "value": value,
    }  # fmt: skip


def _certified(one: CertificateView) -> dict[str, Any]:
    return {
        "@type": "Certification",
        "name": one.title,
        "certificationIdentification": one.number,
        "issuedBy": {"@type": "Organization", "name": one.certifier},
        "validFrom": one.since.isoformat(),
        "expires": one.until.isoformat(),
    }


def _measured(one: MeasuredView) -> dict[str, Any]:
    """Return a season's figures of a sensor, with how many of the readings due there were."""
    figures = {key: value for key, _, _, value in one.figures}
    told = {
        "value": figures.get("mean", figures.get("total")),
        "minValue": figures.get("minimum"),
        "maxValue": figures.get("maximum"),
    }
    return {
        "@type": "PropertyValue",
        "name": one.label,
        "unitText": one.unit,
        "description": f"{one.filled} / {one.expected}",
        **{key: value for key, value in told.items() if value is not None},
    }
