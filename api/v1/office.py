"""What the office follows: devices, quarantine, output."""

import base64
from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from api.deps import Caller, Given, require_office
from api.v1.schemas import DeviceAnswer, DeviceDayAnswer, Refused, ReportAnswer, SilenceAnswer
from district.health import health
from district.ledger import device_days, zone_of_device
from domain.errors import InvalidInput
from domain.ids import DeviceId
from domain.window import DAY_MS, local_day, print_instant

router = APIRouter(tags=["office"])
_EPOCH = date(1970, 1, 2)


@router.get("/devices", operation_id="list_devices")
def list_devices(given: Given, caller: Caller) -> list[DeviceAnswer]:
    """Return every device, worst first: silent streams, missing cycles."""
    require_office(caller)
    with given.records.reading() as transaction:
        found = health(transaction, given.series, given.clock())
    return [
        DeviceAnswer(
            id=row.device.id,
            name=row.device.name,
            plots=[plot.id for plot in row.plots],
            streams=row.streams,
            silent=row.silent,
            faulty=row.faulty,
            newest=None if row.newest_ms is None else print_instant(row.newest_ms),
            cycles_received=row.received,
            cycles_missing=row.missing,
        )
        for row in found.devices
    ]


@router.get("/devices/{device}/days", operation_id="list_device_days")
def list_device_days(
    given: Given, caller: Caller, device: str, first: date, last: date
) -> list[DeviceDayAnswer]:
    """Return what a device owed and delivered, for each local day, at most a year."""
    require_office(caller)
    tomorrow = local_day(given.clock() + DAY_MS, ZoneInfo("UTC"))
    known = _EPOCH <= first <= last <= tomorrow
    if not known or last - first > timedelta(days=366):
        message = "first to last, at most a year, none after today"
        raise InvalidInput(message, "last")
    with given.records.reading() as transaction:
        name = DeviceId.parse(device)
        zone = zone_of_device(transaction, name, given.clock())
        days = list(device_days(transaction, given.series, name, (first, last), zone))
    return [
        DeviceDayAnswer(
            day=row.day,
            expected=row.account.expected,
            received=row.account.received,
            missing=row.account.missing,
            late=row.account.late,
        )
        for row in days
    ]


@router.get("/silences", operation_id="list_silences")
def list_silences(
    given: Given, caller: Caller, limit: Annotated[int, Query(ge=1, le=1_000)] = 100
) -> list[SilenceAnswer]:
    """Return the silences noticed last, newest first, those that are over included."""
    require_office(caller)
    with given.records.reading() as transaction:
        streams = {s.series: s for s in transaction.devices.streams()}
        return [
            SilenceAnswer(
                series=one.series,
                device=streams[one.series].device,
                channel=streams[one.series].channel,
                since=print_instant(one.since_ms),
                noticed=print_instant(one.noticed_ms),
                ended=None if one.ended_ms is None else print_instant(one.ended_ms),
            )
            for one in transaction.silences.newest(limit)
        ]


@router.get("/reports", operation_id="list_reports")
def list_reports(
    given: Given, caller: Caller, limit: Annotated[int, Query(ge=1, le=1_000)] = 100
) -> list[ReportAnswer]:
    """Return what buyers have reported, newest first."""
    require_office(caller)
    with given.records.reading() as transaction:
        return [
            ReportAnswer(
                id=one.id,
                code=one.code,
                kind=one.kind,
                note=one.note,
                received=print_instant(one.received_ms),
            )
            for one in transaction.lots.reports(limit)
        ]


@router.get("/quarantine", operation_id="list_quarantine")
def list_quarantine(
    given: Given, caller: Caller, limit: Annotated[int, Query(ge=1, le=1_000)] = 100
) -> list[Refused]:
    """Return what could not be used, newest first, with its bytes and its reason."""
    require_office(caller)
    return [
        Refused(
            id=row.id,
            topic=row.topic,
            payload=base64.b64encode(row.payload).decode(),
            reason=row.reason,
            detail=row.detail,
            part=row.part,
            first=print_instant(row.first_ms),
            last=print_instant(row.last_ms),
            seen=row.seen,
        )
        for row in given.series.quarantined(limit)
    ]
