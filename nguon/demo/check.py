"""``nguon demo --check``: the story proves itself, one line a step, exit 0 or 1.

What is compared is computed here a second time, from raw readings and by other means
than the product's: plain sums, and an independent QR reader (zxing-cpp).
"""

import base64
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

from domain.errors import NguonError, VerificationFailed
from domain.window import Window, parse_instant
from nguon.compose import log_key, stores, trust
from nguon.demo.client import Answer, Client
from nguon.demo.run import Demo, start
from nguon.demo.story import Told, await_past, tell
from nguon.fsck import findings, shown
from nguon.settings import Settings
from store.judged import judged_stream
from traceability.bundle import Bundle
from traceability.digital_link import LotLink, parse
from traceability.trust import parse_trust
from traceability.verify import verify

_PAST_PATIENCE_S = 240.0
_LIVE_PATIENCE_S = 60.0
_MIDWAY = 60_000


class CheckFailed(Exception):
    """A step does not hold; the message says what was expected and found."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the steps work on."""

    demo: Demo
    office: Client
    lots: list[Told]
    passport: bytes
    document: dict[str, Any]


def run(settings: Settings) -> int:
    """Start the demonstration, check it, end it; 0 when every step holds."""
    started = time.monotonic()
    demo = start(settings, print)
    try:
        return _check(demo, started)
    except (CheckFailed, NguonError, Answer) as error:
        print(f"FAILED  {error}")
        return 1
    finally:
        demo.stop()


def _check(demo: Demo, started: float) -> int:
    office = Client(demo.address, "phong-kinh-te", demo.pins["phong-kinh-te"])
    _kill_ingest_midway(demo, office)
    _say(started, "ingest killed with -9 while the past was arriving")
    arrived = await_past(office, _PAST_PATIENCE_S, lambda _: None)
    _require(arrived, "the nodes' past did not arrive whole; see the logs")
    _say(started, "sixty days arrived, no cycle missing, roll-ups up to date")
    lots = tell(demo.address, demo.pins, demo.today)
    _say(started, f"diaries written, {len(lots)} lots opened, passports signed")
    path = f"/v1/lots/{lots[0].gtin}/{lots[0].number}/passport"
    passport = Client(demo.address).fetch(path)[1]
    document = json.loads(base64.b64decode(json.loads(passport)["payload"]))
    stage = Stage(demo, office, lots, passport, document)
    for sentence, step in STEPS:
        step(stage)
        _say(started, sentence)
    print("the story holds")
    return 0


def _kill_ingest_midway(demo: Demo, office: Client) -> None:
    deadline = time.monotonic() + _PAST_PATIENCE_S
    while office.get("/v1/health")["readings"] < _MIDWAY:
        _require(time.monotonic() < deadline, "nothing arrives; see the logs")
        time.sleep(0.05)
    os.kill(demo.supervisor.pids()["ingest"], signal.SIGKILL)


def label_is_read(stage: Stage) -> None:
    """An independent decoder reads the label and the link opens the buyer's page."""
    told = stage.lots[0]
    picture = Client(stage.demo.address).fetch(f"/tem/{told.gtin}/{told.number}.png")[1]
    read = zxingcpp.read_barcodes(Image.open(BytesIO(picture)))
    _require(len(read) == 1, f"one QR code expected, {len(read)} read")
    _equal("the label", told.digital_link, read[0].text)
    link = LotLink.of(parse(read[0].text))
    _equal("its lot", told.number, link.lot)
    _require(link.gln is not None and link.harvested is not None, "416 and 7007 must be there")
    status, page = Client(stage.demo.address).fetch(read[0].text, accept="text/html")
    _equal("status of the buyer's page", 200, status)
    _require(
        b'data-state="valid"' in page, "the buyer's page does not say that the lot is in the system"
    )


