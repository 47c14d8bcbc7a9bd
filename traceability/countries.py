"""Which country a place is in, for those who ask for a lot's origin.

Records know areas and their time zones, and passports say the zone; the country follows from
it by a table, and where the table has nothing, nothing is said.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Country:
    """A country: its letters (ISO 3166-1 alpha-2) and its name in both languages."""

    code: str
    name_vi: str
    name_en: str


def country_of(zone: str) -> Country | None:
    """Return the country of a time zone (IANA name), None where the table has none."""
    return _table().get(zone)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Country]:
    text = resources.files("traceability").joinpath("countries.toml").read_text("utf-8")
    return {
        row["name"]: Country(row["code"], row["name_vi"], row["name_en"])
        for row in tomllib.loads(text)["zone"]
    }
