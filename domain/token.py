"""A device's token: what it shows where it speaks HTTP, as its password is over MQTT."""

import hashlib
from dataclasses import dataclass

from domain.ids import DeviceId


@dataclass(frozen=True, slots=True)
class Token:
    """One that was given out; the secret itself is nowhere but with the device."""

    number: int
    device: DeviceId
    made_ms: int
    revoked_ms: int | None


def digest(secret: str) -> str:
    """Return what is kept of a secret: it is random and long, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
