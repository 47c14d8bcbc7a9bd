"""Openings of labels: which are counted, what is kept of them, and that a kill loses few."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from itertools import islice
from pathlib import Path

import pytest

from api.scans.devices import Devices
from api.scans.opened import serial_of
from api.scans.places import place_of
from api.scans.recorder import Kept, Recorder
from domain.scan import Scan, ScanTotal
from domain.window import DAY_MS
from store.records import Records
from store.scan_journal import ScanJournal
from tests.api.conftest import Clock, Site, standing_site
from tests.traceability.world import GTIN, NOON
from traceability.short_code import print_code

LOT = f"/01/{GTIN}/10/LO-1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = standing_site(tmp_path, 60_000, "X-Region")
    yield site
    site.world.close()


def scans(site: Site) -> list[Scan]:
    site.scans.sync()
    site.scans.fold()
    with site.world.records.reading() as transaction:
        units = transaction.scans.seen(99)
        return [s for u in units for s in transaction.scans.of_unit(u.gtin, u.number, u.serial, 99)]


def test_every_way_to_a_lots_page_is_counted(site: Site) -> None:
    with site.world.records.reading() as transaction:
        (lot,) = transaction.lots.lots()
        code = print_code(transaction.lots.short_number(lot))
    browser = site.browser()
    for path in (LOT, f"/T/{code}", f"/lo/{GTIN}/LO-1", LOT + "?lang=en", LOT + "?416=x"):
        assert "data-state" in browser.get(path).text
    assert sum(s.times for s in scans(site)) == 5
    for unit in (LOT + "/21/AB-7", LOT + "?21=AB-7", LOT + "/21/AB-7"):
        browser.get(unit)
    assert {s.serial: s.times for s in scans(site)} == {"": 5, "AB-7": 3}


def test_what_no_person_opened_is_not(site: Site) -> None:
    browser = site.browser()
    browser.head(LOT)
    browser.get(f"/01/{GTIN}/10/NOPE")
    browser.get(f"/sp/{GTIN}")
    browser.get(LOT, headers={"Sec-Purpose": "prefetch;prerender"})
    site.client().get(LOT, headers={"Accept": "application/linkset+json"})
    assert site.client().get(f"/v1/lots/{GTIN}/LO-1").status_code == 200
    assert scans(site) == []


def test_a_page_from_memory_is_counted_too(site: Site) -> None:
    browser = site.browser()
    for _ in range(7):
        browser.get(LOT, headers={"X-Region": "vn-58"})
    (one,) = scans(site)
    assert (one.times, one.place, one.at_ms) == (7, "VN-58", NOON)
    assert re.fullmatch("[0-9a-f]{16}", one.device)


def test_buyers_read_how_often_and_since_when(site: Site) -> None:
    browser = site.browser()
    assert "đã được quét" not in unescape(browser.get(LOT).text)
    assert len(scans(site)) == 1
    site.clock.now_ms += 2 * DAY_MS
    assert "đã được quét 1 lần, lần đầu ngày 21/11/2026" in unescape(browser.get(LOT).text)
    english = site.browser(language="en")
    scans(site)
    assert "scanned 2 times, first on 21 Nov 2026" in english.get(LOT).text
    assert "This label has been scanned" not in english.get(LOT + "/21/NEU").text


@pytest.mark.parametrize(
    ("given", "kept"),
    [(b"VN", "VN"), (b"vn-sg", "VN-SG"), (b"XX", ""), (b"T1", ""), (b"", ""), (b"VN-58-1", ""),
     (b"VN\n", ""), (b"10.76,106.66", ""), ("Đà Nẵng".encode(), ""), (b"\xff", ""), (b"V" * 9999, "")],
)  # fmt: skip
def test_a_place_is_a_code_or_nothing(given: bytes, kept: str) -> None:
    assert place_of(given) == kept


@pytest.mark.parametrize(
    ("said", "serial"),
    [([("21", "A1")], "A1"), ([], ""), ([("21", "")], ""), ([("21", "x" * 21)], ""),
     ([("21", "é")], ""), ([("21", "a b")], ""), ([("416", "1"), ("21", "9"), ("21", "8")], "9")],
)  # fmt: skip
def test_a_serial_is_one_or_none(said: list[tuple[str, str]], serial: str) -> None:
    assert serial_of(said) == serial


def test_a_device_is_the_same_for_a_day_and_no_longer() -> None:
    devices, others = Devices(), Devices()
    first = devices.digest("10.0.0.1", b"Firefox", NOON)
    assert devices.digest("10.0.0.1", b"Firefox", NOON + 1) == first
    assert devices.digest("10.0.0.2", b"Firefox", NOON) != first
    assert devices.digest("10.0.0.1", b"Chrome", NOON) != first
    assert others.digest("10.0.0.1", b"Firefox", NOON) != first
    assert devices.digest("10.0.0.1", b"Firefox", NOON + DAY_MS) != first
    assert devices.digest("10.0.0.1", b"Firefox", NOON) != first, "the old key is gone"
    assert devices.digest("", b"Firefox", NOON) == ""


def test_a_flood_of_units_is_counted_and_fills_no_disk(site: Site) -> None:
    for number in range(30_000):
        site.scans.note(Scan(GTIN, "LO-1", str(number), "", "", NOON))
    found = scans(site)
    assert len(found) <= 99
    with site.world.records.reading() as transaction:
        assert transaction.scans.total(GTIN, "LO-1") == ScanTotal(30_000, NOON, NOON)
        assert len(transaction.scans.seen(100_000)) <= 20_001
        rest = transaction.scans.total(GTIN, "LO-1", "")
    assert rest is not None and rest.times >= 10_000


def test_scans_wait_while_the_records_do_not_answer(tmp_path: Path) -> None:
    records = Records(f"sqlite:///{tmp_path / 'records.db'}")
    recorder = Recorder(ScanJournal(tmp_path / "scans"), records, Clock(), Kept(30))
    recorder.note(Scan(GTIN, "LO-1", "", "", "", NOON))
    recorder.sync()
    recorder.fold()  # no tables yet
    records.migrate()
    recorder.note(Scan(GTIN, "LO-1", "", "", "", NOON + 1))
    recorder.stop()
    with records.reading() as transaction:
        assert transaction.scans.total(GTIN, "LO-1") == ScanTotal(2, NOON, NOON + 1)
    records.close()


def test_old_scans_are_forgotten_by_themselves(site: Site) -> None:
    site.browser().get(LOT)
    assert len(scans(site)) == 1
    site.clock.now_ms += 31 * DAY_MS
    site.scans.forget()
    assert scans(site) == []


def test_it_counts_by_itself_and_takes_in_what_a_killed_process_left(tmp_path: Path) -> None:
    records = Records(f"sqlite:///{tmp_path / 'records.db'}")
    records.migrate()
    left = ScanJournal(tmp_path / "scans")
    left.append([Scan(GTIN, "LO-1", "", "", "", NOON)])
    left.seal()
    recorder = Recorder(ScanJournal(tmp_path / "scans"), records, Clock(), Kept(30))
    recorder.start()
    recorder.note(Scan(GTIN, "LO-1", "", "", "", NOON + 1))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with records.reading() as transaction:
            total = transaction.scans.total(GTIN, "LO-1")
        if total == ScanTotal(2, NOON, NOON + 1):
            break
        time.sleep(0.1)
    else:
        pytest.fail(f"counted within half a minute: {total}")
    recorder.stop()
    assert not list((tmp_path / "scans").iterdir())
    records.close()


_CHILD = """
import sys, time
from pathlib import Path
from api.scans.recorder import Kept, Recorder
from domain.scan import Scan
from store.records import Records
from store.scan_journal import ScanJournal
folder = Path(sys.argv[1])
now_ms = lambda: time.time_ns() // 1_000_000
recorder = Recorder(ScanJournal(folder / "scans"), Records(f"sqlite:///{folder / 'r.db'}"), now_ms, Kept(30))
recorder.start()
for number in range(1_000_000):
    recorder.note(Scan("09520001000010", "LO-1", "", "", "", now_ms()))
    print(number + 1, flush=True)
    time.sleep(0.002)