def page_equals_store(stage: Stage) -> None:
    """Every figure on the page is the one computed here from raw readings."""
    page = (
        Client(stage.demo.address).fetch(stage.lots[0].digital_link, accept="text/html")[1].decode()
    )
    shown = figures_on_page(page)
    with stores(stage.demo.settings) as opened, opened.records.reading() as transaction:
        streams = {f"{s.device}:{s.channel}": s for s in transaction.devices.streams()}
        for row in stage.document["evidence"]:
            key = f"{row['device']}:{row['channel']}"
            values = []
            for start_text, end_text in row["windows"]:
                window = Window(parse_instant(start_text), parse_instant(end_text))
                readings = judged_stream(opened.series.read, streams[key], window)
                values += [r.value for r in readings if r.quality & 0xF != 4]
            _equal(f"{key} used", len(values), row["used"])
            for name, expected in recompute(values, row["statistic"]).items():
                _near(f"{key} {name} on the page", expected, shown[key].get(name))


def recompute(values: list[float], statistic: str) -> dict[str, float]:
    """Return the figures of one row, by plain arithmetic."""
    if not values or statistic == "circular":
        return {}
    if statistic == "sum":
        return {"total": math.fsum(values), "maximum": max(values)}
    mean = math.fsum(values) / len(values)
    return {"minimum": min(values), "mean": mean, "maximum": max(values)}


def figures_on_page(page: str) -> dict[str, dict[str, float]]:
    """Return the figures of a buyer's page by datastream and kind."""
    found: dict[str, dict[str, float]] = {}
    for card in re.split(r'<div class="card" data-key="', page)[1:]:
        key = card.split('"', 1)[0]
        pairs = re.findall(r'<data class="(\w+)" value="([^"]+)">', card)
        found[key] = {name: float(value) for name, value in pairs}
    return found


def gaps_are_said(stage: Stage) -> None:
    """The brown-out and the unplugged probe show in the passport, and nothing fills them."""
    rows = {
        row["channel"]: row for row in stage.document["evidence"] if row["device"] == "dat-dua-leo"
    }
    moisture, acidity = rows["soil_moisture_20"], rows["soil_ph_20"]
    _require(moisture["filled"] < moisture["expected"], "the brown-out left no gap")
    _require(moisture["longest_silence_s"] > 12 * 3600, "the longest silence is too short")
    _require(acidity["failed"] > 100, "the unplugged probe's sentinels were not left out")
    _require(acidity["minimum"] > 3, "a sentinel is in the statistics")


