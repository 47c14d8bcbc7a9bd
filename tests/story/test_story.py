"""From a sensor in the soil to a QR code in a buyer's hand, on one page.

Real processes, real broker, real HTTP; every figure recomputed here with pandas from
readings fetched over the public interface.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import zxingcpp
from PIL import Image

from domain.errors import VerificationFailed
from nguon.demo.check import figures_on_page, verified_alone
from nguon.demo.client import Client
from nguon.demo.run import Demo, start
from nguon.demo.story import await_past, tell
from nguon.settings import Settings
from traceability.trust import parse_trust
from traceability.verify import verify


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = start(Settings(data=tmp_path, http_port=18080, mqtt_port=11883), lambda _: None)
    yield running
    running.stop()


def season(client: Client, row: dict[str, Any], series: int) -> pd.DataFrame:
    """The readings of one datastream over its windows, as anyone may fetch them."""
    found = []
    for begin, end in row["windows"]:
        at: str | None = begin
        while at:
            path = f"/v1/plots/ruong-dua-leo/series/{series}/readings?start={at}&end={end}"
            page = client.get(path)
            found += page["readings"]
            at = page["next"]
    return pd.DataFrame(found)


def test_from_the_soil_to_the_buyers_hand(demo: Demo) -> None:
    office = Client(demo.address, "phong-kinh-te", demo.pins["phong-kinh-te"])
    grower = Client(demo.address, "hop-tac-xa-rau", demo.pins["hop-tac-xa-rau"])
    buyer = Client(demo.address)

    # Sixty days arrive from flash: batches, late, some twice, some out of order.
    assert await_past(office, 240, lambda _: None)
    devices = office.get("/v1/devices")
    assert len(devices) == 9
    assert all(d["cycles_missing"] == 0 for d in devices)

    # The grower writes the diary, opens a lot from the harvest, its passport is signed.
    told = tell(demo.address, demo.pins, demo.today)[0]
    lot = f"/v1/lots/{told.gtin}/{told.number}"

    # An independent reader reads the label; the link opens the buyer's page.
    label = Image.open(BytesIO(buyer.fetch(f"/tem/{told.gtin}/{told.number}.png")[1]))
    (code,) = zxingcpp.read_barcodes(label)
    assert "416=9520001001031&7007=" in code.text
    status, html = buyer.fetch(code.text, accept="text/html")
    assert status == 200
    assert b'data-state="valid"' in html
    shown = figures_on_page(html.decode())

    # What the page says equals what the store says.
    raw = buyer.fetch(f"{lot}/passport")[1]
    trusted = parse_trust(buyer.fetch("/.well-known/nguon-keys.json")[1].decode()).keys
    evidence = verify(raw, trusted).document["evidence"]
    series = {
        f"{v['device']}:{v['channel']}": v["series"]
        for v in grower.get("/v1/plots/ruong-dua-leo")["values"]
    }
    assert len(evidence) >= 16
    for row in evidence:
        key = f"{row['device']}:{row['channel']}"
        frame = season(grower, row, series[key])
        used = frame[frame["flag"] != 4]["value"]
        assert row["used"] == len(used)
        assert row["failed"] == int((frame["flag"] == 4).sum())
        if row["statistic"] == "mean":
            expected = {"minimum": used.min(), "mean": used.mean(), "maximum": used.max()}
            assert shown[key] == pytest.approx(expected, rel=1e-12)
        if row["statistic"] == "sum":
            assert shown[key]["total"] == pytest.approx(used.sum(), rel=1e-12)

    # What is missing is said: the brown-out of fourteen hours, the unplugged probe.
    soil = {row["channel"]: row for row in evidence if row["device"] == "dat-dua-leo"}
    assert soil["soil_moisture_20"]["expected"] - soil["soil_moisture_20"]["filled"] in (57, 58)
    assert soil["soil_ph_20"]["failed"] == 144

    # One flipped byte, and verification names the step. Of the payload, and to another
    # letter of base64: the middle one could become a sign that the envelope has no room for.
    flipped = bytearray(raw)
    letters = (i for i in range(len(raw) // 2, len(raw)) if chr(raw[i] ^ 1).isalnum())
    flipped[next(letters)] ^= 1
    with pytest.raises(VerificationFailed) as caught:
        verify(bytes(flipped), trusted)
    assert caught.value.step == "signature"

    # The proof holds in a process of its own that has the public keys and nothing else.
    proof = buyer.fetch(f"{lot}/proof")[1]
    status, words = verified_alone(proof, buyer.fetch("/.well-known/nguon-keys.json")[1])
    assert status == 0, words
    assert "days: holds" in words

    # A recall beats everything.
    office.post(f"{lot}/recall", {"reason": "kiểm thử"})
    assert b'data-state="recalled"' in buyer.fetch(code.text, accept="text/html")[1]
