"""A real station's two years through a real Mosquitto into a passport.

The statistics equal those pandas computes from the file itself, the coverage states the
file's gaps, and nothing is invented for them.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.diary import Entry, Work
from domain.gs1 import LotNumber
from domain.ids import AreaCode, EntryId, PlotId, SeasonId
from domain.plot import Area, Season
from nguon.compose import make_log_key, make_signer, now_ms, rhythms, stores
from nguon.demo.check import figures_on_page
from nguon.run import web_deps
from nguon.settings import Settings
from store.rollups import roll_up
from tests.builders import GTIN, ZONE, farm
from tests.conftest import USERS
from tests.ingest.rig import until
from tests.services.brokers import Mosquitto
from traceability.lots import LotRequest, open_lot
from traceability.passport import issue
from traceability.verify import verify

ROOT = Path(__file__).parent.parent.parent
MAP = Path(__file__).parent / "kings_creek.toml"
FACTORS = {
    "kPa": 10.0,
    "m3/m3": 100.0,
    "mV": 0.001,
    "MJ/m2/h": 1e6 / 3600,
    "Cel": 1.0,
    "%": 1.0,
    "mm": 1.0,
    "m/s": 1.0,
    "rad": 57.29577951308232,
}
COLUMNS = {"air_temperature": ("tavg", 1.0), "air_humidity": ("rhavg", 1.0), "pressure": ("pressure", 10.0),
           "wind_speed": ("wspd", 1.0), "radiation": ("srad", 1e6 / 3600), "soil_moisture_5": ("vwc_5cm", 100.0),
           "soil_moisture_20": ("vwc_20cm", 100.0), "soil_moisture_40": ("vwc_40cm", 100.0),
           "soil_temperature_5": ("soiltemp_5cm", 1.0), "soil_temperature_20": ("soiltemp_20cm", 1.0),
           "soil_temperature_40": ("soiltemp_40cm", 1.0)}  # fmt: skip


@dataclass
class Station:
    settings: Settings
    environment: dict[str, str]
    file: Path


@pytest.fixture
def station(shared: Path, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Station]:
    file = shared / "data" / "kings_creek_2022_2023_hourly.csv"
    if not file.exists():
        pytest.skip("the station's file is not here")
    environment = os.environ | {
        "NGUON_DATA": str(tmp_path), "NGUON_MQTT_PORT": str(mosquitto.port), "NGUON_DEMO": "true",
        "NGUON_MQTT_PASSWORD": USERS["ingest"], "NGUON_FOLLOW_PARENT": "1",
    }  # fmt: skip
    settings = Settings(data=tmp_path, demo=True)
    with stores(settings, new=True) as opened:
        farm(opened.records, started=date(2026, 1, 1))
        with opened.records.transaction() as transaction:
            plot = PlotId("ruong-1")
            before = date(2000, 1, 1), date(2025, 7, 1)
            transaction.places.add_area(
                Area(AreaCode("xa-mau"), "Xã mẫu cũ", "Old", ZONE, *before, "test")
            )
            transaction.places.add_season(
                Season(SeasonId("hai-nam"), plot, "cucumber", date(2022, 1, 1), date(2023, 12, 31))
            )
    ingest = subprocess.Popen(
        [sys.executable, "-m", "nguon", "ingest"], env=environment, cwd=ROOT, stdin=subprocess.PIPE
    )
    yield Station(settings, environment, file)
    ingest.terminate()
    ingest.wait(15)
    assert ingest.stdin is not None
    ingest.stdin.close()


def nguon(station: Station, *arguments: str) -> str:
    command = [sys.executable, "-m", "nguon", *arguments]
    result = subprocess.run(
        command,
        env=station.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.PIPE,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_two_real_years_become_a_passport_that_tells_their_gaps(
    station: Station, mosquitto: Mosquitto
) -> None:
    frame = pd.read_csv(station.file)

    # Enrol the station and replay its file, as fast as the broker takes it.
    del station.environment["NGUON_FOLLOW_PARENT"]
    assert "14 channels" in nguon(station, "enrol", str(MAP), "--plot", "ruong-1")
    passwords = station.settings.data / "passwords.json"
    passwords.write_text(json.dumps({"kings-creek": USERS["kings-creek"]}))
    said = nguon(
        station,
        "replay",
        str(station.file),
        "--map",
        str(MAP),
        "--port",
        str(mosquitto.port),
        "--passwords",
        str(passwords),
        "--patience",
        "120",
    )
    sent = int(
        frame[[c for c, _ in COLUMNS.values()] + ["prcp", "wdir", "battv"]].notna().sum().sum()
    )
    assert f"17520 rows, {sent} values" in said

    with stores(station.settings) as opened:
        until(lambda: opened.series.tally().readings == sent, 60)
        while roll_up(opened.series, rhythms(opened.records)):
            pass
        with opened.records.transaction() as transaction:
            harvest = Entry(
                EntryId("cuoi-vu"),
                PlotId("ruong-1"),
                Work.HARVEST,
                date(2023, 12, 31),
                "grower",
                900.0,
                "kg",
                None,
                "",
                now_ms(),
            )
            transaction.diary.add(harvest)
            lot = open_lot(
                transaction, LotRequest(GTIN, LotNumber("THAT-1"), harvest.id, 900.0), now_ms()
            )
        make_signer(station.settings)
        make_log_key(station.settings, opened.records)
        deps = web_deps(station.settings, opened)
        passport = issue(deps.issuer, lot, now_ms())
        page = TestClient(create_app(deps)).get("/01/09520001000010/10/THAT-1").text
        assert re.search(r'data-state="expired"', page)
        rows = {
            row["channel"]: row
            for row in verify(passport.envelope, deps.trust().keys).document["evidence"]
            if row["device"] == "kings-creek"
        }

    # The season is two local years at +07:00, so the file's last seven hours lie after it.
    local = pd.to_datetime(frame["datetime"], utc=True).dt.tz_convert("Asia/Ho_Chi_Minh")
    first, after = (
        pd.Timestamp(day, tz="Asia/Ho_Chi_Minh") for day in ("2022-01-01", "2024-01-01")
    )
    inside = frame[(local >= first) & (local < after)]
    assert len(inside) == 17_520 - 7
    shown = figures_on_page(page)
    for channel, (name, factor) in COLUMNS.items():
        values = inside[name].dropna() * factor
        row = rows[channel]
        assert (row["received"], row["used"], row["expected"]) == (len(values), len(values), 17_520)
        assert row["filled"] == len(values)
        expected = {"minimum": values.min(), "mean": values.mean(), "maximum": values.max()}
        assert {k: row[k] for k in expected} == pytest.approx(expected, rel=1e-12)
        assert shown[f"kings-creek:{channel}"] == pytest.approx(expected, rel=1e-12)
    rain = inside["prcp"].dropna()
    assert rows["rain"]["total"] == pytest.approx(rain.sum(), rel=1e-12)

    # The gaps are the file's own.
    assert rows["radiation"]["filled"] == int(inside["srad"].notna().sum())
    times = local[inside.index][inside["srad"].notna()]
    assert rows["radiation"]["longest_silence_s"] >= times.diff().max().total_seconds()
    # Suspect is what is above saturation, and what comes first after twelve hours of silence.
    humid = inside["rhavg"].dropna()
    silent = local[humid.index].diff() > pd.Timedelta(hours=12)
    assert rows["air_humidity"]["suspect"] == int(((humid > 100) | silent).sum())
    assert rows["air_humidity"]["maximum"] > 101
    assert rows["wind_direction"]["minimum"] is None

    # What the README says came out is what came out.
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert (
        f"{sent:,} values were sent and kept; {14 * len(frame) - sent:,} cells were empty" in readme
    )
    assert f"{len(inside):,} hours" in readme
    assert f"{rows['radiation']['filled']:,} of 17,520 hours" in readme
    assert f"{int((humid > 100).sum())} hours of humidity above 100 %" in readme
