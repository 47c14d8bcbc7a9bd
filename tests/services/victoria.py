"""A real VictoriaMetrics, which takes InfluxDB's writes; it answers no Flux."""

import json
import shutil
import urllib.error
import urllib.parse
import urllib.request

from tests.services.server import Server, ServiceAbsent, free_ports


class Victoria(Server):
    def __init__(self) -> None:
        program = shutil.which("victoria-metrics")
        if program is None or not shutil.which("setpriv"):
            raise ServiceAbsent("VictoriaMetrics is not installed (Debian: victoria-metrics)")
        super().__init__("victoria")
        self.program = program
        (self.port,) = free_ports(1)

    def start(self) -> "Victoria":
        options = (
            f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={self.folder / 'data'}",
            "-retentionPeriod=100y", "-loggerLevel=WARN", "-memory.allowedPercent=10",
        )  # fmt: skip
        self.spawn([self.program, *options], self._ready, 30)
        return self

    def url(self) -> str:
        """Return its address as our own setting spells it; it asks for no token."""
        return f"influx://any@127.0.0.1:{self.port}/any/any"

    def export(self, name: str) -> dict[str, list[tuple[int, float]]]:
        """Return the samples (ms, value) of a metric, sorted, by the series they belong to."""
        self._get("/internal/force_flush")
        query = urllib.parse.urlencode({"match[]": name, "start": "0", "reduce_mem_usage": "1"})
        found: dict[str, list[tuple[int, float]]] = {}
        for text in self._get(f"/api/v1/export?{query}").splitlines():
            block = json.loads(text)
            samples = zip(block["timestamps"], block["values"], strict=True)
            found.setdefault(block["metric"]["series"], []).extend(samples)
        return {series: sorted(samples) for series, samples in found.items()}

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def _ready(self) -> bool:
        try:
            return self._get("/health") == "OK"
        except (OSError, urllib.error.URLError):
            return False
