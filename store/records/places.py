"""Areas, producers, plots, crops, bands and seasons in the records store."""

from collections.abc import Collection
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from domain.errors import Clash, NotFound
from domain.gs1 import Gln
from domain.ids import AreaCode, PlotId, ProducerId, SeasonId
from domain.plot import Area, Band, Crop, Holding, Outline, Plot, Producer, Season
from store.records import tables as t
from store.records.gs1_keys import FROM_THE_BEGINNING, Gs1Keys


class Places:
    """Questions and statements about places; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_area(self, area: Area) -> None:
        """Keep an area."""
        row = dict(code=area.code, name_vi=area.name_vi, name_en=area.name_en, zone=area.zone.key,
                   valid_from=area.valid_from, valid_to=area.valid_to,
                   source=area.source)  # fmt: skip
        self._connection.execute(t.area.insert().values(row))

    def area(self, code: AreaCode, on: date) -> Area:
        """Return the area that a code meant on a day; raises `NotFound` for no code at all.

        Outside the days any area had the code: the last one before, else the first one
        after. A merger must not take down the page of a plot nobody has moved yet.
        """
        query = sa.select(t.area).where(t.area.c.code == code).order_by(t.area.c.valid_from)
        rows = list(self._connection.execute(query))
        if not rows:
            message = f"no area {code}"
            raise NotFound(message)
        begun = [row for row in rows if row.valid_from <= on]
        return _area(begun[-1] if begun else rows[0])

    def areas(self, on: date) -> list[Area]:
        """Return the areas that exist on a day, by name."""
        query = (
            sa.select(t.area)
            .where(t.area.c.valid_from <= on)
            .where(sa.or_(t.area.c.valid_to.is_(None), t.area.c.valid_to > on))
            .order_by(t.area.c.name_vi)
        )
        return [_area(row) for row in self._connection.execute(query)]

    def add_producer(self, producer: Producer) -> None:
        """Keep a producer."""
        row = dict(id=producer.id, public_name=producer.public_name, area=producer.area,
                   phone=producer.phone)  # fmt: skip
        self._connection.execute(t.producer.insert().values(row))
        if producer.gln is not None:
            Gs1Keys(self._connection).give_gln(producer.id, producer.gln, FROM_THE_BEGINNING)

    def producer(self, producer: ProducerId) -> Producer:
        """Return a producer; raises `NotFound`."""
        query = sa.select(t.producer).where(t.producer.c.id == producer)
        row = _one(self._connection.execute(query), f"producer {producer}")
        gln = Gs1Keys(self._connection).gln(producer)
        return Producer(ProducerId(row.id), row.public_name, AreaCode(row.area), row.phone, gln)

    def producers(self) -> list[Producer]:
        """Return every producer, by id."""
        rows = self._connection.execute(sa.select(t.producer.c.id).order_by(t.producer.c.id))
        return [self.producer(ProducerId(row.id)) for row in list(rows)]

    def add_plot(self, plot: Plot) -> None:
        """Keep a plot."""
        row = dict(id=plot.id, name=plot.name, producer=plot.producer, area=plot.area,
                   gln=plot.gln, hectares=plot.hectares)  # fmt: skip
        self._connection.execute(t.plot.insert().values(row))

    def plot(self, plot: PlotId) -> Plot:
        """Return a plot; raises `NotFound`."""
        query = sa.select(t.plot).where(t.plot.c.id == plot)
        return _plot(_one(self._connection.execute(query), f"plot {plot}"))

    def add_holding(self, holding: Holding) -> None:
        """Keep who holds a plot from a day on."""
        row = dict(plot=holding.plot, producer=holding.producer, valid_from=holding.valid_from,
                   valid_to=holding.valid_to, source=holding.source)  # fmt: skip
        self._connection.execute(t.holding.insert().values(row))

    def holdings(self, plot: PlotId) -> list[Holding]:
        """Return who held a plot and when, oldest first; nothing where no dates are known."""
        query = sa.select(t.holding).where(t.holding.c.plot == plot)
        return [
            Holding(PlotId(r.plot), ProducerId(r.producer), r.valid_from, r.valid_to, r.source)
            for r in self._connection.execute(query.order_by(t.holding.c.valid_from))
        ]

    def holder_on(self, plot: Plot, on: date) -> ProducerId | None:
        """Return who held a plot on a day, None when nobody did.

        Where no dated holder was ever written down, it is the one in the register.
        """
        known = self.holdings(plot.id)
        if not known:
            return plot.producer
        valid = [h for h in known if h.valid_from <= on and (h.valid_to is None or on < h.valid_to)]
        return valid[-1].producer if valid else None

    def plot_at(self, gln: str) -> Plot | None:
        """Return the plot with a location number, None when there is none."""
        row = self._connection.execute(sa.select(t.plot).where(t.plot.c.gln == gln)).one_or_none()
        return None if row is None else _plot(row)

    def plots(self, producer: ProducerId | None = None) -> list[Plot]:
        """Return all plots, or one producer's, by name."""
        query = sa.select(t.plot).order_by(t.plot.c.name)
        if producer is not None:
            query = query.where(t.plot.c.producer == producer)
        return [_plot(row) for row in self._connection.execute(query)]

    def these(self, plots: Collection[PlotId]) -> dict[PlotId, Plot]:
        """Return some plots."""
        query = sa.select(t.plot).where(t.plot.c.id.in_(plots))
        return {PlotId(row.id): _plot(row) for row in self._connection.execute(query)}

    def zones(self) -> set[ZoneInfo]:
        """Return every time zone that days are counted in."""
        rows = self._connection.execute(sa.select(t.area.c.zone).distinct())
        return {ZoneInfo(row.zone) for row in rows}

    def add_outline(self, outline: Outline) -> bool:
        """Keep where a plot lies; True when it is new, False when it was there already.

        Raises `NotFound` for the plot, `Clash` when another outline holds from that day: a
        boundary that was surveyed again holds from a day of its own.
        """
        self.plot(outline.plot)
        c = t.plot_outline.c
        key = c.plot == outline.plot, c.valid_from == outline.valid_from
        row = self._connection.execute(sa.select(t.plot_outline).where(*key)).one_or_none()
        if row is None:
            values = dict(plot=outline.plot, valid_from=outline.valid_from,
                          geojson=outline.geojson, source=outline.source)  # fmt: skip
            self._connection.execute(t.plot_outline.insert().values(values))
            return True
        if _outline(row) != outline:
            message = f"another outline of {outline.plot} holds from {outline.valid_from}"
            raise Clash(message)
        return False

    def outline(self, plot: PlotId, on: date) -> Outline | None:
        """Return where a plot lay on a day, None when nobody has said so."""
        c = t.plot_outline.c
        query = sa.select(t.plot_outline).where(c.plot == plot, c.valid_from <= on)
        newest = query.order_by(c.valid_from.desc()).limit(1)
        row = self._connection.execute(newest).one_or_none()
        return None if row is None else _outline(row)

    def zone_of(self, plot: Plot, on: date) -> ZoneInfo:
        """Return the time zone that a plot's days are counted in."""
        return self.area(plot.area, on).zone

    def add_crop(self, crop: Crop) -> None:
        """Keep a crop."""
        row = dict(code=crop.code, name_vi=crop.name_vi, name_en=crop.name_en)
        self._connection.execute(t.crop.insert().values(row))

    def crop(self, code: str) -> Crop:
        """Return a crop; raises `NotFound`."""
        query = sa.select(t.crop).where(t.crop.c.code == code)
        row = _one(self._connection.execute(query), f"crop {code}")
        return Crop(row.code, row.name_vi, row.name_en)

    def add_band(self, band: Band) -> None:
        """Keep a band."""
        row = dict(crop=band.crop, property=band.property, low=band.low, high=band.high,
                   valid_from=band.valid_from, source=band.source)  # fmt: skip
        self._connection.execute(t.band.insert().values(row))

    def bands(self, crop: str, on: date) -> dict[str, Band]:
        """Return the bands in force for a crop on a day, by property."""
        query = (
            sa.select(t.band)
            .where(t.band.c.crop == crop, t.band.c.valid_from <= on)
            .order_by(t.band.c.valid_from)
        )
        rows = self._connection.execute(query)
        return {
            r.property: Band(r.crop, r.property, r.low, r.high, r.valid_from, r.source)
            for r in rows
        }

    def add_season(self, season: Season) -> None:
        """Keep a season."""
        row = dict(id=season.id, plot=season.plot, crop=season.crop, started=season.started,
                   ended=season.ended)  # fmt: skip
        self._connection.execute(t.season.insert().values(row))

    def season(self, season: SeasonId) -> Season:
        """Return a season; raises `NotFound`."""
        query = sa.select(t.season).where(t.season.c.id == season)
        return _season(_one(self._connection.execute(query), f"season {season}"))

    def season_on(self, plot: PlotId, on: date) -> Season | None:
        """Return the season a plot was in on a day, the latest started if several."""
        query = (
            sa.select(t.season)
            .where(t.season.c.plot == plot, t.season.c.started <= on)
            .where(sa.or_(t.season.c.ended.is_(None), t.season.c.ended >= on))
            .order_by(t.season.c.started.desc())
            .limit(1)
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _season(row)


def _one(result: "sa.CursorResult[Any]", what: str) -> "sa.Row[Any]":
    row = result.one_or_none()
    if row is None:
        message = f"no {what}"
        raise NotFound(message)
    return row


def _area(r: "sa.Row[Any]") -> Area:
    return Area(AreaCode(r.code), r.name_vi, r.name_en, ZoneInfo(r.zone), r.valid_from,
                r.valid_to, r.source)  # fmt: skip


def _producer(r: "sa.Row[Any]") -> Producer:
    return Producer(ProducerId(r.id), r.public_name, AreaCode(r.area), r.phone)


def _plot(r: "sa.Row[Any]") -> Plot:
    return Plot(PlotId(r.id), r.name, ProducerId(r.producer), AreaCode(r.area), Gln(r.gln),
                r.hectares)  # fmt: skip


def _outline(r: "sa.Row[Any]") -> Outline:
    return Outline(PlotId(r.plot), r.valid_from, r.geojson, r.source)


def _season(r: "sa.Row[Any]") -> Season:
    return Season(SeasonId(r.id), PlotId(r.plot), r.crop, r.started, r.ended)
