"""The standards that certificates are of: a dated table, read once and checked as it is read."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard by the code we keep, its names, the day it holds from and who says so."""

    code: str
    title_vi: str
    title_en: str
    valid_from: date
    source: str


@cache
def standards() -> dict[str, Standard]:
    """Return every row of the table, by code."""
    raw = resources.files("traceability").joinpath("standards.toml").read_text("utf-8")
    rows = [Standard(**row) for row in tomllib.loads(raw)["standard"]]
    return {row.code: row for row in rows}


def standard(code: str) -> Standard:
    """Return a standard; raises `InvalidInput` naming those there are."""
    found = standards().get(code)
    if found is None:
        message = f"no standard {code[:40]!r}; there is {', '.join(standards())}"
        raise InvalidInput(message, "standard")
    return found
