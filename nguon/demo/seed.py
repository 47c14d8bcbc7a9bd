"""Fill an empty register with the demonstration's district and its nodes' channels."""

import secrets
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from api.auth import hash_secret
from domain.certificate import Certificate
from domain.device import Device, Placement
from domain.diary import PermittedProduct
from domain.gs1 import Giai, Gln, Gtin
from domain.ids import AreaCode, CertificateId, PlotId, ProducerId, SeasonId
from domain.lot import Product
from domain.plot import Area, Band, Crop, Plot, Producer, Season
from domain.window import DAY_MS
from firmware_sim.scenario import NodePlan, Scenario
from nguon.demo import kept
from store.records import Records, Transaction
from store.records.accounts import Account
from traceability.certificates import write

_EARLY = date(2026, 1, 1)


def district() -> dict[str, Any]:
    """Return the demonstration's register as data."""
    text = resources.files("nguon.demo").joinpath("district.toml").read_text("utf-8")
    return tomllib.loads(text)


def scenario_path() -> Path:
    """Return where the demonstration's nodes are described."""
    return Path(str(resources.files("nguon.demo").joinpath("scenario.toml")))


def seed(
    records: Records, scenario: Scenario, pins: Mapping[str, str], installed_ms: int, today: date
) -> bool:
    """Fill the register; False when it is filled already, which changes nothing."""
    data = district()
    with records.transaction() as transaction:
        if transaction.places.plots():
            return False
        _places(transaction, data, today)
        _plots(transaction, data, today)
        for plan in scenario.nodes:
            giai = Giai.of(data["company_prefix"], plan.id)
            _device(transaction, plan, giai, installed_ms)
        _placements(transaction, data, scenario, installed_ms)
        _certificates(transaction, data, installed_ms, today)
        for row in data["account"]:
            producer = ProducerId.parse(row["producer"]) if "producer" in row else None
            hashed = hash_secret(pins[row["login"]])
            account = Account(row["login"], row["name"], row["role"], producer, hashed)
            transaction.accounts.add(account)
    return True


def make_pins(path: Path) -> dict[str, str]:
    """Return the demo logins' PINs, drawn once and kept in a file of their own."""
    pins = kept.read(path)
    for row in district()["account"]:
        pins.setdefault(row["login"], f"{secrets.randbelow(10**6):06d}")
    kept.write(path, pins)
    return pins


def _places(transaction: Transaction, data: Mapping[str, Any], today: date) -> None:
    places = transaction.places
    for row in data["area"]:
        zone = ZoneInfo(row["zone"])
        code = AreaCode.parse(row["code"])
        names = (row["name_vi"], row["name_en"])
        places.add_area(Area(code, *names, zone, row["valid_from"], None, row["source"]))
    for row in data["crop"]:
        places.add_crop(Crop(row["code"], row["name_vi"], row["name_en"]))
    for row in data["band"]:
        for crop in row["crop"]:
            limits = (row["low"], row["high"])
            places.add_band(Band(crop, row["property"], *limits, _EARLY, row["source"]))
    for row in data["permitted"]:
        days = row["waiting_days"]
        product = PermittedProduct(
            row["code"], row["name"], days, today - timedelta(days=365), None, row["source"]
        )
        transaction.diary.add_permitted(product)
    for row in data["producer"]:
        area = AreaCode.parse(row["area"])
        name, gln = row["public_name"], Gln.parse(row["gln"])
        places.add_producer(Producer(ProducerId.parse(row["id"]), name, area, None, gln))
    for row in data["product"]:
        gtin, producer = Gtin.parse(row["gtin"]), ProducerId.parse(row["producer"])
        names = (row["name_vi"], row["name_en"])
        transaction.lots.add_product(
            Product(gtin, row["crop"], producer, *names, row["shelf_days"])
        )


def _plots(transaction: Transaction, data: Mapping[str, Any], today: date) -> None:
    for row in data["plot"]:
        plot = Plot(
            PlotId.parse(row["id"]), row["name"], ProducerId.parse(row["producer"]),
            AreaCode.parse(row["area"]), Gln.parse(row["gln"]), row["hectares"],
        )  # fmt: skip
        transaction.places.add_plot(plot)
        started = today + timedelta(days=row["season_day"])
        season = SeasonId.parse(f"{plot.id}-{started:%Y%m}")
        transaction.places.add_season(Season(season, plot.id, row["crop"], started, None))


def _device(transaction: Transaction, plan: NodePlan, giai: Giai, installed_ms: int) -> None:
    since_ms = installed_ms - round(plan.history_days * DAY_MS)
    transaction.devices.add(Device(plan.id, plan.name, since_ms, giai))
    for probe in plan.probes:
        transaction.devices.add_stream(
            plan.id, probe.channel, probe.property, probe.depth_m, plan.interval_s
        )


def _certificates(
    transaction: Transaction, data: Mapping[str, Any], installed_ms: int, today: date
) -> None:
    for row in data["certificate"]:
        began = today + timedelta(days=row["began_day"])
        certificate = Certificate(
            CertificateId.parse(row["id"]), ProducerId.parse(row["producer"]), row["standard"],
            row["number"], row["certifier"], began, began + timedelta(days=row["lasts_days"]),
            (), (), None, "sample", installed_ms,
        )  # fmt: skip
        write(transaction, certificate)


def _placements(
    transaction: Transaction, data: Mapping[str, Any], scenario: Scenario, installed_ms: int
) -> None:
    plans = {plan.id: plan for plan in scenario.nodes}
    for row in data["plot"]:
        for name in row["devices"]:
            plan = plans[name]
            since_ms = installed_ms - round(plan.history_days * DAY_MS)
            transaction.devices.place(Placement(plan.id, PlotId.parse(row["id"]), since_ms, None))
