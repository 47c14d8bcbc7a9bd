"""The demonstration's story, told through the same interface that a phone uses.

Every step may be repeated: ids are fixed, so telling it again changes nothing.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from nguon.demo.client import Answer, Client
from nguon.demo.seed import district

_POLL_S = 0.3


@dataclass(frozen=True, slots=True)
class Told:
    """A lot of the story."""

    login: str
    gtin: str
    number: str
    digital_link: str


def await_past(
    client: Client,
    patience_s: float,
    say: Callable[[str], None],
    stopping: Callable[[], bool] = lambda: False,
) -> bool:
    """Wait until the nodes' past is committed without a gap and rolled up; says how far it is."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and not stopping():
        devices = client.get("/v1/devices")
        health = client.get("/v1/health")
        heard = [d for d in devices if d["newest"] and not d["cycles_missing"] and not d["silent"]]
        say(
            f"{health['readings']} readings kept, {len(heard)} of {len(devices)} devices complete,"
            f" {health['rollups_due']} roll-ups due"
        )
        if len(heard) == len(devices) and not health["rollups_due"]:
            return True
        time.sleep(_POLL_S)
    return False


def tell(address: str, pins: Mapping[str, str], today: date) -> list[Told]:
    """Write the diaries, open the lots, issue their passports; returns the lots."""
    data = district()
    clients = {login: Client(address, login, pin) for login, pin in pins.items()}
    for diary in data["diary"]:
        _write(clients[diary["login"]], diary["plot"], diary["entries"], today)
    return [_open(clients[row["login"]], row, data, today) for row in data["lot"]]


def _write(client: Client, plot: str, entries: list[dict[str, Any]], today: date) -> None:
    for number, entry in enumerate(entries):
        fields = {key: value for key, value in entry.items() if key != "day"}
        day = today + timedelta(days=entry["day"])
        body = {"id": f"demo-{plot}-{number}", "day": day.isoformat(), **fields}
        client.post(f"/v1/plots/{plot}/diary", body)


def _open(client: Client, row: dict[str, Any], data: dict[str, Any], today: date) -> Told:
    entries = next(d["entries"] for d in data["diary"] if d["plot"] == row["plot"])
    number, harvest = next((i, e) for i, e in enumerate(entries) if e["work"] == "harvest")
    day = today + timedelta(days=harvest["day"])
    lot = f"{day:%y%m%d}-{row['plot'].upper()}"[:20]
    body = {
        "gtin": row["gtin"],
        "number": lot,
        "harvest": f"demo-{row['plot']}-{number}",
        "kilograms": row["kilograms"],
    }
    opened = client.post("/v1/lots", body)
    passport = f"/v1/lots/{row['gtin']}/{lot}/passport"
    try:
        client.fetch(passport)
    except Answer as answer:
        if answer.status != 404:
            raise
        client.post(passport, {})
    return Told(row["login"], row["gtin"], lot, opened["digital_link"])
