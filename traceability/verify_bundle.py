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

Of a lot made of several harvests, in place of ``days``, ``evidence`` and ``disclosures``:

- ``steps``        every step between is in the log before it, and says what the passport says
- ``origins``      the passport named of every harvested lot is here, and all its steps hold
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.errors import VerificationFailed
from domain.window import print_instant
from traceability.bundle import Bundle
from traceability.canonical import salted_digest
from traceability.composition.claims import Part, read_made_of
from traceability.composition.proof import check_steps, each_origin, naming, require_named
from traceability.envelope import MADE_OF_TYPE, PAYLOAD_TYPE, PAYLOAD_TYPE_1, Envelope, digest_of
from traceability.keys import TrustedKey
from traceability.log.checkpoint import Checkpoint, Policy, Signed
from traceability.log.entry import PASSPORT, Claim, decode
from traceability.log.proof import LogProof
from traceability.trust import Trust
from traceability.verify import STEPS as PASSPORT_STEPS
from traceability.verify import verify
from traceability.verify_days import (
    Chains,
    check_days,
    check_evidence,
    check_readings,
    open_readings,
)

_LOGGED = ("bundle", *PASSPORT_STEPS, "entry", "checkpoint", "witnesses", "inclusion", "time")
STEPS = (*_LOGGED, "days", "evidence", "disclosures", "readings")
MADE_OF_STEPS = (*_LOGGED, "steps", "origins", "readings")
Holds = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Proven:
    """A passport whose every step holds.

    ``logged_ms`` is when the log took it, ``witnessed`` who saw that checkpoint and when (in
    seconds), ``producer`` what is told of them, ``recomputed`` how many raw readings were
    given and made every day again; None when none were given. ``origins`` are the harvested
    lots it is made of, with how many grams of each; none for a harvested lot.
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
    origins: "tuple[ProvenOrigin, ...]" = ()


@dataclass(frozen=True, slots=True)
class ProvenOrigin:
    """A harvested lot in another: what that one's passport says of it, and what is proven."""

    part: Part
    proven: Proven


@dataclass(frozen=True, slots=True)
class _Logged:
    """A passport that is in the log: what holds of one whatever it is of."""

    bundle: Bundle
    kind: str
    document: Mapping[str, Any]
    key: TrustedKey
    claim: Claim
    proof: LogProof
    signed: Signed
    policy: Policy

    def proven(self, days: int, producer: str | None) -> Proven:
        return Proven(
            self.document, self.key, self.proof.index, self.claim.at_ms, self.signed.checkpoint,
            self.signed.witnessed, days, producer, None,
        )  # fmt: skip


def verify_bundle(
    raw: bytes,
    trust: Trust,
    readings: Sequence[bytes] | None = None,
    holds: Holds = lambda _: None,
) -> Proven:
    """Return the verdict on a proof; raises `VerificationFailed`.

    ``readings`` are raw readings as exported, a file a device; ``holds`` is told each step.
    """
    bundle = Bundle.decode(raw)
    holds("bundle")
    logged = _logged(bundle, trust, holds)
    if logged.kind == MADE_OF_TYPE:
        return _made_of(logged, trust, readings, holds)
    proven, chains = _season(logged, holds)
    if readings is None:
        return proven
    recomputed = check_readings(open_readings(readings), proven.document, chains)
    holds("readings")
    return replace(proven, recomputed=recomputed)


def _logged(bundle: Bundle, trust: Trust, holds: Holds) -> _Logged:
    """Check a passport's own steps, and that the log took it in time."""
    verdict = verify(bundle.passport, trust.keys, logged=True)
    kind = Envelope.decode(bundle.passport).payload_type
    if kind == PAYLOAD_TYPE_1:
        raise VerificationFailed("type", PAYLOAD_TYPE, "a passport from before the log")
    for step in PASSPORT_STEPS:
        holds(step)
    claim = _entry(bundle, verdict.document, verdict.key)
    holds("entry")
    if trust.log is None:
        raise VerificationFailed("checkpoint", "a log that the keys file trusts", "none in it")
    proof = LogProof.decode(bundle.proof)
    signed = proof.check(bundle.entry, trust.log)
    for step in ("checkpoint", "witnesses", "inclusion"):
        holds(step)
    _time(verdict.key, claim.at_ms)
    holds("time")
    return _Logged(bundle, kind, verdict.document, verdict.key, claim, proof, signed, trust.log)


def _season(logged: _Logged, holds: Holds) -> tuple[Proven, Chains]:
    chains = check_days(logged.bundle, logged.document, logged.policy, logged.proof)
    holds("days")
    check_evidence(logged.document, chains)
    holds("evidence")
    producer = _disclosed(logged.bundle, logged.document)
    holds("disclosures")
    return logged.proven(sum(len(chain) for chain in chains.values()), producer), chains


def _made_of(
    logged: _Logged, trust: Trust, readings: Sequence[bytes] | None, holds: Holds
) -> Proven:
    said = read_made_of(logged.document)
    if logged.bundle.days or logged.bundle.disclosures != b"{}":
        expected = "days and names in the proofs of harvested lots alone"
        raise VerificationFailed("steps", expected, "some of its own")
    check_steps(said, logged.bundle.step_proofs, logged.policy, logged.proof)
    holds("steps")
    found = each_origin(
        said, logged.bundle.origins, lambda part, raw: _origin(part, raw, trust, logged)
    )
    holds("origins")
    # Harvests of one plot rest on the same days of its devices: each counts once.
    days = {
        (device, day, str(one.fields["root"]))
        for _, chains in found
        for device, chain in chains.items()
        for day, one in chain.items()
    }
    proven = replace(
        logged.proven(len({(device, day) for device, day, _ in days}), None),
        origins=tuple(one for one, _ in found),
    )
    if readings is None:
        return proven
    raw_days = open_readings(readings)
    for one, chains in found:
        with naming(one.part.lot, "readings"):
            check_readings(raw_days, one.proven.document, chains)
    holds("readings")
    lines = sum(raw_days[device, day][root].lines for device, day, root in days)
    return replace(proven, recomputed=lines)


def _origin(part: Part, raw: bytes, trust: Trust, within: _Logged) -> tuple[ProvenOrigin, Chains]:
    """Check the proof of a harvested lot that lies in that of a lot made of it."""
    bundle = Bundle.decode(raw, within=True)
    digest = digest_of(bundle.passport)
    if digest != part.envelope:
        raise VerificationFailed("envelope", f"the passport of SHA-256 {part.envelope}", digest)
    logged = _logged(bundle, trust, lambda _: None)
    if logged.kind != PAYLOAD_TYPE:
        raise VerificationFailed("type", f"{PAYLOAD_TYPE}, of one harvest", logged.kind)
    require_named(part, logged.document, logged.proof.index)
    if logged.proof.index >= within.proof.index:
        expected = f"an entry before number {within.proof.index}"
        raise VerificationFailed("time", expected, f"entry {logged.proof.index}")
    if logged.proof.checkpoint != within.proof.checkpoint:
        expected = "a proof under the checkpoint of what is made of it"
        raise VerificationFailed("checkpoint", expected, "under another one")
    proven, chains = _season(logged, lambda _: None)
    return ProvenOrigin(part, proven), chains


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
