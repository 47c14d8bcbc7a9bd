"""Write the vectors of ``traceability/vectors`` anew: ``python -m tests.make_vectors``.

For others who write a verifier: proofs that hold, and one for each way in which a proof can
fail to. ``tests/traceability/test_vectors.py`` holds what lies there against what comes out here.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from domain.errors import VerificationFailed
from domain.window import DAY_MS, HOUR_MS, print_instant
from tests.builders import DEVICE, GTIN, NOON
from tests.traceability.vector_stage import Stage, witnessed
from tests.traceability.vector_tampering import (
    chains,
    hidden,
    rewritten,
    rolled_back,
    second_summary,
)
from traceability.bundle import Bundle
from traceability.bundling import readme
from traceability.envelope import Envelope
from traceability.key_register import revoke
from traceability.passport import issue
from traceability.trust import Trust, parse_trust, print_trust
from traceability.verify_bundle import verify_bundle

FOLDER = Path(__file__).parent.parent / "traceability" / "vectors"


@dataclass(frozen=True)
class Case:
    """One vector: a proof, whose keys are trusted, raw readings or none, what it shows."""

    name: str
    says: str
    bundle: bytes
    keys: str = "keys.json"
    readings: str | None = None


@dataclass
class Told:
    """All that is written: files by name, and the cases that speak of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)

    def keys(self, name: str, trust: Trust) -> str:
        self.files[name] = print_trust(trust).encode() + b"\n"
        return name

    def case(self, name: str, says: str, bundle: Bundle | bytes, **more: str) -> None:
        raw = bundle
        if isinstance(raw, Bundle):
            raw = raw.encode(readme(made_of=bool(raw.origins)))
        self.files[f"{name}.zip"] = raw
        self.cases.append(Case(name, says, raw, **more))


def make(scratch: Path) -> dict[str, bytes]:
    """Return every file of the vectors by its name; ``scratch`` is an empty folder."""
    told = Told()
    for at, tell in enumerate(
        (_honest, _tampered, _lies, _revoked, _thinned, _made_of, _made_of_lies)
    ):
        stage = Stage(scratch / f"stage-{at}")
        tell(told, stage)
        stage.close()
    written = {
        "keys": "TEST keys: anybody can make their private halves",
        "vectors": [_row(told, c) for c in told.cases],
    }
    told.files["vectors.json"] = json.dumps(written, indent=1, ensure_ascii=False).encode() + b"\n"
    return told.files


def _row(told: Told, case: Case) -> dict[str, Any]:
    readings = None if case.readings is None else [told.files[case.readings]]
    row: dict[str, Any] = {
        "name": case.name, "says": case.says, "bundle": f"{case.name}.zip", "keys": case.keys,
        "readings": [] if case.readings is None else [case.readings],
    }  # fmt: skip
    return row | verdict(case.bundle, parse_trust(told.files[case.keys].decode()), readings)


def verdict(bundle: bytes, trust: Trust, readings: list[bytes] | None) -> dict[str, Any]:
    """Return what our own verifier says of a proof, as a vector tells it."""
    try:
        proven = verify_bundle(bundle, trust, readings)
    except VerificationFailed as failed:
        said = {"step": failed.step, "expected": failed.expected, "found": failed.found}
        return {"holds": False, **said}
    origins = [[*one.part.lot, one.part.grams / 1000] for one in proven.origins]
    made_of = {"made_of": origins} if origins else {}
    return made_of | {
        "holds": True,
        "lot": proven.document["lot"]["number"],
        "number": proven.number,
        "logged": print_instant(proven.logged_ms),
        "size": proven.checkpoint.size,
        "witnessed": [list(one) for one in proven.witnessed],
        "days": proven.days,
        "producer": proven.producer,
        "recomputed": proven.recomputed,
    }


def _honest(told: Told, stage: Stage) -> None:
    first = stage.issued("LO-1")
    bundle, raw = stage.bundle(first), stage.raw(first)
    told.files["readings.csv"] = raw
    told.keys("keys.json", stage.trust())
    watched = told.keys("keys-witness.json", stage.trust(witnessed=True))
    told.case("good", "a passport and its proof", bundle)
    told.case("good-readings", "the same, every day made again", bundle, readings="readings.csv")
    told.case("good-witness", "the same, seen by a witness", witnessed(bundle), keys=watched)
    told.case("good-erased", "the producer's salt was erased", replace(bundle, disclosures=b"{}"))
    stage.measure_late()
    second = stage.issued("LO-2", NOON + DAY_MS)
    told.files["readings-late.csv"] = stage.raw(second)
    told.case(
        "good-late", "a late reading made a second revision of its day", stage.bundle(second),
        readings="readings-late.csv",
    )  # fmt: skip
    told.case("bad-witness", "no witness has seen it", bundle, keys=watched)
    half = replace(witnessed(bundle), day_proofs=bundle.day_proofs)
    told.case(
        "bad-rewritten",
        "another history, signed by the log itself",
        rewritten(bundle),
        keys=watched,
    )
    told.case("bad-witness-days", "the days are under a checkpoint nobody saw", half, keys=watched)


