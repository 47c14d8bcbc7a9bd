"""The dated table of regimes, read once and checked as it is read."""

import tomllib
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from domain.errors import NotFound
from traceability.completeness.dossier import Dossier

DEFAULT = "tt02"
_TABLE = Path(__file__).parent / "regimes.toml"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing asked; ``needs`` are fields of the dossier, not ``required`` is *if any*."""

    name: str
    needs: tuple[str, ...]
    required: bool
    title_vi: str
    title_en: str
    mend_vi: str
    mend_en: str


@dataclass(frozen=True, slots=True)
class Regime:
    """What one law or standard asks from a day on; ``reviewer`` says how far it was checked."""

    name: str
    title_vi: str
    title_en: str
    valid_from: date
    source: str
    reviewer: str
    items: tuple[Item, ...]


def regime(name: str, on: date) -> Regime:
    """Return a regime as in force on a day; raises `NotFound` naming those there are."""
    known = [one for one in regimes() if one.name == name]
    if not known:
        there = ", ".join(sorted({one.name for one in regimes()}))
        message = f"no regime {name[:40]!r}; there is {there}"
        raise NotFound(message)
    begun = [one for one in known if one.valid_from <= on]
    if not begun:
        message = f"{name} was not in force on {on}; it is from {known[0].valid_from}"
        raise NotFound(message)
    return begun[-1]


@cache
def regimes() -> tuple[Regime, ...]:
    """Return every edition of every regime, the oldest first."""
    table = tomllib.loads(_TABLE.read_text("utf-8"))
    found = [_regime(row) for row in table["regime"]]
    return tuple(sorted(found, key=lambda one: one.valid_from))


def _regime(row: dict[str, Any]) -> Regime:
    items = tuple(_item(one) for one in row["item"])
    plain = {key: value for key, value in row.items() if key != "item"}
    return Regime(**plain, items=items)


def _item(row: dict[str, Any]) -> Item:
    needs = tuple(row["needs"])
    unknown = set(needs) - {field.name for field in fields(Dossier)}
    if unknown:
        message = f"{row['name']} needs what no dossier has: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    return Item(**{"required": True} | row | {"needs": needs})
