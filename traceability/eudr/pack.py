"""Plots of the records as the features of a file, and outlines for the records.

What goes out is what a statement needs: the producer's public name, the plot's name, its
area and where it lies. No phone, no login, no diary.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.errors import Refused
from domain.ids import PlotId
from domain.plot import Outline, Plot, Producer
from store.records import Transaction
from traceability.eudr.check import Whole


@dataclass(frozen=True, slots=True)
class Gathered:
    """A FeatureCollection, and which of its plots are several features."""

    document: Mapping[str, Any]
    wholes: tuple[Whole, ...]


def collection(
    transaction: Transaction, plots: Sequence[PlotId], country: str, on: date
) -> Gathered:
    """Return the features of plots as they lay on a day, ordered as given.

    Raises `NotFound` for a plot, `Refused` naming all those that have no outline: a file
    that leaves out a plot in silence would be a false statement.
    """
    features: list[Any] = []
    wholes: list[Whole] = []
    absent = []
    for name in dict.fromkeys(plots):
        plot = transaction.places.plot(name)
        outline = transaction.places.outline(name, on)
        if outline is None:
            absent.append(name)
            continue
        producer = transaction.places.producer(plot.producer)
        own = features_of(plot, producer, json.loads(outline.geojson), country)
        wholes += whole_of(plot, len(features), len(own))
        features += own
    if absent:
        message = f"no outline is known of {', '.join(absent)}; give it with `nguon eudr outline`"
        raise Refused(message, "plot-outline")
    return Gathered({"type": "FeatureCollection", "features": features}, tuple(wholes))


def whole_of(plot: Plot, first: int, count: int) -> tuple[Whole, ...]:
    """Return what a plot of several features is judged by; nothing of one that is a single one."""
    return (Whole(plot.hectares, range(first, first + count)),) if count > 1 else ()


def features_of(plot: Plot, producer: Producer, geometry: Any, country: str) -> list[Any]:
    """Return the features of a plot, one a geometry."""
    # A name that was erased is left out: the system asks for none, and a word is no name.
    name = {} if producer.name_erased else {"ProducerName": producer.public_name}
    said = name | {
        "ProducerCountry": country,
        "ProductionPlace": plot.name,
    }
    several = geometry["geometries"] if geometry["type"] == "GeometryCollection" else [geometry]
    # The area is that of the whole plot, which no single part of it has.
    area = {"Area": plot.hectares} if len(several) == 1 else {}
    return [{"type": "Feature", "properties": said | area, "geometry": one} for one in several]


def outline_from(plot: PlotId, document: Any, valid_from: date, source: str) -> Outline:
    """Return the outline that a mended FeatureCollection gives a plot."""
    geometries = [feature["geometry"] for feature in document["features"]]
    whole = geometries[0] if len(geometries) == 1 else {
        "type": "GeometryCollection", "geometries": geometries
    }  # fmt: skip
    return Outline(plot, valid_from, json.dumps(whole, separators=(",", ":")), source)