def _tampered(told: Told, stage: Stage) -> None:
    first = stage.issued("LO-1")
    bundle, raw = stage.bundle(first), stage.raw(first)
    lines = raw.split(b"\n")
    told.files["readings-deleted.csv"] = b"\n".join(lines[:5] + lines[6:])
    told.files["readings-hidden.csv"] = hidden(lines)
    told.files["readings-changed.csv"] = raw.replace(b",25,", b",26,", 1)
    told.files["readings-day-gone.csv"] = b"\n".join(lines[: second_summary(lines)]) + b"\n"
    for name, says in (
        ("deleted", "a raw reading is gone"),
        ("hidden", "a raw reading is gone, and its day's summary says so"),
        ("changed", "a raw reading has another value"),
        ("day-gone", "of the raw readings two days are gone"),
    ):
        told.case(f"bad-reading-{name}", says, bundle, readings=f"readings-{name}.csv")
    stage.measure_late()
    other = stage.bundle(stage.issued("LO-2", NOON + DAY_MS))
    told.case("bad-days-swapped", "the days of another lot", replace(bundle, days=other.days))
    told.case(
        "bad-passport-swapped",
        "the passport of another lot",
        replace(bundle, passport=other.passport),
    )
    of_other = replace(bundle, entry=other.entry, proof=other.proof)
    told.case("bad-entry-swapped", "the log's entry of another passport", of_other)
    for name, says, days in chains(bundle):
        told.case(name, says, replace(bundle, days=days))
    rolled, another = rolled_back(bundle)
    told.case("bad-rolled-back", "a checkpoint of the log from before the passport", rolled)
    told.case("bad-other-log", "another log under the same name", another)
    opened = json.loads(bundle.disclosures)
    opened["producer"]["said"]["name"] = "Hộ khác"
    wrong = json.dumps(opened, ensure_ascii=False, sort_keys=True).encode()
    told.case(
        "bad-name", "another name than the one committed to", replace(bundle, disclosures=wrong)
    )
    flipped = bundle.passport.replace(b'"payload":"ey', b'"payload":"fy', 1)
    told.case("bad-flipped", "a bit of the passport is another", replace(bundle, passport=flipped))
    spaced = replace(bundle, passport=bundle.passport + b" ")
    told.case("bad-envelope", "a blank behind the passport's envelope", spaced)
    told.case("bad-cut", "a file that was cut off", bundle.encode(readme())[:1000])
    stranger = replace(stage.trust(), keys=())
    told.case(
        "bad-key", "a key that is not trusted", bundle, keys=told.keys("keys-none.json", stranger)
    )
    (key,) = stage.trust().keys
    later = replace(stage.trust(), keys=(replace(key, from_ms=NOON + 1),))
    told.case(
        "bad-validity",
        "issued before its key was valid",
        bundle,
        keys=told.keys("keys-later.json", later),
    )


def _lies(told: Told, stage: Stage) -> None:
    first = stage.issued("LO-1")
    honest = stage.bundle(first)
    payload = Envelope.decode(first.envelope).payload
    for name, says, change in _CHANGES:
        told.case(f"bad-{name}", says, stage.forged(first, change, NOON + 1))
    fewer = stage.forged(first, _hide_failed, NOON + 1)
    told.case(
        "bad-fewer",
        "a faulty reading is not counted, as the raw readings show",
        fewer,
        readings="readings.csv",
    )
    spelt = stage.sealed(json.dumps(json.loads(payload)).encode())
    told.case("bad-canonical", "signed, and not canonical JSON", replace(honest, passport=spelt))
    kind = stage.sealed(payload, "application/json")
    told.case("bad-type", "signed, and of a type that nobody knows", replace(honest, passport=kind))


def _row_of(document: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in document["evidence"] if row["failed"])


def _hide_failed(document: dict[str, Any]) -> None:
    row = _row_of(document)
    row.update(received=row["received"] - row["failed"], failed=0)


_CHANGES: tuple[tuple[str, str, Callable[[dict[str, Any]], object]], ...] = (
    ("arithmetic", "coverage is said to be whole", lambda d: _row_of(d).update(coverage=1)),
    ("mean", "a mean above the maximum", lambda d: _row_of(d).update(mean=99)),
    ("link", "the link names another lot", lambda d: d["lot"].update(number="LO-9")),
    ("fields", "no diary in it", lambda d: d.pop("diary")),
    ("more", "more readings than the days hold", lambda d: _row_of(d).update(received=900, used=899)),
    ("certificate", "a certificate that ended before the harvest", lambda d: d["certificates"][0].update(until="2026-11-19")),
    ("days", "it rests on no days", lambda d: d.update(device_days=[])),
)  # fmt: skip


