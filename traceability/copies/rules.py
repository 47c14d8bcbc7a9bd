"""The thresholds of hints: dated data, with who set them."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in force from a day on; see ``rules.toml`` for what each number means."""

    valid_from: date
    source: str
    unit_scans: int
    unit_devices: int
    lot_scans_per_kg: float
    lot_scans_at_least: int
    far_minutes_countries: int
    far_minutes_regions: int


@cache
def _history() -> tuple[Rules, ...]:
    text = resources.files("traceability").joinpath("copies/rules.toml").read_text("utf-8")
    found = (Rules(**row) for row in tomllib.loads(text)["rules"])
    return tuple(sorted(found, key=lambda rules: rules.valid_from))


def rules_on(day: date) -> Rules:
    """Return what is in force on a day; before the first rules, those."""
    history = _history()
    return next((rules for rules in reversed(history) if rules.valid_from <= day), history[0])
