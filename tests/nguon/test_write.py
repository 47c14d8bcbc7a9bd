"""`nguon ingest --source http` as a process of its own: killed, stopped, and written to."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from domain.ids import SeriesId
from domain.window import Window
from nguon.compose import now_ms, stores
from nguon.settings import Settings
from store import failpoint
from tests.builders import DEVICE, farm
from tests.ingest.rig import until
from tests.services.server import free_ports

ROOT = Path(__file__).parent.parent.parent
AIR = SeriesId(2)


class Service:
    """One installation, and its ingest over HTTP, started as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        assert self.nguon("migrate", "--new").returncode == 0
        with stores(Settings(data=folder)) as opened:
            farm(opened.records)
        self.token = self.nguon("token", "new", DEVICE).stdout.splitlines()[1]
        self.since_ms = now_ms() // 1000 * 1000 - 3_600_000

    def nguon(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nguon", *words], cwd=ROOT, env=self._environment(), text=True,
            capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=60,
        )  # fmt: skip

    def start(self, fuse: str = "") -> None:
        with (self.folder / "ingest.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nguon", "ingest", "--source", "http"], cwd=ROOT,
                env=self._environment() | {"NGUON_FAILPOINT": fuse}, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        until(self.healthy, 30)

    def healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "ingest.log").read_text()
        try:
            answer = urllib3.request("GET", f"{self.url}/health", retries=False, timeout=2)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200

    def end(self, how: int) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(30)

    def write(self, seq: int) -> None:
        """Write one cycle as a client does, again and again until it is told to be kept."""
        text = f"air temperature={seq % 40},boot=0i,seq={seq}i {self.since_ms + seq * 1000}"
        deadline = time.monotonic() + 60
        while True:
            try:
                with InfluxDBClient(self.url, self.token, org="x", timeout=8_000) as client:
                    writing = client.write_api(write_options=SYNCHRONOUS)
                    writing.write("x", record=text, write_precision="ms")
            except Exception:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def write_many(self, count: int, done: list[int]) -> threading.Thread:
        def write() -> None:
            for seq in range(count):
                self.write(seq)
                done.append(seq)

        thread = threading.Thread(target=write)
        thread.start()
        return thread

    def assert_kept(self, count: int) -> None:
        with stores(Settings(data=self.folder)) as opened:
            values = [r.value for r in opened.series.read(AIR, Window(0, 2 * now_ms()))]
            assert values == [float(seq % 40) for seq in range(count)]
            assert opened.series.ledger(DEVICE) == {0: ((0, count - 1),)}
            tally = opened.series.tally()
        assert (tally.readings, tally.frames, tally.conflicts) == (count, count, 0)
        assert tally.quarantined == 0

    def _environment(self) -> dict[str, str]:
        own = {"NGUON_DATA": str(self.folder), "NGUON_WRITE_PORT": str(self.port)}
        return os.environ | own


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def test_what_is_written_is_kept_and_the_process_ends_cleanly(service: Service) -> None:
    service.start()
    for seq in range(5):
        service.write(seq)
    assert service.nguon("token", "revoke", "1").returncode == 0
    headers = {"Authorization": f"Token {service.token}"}

    def refused() -> bool:
        address = f"{service.url}/api/v2/write"
        return urllib3.request("POST", address, body="", headers=headers).status == 401

    until(refused, 10)
    assert service.end(signal.SIGTERM) == 0
    log = (service.folder / "ingest.log").read_text()
    assert f"listening for lines at 127.0.0.1:{service.port}" in log
    assert "Traceback" not in log
    assert service.token not in log
    service.assert_kept(5)


@pytest.mark.parametrize(
    "point", ["received", "taken-in", "before-commit", "after-commit", "before-acknowledge", "mid-acknowledge"]
)  # fmt: skip
def test_a_power_cut_anywhere_loses_and_doubles_nothing(service: Service, point: str) -> None:
    service.start(f"{point}:3")
    done: list[int] = []
    writing = service.write_many(6, done)
    assert service.process is not None
    assert service.process.wait(30) == failpoint.STATUS
    service.start()
    writing.join(60)
    assert not writing.is_alive()
    assert service.end(signal.SIGTERM) == 0
    service.assert_kept(6)


def test_killed_again_and_again_it_loses_and_doubles_nothing(service: Service) -> None:
    service.start()
    done: list[int] = []
    writing = service.write_many(120, done)
    for share in (20, 50, 80):
        until(lambda share=share: len(done) >= share, 60)  # type: ignore[misc]
        service.end(signal.SIGKILL)
        assert writing.is_alive(), "it was killed in the middle"
        service.start()
    writing.join(90)
    assert len(done) == 120
    assert service.end(signal.SIGTERM) == 0
    service.assert_kept(120)


def test_an_address_that_is_taken_is_one_clear_line(service: Service) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", service.port))
        taken.listen(1)
        result = service.nguon("ingest", "--source", "http")
    assert result.returncode == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith(
        f"nguon: NGUON_WRITE_HOST, NGUON_WRITE_PORT: 127.0.0.1:{service.port} is taken by"
    )
    assert "Traceback" not in result.stderr
