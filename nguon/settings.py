"""Every setting: typed, one sentence each, with where its value came from.

A value comes from the environment (``NGUON_…``), else from the file that
``NGUON_FILE`` names (TOML, same names in lower case without the prefix), else from
the default. ``nguon settings`` prints all of them; ``docs/settings.md`` is made from
this file and a test keeps it true.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from domain.errors import BadSettings, InvalidInput
from domain.gs1 import Gln
from domain.os_errors import told

PREFIX = "NGUON_"
# Where settings come from, and the fault campaign's fuse (store/failpoint.py).
_NOT_SETTINGS = frozenset({PREFIX + "FILE", PREFIX + "FAILPOINT"})
_PLACEHOLDERS = frozenset({"", "change-me", "changeme", "secret", "password", "example"})

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseModel):
    """The effective settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(Path("var"), description="Folder for everything the program writes.")
    series_url: str = Field(
        "",
        description="Time-series store: sqlite:///FILE, postgresql://… or"
        " influx://TOKEN@HOST:PORT/ORG/BUCKET (influxs:// for TLS); empty is a file in data.",
    )
    records_url: str = Field(
        "", description="Records store: sqlite:///FILE or postgresql://…; empty is a file in data."
    )
    mqtt_host: str = Field("127.0.0.1", description="Broker host.")
    mqtt_port: Port = Field(1883, description="Broker port.")
    mqtt_version: Literal["auto", "5", "3.1.1"] = Field(
        "auto", description="MQTT version to speak; auto tries 5 and falls back."
    )
    mqtt_client_id: str = Field(
        "nguon-ingest", description="Client id of ingest; fixed, or the broker forgets its session."
    )
    mqtt_username: str = Field("ingest", description="Broker user of ingest, for MQTT and AMQP.")
    mqtt_password: SecretStr = Field(
        SecretStr(""), description="Broker password of ingest, for MQTT and AMQP."
    )
    amqp_nodes: str = Field(
        "127.0.0.1:5672",
        pattern=r"^[^\s:,]+:\d{1,5}(,[^\s:,]+:\d{1,5})*$",
        description="RabbitMQ nodes for `ingest --source amqp`, host:port with commas between.",
    )
    write_host: str = Field(
        "127.0.0.1", description="Address that `ingest --source http` listens on."
    )
    write_port: Port = Field(
        8086, description="Port that `ingest --source http` listens on; 8086 is InfluxDB's."
    )
    metrics_port: Port = Field(
        0, description="Port of ingest's Prometheus metrics on loopback; 0 serves none."
    )
    silence_look_s: Annotated[float, Field(gt=0)] = Field(
        15.0, description="Seconds between two looks for silent sensors."
    )
    http_host: str = Field("127.0.0.1", description="Address the web application listens on.")
    http_port: Port = Field(8080, description="Port the web application listens on.")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#]+/?)?$",
        description="Address that labels carry; empty is the address listened on.",
    )
    issuer: str = Field("Nguồn", description="Name of whoever issues passports, as buyers read it.")
    issuer_gln: str = Field(
        "",
        pattern=r"^([0-9]{13})?$",
        description="Party GLN, AI (417), of whoever issues passports; its page says so.",
    )
    company_prefix: str = Field(
        "",
        pattern=r"^([0-9]{4,12})?$",
        description="GS1 company prefix: numbers of logistic units (SSCC) are minted under it, and"
        " devices that are enrolled get it and their id as GIAI; empty: each must be given.",
    )
    source_url: str = Field(
        "",
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="Where this program's source is published, as buyers read it; empty: they are"
        " told to ask the office.",
    )
    signing_key: Path = Field(
        Path("secrets/signing.key"),
        description="Private key of passports, within data if relative.",
    )
    log_key: Path = Field(
        Path("secrets/log.key"),
        description="Private key of the log, within data if relative.",
    )
    log_dir: Path = Field(
        Path("log"),
        description="Folder of the log's public files, within data if relative; any web server"
        " may serve it.",
    )
    witnesses: str = Field(
        "",
        pattern=r"^([^\s@,]+@https?://[^\s,]+(,[^\s@,]+@https?://[^\s,]+)*)?$",
        description="Witnesses of the log, each its public key, @ and its address; commas between.",
    )
    witness_quorum: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="How many witnesses must have signed a checkpoint for a verifier."
    )
    place_header: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]{0,64}$",
        description="Header in which a trusted proxy tells a visitor's country or region (VN,"
        " VN-58); without one no place is kept. Never name one that visitors can set.",
    )
    scan_days: Annotated[int, Field(ge=1, le=366)] = Field(
        30, description="Days for which scans of labels are kept; their counts stay."
    )
    session_secret: SecretStr = Field(
        SecretStr("change-me"),
        description="Key of sign-in forms and sessions; any long random text.",
    )
    demo: bool = Field(default=False, description="Allow placeholder secrets and show demo logins.")

    def series(self) -> str:
        """Return the URL of the time-series store."""
        return self.series_url or f"sqlite:///{self.data / 'series.db'}"

    def records(self) -> str:
        """Return the URL of the records store."""
        return self.records_url or f"sqlite:///{self.data / 'records.db'}"

    def amqp(self) -> tuple[tuple[str, int], ...]:
        """Return host and port of every RabbitMQ node."""
        pairs = (node.rsplit(":", 1) for node in self.amqp_nodes.split(","))
        return tuple((host, int(port)) for host, port in pairs)

    def scan_folder(self) -> Path:
        """Return where scans lie until they are in the records."""
        return self.data / "scans"

    def issuer_party(self) -> Gln | None:
        """Return the party number of whoever issues; raises `BadSettings` when it is none."""
        try:
            return Gln.parse(self.issuer_gln) if self.issuer_gln else None
        except InvalidInput as error:
            message = f"{PREFIX}ISSUER_GLN: {error}"
            raise BadSettings(message) from error

    def log_key_file(self) -> Path:
        """Return where the log's key lies."""
        return self.data / self.log_key

    def log_folder(self) -> Path:
        """Return where the log's public files lie."""
        return self.data / self.log_dir

    def witness_list(self) -> tuple[tuple[str, str], ...]:
        """Return public key and address of every witness."""
        pairs = (one.split("@", 1) for one in self.witnesses.split(",") if one)
        return tuple((key, address.rstrip("/")) for key, address in pairs)

    def key_file(self) -> Path:
        """Return where the signing key lies."""
        return self.data / self.signing_key

    def address(self) -> str:
        """Return the address that labels carry."""
        return (self.public_url or f"http://{self.http_host}:{self.http_port}").rstrip("/")


