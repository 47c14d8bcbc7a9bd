"""A lot packed from a mixture of two days of harvest, and what a cheat makes of its proof."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from domain.gs1 import Gtin, LotNumber
from domain.lot import IssuedPassport, Lot
from store.records import Transaction
from tests.traceability.lineage.orchard import (
    EARLIER,
    PACKED,
    merge,
    opened,
    plant,
    some,
    split,
    take,
    transform,
)
from tests.traceability.world import GTIN, NOON, World
from traceability.bundle import Bundle
from traceability.bundling import make_bundle, make_log_proof
from traceability.canonical import to_bytes
from traceability.dossier import require_lot
from traceability.envelope import MADE_OF_TYPE, Envelope, pre_authentication
from traceability.log.append import record
from traceability.log.entry import PASSPORT
from traceability.log.publish import publish
from traceability.passport import logged, subject_of


def mixed(world: World) -> Lot:
    """A and B harvested on two days; 20 kg of A by way of C, and 40 kg of B, packed as P."""
    plant(world)
    world.measure()
    opened(world, 100.0, "A")
    opened(world, 50.0, "B", day=EARLIER)
    with world.records.transaction() as transaction:
        take(transaction, split("s-1", some("A", 60.0), [some("C", 40.0), some("D", 20.0)]))
        both = [some("C", 20.0), some("B", 40.0)]
        take(transaction, merge("m-1", both, some("M", 60.0)))
        packing = [some("P", 28.0, PACKED)]
        take(transaction, transform("t-1", "packing", [some("M", 30.0)], packing))
        return found(transaction, "P", PACKED)


def found(transaction: Transaction, number: str, gtin: Gtin = GTIN) -> Lot:
    return require_lot(transaction, gtin, LotNumber(number))


def document(envelope: bytes) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(Envelope.decode(envelope).payload)
    return said


def sealed(world: World, said: dict[str, Any], kind: str = MADE_OF_TYPE) -> bytes:
    payload = to_bytes(said)
    signature = world.signer.sign(pre_authentication(kind, payload))
    return Envelope(kind, payload, world.signer.public().id, signature).encode()


def lied(
    world: World, passport: IssuedPassport, change: Callable[[dict[str, Any]], object]
) -> Bundle:
    """What an issuer could publish who lies: changed, signed, logged, under a checkpoint."""
    said = document(passport.envelope)
    change(said)
    lie = replace(passport, envelope=sealed(world, said))
    with world.records.transaction() as transaction:
        record(transaction, PASSPORT, subject_of(lie), logged(lie), NOON + 1)
    publish(world.records, world.files, world.log_key)
    with world.records.reading() as transaction:
        honest = Bundle.decode(make_bundle(transaction, world.files, passport))
        entry, proof = make_log_proof(transaction, world.files, lie)
    return replace(honest, passport=lie.envelope, entry=entry, proof=proof)
