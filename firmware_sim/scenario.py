"""The scenario file: the days on the farm and what goes wrong on them (TOML).

Every field and its unit is described in ``firmware_sim/README.md``; unknown keys are
refused, because a misspelt fault that never happens proves nothing.
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from domain.errors import InvalidInput
from domain.ids import Channel, DeviceId
from domain.os_errors import told
from domain.pack import Coding

T = TypeVar("T")

FAULTS = ("stuck", "unplugged", "drift", "brownout", "clock")


@dataclass(frozen=True, slots=True)
class Probe:
    """One sensor on a node. ``noise`` is one standard deviation in the property's unit."""

    channel: Channel
    property: str
    depth_m: float | None = None
    noise: float = 0.0
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong from day ``from_day`` on for ``days``, counted from the start.

    ``size`` is the sentinel of ``unplugged``, units a day of ``drift``, seconds a day of
    ``clock``. ``channel`` is None for faults of the whole node.
    """

    kind: str
    from_day: float
    days: float
    channel: str | None = None
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Radio:
    """How a node sends. Shares are chances a batch: sent twice, held back, lost on the way."""

    batch: int = 48
    repeat: float = 0.0
    reorder: float = 0.0
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Site:
    """A place with one weather; degrees north and east."""

    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Water:
    """Watering of a node's plot every so many days, in mm."""

    every_days: float
    hour: float
    millimetres: float


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node as planned."""

    id: DeviceId
    name: str
    site: str
    interval_s: int
    coding: Coding
    probes: tuple[Probe, ...]
    faults: tuple[Fault, ...]
    radio: Radio
    watering: Water | None
    history_days: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario; each node has ``history_days`` of past in its flash at the start."""

    seed: int
    sites: dict[str, Site]
    nodes: tuple[NodePlan, ...]


def load(path: Path) -> Scenario:
    """Return the scenario in a file; raises `InvalidInput` saying where it is wrong."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidInput(told(error), "scenario") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path.name}: {error}"
        raise InvalidInput(message, "scenario") from error
    try:
        sites = [_build(Site, row, "site") for row in data["site"]]
        nodes = tuple(_node(row, float(data["history_days"])) for row in data["node"])
        return Scenario(int(data["seed"]), {s.name: s for s in sites}, nodes)
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path.name}: {type(error).__name__}: {error}"
        raise InvalidInput(message, "scenario") from error


def _node(row: dict[str, Any], history_days: float) -> NodePlan:
    faults = tuple(_build(Fault, fault, "fault") for fault in row.get("fault", ()))
    for fault in faults:
        if fault.kind not in FAULTS:
            message = f"node {row['id']}: no fault {fault.kind!r}; there are {', '.join(FAULTS)}"
            raise InvalidInput(message, "scenario")
    probes = [
        _build(Probe, {**probe, "channel": Channel.parse(probe["channel"])}, "probe")
        for probe in row["probe"]
    ]
    return NodePlan(
        id=DeviceId.parse(row["id"]),
        name=str(row["name"]),
        site=str(row["site"]),
        interval_s=int(row["interval_s"]),
        coding=Coding(row.get("coding", "json")),
        probes=tuple(probes),
        faults=faults,
        radio=_build(Radio, row.get("radio", {}), "radio"),
        watering=_build(Water, row["watering"], "watering") if "watering" in row else None,
        history_days=float(row.get("history_days", history_days)),
    )


def _build(kind: type[T], row: dict[str, Any], what: str) -> T:
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(row) - names)
    if unknown:
        message = f"{what}: unknown key {', '.join(unknown)}; there are {', '.join(sorted(names))}"
        raise InvalidInput(message, "scenario")
    return kind(**row)
