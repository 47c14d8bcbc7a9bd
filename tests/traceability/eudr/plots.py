"""Plots to check, near Dầu Tiếng, and the file around them."""

import json
from datetime import date
from typing import Any

from traceability.eudr.check import Question, check
from traceability.eudr.report import Report

TODAY = date(2026, 11, 21)
ASKED = Question(TODAY)
WEST, SOUTH = 106.412345, 11.312345


def square(east: float = 0.0, north: float = 0.0, side: float = 0.002) -> list[list[float]]:
    """A closed outline of about 4.8 ha; six decimals in every corner."""
    w, s = round(WEST + east, 6), round(SOUTH + north, 6)
    e, n = round(w + side, 6), round(s + side, 6)
    return [[w, s], [e, s], [e, n], [w, n], [w, s]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings) or [square()]}


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    said = {"ProducerName": "Hộ mẫu 1", "ProducerCountry": "VN", "ProductionPlace": "Lô 3"}
    return {
        "type": "Feature",
        "properties": said | properties,
        "geometry": polygon() if geometry is None else geometry,
    }


def raw(*features: Any, **members: Any) -> bytes:
    document = {"type": "FeatureCollection", "features": list(features)} | members
    text = json.dumps(document, ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def checked(*features: Any, asked: Question = ASKED, **members: Any) -> Report:
    return check(raw(*features, **members), asked)


def names(report: Report) -> set[str]:
    return set(report.counts)