"""


def test_a_kill_loses_no_more_than_the_last_moment(tmp_path: Path) -> None:
    records = Records(f"sqlite:///{tmp_path / 'r.db'}")
    records.migrate()
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = [(int(line), time.monotonic()) for line in islice(child.stdout, 1_500)]
    killed_s = time.monotonic()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    # A disk that others use as well may take longer than the tenth of a second aimed at.
    safe = max(number for number, when_s in told if when_s < killed_s - 1.0)
    recorder = Recorder(ScanJournal(tmp_path / "scans"), records, Clock(), Kept(30))
    recorder.stop()
    with records.reading() as transaction:
        total = transaction.scans.total(GTIN, "LO-1")
    assert total is not None
    assert safe <= total.times
    again = Recorder(ScanJournal(tmp_path / "scans"), records, Clock(), Kept(30))
    again.stop()
    with records.reading() as transaction:
        assert transaction.scans.total(GTIN, "LO-1") == total
    records.close()


def test_the_office_reads_why_to_look_and_the_buyer_no_verdict(site: Site) -> None:
    browser = site.browser()
    for region, minutes in (("VN-58", 0), ("CN", 3)):
        site.clock.now_ms = NOON + minutes * 60_000
        browser.get(LOT + "?21=AB-7", headers={"X-Region": region})
    scans(site)
    office = unescape(site.browser("office").get("/qt").text)
    assert "Ở hai nơi xa nhau, không kịp đi từ nơi này đến nơi kia (VN-58, CN)" in office
    assert "AB-7" in office
    site.clock.now_ms = NOON + 3_600_000
    page = unescape(browser.get(LOT + "?21=AB-7").text)
    assert 'data-state="valid"' in page
    assert "Tem này đã được quét 2 lần, lần đầu ngày 21/11/2026" in page
    assert "xa nhau" not in page
