"""Devices, datastreams and placements in the records store."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.device import Datastream, Device, Placement, Register
from domain.errors import Clash, NotFound
from domain.ids import Channel, DeviceId, PlotId, SeriesId
from domain.limits import History, from_day, parse_limits
from domain.window import Window
from store.records import tables as t
from store.records.gs1_keys import FROM_THE_BEGINNING, Gs1Keys
from store.records.narrowing import narrowed


class Devices:
    """Questions and statements about devices; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, device: Device) -> None:
        """Register a device."""
        row = dict(id=device.id, name=device.name, installed_ms=device.installed_ms)
        self._connection.execute(t.device.insert().values(row))
        if device.giai is not None:
            Gs1Keys(self._connection).give_giai(device.id, device.giai, FROM_THE_BEGINNING)

    def add_stream(
        self, device: DeviceId, channel: Channel, name: str, depth_m: float | None, interval_s: int
    ) -> Datastream:
        """Declare a channel of a device; the register gives the series its number."""
        row = dict(device=device, channel=channel, property=name, depth_m=depth_m,
                   interval_s=interval_s)  # fmt: skip
        result = self._connection.execute(t.datastream.insert().values(row))
        key = result.inserted_primary_key
        series = SeriesId(int(key[0])) if key is not None else SeriesId(0)
        return Datastream(series, device, channel, name, depth_m, interval_s)

    def place(self, placement: Placement) -> None:
        """Say that a device serves a plot from a moment on.

        Raises `Clash` when it does so already in part of that time: its readings would
        count twice.
        """
        held = sa.select(t.placement).where(
            t.placement.c.device == placement.device,
            t.placement.c.plot == placement.plot,
            sa.or_(t.placement.c.end_ms.is_(None), t.placement.c.end_ms > placement.start_ms),
        )
        if placement.end_ms is not None:
            held = held.where(t.placement.c.start_ms < placement.end_ms)
        if self._connection.execute(held).first() is not None:
            message = f"{placement.device} serves plot {placement.plot} already"
            raise Clash(message)
        row = dict(device=placement.device, plot=placement.plot, start_ms=placement.start_ms,
                   end_ms=placement.end_ms)  # fmt: skip
        self._connection.execute(t.placement.insert().values(row))

    def register(self, of: Collection[DeviceId] | None = None) -> Register:
        """Return who may send what, and from where, as it stands: all devices, or some."""
        query = narrowed(sa.select(t.device).order_by(t.device.c.id), t.device.c.id, of)
        giais = Gs1Keys(self._connection).giais(of=of)
        devices = {
            DeviceId(r.id): Device(
                DeviceId(r.id), r.name, r.installed_ms, giais.get(DeviceId(r.id))
            )
            for r in self._connection.execute(query)
        }
        streams: defaultdict[DeviceId, dict[str, Datastream]] = defaultdict(dict)
        for stream in self.streams(of):
            streams[stream.device][stream.channel] = stream
        placements: defaultdict[DeviceId, list[Placement]] = defaultdict(list)
        placed = narrowed(sa.select(t.placement), t.placement.c.device, of)
        for r in self._connection.execute(placed):
            placement = Placement(DeviceId(r.device), PlotId(r.plot), r.start_ms, r.end_ms)
            placements[placement.device].append(placement)
        return Register(devices, dict(streams), dict(placements))

    def owners(self, series: Collection[SeriesId]) -> set[DeviceId]:
        """Return the devices that some series are of."""
        c = t.datastream.c
        query = narrowed(sa.select(c.device).distinct(), c.series, series)
        return {DeviceId(row.device) for row in self._connection.execute(query)}

    def streams(self, of: Collection[DeviceId] | None = None) -> list[Datastream]:
        """Return every datastream, or those of some devices, by series."""
        c = t.datastream.c
        query = narrowed(sa.select(t.datastream).order_by(c.series), c.device, of)
        limits = self._limits()
        return [_stream(row, limits) for row in self._connection.execute(query)]

    def set_limits(
        self, series: SeriesId, since: date, limits: Mapping[str, Any], source: str
    ) -> None:
        """Give a series limits of its own from a day on (`domain.limits` has the form).

        Raises `InvalidInput` when they are no limits, `Clash` when other ones are set for
        that day: what readings were judged by is not overwritten.
        """
        parse_limits(limits)
        row = dict(series=series, valid_from=since, source=source,
                   limits=json.dumps(limits, sort_keys=True))  # fmt: skip
        there = sa.select(t.series_limits).where(
            t.series_limits.c.series == series, t.series_limits.c.valid_from == since
        )
        found = self._connection.execute(there).one_or_none()
        if found is not None and (found.limits, found.source) != (row["limits"], source):
            message = f"series {series} has other limits from {since} on; date the new ones later"
            raise Clash(message)
        if found is None:
            self._connection.execute(t.series_limits.insert().values(row))

    def _limits(self) -> dict[int, History]:
        query = sa.select(t.series_limits).order_by(t.series_limits.c.valid_from)
        found: defaultdict[int, History] = defaultdict(tuple)
        for r in self._connection.execute(query):
            limits = parse_limits(json.loads(r.limits))
            found[r.series] = (*found[r.series], (from_day(r.valid_from), limits))
        return found

    def stream(self, series: SeriesId) -> Datastream:
        """Return one datastream; raises `NotFound`."""
        query = sa.select(t.datastream).where(t.datastream.c.series == series)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            message = f"no series {series}"
            raise NotFound(message)
        return _stream(row, self._limits())

    def covering(self, plot: PlotId, window: Window) -> list[tuple[Datastream, Window]]:
        """Return the streams that served a plot, each with the part of ``window`` it did.

        Ordered by property, depth and series. A device that left and came back is
        listed once for each stay.
        """
        query = (
            sa.select(t.datastream, t.placement.c.start_ms, t.placement.c.end_ms)
            .join(t.placement, t.placement.c.device == t.datastream.c.device)
            .where(t.placement.c.plot == plot, t.placement.c.start_ms < window.end_ms)
            .where(sa.or_(t.placement.c.end_ms.is_(None), t.placement.c.end_ms > window.start_ms))
        )
        found, limits = [], self._limits()
        for row in self._connection.execute(query):
            end = window.end_ms if row.end_ms is None else min(row.end_ms, window.end_ms)
            served = Window(max(row.start_ms, window.start_ms), end)
            found.append((_stream(row, limits), served))
        return sorted(found, key=lambda pair: (pair[0].property, pair[0].depth_m or 0.0,
                                               pair[0].series, pair[1].start_ms))  # fmt: skip


def _stream(r: "sa.Row[Any]", limits: Mapping[int, History]) -> Datastream:
    return Datastream(SeriesId(r.series), DeviceId(r.device), Channel(r.channel), r.property,
                      r.depth_m, r.interval_s, limits.get(r.series, ()))  # fmt: skip
