"""Output by crop and commune, from the harvests in the diaries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from domain.errors import NotFound
from domain.ids import AreaCode
from store.records import Transaction


@dataclass(frozen=True, slots=True)
class Output:
    """Kilograms of one crop from one commune, from so many harvests, up to ``until``."""

    area_vi: str
    area_en: str
    crop_vi: str
    crop_en: str
    harvests: int
    kilograms: float
    until: date


def output(transaction: Transaction) -> list[Output]:
    """Return what was harvested, by commune and crop, as growers declared it.

    A commune is named as it was on the day of the last harvest; a harvest outside any
    season is listed under an empty crop rather than left out.
    """
    sums: defaultdict[tuple[str, str], list[tuple[date, float]]] = defaultdict(list)
    for plot, area, day, kilograms in transaction.lots.output():
        season = transaction.places.season_on(plot, day)
        sums[area, season.crop if season else ""].append((day, kilograms))
    rows = []
    for (code, crop), harvests in sums.items():
        until = max(day for day, _ in harvests)
        place = transaction.places.area(AreaCode(code), until)
        names = _crop_names(transaction, crop)
        total = sum(kilograms for _, kilograms in harvests)
        rows.append(Output(place.name_vi, place.name_en, *names, len(harvests), total, until))
    return sorted(rows, key=lambda row: (row.area_vi, row.crop_vi))


def _crop_names(transaction: Transaction, code: str) -> tuple[str, str]:
    try:
        crop = transaction.places.crop(code)
    except NotFound:
        return "", ""
    return crop.name_vi, crop.name_en
