"""Our profile of SenML: how a device writes its measuring cycles, and how they are read.

One MQTT message is one pack; one pack is one or more cycles, so a flash buffer can be
sent as a batch. The record that opens a cycle carries ``bt`` and ``seq``; all hold
until changed::

    [{"bn": "dat-01:", "boot": 1, "seq": 7, "bt": 1792000000,
      "n": "soil_moisture_20", "u": "%", "v": 31.5},
     {"n": "soil_temperature_20", "u": "Cel", "v": 27.9},
     {"seq": 8, "bt": 1792000900, "n": "soil_moisture_20", "u": "%", "v": 31.4}, ...]

``boot`` counts power-ups and ``seq`` counts cycles from 0 within one; together they
tell loss from silence. Both are optional: a logger that has none may still send.
"""

import enum
import json
from collections.abc import Iterable, Mapping, Sequence

import cbor2

from domain.errors import UndecodableMessage, WrongName
from domain.ids import DeviceId
from domain.plain import plain_cycles
from domain.reading import Cycle, Observation
from domain.senml import LABEL_NUMBERS, Record, named, read_cbor, read_json, resolve
from domain.window import LAST_MS

_OPENS_JSON = b"[{ \t\r\n"


class Coding(enum.StrEnum):
    """How a pack is written."""

    JSON = "json"
    CBOR = "cbor"


def decode(device: DeviceId, payload: bytes, received_ms: int) -> tuple[Cycle, ...]:
    """Return the cycles of a pack that ``device`` sent, in the order sent.

    JSON and CBOR are told apart by the first byte. Raises `UndecodableMessage`, and
    `WrongName` for the value of another device.
    """
    if not payload:
        message = "empty payload"
        raise UndecodableMessage(message)
    is_json = payload[:1] in _OPENS_JSON
    raw = read_json(payload) if is_json else read_cbor(payload)
    plain = plain_cycles(device, raw)
    if plain is not None:
        return plain
    return _any_cycles(device, raw if is_json else [named(r) for r in raw], received_ms)


def _any_cycles(
    device: DeviceId, raw: Sequence[Mapping[str, object]], received_ms: int
) -> tuple[Cycle, ...]:
    cycles: list[Cycle] = []
    gathered: list[Observation] = []
    current: tuple[int | None, int | None] | None = None
    for record in resolve(raw, received_ms / 1000):
        if current is not None and current != (record.boot, record.seq):
            cycles.append(Cycle(*current, tuple(gathered)))
            gathered = []
        current = (record.boot, record.seq)
        gathered.append(_observation(device, record))
    if current is None:
        message = "a pack without a single value"
        raise UndecodableMessage(message)
    return (*cycles, Cycle(*current, tuple(gathered)))


def _observation(device: DeviceId, record: Record) -> Observation:
    prefix = f"{device}:"
    if not record.name.startswith(prefix):
        message = f"{record.name[:60]!r} is not a channel of {device}"
        raise WrongName(message)
    if (record.boot is None) != (record.seq is None):
        message = "boot and seq come together or not at all"
        raise UndecodableMessage(message)
    value = float(record.truth) if record.truth is not None else record.value
    if value is None:
        message = f"{record.name[:60]} has no numeric value"
        raise UndecodableMessage(message)
    # A clock that starts at 1970 says so; RFC 8428 would take it for seconds from now.
    time_s = record.told_s if record.told_s > 0 else record.time_s
    if record.told_s <= 0 and record.seq is not None:
        message = "a numbered cycle needs a time of its own: it may come twice"
        raise UndecodableMessage(message)
    if not 0 <= time_s <= LAST_MS / 1000:
        message = f"time out of range: {time_s}"
        raise UndecodableMessage(message)
    time_ms = round(time_s * 1000)
    # Adding 0.0 turns -0.0 into 0.0: one value must not have two spellings.
    return Observation(record.name[len(prefix) :], time_ms, value + 0.0, record.unit)


def encode(device: DeviceId, cycles: Iterable[Cycle], coding: Coding) -> bytes:
    """Return the pack of ``cycles``; `decode` gives the same cycles back."""
    records: list[dict[str, object]] = []
    for cycle in cycles:
        records.extend(_records(cycle))
    if not records:
        message = "a pack needs at least one observation"
        raise UndecodableMessage(message)
    records[0] = {"bn": f"{device}:", **records[0]}
    if coding is Coding.JSON:
        return json.dumps(records, separators=(",", ":"), allow_nan=False).encode()
    return cbor2.dumps([{LABEL_NUMBERS.get(k, k): v for k, v in r.items()} for r in records])


def _records(cycle: Cycle) -> Sequence[dict[str, object]]:
    records: list[dict[str, object]] = []
    base_ms: int | None = None
    for observation in cycle.observations:
        record: dict[str, object] = {}
        if base_ms is None:
            base_ms = observation.time_ms
            record["bt"] = _seconds(base_ms)
            if cycle.boot is not None and cycle.seq is not None:
                record |= {"boot": cycle.boot, "seq": cycle.seq}
        record["n"] = observation.channel
        if observation.unit is not None:
            record["u"] = observation.unit
        record["v"] = observation.value
        if observation.time_ms != base_ms:
            record["t"] = _seconds(observation.time_ms - base_ms)
        records.append(record)
    return records


def _seconds(milliseconds: int) -> int | float:
    whole, rest = divmod(milliseconds, 1000)
    return whole if rest == 0 else milliseconds / 1000