def _revoked(told: Told, stage: Stage) -> None:
    honest = stage.issued("LO-1")
    stolen_ms = NOON + DAY_MS
    with stage.records.transaction() as transaction:
        revoke(transaction, stage.signer.public().id, stolen_ms, stolen_ms + 1)
    forged = stage.forged(honest, lambda d: d["lot"].update(kilograms=900), stolen_ms + 2)
    keys = told.keys("keys-revoked.json", stage.trust())
    told.case("good-revoked", "logged before its key was revoked", stage.bundle(honest), keys=keys)
    told.case("bad-revoked", "back-dated with a key that was revoked by then", forged, keys=keys)


def _thinned(told: Told, stage: Stage) -> None:
    first = stage.issued("LO-1")
    later_ms = NOON + HOUR_MS
    stage.thin(later_ms)
    with stage.records.reading() as transaction:
        lot = transaction.lots.find(first.gtin, first.number)
    assert lot is not None
    again = issue(stage.issuer, lot, later_ms)
    told.case("bad-thinned", "a day's revision took readings back", stage.bundle(again))


def _made_of(told: Told, stage: Stage) -> None:
    passport = stage.mixed()
    bundle = stage.bundle(passport)
    (one, other) = sorted(bundle.origins)
    raw = stage.raw_files(passport)[f"{GTIN}-LO-1/{DEVICE}.csv"]
    lines = raw.split(b"\n")
    told.files["readings-made-of.csv"] = raw
    told.files["readings-made-of-hidden.csv"] = hidden(lines)
    told.case("good-made-of", "a lot made of two harvests, and their proofs", bundle)
    told.case(
        "good-made-of-readings", "the same, every day made again", bundle,
        readings="readings-made-of.csv",
    )  # fmt: skip
    told.case(
        "bad-made-of-reading", "of the raw readings of both harvests one is gone", bundle,
        readings="readings-made-of-hidden.csv",
    )  # fmt: skip
    gone = {other: bundle.origins[other]}
    told.case("bad-origin-left-out", "one harvest's proof is gone", replace(bundle, origins=gone))
    told.case(
        "bad-origin-swapped",
        "for one harvest the passport of the other",
        replace(bundle, origins={one: bundle.origins[other], other: bundle.origins[other]}),
    )
    inner = Bundle.decode(bundle.origins[one])
    _, _, without = next(chains(inner))
    short = replace(inner, days=without).encode(readme())
    told.case(
        "bad-origin-day", "of one harvest's days one is left out",
        replace(bundle, origins={**bundle.origins, one: short}),
    )  # fmt: skip
    within = {**bundle.origins, one: bundle.encode(readme(made_of=True))}
    told.case("bad-origin-nested", "the proof inside itself", replace(bundle, origins=within))
    first, second = bundle.step_proofs
    told.case(
        "bad-step-swapped", "the proofs of two steps for each other",
        replace(bundle, step_proofs=(second, first)),
    )  # fmt: skip
    stage.measure_late()
    stage.again(GTIN, "LO-1", NOON + DAY_MS)
    told.case(
        "good-made-of-older", "one harvest was issued another passport since",
        stage.bundle(passport),
    )  # fmt: skip


def _made_of_lies(told: Told, stage: Stage) -> None:
    passport = stage.mixed()
    for name, says, change in _MADE_OF_CHANGES:
        told.case(f"bad-{name}", says, stage.forged(passport, change, NOON + 2))


def _more_packed(document: dict[str, Any]) -> None:
    document["steps"][1]["outputs"][0]["kilograms"] = 60.001
    document["lot"]["kilograms"] = 60.001


def _more_merged(document: dict[str, Any]) -> None:
    """More of one harvest, less of the other: it adds up, and is not what was logged."""
    by_lot = {one["number"]: one for one in document["steps"][0]["inputs"]}
    by_lot["LO-1"]["kilograms"], by_lot["LO-SOM"]["kilograms"] = 75, 15
    for row in document["made_of"]:
        share = 5 / 6 if row["number"] == "LO-1" else 1 / 6
        row.update(share=share, kilograms=60 * share)


_MADE_OF_CHANGES: tuple[tuple[str, str, Callable[[dict[str, Any]], object]], ...] = (
    ("made-of-mass", "more came out of a step than went in", _more_packed),
    ("made-of-step", "a step took other weights than the log has", _more_merged),
    ("made-of-weighed", "a harvest weighed more than its passport says",
     lambda d: d["made_of"][0].update(weighed=500)),
    ("made-of-missing", "a lot that went in is no harvest that is told",
     lambda d: d["made_of"].pop()),
)  # fmt: skip


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        files = make(Path(scratch))
    for old in FOLDER.glob("*"):
        if old.name != "README.md":
            old.unlink()
    for name, raw in files.items():
        (FOLDER / name).write_bytes(raw)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
