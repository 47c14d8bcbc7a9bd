"""Verification of a proof: one file and trusted keys in, a verdict out. Pure.

After the passport's own steps (:mod:`traceability.verify`) come those of the log, in this
order; the first that does not hold is named in `VerificationFailed`:

- ``entry``        the log's entry speaks of this passport
- ``checkpoint``   a checkpoint signed by the log's key
- ``witnesses``    as many witnesses as asked for have signed it too
- ``inclusion``    the entry is in the log under that checkpoint
- ``time``         the passport's key was valid when the log took the entry, and not revoked
- ``days``         the days of every device are in the log too, none left out, before it
- ``evidence``     the passport claims no more readings than those days hold
- ``disclosures``  what is told of the producer is what was committed to
- ``readings``     if the raw readings are given, every day and count is made again from them
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import VerificationFailed
from domain.window import print_instant
from traceability.bundle import Bundle
from traceability.canonical import salted_digest
from traceability.envelope import PAYLOAD_TYPE, Envelope, digest_of
from traceability.keys import TrustedKey
from traceability.log.checkpoint import Checkpoint
from traceability.log.entry import PASSPORT, Claim, decode
from traceability.log.proof import LogProof
from traceability.trust import Trust
from traceability.verify import STEPS as PASSPORT_STEPS
from traceability.verify import verify
from traceability.verify_days import check_days, check_evidence, check_readings, open_readings

STEPS = (
    "bundle", *PASSPORT_STEPS, "entry", "checkpoint", "witnesses", "inclusion", "time", "days",
    "evidence", "disclosures", "readings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proven:
    """A passport whose every step holds.

    ``logged_ms`` is when the log took it, ``witnessed`` who saw that checkpoint and when (in
    seconds), ``producer`` what is told of them, ``recomputed`` how many raw readings were
    given and made every day again; None when none were given.
    """

    document: Mapping[str, Any]
    key: TrustedKey
    number: int
    logged_ms: int
    checkpoint: Checkpoint
    witnessed: tuple[tuple[str, int], ...]
    days: int
    producer: str | None
    recomputed: int | None


def verify_bundle(
    raw: bytes,
    trust: Trust,
    readings: Sequence[bytes] | None = None,
    holds: Callable[[str], None] = lambda _: None,
) -> Proven:
    """Return the verdict on a proof; raises `VerificationFailed`.

    ``readings`` are raw readings as exported, a file a device; ``holds`` is told each step.
    """
    bundle = Bundle.decode(raw)
    holds("bundle")
    verdict = verify(bundle.passport, trust.keys, logged=True)
    if Envelope.decode(bundle.passport).payload_type != PAYLOAD_TYPE:
        raise VerificationFailed("type", PAYLOAD_TYPE, "a passport from before the log")
    for step in PASSPORT_STEPS:
        holds(step)
    document = verdict.document
    claim = _entry(bundle, document, verdict.key)
    holds("entry")
    if trust.log is None:
        raise VerificationFailed("checkpoint", "a log that the keys file trusts", "none in it")
    proof = LogProof.decode(bundle.proof)
    signed = proof.check(bundle.entry, trust.log)
    for step in ("checkpoint", "witnesses", "inclusion"):
        holds(step)
    _time(verdict.key, claim.at_ms)
    holds("time")
    chains = check_days(bundle, document, trust.log, proof)
    holds("days")
    check_evidence(document, chains)
    holds("evidence")
    producer = _disclosed(bundle, document)
    holds("disclosures")
    recomputed = None
    if readings is not None:
        recomputed = check_readings(open_readings(readings), document, chains)
        holds("readings")
    return Proven(
        document, verdict.key, proof.index, claim.at_ms, signed.checkpoint, signed.witnessed,
        sum(len(chain) for chain in chains.values()), producer, recomputed,
    )  # fmt: skip


def _entry(bundle: Bundle, document: Mapping[str, Any], key: TrustedKey) -> Claim:
    claim = decode(bundle.entry)
    lot = document["lot"]
    expected = {
        "gtin": lot["gtin"],
        "lot": lot["number"],
        "issued": document["issued"],
        "key": key.id,
        "envelope": digest_of(bundle.passport),
    }
    if claim.kind != PASSPORT or dict(claim.body) != expected:
        raise VerificationFailed("entry", str(expected), str(dict(claim.body))[:300])
    return claim


def _time(key: TrustedKey, logged_ms: int) -> None:
    if not key.holds(logged_ms):
        found = f"the log took the passport at {print_instant(logged_ms)}"
        raise VerificationFailed("time", key.told(), found)


def _disclosed(bundle: Bundle, document: Mapping[str, Any]) -> str | None:
    """Return what is told of the producer, None when nothing is."""
    try:
        opened = json.loads(bundle.disclosures)
        if opened == {}:
            return None
        (told,) = opened.values()
        if opened.keys() != {"producer"}:
            raise VerificationFailed("disclosures", "the producer, or nobody", str([*opened])[:60])
        said, salt = told["said"], bytes.fromhex(told["salt"])
        made, name = salted_digest(salt, said), str(said["name"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise VerificationFailed("disclosures", "a salt and what it opens", repr(error)) from error
    committed = document["producer"].get("commitment")
    if made != committed:
        raise VerificationFailed("disclosures", f"digest {committed}", made)
    return name
