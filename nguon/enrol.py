"""Register the device that a replay map describes: its channels, and where it stands."""

from domain.device import Device, Placement
from domain.errors import Clash
from domain.gs1 import Giai
from domain.ids import PlotId
from domain.logger_map import Map
from domain.window import parse_instant
from store.records import Records


def enrol(
    records: Records, plan: Map, plot: PlotId, since: str, giai: Giai | None = None
) -> int:  # fmt: skip
    """Register device, channels and placement; returns the number of channels.

    Raises `Clash` when the device exists or the GIAI is another's, `NotFound` when the plot
    does not.
    """
    since_ms = parse_instant(since)
    with records.transaction() as transaction:
        transaction.places.plot(plot)
        if plan.device in transaction.devices.register().devices:
            message = f"{plan.device} is registered already"
            raise Clash(message)
        transaction.devices.add(Device(plan.device, plan.name, since_ms, giai))
        for column in plan.columns:
            transaction.devices.add_stream(
                plan.device, column.channel, column.property, column.depth_m, plan.interval_s
            )
        transaction.devices.place(Placement(plan.device, plot, since_ms, None))
    return len(plan.columns)
