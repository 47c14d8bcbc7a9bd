"""Step 3: which series an observation belongs to, and whether its device stood anywhere.

A reading counts as placed when its device served a plot at the time it claims, or at
the time it arrived: a clock that says 1970 is the clock's fault, not the reading's.
"""

from collections.abc import Mapping

from domain.device import Datastream, Device, Register
from domain.errors import NotPlaced, UnknownChannel
from domain.properties import PropertyTable
from domain.reading import Cycle, Observation
from domain.units import convert


def require_placed(
    device: Device, cycles: tuple[Cycle, ...], register: Register, now_ms: int
) -> None:
    """Raise `NotPlaced` when the device stood nowhere, neither then nor now."""
    if register.placed(device.id, now_ms):
        return
    times = {o.time_ms for cycle in cycles for o in cycle.observations}
    if not all(register.placed(device.id, time_ms) for time_ms in times):
        message = f"{device.id} serves no plot at the times it reports"
        raise NotPlaced(message)


def locate(
    observation: Observation, streams: Mapping[str, Datastream], properties: PropertyTable
) -> tuple[Datastream, float]:
    """Return the stream and the value in the property's unit.

    Raises `UnknownChannel` or `WrongUnit`.
    """
    stream = streams.get(observation.channel)
    if stream is None:
        message = f"channel {observation.channel[:60]!r} was never declared"
        raise UnknownChannel(message)
    unit = properties.get(stream.property).unit
    return stream, convert(observation.value, observation.unit or unit, unit)
