"""A message's whole life, from bytes to what is kept of it; pure, one step a line.

Whatever cannot be used becomes a refusal with its reason and goes to quarantine with
its raw bytes. Nothing here raises for anything a device may send.
"""

from dataclasses import dataclass, replace

from domain.device import Device, Register
from domain.errors import DeviceError, NotANumber
from domain.properties import PropertyTable
from domain.reading import Cycle, Delivery, Frame, Reading, Refusal, Told
from ingest.decode import decode, read_topic
from ingest.identify import identify
from ingest.judge import Moment, judge, judge_clock
from ingest.locate import locate, require_placed
from ingest.message import Received

_PARTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """What messages are read against."""

    register: Register
    properties: PropertyTable


def take_in(message: Received, rules: Rules) -> Delivery:
    """Return everything that ``message`` turns into."""
    device: Device | None = None
    cycles: tuple[Cycle, ...] = ()
    try:
        topic = read_topic(message)
        told = decode(topic, message)
        device, cycles = identify(topic, rules.register), told.cycles
        require_placed(device, cycles, rules.register, message.received_ms)
        return _keep(message, device, told, rules)
    except DeviceError as error:
        refused = _refused(message, device, cycles)
        return replace(refused, refusals=(Refusal(error.code, str(error)),))


def set_aside(message: Received, error: Exception) -> Delivery:
    """Return ``message`` as refused for a fault of ours, so that it can be tried again."""
    detail = f"{type(error).__name__}: {error}"[:500]
    return replace(_refused(message, None), refusals=(Refusal("internal-error", detail),))


def _refused(message: Received, device: Device | None, cycles: tuple[Cycle, ...] = ()) -> Delivery:
    # The cycles stay in the sequence ledger although their readings are in quarantine:
    # they did arrive, and the device may let go of them.
    frames = tuple(Frame(cycle.boot, cycle.seq, (), time_ms=_newest(cycle)) for cycle in cycles)
    name = None if device is None else device.id
    return Delivery(message.topic, message.payload, message.received_ms, name, frames, ())


def _keep(message: Received, device: Device, told: Told, rules: Rules) -> Delivery:
    streams = rules.register.streams.get(device.id, {})
    moment = Moment.of(device, message.received_ms)
    refused = {NotANumber.code: dict(told.unfit)} if told.unfit else {}
    frames = []
    for cycle in told.cycles:
        readings: list[Reading] = []
        for observation in cycle.observations:
            try:
                stream, value = locate(observation, streams, rules.properties)
            except DeviceError as error:
                refused.setdefault(error.code, {})[observation.channel] = str(error)
            else:
                time_ms = observation.time_ms
                verdict = judge(value, time_ms, stream, rules.properties, moment)
                readings.append(Reading(stream.series, time_ms, value, verdict))
        kept = tuple(readings)
        clock = judge_clock(kept, moment)
        frames.append(Frame(cycle.boot, cycle.seq, kept, clock, _newest(cycle)))
    return Delivery(
        message.topic, message.payload, message.received_ms, device.id, tuple(frames),
        tuple(_refusal(reason, parts) for reason, parts in refused.items()),
    )  # fmt: skip


def _newest(cycle: Cycle) -> int:
    return max(observation.time_ms for observation in cycle.observations)


def _refusal(reason: str, parts: dict[str, str]) -> Refusal:
    """Return one refusal for all parts of a message that fail alike: its bytes are kept once."""
    names = sorted(parts)
    shown = ", ".join(names[:_PARTS_SHOWN]) + (", …" if len(names) > _PARTS_SHOWN else "")
    first = parts[names[0]]
    detail = first if len(names) == 1 else f"{len(names)} channels, the first: {first}"
    return Refusal(reason, detail, shown)
