"""Messages that are nothing, or nearly something; every one is refused, none twice the same."""

import json
import random
import struct
from collections.abc import Callable

import cbor2

Maker = Callable[[random.Random, int, str], bytes]


def make(seed: int, number: int, device: str) -> tuple[str, bytes]:
    """Return the kind and the bytes of one message; the number makes it unlike any other."""
    dice = random.Random(f"{seed}:{number}")
    kind = dice.choice(sorted(KINDS))
    return kind, KINDS[kind](dice, number, device)


def _record(device: str, number: int, **more: object) -> dict[str, object]:
    return {
        "bn": f"{device}:",
        "bt": 1_795_000_000 + number,
        "n": "air_temperature",
        "v": 20.5,
        **more,
    }


def _json(device: str, number: int, **more: object) -> bytes:
    return json.dumps([_record(device, number, **more)]).encode()


def _random(dice: random.Random, number: int, _device: str) -> bytes:
    return b"\xff" + dice.randbytes(dice.randrange(1, 200)) + struct.pack(">I", number)


def _half(dice: random.Random, number: int, device: str) -> bytes:
    whole = _json(device, number)
    return whole[: dice.randrange(40, len(whole) - 1)] + b"//%d" % number


def _half_cbor(dice: random.Random, number: int, device: str) -> bytes:
    whole = cbor2.dumps([{-2: f"{device}:", -3: number, 0: "air_temperature", 2: 20.5}])
    return whole[: dice.randrange(2, len(whole) - 1)]


def _not_a_number(_dice: random.Random, number: int, device: str) -> bytes:
    return b'[{"bn":"%s:","bt":%d,"n":"air_temperature","v":NaN}]' % (device.encode(), number)


def _huge_number(_dice: random.Random, number: int, device: str) -> bytes:
    return b'[{"bn":"%s:","bt":%d,"n":"air_temperature","v":1e999}]' % (device.encode(), number)


def _deep(dice: random.Random, number: int, _device: str) -> bytes:
    return b"[" * dice.randrange(2_000, 20_000) + b"%d" % number


def _large(dice: random.Random, number: int, _device: str) -> bytes:
    return b'[{"n":"' + b"x" * dice.randrange(60_000, 65_000) + b'%d"' % number


def _wrong_shape(dice: random.Random, number: int, _device: str) -> bytes:
    shapes = [
        {"v": number},
        [number],
        [[number]],
        f"text {number}",
        number,
        [{"n": number}],
        [None, number],
    ]
    return json.dumps(dice.choice(shapes)).encode()


def _foreign(_dice: random.Random, number: int, _device: str) -> bytes:
    return _json("another-device", number)


def _no_time(_dice: random.Random, number: int, device: str) -> bytes:
    return _json(device, number, bt=1e15 + number)


def _half_numbered(_dice: random.Random, number: int, device: str) -> bytes:
    return _json(device, number, boot=number)


def _bad_text(_dice: random.Random, number: int, device: str) -> bytes:
    return _json(device, number).replace(b"air_", b"air\xc3\x28_")


def _undeclared(_dice: random.Random, number: int, device: str) -> bytes:
    return _json(device, number, n=f"channel_{number}")


def _wrong_unit(_dice: random.Random, number: int, device: str) -> bytes:
    return _json(device, number, u="hPa")


KINDS: dict[str, Maker] = {
    "random bytes": _random,
    "half a JSON": _half,
    "half a CBOR": _half_cbor,
    "NaN": _not_a_number,
    "infinite": _huge_number,
    "deep nesting": _deep,
    "64 KB": _large,
    "wrong shape": _wrong_shape,
    "another's name": _foreign,
    "time out of range": _no_time,
    "boot without seq": _half_numbered,
    "not UTF-8": _bad_text,
    "undeclared channel": _undeclared,
    "wrong unit": _wrong_unit,
}
