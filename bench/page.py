"""What a scan costs: the buyer's page against the least that its server could do.

    python -m bench.page [--requests 20000] [--rounds 3] [--days 30]

The page of a lot, packed, as a browser asks for it, over loopback with keep-alive. Held
against an empty FastAPI route that returns the same bytes on the same server, and, where nginx is
installed, against nginx serving them from disk; by turns, so that other work on the machine
falls on all of them. Then how many of the scans are in the records, and how many are lost
when the process is killed in the middle.
"""

import argparse
import os
import platform
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response
from pydantic import SecretStr

from api.scans.recorder import Kept, Recorder
from bench.proof import Farm
from nguon.compose import now_ms
from nguon.run import run_api
from nguon.settings import Settings
from store.records import Records
from store.scan_journal import ScanJournal

PATH = "/01/09520001000010/10/LO-1"
_CONNECTIONS = 32
_HEAD = "Accept: text/html\r\nAccept-Encoding: gzip\r\nUser-Agent: bench\r\n"


@dataclass(frozen=True)
class Load:
    """How fast it went, and what the first answer was."""

    per_s: float
    answered: int
    first: bytes


def load(port: int, requests: int, path: str = PATH) -> Load:
    """Ask so many times over a few connections, one request at a time on each."""
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{_HEAD}\r\n".encode()
    selector = selectors.DefaultSelector()
    open_ones = [socket.create_connection(("127.0.0.1", port)) for _ in range(_CONNECTIONS)]
    began, answered, sent, first = time.perf_counter(), 0, 0, b""
    for one in open_ones:
        selector.register(one, selectors.EVENT_READ, bytearray())
        one.sendall(asked)
        sent += 1
    try:
        while answered < requests:
            for key, _ in selector.select(10):
                speaker, got = key.fileobj, key.data
                assert isinstance(speaker, socket.socket)
                more = speaker.recv(262_144)
                if not more:
                    return Load(0.0, answered, first)
                got += more
                if not _whole(got):
                    continue
                answered, first = answered + 1, first or bytes(got)
                got.clear()
                if sent < requests:
                    speaker.sendall(asked)
                    sent += 1
    except ConnectionError:
        return Load(0.0, answered, first)
    finally:
        for one in open_ones:
            one.close()
    return Load(requests / (time.perf_counter() - began), answered, first)


def _whole(got: bytearray) -> bool:
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = got.lower().find(b"content-length: ", 0, end) + 16
    return len(got) >= end + 4 + int(got[at : got.index(b"\r", at)])


def body_of(answer: bytes) -> bytes:
    """Return what stands after an answer's headers."""
    return answer.partition(b"\r\n\r\n")[2]


def serve(what: str, port: int, folder: Path) -> None:
    """Serve the application, or the floor under it, until told to stop."""
    if what == "floor":
        _run(_floor((folder / "page").read_bytes()), port)
        return
    secret = SecretStr("a secret of the measurement")
    run_api(
        Settings(data=folder, signing_key=Path("key"), log_key=Path("log.key"), http_port=port,
                 session_secret=secret)
    )  # fmt: skip


def _floor(body: bytes) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get(PATH)
    async def page() -> Response:
        headers = {"Content-Encoding": "gzip"}
        return Response(body, media_type="text/html; charset=utf-8", headers=headers)

    return app


def _run(app: FastAPI, port: int) -> None:
    # As nguon/run.py has it.
    config = uvicorn.Config(
        app, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=3,
        server_header=False,
    )  # fmt: skip
    uvicorn.Server(config).run()


@contextmanager
def served(what: str, folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Yield the port and the process of a server of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [sys.executable, "-m", "bench.page", "--serve", what, str(port), str(folder)]
    process = subprocess.Popen(_nginx(folder, port) if what == "nginx" else arguments)
    try:
        _await(port)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _nginx(folder: Path, port: int) -> list[str]:
    """Return how nginx is started with one worker a core, the page already packed on disk."""
    folder.chmod(0o755)  # its workers may run as nobody
    (folder / "page.gz").write_bytes((folder / "page").read_bytes())
    (folder / "nginx.conf").write_text(f"""
        worker_processes auto; daemon off; pid {folder}/nginx.pid; error_log stderr crit;
        events {{ worker_connections 1024; }}
        http {{ access_log off; sendfile on; keepalive_requests 1000000;
            client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
            uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
            server {{ listen 127.0.0.1:{port}; default_type text/html;
                location = {PATH} {{ alias {folder}/page.gz; add_header Content-Encoding gzip; }} }} }}
    """)  # noqa: E501 - one directive a line would be no clearer
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    return [str(program), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _await(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = f"nothing answers on port {port}"
    raise TimeoutError(message)


def total(folder: Path) -> int:
    """Return how many scans are in the records once the journal is folded."""
    records = Records(f"sqlite:///{folder / 'records.db'}")
    Recorder(ScanJournal(folder / "scans"), records, now_ms, Kept(30)).stop()
    with records.reading() as transaction:
        found = transaction.scans.total("09520001000010", "LO-1")
    records.close()
    return found.times if found else 0


def compare(folder: Path, requests: int, rounds: int) -> None:
    """Print requests a second of each, by turns."""
    with served("ours", folder) as (port, _):
        first = load(port, 1)
    (folder / "page").write_bytes(body_of(first.first))
    before = total(folder)
    names = ["ours", "floor"]
    if shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"):
        names.append("nginx")
    rates: dict[str, list[float]] = {name: [] for name in names}
    asked = 0
    with ExitStack() as stack:
        ports = {name: stack.enter_context(served(name, folder))[0] for name in names}
        for name, port in ports.items():
            warm = load(port, 500)
            asked += 500 if name == "ours" else 0
            # Ours says besides how often it was scanned by now.
            assert abs(len(body_of(warm.first)) - len(body_of(first.first))) < 300, name
        for _ in range(rounds):
            for name, port in ports.items():
                rates[name].append(load(port, requests).per_s)
                asked += requests if name == "ours" else 0
    print(f"the page, {len(body_of(first.first)):,} bytes packed; {_CONNECTIONS} connections,"
          f" {rounds} rounds of {requests:,} requests")  # fmt: skip
    print("| what | requests/s, median | lowest to highest | the page, of it |")
    print("| --- | --- | --- | --- |")
    ours = statistics.median(rates["ours"])
    for name, each in rates.items():
        median = statistics.median(each)
        print(f"| {name} | {median:,.0f} | {min(each):,.0f} to {max(each):,.0f}"
              f" | {ours / median:.2f} |")  # fmt: skip
    print(f"\nscans recorded: {total(folder) - before:,} of {asked:,}")


def killed(folder: Path) -> None:
    """Print what is lost when the server is killed while it answers."""
    before = total(folder)
    with served("ours", folder) as (port, process):
        began = time.perf_counter()
        killer = subprocess.Popen(["/bin/sh", "-c", f"sleep 3; kill -9 {process.pid}"])
        answered = load(port, 10_000_000).answered
        taken = time.perf_counter() - began
        killer.wait()
    lost = answered - (total(folder) - before)
    print(f"killed after {taken:.1f} s: {answered:,} answered, {lost:,} scans lost,"
          f" {1000 * lost * taken / max(1, answered):.0f} ms of them")  # fmt: skip


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        what, port, folder = options.serve
        serve(what, int(port), Path(folder))
        return
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as name:
        farm = Farm(Path(name), options.days)
        farm.log_the_season()
        farm.issue(0)
        farm.close()
        compare(Path(name), options.requests, options.rounds)
        killed(Path(name))


if __name__ == "__main__":
    main()
