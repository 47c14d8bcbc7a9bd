"""``influx://TOKEN@HOST:PORT/ORG/BUCKET``, taken apart."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from domain.errors import BadSettings

_SCHEMES = {"influx": "http", "influxs": "https"}
_PORT = 8086


@dataclass(frozen=True, slots=True)
class Address:
    """Where a bucket is, and the token that opens it."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return the address; raises `BadSettings`, without the token in the message."""
        try:
            parts = urlsplit(text)
            port = parts.port or _PORT
        except ValueError as error:
            message = "an influx:// URL needs a host and a port below 65536"
            raise BadSettings(message) from error
        token = unquote(parts.netloc.rpartition("@")[0])
        names = [unquote(name) for name in parts.path.split("/")[1:]]
        whole = parts.hostname and token and len(names) == 2 and all(names)
        if parts.scheme not in _SCHEMES or not whole or parts.query or parts.fragment:
            message = (
                "not influx://TOKEN@HOST:PORT/ORG/BUCKET"
                " (influxs:// for TLS; signs in names and token percent-encoded)"
            )
            raise BadSettings(message)
        host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
        org, bucket = names
        return cls(f"{_SCHEMES[parts.scheme]}://{host}:{port}", org, bucket, token)
