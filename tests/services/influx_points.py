"""Points as InfluxDB keeps them: line protocol in, the last write of a field wins."""

import re
from bisect import bisect_left, insort
from collections import defaultdict

Value = int | float | str | bool
Identity = tuple[str, tuple[tuple[str, str], ...]]

_NAME = r"(?:\\.|[^,= \\\n\"])+"
_VALUE = r'"(?:\\.|[^"\\])*"|-?\d+i|[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|true|false'
_FIELD = rf"{_NAME}=(?:{_VALUE})"
_LINE = re.compile(
    rf"(?P<measurement>(?:\\.|[^, \\\n])+)(?P<tags>(?:,{_NAME}={_NAME})*)"
    rf" (?P<fields>{_FIELD}(?:,{_FIELD})*)(?: (?P<time>-?\d+))?(?:\n+|$)"
)
_TAG = re.compile(rf",({_NAME})=({_NAME})")
_ONE_FIELD = re.compile(rf"({_NAME})=({_VALUE})(?:,|$)")
_EARLIEST, _LATEST = -9_223_372_036_854_775_806, 9_223_372_036_854_775_806


class Malformed(Exception):
    """A line that is not line protocol, or says what the server cannot keep."""


class Column:
    """One field of one series: values by time."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.values: dict[int, Value] = {}

    def put(self, time: int, value: Value) -> None:
        if time not in self.values:
            insort(self.times, time)
        self.values[time] = value

    def within(self, start: int, stop: int) -> list[tuple[int, Value]]:
        times = self.times[bisect_left(self.times, start) : bisect_left(self.times, stop)]
        return [(time, self.values[time]) for time in times]

    def delete(self, start: int, stop: int) -> None:
        first, last = bisect_left(self.times, start), bisect_left(self.times, stop)
        for time in self.times[first:last]:
            del self.values[time]
        del self.times[first:last]


class Points:
    def __init__(self) -> None:
        self.series: defaultdict[Identity, defaultdict[str, Column]] = defaultdict(
            lambda: defaultdict(Column)
        )
        self.oldest = _EARLIEST  # what a retention period would leave
        self._types: dict[tuple[str, str], type] = {}

    def write(self, text: str) -> None:
        """Write all lines of a request; raises `Malformed` and writes nothing of it."""
        lines = list(_parsed(text))
        types: dict[tuple[str, str], type] = {}
        if any(time < self.oldest for _, _, time in lines):
            raise Malformed("partial write: points beyond retention policy dropped=1")
        for (measurement, _), fields, _ in lines:
            for name, value in fields.items():
                key = measurement, name
                known = self._types.get(key) or types.setdefault(key, type(value))
                if known is not type(value):
                    raise Malformed(f"partial write: field type conflict: {key}")
        self._types |= types
        for identity, fields, time in lines:
            for name, value in fields.items():
                self.series[identity][name].put(time, value)

    def delete(self, measurement: str, series: str | None, start: int, stop: int) -> None:
        """Delete a measurement's points in a stretch of time."""
        for (name, tags), columns in self.series.items():
            if name == measurement and series in (None, dict(tags).get("series")):
                for column in columns.values():
                    column.delete(start, stop)


def _parsed(text: str) -> list[tuple[Identity, dict[str, Value], int]]:
    found, place = [], 0
    while place < len(text):
        match = _LINE.match(text, place)
        if match is None:
            raise Malformed(f"unable to parse {text[place : place + 80]!r}")
        place = match.end()
        tags = tuple(sorted((_plain(k), _plain(v)) for k, v in _TAG.findall(match["tags"])))
        fields = {_plain(k): _value(v) for k, v in _ONE_FIELD.findall(match["fields"])}
        if match["time"] is None or not _EARLIEST <= int(match["time"]) <= _LATEST:
            raise Malformed(f"time outside range: {match['time']}")
        found.append(((_plain(match["measurement"]), tags), fields, int(match["time"])))
    return found


def _plain(text: str) -> str:
    return re.sub(r"\\([,= \\])", r"\1", text)


def _value(text: str) -> Value:
    if text.startswith('"'):
        if len(text) > 65_536:
            raise Malformed("a text longer than 64 KB")
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if text.endswith("i"):
        if not -(2**63) <= int(text[:-1]) < 2**63:
            raise Malformed(f"invalid number: {text}")
        return int(text[:-1])
    return text == "true" if text in ("true", "false") else float(text)