def passport_is_checked(stage: Stage) -> None:
    """The passport verifies; with one byte flipped, a step is named."""
    keys = Client(stage.demo.address).fetch("/.well-known/nguon-keys.json")[1].decode()
    trusted = parse_trust(keys).keys
    verify(stage.passport, trusted)
    for position in range(0, len(stage.passport), max(1, len(stage.passport) // 200)):
        flipped = bytearray(stage.passport)
        flipped[position] ^= 1
        try:
            verify(bytes(flipped), trusted)
        except VerificationFailed as error:
            _require(bool(error.step), "a failure must name its step")
        else:
            message = f"byte {position} was flipped and nothing was noticed"
            raise CheckFailed(message)


def proof_holds_elsewhere(stage: Stage) -> None:
    """A process that has the proof and the public keys, and nothing else, finds that it holds.

    With one byte of the log's entry changed it names the step that does not.
    """
    told, client = stage.lots[0], Client(stage.demo.address)
    proof = client.fetch(f"/v1/lots/{told.gtin}/{told.number}/proof")[1]
    keys = client.fetch("/.well-known/nguon-keys.json")[1]
    status, said = verified_alone(proof, keys)
    _require(status == 0, f"the proof does not hold: {said}")
    _require("days: holds" in said, f"its days were not looked at: {said}")
    bundle = Bundle.decode(proof)
    forged = replace(bundle, entry=bundle.entry.replace(b"0", b"1", 1)).encode("")
    status, said = verified_alone(forged, keys)
    _require(status == 1 and ": FAILED" in said, f"a changed entry: {said}")


def verified_alone(proof: bytes, keys: bytes) -> tuple[int, str]:
    """Return exit status and words of `nguon verify` in an empty folder, no store, no network."""
    program = str(Path(__file__).parents[2])
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": program}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "proof.zip").write_bytes(proof)
        (Path(folder) / "keys.json").write_bytes(keys)
        done = subprocess.run(
            [sys.executable, "-m", "nguon", "verify", "proof.zip", "--keys", "keys.json"],
            cwd=folder, env=environment, text=True, capture_output=True,
            check=False, timeout=60,
        )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def rules_say_no(stage: Stage) -> None:
    """No lot inside a waiting period, none beyond the harvest; the rule is named."""
    cooperative = Client(stage.demo.address, "hop-tac-xa-rau", stage.demo.pins["hop-tac-xa-rau"])
    body = {
        "gtin": stage.lots[0].gtin,
        "number": "MORE",
        "harvest": "demo-ruong-dua-leo-6",
        "kilograms": 21,
    }
    _refused(cooperative, "/v1/lots", body, "mass-balance")
    spray = {
        "id": "demo-check-spray",
        "work": "spraying",
        "day": (stage.demo.today).isoformat(),
        "product": "sample-a",
    }
    cooperative.post("/v1/plots/ruong-dua-leo/diary", spray)
    harvest = {
        "id": "demo-check-harvest",
        "work": "harvest",
        "day": stage.demo.today.isoformat(),
        "amount": 5,
        "unit": "kg",
    }
    cooperative.post("/v1/plots/ruong-dua-leo/diary", harvest)
    body = {
        "gtin": stage.lots[0].gtin,
        "number": "TOO-SOON",
        "harvest": "demo-check-harvest",
        "kilograms": 5,
    }
    _refused(cooperative, "/v1/lots", body, "pre-harvest-interval")


def live_readings_come(stage: Stage) -> None:
    """The gauge that reports every 20 seconds is heard measuring now."""
    since = time.time()
    deadline = time.monotonic() + _LIVE_PATIENCE_S
    while time.monotonic() < deadline:
        plot = stage.office.get("/v1/plots/ruong-dua-leo")
        times = [v["time"] for v in plot["values"] if v["device"] == "muc-nuoc-kenh" and v["time"]]
        if any(parse_instant(t) / 1000 > since for t in times):
            return
        time.sleep(0.5)
    message = f"no live reading within {_LIVE_PATIENCE_S:g} s"
    raise CheckFailed(message)


def stores_are_sound(stage: Stage) -> None:
    """`nguon fsck` has no findings."""
    published = Client(stage.demo.address).fetch("/.well-known/nguon-keys.json")[1].decode()
    keys = parse_trust(published).keys
    settings = stage.demo.settings
    with stores(settings) as opened:
        believed = trust(settings, opened.records, log_key(settings))
        wrong = list(findings(opened, keys, shown(settings, believed)))
    _require(not wrong, "; ".join(wrong))


STEPS: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    ("an independent reader decodes the label, the link opens the buyer's page", label_is_read),
    ("every figure on the page equals the one recomputed from raw readings", page_equals_store),
    ("the gaps are said and nothing fills them", gaps_are_said),
    (
        "the passport verifies; 200 flipped bytes are each caught by a named step",
        passport_is_checked,
    ),
    (
        "its proof holds in a process with public keys alone; a changed entry is named",
        proof_holds_elsewhere,
    ),
    ("no lot beyond the harvest, none inside a waiting period", rules_say_no),
    ("live readings come in", live_readings_come),
    ("fsck finds nothing", stores_are_sound),
)


def _refused(client: Client, path: str, body: dict[str, Any], rule: str) -> None:
    try:
        client.post(path, body)
    except Answer as answer:
        _equal("the rule named", rule, answer.problem.get("rule"))
    else:
        message = f"{rule}: it was allowed"
        raise CheckFailed(message)


def _say(started: float, sentence: str) -> None:
    print(f"ok {time.monotonic() - started:6.1f} s  {sentence}", flush=True)


def _require(holds: bool, message: str) -> None:  # noqa: FBT001 - a condition
    if not holds:
        raise CheckFailed(message)


def _equal(what: str, expected: object, found: object) -> None:
    _require(expected == found, f"{what}: expected {expected!r}, found {found!r}")


def _near(what: str, expected: float, found: float | None) -> None:
    close = found is not None and math.isclose(expected, found, rel_tol=1e-12, abs_tol=1e-12)
    _require(close, f"{what}: expected {expected!r}, found {found!r}")