def file_of(url: str) -> Path | None:
    """Return the file of a store that is one, None for a store on a server."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and, by name, where each value came from."""

    settings: Settings
    origins: Mapping[str, str]


def load(environment: Mapping[str, str] | None = None) -> Loaded:
    """Return the effective settings; raises `BadSettings` naming what is wrong."""
    env = os.environ if environment is None else environment
    values: dict[str, object] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    path = env.get(PREFIX + "FILE")
    if path:
        for name, value in _read_file(Path(path)).items():
            values[name], origins[name] = value, f"file {path}"
    for name in env:
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS:
            key = name.removeprefix(PREFIX).lower()
            values[key], origins[key] = env[name], f"environment {name}"
    try:
        return Loaded(Settings.model_validate(values), origins)
    except ValidationError as error:
        raise BadSettings(_told(error)) from error


def refuse_placeholders(settings: Settings) -> None:
    """Raise `BadSettings` when a secret is still a placeholder, outside the demo."""
    if settings.demo:
        return
    secret = settings.session_secret.get_secret_value()
    if secret.lower() in _PLACEHOLDERS or len(secret) < 16:
        message = f"{PREFIX}SESSION_SECRET is a placeholder or shorter than 16 characters"
        raise BadSettings(message)


def _read_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        message = f"{PREFIX}FILE: {told(error)}"
        raise BadSettings(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{PREFIX}FILE {path}: {error}"
        raise BadSettings(message) from error


def _told(error: ValidationError) -> str:
    lines = []
    for one in error.errors(include_url=False):
        name = ".".join(str(part) for part in one["loc"])
        if one["type"] == "extra_forbidden":
            lines.append(f"{PREFIX}{name.upper()}: there is no such setting")
        else:
            lines.append(f"{PREFIX}{name.upper()}: {one['msg']}")
    return "; ".join(lines)
