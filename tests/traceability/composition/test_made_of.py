"""The passport of a lot made of several harvests, and its proof: it holds, or it is named why."""

import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from domain.errors import NotFound, Refused, VerificationFailed
from domain.lot import IssuedPassport
from domain.window import DAY_MS
from tests.services.postgres import Postgres
from tests.traceability.composition.mixture import document, found, lied, mixed, sealed
from tests.traceability.lineage.orchard import (
    DRY,
    EARLIER,
    FAR_GROVE,
    LATEX,
    merge,
    opened,
    plant,
    some,
    take,
    transform,
)
from tests.traceability.vector_tampering import hidden
from tests.traceability.world import GTIN, HARVESTED, NOON, STARTED, World
from traceability.bundle import Bundle
from traceability.bundling import make_bundle, raw_readings, readme
from traceability.canonical import to_bytes
from traceability.composition import claims, compiling
from traceability.composition.compiling import compile_again
from traceability.envelope import MADE_OF_TYPE, PAYLOAD_TYPE, Envelope
from traceability.key_register import announce, revoke
from traceability.log.publish import publish
from traceability.log.reader import LogReader
from traceability.passport import issue
from traceability.signer import create
from traceability.standing import Ground, call_back
from traceability.trust import Trust
from traceability.verify import verify
from traceability.verify_bundle import MADE_OF_STEPS, verify_bundle
from traceability.verify_log import verify_log

A, B = f"{GTIN}/A.zip", f"{GTIN}/B.zip"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def passport(world: World) -> IssuedPassport:
    return issue(world.issuer, mixed(world), NOON)


@pytest.fixture(scope="module")
def raw(world: World, passport: IssuedPassport) -> bytes:
    return world.proof(passport)


def refused(
    raw: bytes, trust: Trust, readings: list[bytes] | None = None, steps: tuple[str, ...] = MADE_OF_STEPS
) -> VerificationFailed:  # fmt: skip
    with pytest.raises(VerificationFailed) as caught:
        verify_bundle(raw, trust, readings)
    assert caught.value.step in steps
    return caught.value


def readings_of(world: World, passport: IssuedPassport) -> dict[str, bytes]:
    with world.records.reading() as transaction:
        files = raw_readings(transaction, world.series, passport, NOON)
        return {name: b"".join(lines) for name, lines in files}


def test_it_holds_with_nothing_but_itself_and_keys(
    world: World, passport: IssuedPassport, raw: bytes
) -> None:
    readings = readings_of(world, passport)
    assert sorted(readings) == [f"{GTIN}-A/dat-01.csv", f"{GTIN}-B/dat-01.csv"]
    held: list[str] = []
    proven = verify_bundle(raw, world.trust(), [*readings.values()], held.append)
    assert tuple(held) == MADE_OF_STEPS
    told = [(one.part.lot[1], one.part.grams, one.proven.days) for one in proven.origins]
    assert told == [("B", 20_000, 3), ("A", 10_000, 5)]
    assert {one.proven.producer for one in proven.origins} == {"Hộ mẫu 1"}
    # Both rest on the same device: its days and readings count once.
    (whole,) = (one.proven for one in proven.origins if one.part.lot[1] == "A")
    assert (proven.days, proven.recomputed) == (5, 1368)
    assert whole.days == 5
    assert verify_bundle(raw, world.trust()).recomputed is None
    assert world.proof(passport) == raw


def test_the_proofs_inside_are_those_of_the_harvests_and_hold_alone(
    world: World, raw: bytes
) -> None:
    with world.records.reading() as transaction:
        head = transaction.log.head()
        theirs = transaction.lots.passport(GTIN, found(transaction, "A").number)
        assert theirs is not None
        alone = make_bundle(transaction, world.files, theirs, head)
    assert Bundle.decode(raw).origins[A] == alone
    assert verify_bundle(alone, world.trust()).document["lot"]["number"] == "A"


def test_it_is_issued_on_postgres_too(postgres: Postgres, tmp_path: Path) -> None:
    made = World(tmp_path, url=postgres.fresh("composition"))
    passport = issue(made.issuer, mixed(made), NOON)
    proven = verify_bundle(made.proof(passport), made.trust())
    assert [one.part.grams for one in proven.origins] == [20_000, 10_000]
    with made.records.reading() as transaction:
        packed = found(transaction, passport.number, passport.gtin)
        again = compile_again(transaction, packed, document(passport.envelope))
    assert to_bytes(again) == Envelope.decode(passport.envelope).payload
    made.close()


def test_the_signed_passport_alone_shows_its_arithmetic(
    world: World, passport: IssuedPassport
) -> None:
    assert verify(passport.envelope, world.trusted).document["lot"]["number"] == "P"
    said = document(passport.envelope)
    said["steps"][1]["outputs"][0]["kilograms"] = 60.001
    with pytest.raises(VerificationFailed, match="step m-1") as caught:
        verify(sealed(world, said), world.trusted)
    assert caught.value.step == "arithmetic"
    for name in ("made_of", "steps", "log"):
        short = {key: value for key, value in said.items() if key != name}
        with pytest.raises(VerificationFailed) as caught:
            verify(sealed(world, short), world.trusted)
        assert caught.value.step == "fields"


def swapped(bundle: Bundle, **origins: bytes | None) -> bytes:
    files = {**bundle.origins, A: origins.get("a", bundle.origins[A]),
             B: origins.get("b", bundle.origins[B])}  # fmt: skip
    kept = {name: raw for name, raw in files.items() if raw is not None}
    return replace(bundle, origins=kept).encode(readme(made_of=True))


def zipped(files: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_harvest_left_out_swapped_or_put_in_is_named(
    world: World, passport: IssuedPassport, raw: bytes
) -> None:
    bundle, trust = Bundle.decode(raw), world.trust()
    a, b = bundle.origins[A], bundle.origins[B]
    left_out = refused(swapped(bundle, a=None), trust)
    assert (left_out.step, left_out.found) == ("origins", "no such file in it")
    assert left_out.expected.startswith(f"lot A of {GTIN}: its proof")
    for hostile in (swapped(bundle, a=b), swapped(bundle, a=b, b=a)):
        failed = refused(hostile, trust)
        assert failed.step == "origins"
        assert f"of {GTIN}: envelope, the passport of SHA-256" in failed.expected
    more = replace(bundle, origins={**bundle.origins, f"{GTIN}/Z.zip": a}).encode(
        readme(made_of=True)
    )
    assert refused(more, trust).found == f"{GTIN}/Z.zip too"
    for hostile in (b"", b"PK", a[:500]):
        assert f"{A}" in refused(swapped(bundle, a=hostile), trust).expected
    assert passport.number == "P"


def test_what_fails_in_a_harvests_proof_is_named_with_its_lot(world: World, raw: bytes) -> None:
    bundle, trust = Bundle.decode(raw), world.trust()
    inner = Bundle.decode(bundle.origins[A])
    days = inner.days["dat-01"].replace(b'"received":[', b'"received":[9', 1)
    for changed, step in (
        (replace(inner, days={"dat-01": days}), "days"),
        (replace(inner, proof=inner.day_proofs["dat-01"]), "inclusion"),
        (replace(inner, entry=bundle.entry), "entry"),
        (replace(inner, disclosures=b'{"producer":1}'), "disclosures"),
    ):
        failed = refused(swapped(bundle, a=changed.encode("")), trust)
        assert failed.step == "origins"
        assert failed.expected.startswith(f"lot A of {GTIN}: {step}, ")


def test_zip_in_zip_without_end_is_not_opened(world: World, raw: bytes) -> None:
    trust, nested = world.trust(), raw
    bundle = Bundle.decode(raw)
    for _ in range(30):
        nested = swapped(bundle, a=nested)
    failed = refused(nested, trust)
    assert failed.expected.startswith(f"lot A of {GTIN}: envelope")
    # A passport that truly names one made of others is no passport of a harvest either.
    inner = Bundle.decode(raw, within=True)
    assert inner.origins == {}


def test_bombs_inside_are_refused_before_they_are_opened(world: World, raw: bytes) -> None:
    bundle, trust = Bundle.decode(raw), world.trust()
    bomb = zipped({f"{n}": bytes(19_000_000) for n in range(11)})
    assert len(bomb) < 1_000_000
    assert "unpacked" in refused(swapped(bundle, a=bomb), trust).expected
    files = {f"made_of/{n}.zip": bytes(20_000_000) for n in range(3)}
    assert "harvested lots of at most" in refused(zipped(files), trust).expected
    small = zipped({f"{n}": bytes(10_000_000) for n in range(3)})
    assert refused(swapped(bundle, a=small), trust).expected.startswith(f"lot A of {GTIN}: bundle")


def name_another(said: dict[str, Any]) -> None:
    """Name the one harvest's passport for the other too."""
    first, second = said["made_of"]
    second.update(envelope=first["envelope"], issued=first["issued"], logged=first["logged"])


LIES: tuple[tuple[str, str, Callable[[dict[str, Any]], object]], ...] = (
    ("steps", "step m-1: event", lambda d: d["steps"][1].update(place="9520001001024")),
    ("steps", "step s-1: event", lambda d: d["steps"][0].update(at="2026-11-20T04:00:00.000Z")),
    ("steps", "step s-1: event", lambda d: d["steps"][0]["inputs"][0].update(kilograms=60.5)
     or d["steps"][0]["outputs"][1].update(kilograms=20.5)),
    ("steps", "step t-1: event", lambda d: d["steps"][2].update(event="ni:///sha-256;00")),
    ("steps", "step t-1: inclusion, a proof of entry 8", lambda d: d["steps"][2].update(logged=8)),
    ("steps", "step t-1: inclusion", lambda d: d["steps"][2].update(logged_at="2026-11-21T04:00:01.000Z")),
    ("steps", "step t-1: ", lambda d: d["steps"][2].update(at="1970-01-01T00:00:00.000Z", zone="Africa/Monrovia")),
    ("arithmetic", "lots it is made of", lambda d: d["steps"][2].update(at="9999-12-31T23:59:59.999Z")),
    ("arithmetic", "28 kg", lambda d: d["lot"].update(kilograms=30)),
    ("arithmetic", "lot B", lambda d: d["made_of"][0].update(kilograms=25)),
    ("arithmetic", "where lot A", lambda d: d["made_of"].pop(1) and d["made_of"].append(
        {**d["made_of"][0], "number": "Z"})),
    ("origins", "lot A of 09520001000010: envelope", name_another),
    ("origins", "lot B of 09520001000010: fields", lambda d: d["made_of"][0].update(weighed=60)),
    ("origins", "lot A of 09520001000010: fields", lambda d: d["made_of"][1].update(harvested="2026-11-19")),
    ("origins", "lot A of 09520001000010: fields", lambda d: d["made_of"][1].update(logged=1)),
)  # fmt: skip


@pytest.mark.parametrize(("step", "named", "change"), LIES)
def test_a_signed_lie_is_named(
    world: World, passport: IssuedPassport, raw: bytes, step: str, named: str,
    change: Callable[[dict[str, Any]], object],
) -> None:  # fmt: skip
    assert raw
    failed = refused(lied(world, passport, change).encode(readme(made_of=True)), world.trust())
    assert failed.step == step
    assert named in f"{failed.expected} / {failed.found}"


def test_steps_and_proofs_of_them_belong_together(
    world: World, passport: IssuedPassport, raw: bytes
) -> None:
    bundle, trust = Bundle.decode(raw), world.trust()
    first, second, third = bundle.step_proofs
    for proofs in ((second, first, third), (first, second), (first, second, third, third), ()):
        assert (
            refused(replace(bundle, step_proofs=proofs).encode(readme(made_of=True)), trust).step
            == "steps"
        )
    for own in (replace(bundle, disclosures=b'{"producer":{}}'),
                replace(bundle, days=Bundle.decode(bundle.origins[A]).days,
                        day_proofs=Bundle.decode(bundle.origins[A]).day_proofs)):  # fmt: skip
        assert refused(own.encode(readme(made_of=True)), trust).found == "some of its own"
    # Proofs under a later checkpoint are true as well, and of another history for all we know.
    later = lied(world, passport, lambda d: d.update(issuer="Ai đó"))
    mixed_up = replace(bundle, origins=later.origins).encode(readme(made_of=True))
    assert "lot B of 09520001000010: checkpoint" in refused(mixed_up, trust).expected


def test_every_flipped_byte_is_noticed_or_changes_nothing(world: World, raw: bytes) -> None:
    whole = Bundle.decode(raw)
    for position in range(0, len(raw), 61):
        flipped = bytearray(raw)
        flipped[position] ^= 0xFF
        try:
            verify_bundle(bytes(flipped), world.trust())
        except VerificationFailed:
            continue
        # Dates, and names of files that nobody reads, here or in a proof inside.
        again = Bundle.decode(bytes(flipped))
        assert replace(again, origins={}) == replace(whole, origins={})
        assert again.origins.keys() == whole.origins.keys()
        for name, inner in again.origins.items():
            assert Bundle.decode(inner, within=True) == Bundle.decode(whole.origins[name])


def test_raw_readings_of_every_harvest_are_asked_for(
    world: World, passport: IssuedPassport, raw: bytes
) -> None:
    files, trust = readings_of(world, passport), world.trust()
    whole = files[f"{GTIN}-A/dat-01.csv"]
    assert verify_bundle(raw, trust, [whole]).recomputed == 1368  # B's days are among A's
    lines = whole.split(b"\n")
    for tampered in (b"\n".join(lines[:1]), hidden(lines)):
        failed = refused(raw, trust, [tampered])
        assert failed.step == "readings"
        assert failed.expected.startswith(f"lot B of {GTIN}: readings, dat-01 on ")
    # A file that is none in itself belongs to no lot.
    for tampered in (b"\n".join(lines[:7] + lines[8:]), b""):
        assert refused(raw, trust, [tampered]).step == "readings"


def test_a_harvest_issued_again_and_late_days_leave_the_older_proof_whole(tmp_path: Path) -> None:
    world = World(tmp_path)
    passport = issue(world.issuer, mixed(world), NOON)
    world.measure_late()
    with world.records.reading() as transaction:
        a = found(transaction, "A")
        packed = found(transaction, passport.number, passport.gtin)
    again = issue(world.issuer, a, NOON + DAY_MS)
    readings = [*readings_of(world, passport).values()]
    trust = world.trust()
    proven = verify_bundle(world.proof(passport), trust, readings)
    (older,) = (one for one in proven.origins if one.part.lot == (a.gtin, a.number))
    assert older.proven.document["issued"] < document(again.envelope)["issued"]
    # Issued again itself, it names the newest; of one day there are then two revisions.
    newer = issue(world.issuer, packed, NOON + DAY_MS)
    proven = verify_bundle(world.proof(newer), trust, [*readings_of(world, newer).values()])
    (latest,) = (one for one in proven.origins if one.part.lot == (a.gtin, a.number))
    assert latest.proven.document["issued"] == document(again.envelope)["issued"]
    with world.records.reading() as transaction:
        for one in (passport, newer):
            made = compile_again(transaction, packed, document(one.envelope))
            assert to_bytes(made) == Envelope.decode(one.envelope).payload
    assert issue(world.issuer, packed, NOON + DAY_MS) == newer
    world.close()


def test_a_spraying_behind_it_forbids_all_and_nothing_is_issued(tmp_path: Path) -> None:
    world = World(tmp_path)
    lot = mixed(world)
    world.spray(EARLIER)
    with pytest.raises(Refused) as caught:
        issue(world.issuer, lot, NOON)
    assert caught.value.rule == "pre-harvest-interval"
    with world.records.reading() as transaction:
        assert transaction.lots.passports() == []
    world.close()


def test_a_harvest_whose_passport_proves_nothing_is_issued_again(tmp_path: Path) -> None:
    """One from before there was a log, and one by a key that was in other hands by then."""
    world = World(tmp_path)
    lot = mixed(world)
    with world.records.transaction() as transaction:
        a, b = found(transaction, "A"), found(transaction, "B")
        before = IssuedPassport(a.gtin, a.number, b"{}", "key", NOON - DAY_MS)
        transaction.lots.add_passport(before)
    issue(world.issuer, b, NOON)
    old = world.signer.public().id
    signer = create(tmp_path / "new-key", NOON - DAY_MS)
    with world.records.transaction() as transaction:
        announce(transaction, signer.public(), NOON + 1)
        revoke(transaction, old, NOON - 1, NOON + 2)
    again = replace(world.issuer, signer=signer)
    passport = issue(again, lot, NOON + 3)
    proven = verify_bundle(world.proof(passport), world.trust())
    assert {one.part.issued for one in proven.origins} == {document(passport.envelope)["issued"]}
    world.close()


def test_one_day_of_harvest_keeps_its_own_kind_of_passport(tmp_path: Path) -> None:
    world = World(tmp_path)
    plant(world)
    world.measure()
    opened(world, 10.0, "A")
    opened(world, 20.0, "B")
    with world.records.transaction() as transaction:
        take(transaction, merge("m-1", [some("A", 10.0), some("B", 20.0)], some("M", 30.0)))
        lot = found(transaction, "M")
    passport = issue(world.issuer, lot, NOON)
    assert Envelope.decode(passport.envelope).payload_type == PAYLOAD_TYPE
    assert verify_bundle(world.proof(passport), world.trust()).origins == ()
    world.close()


def test_more_harvests_than_a_passport_speaks_of_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    lot = mixed(world)
    monkeypatch.setattr(compiling, "MOST_ORIGINS", 1)
    with pytest.raises(Refused, match="at most 1") as caught:
        issue(world.issuer, lot, NOON)
    assert caught.value.rule == "made-of"
    assert claims.MOST_ORIGINS == 200
    world.close()


def test_a_passport_that_is_gone_or_another_one_is_said(tmp_path: Path) -> None:
    world = World(tmp_path)
    passport = issue(world.issuer, mixed(world), NOON)
    publish(world.records, world.files, world.log_key)
    with world.records.reading() as transaction:
        packed = found(transaction, passport.number, passport.gtin)
        said = document(passport.envelope)
        said["made_of"][0]["envelope"] = "00" * 32
        with pytest.raises(NotFound, match="lot B of 09520001000010 from 2026-11-21"):
            compile_again(transaction, packed, said)
        said = document(passport.envelope)
        said["made_of"][0]["logged"] = 1
        with pytest.raises(NotFound, match="is not entry 1 of the log"):
            compile_again(transaction, packed, said)
        said["made_of"].pop(0)
        with pytest.raises(NotFound, match="lot B of 09520001000010 is left out"):
            compile_again(transaction, packed, said)
    world.close()


def test_it_is_looked_up_in_the_log_as_it_is_now(tmp_path: Path) -> None:
    world = World(tmp_path)
    passport = issue(world.issuer, mixed(world), NOON)
    raw = world.proof(passport)
    proven = verify_bundle(raw, world.trust())
    policy = world.trust().log
    assert policy is not None

    def reader() -> LogReader:
        return LogReader(lambda path, most: (world.files.root / path).read_bytes()[:most], policy)

    seen = verify_log(raw, proven, reader())
    assert (seen.days, seen.diary, seen.recalled) == (5, 2, None)
    with world.records.transaction() as transaction:
        beside, behind = found(transaction, "D"), found(transaction, "B")
        call_back(transaction, beside, "không liên quan", "office", NOON + 1, Ground(1))
    publish(world.records, world.files, world.log_key)
    assert verify_log(raw, proven, reader()).recalled is None
    with world.records.transaction() as transaction:
        call_back(transaction, behind, "dư lượng thuốc", "office", NOON + 2, Ground(1))
    publish(world.records, world.files, world.log_key)
    seen = verify_log(raw, proven, reader())
    assert (seen.recalled, seen.recalled_ms) == ((behind.gtin, behind.number), NOON + 2)
    world.close()


def test_what_stands_in_it_is_what_the_records_say(world: World, passport: IssuedPassport) -> None:
    said = document(passport.envelope)
    assert Envelope.decode(passport.envelope).payload_type == MADE_OF_TYPE
    assert said["lot"]["harvested"] == EARLIER.isoformat()
    assert [row["harvested"] for row in said["made_of"]] == [str(EARLIER), str(HARVESTED)]
    assert [row["id"] for row in said["steps"]] == ["s-1", "m-1", "t-1"]
    assert not {"evidence", "diary", "producer", "plot", "season"} & said.keys()
    assert "grower" not in str(said)
    assert STARTED < EARLIER


def test_rubber_of_two_groves_where_nothing_was_measured(tmp_path: Path) -> None:
    """The passports of groves without a sensor have no evidence; their mixture is proven still."""
    world = World(tmp_path)
    plant(world)
    opened(world, 100.0, "MU-1", LATEX)
    opened(world, 40.0, "MU-2", LATEX, plot=FAR_GROVE)
    both = [some("MU-1", 90.0, LATEX, 0.3), some("MU-2", 10.0, LATEX, 0.4)]
    with world.records.transaction() as transaction:
        take(transaction, transform("t-1", "latex-to-dry", both, [some("K", 30.001, DRY)]))
        lot = found(transaction, "K", DRY)
    passport = issue(world.issuer, lot, NOON)
    assert "?" in document(passport.envelope)["lot"]["digital_link"]
    assert "416=" not in document(passport.envelope)["lot"]["digital_link"]
    proven = verify_bundle(world.proof(passport), world.trust(), [])
    told = [(one.part.lot[1], one.part.grams, one.part.share) for one in proven.origins]
    assert told == [("MU-1", 90_000, 0.9), ("MU-2", 10_000, 0.1)]
    assert (proven.days, proven.recomputed) == (0, 0)
    world.close()


def test_packed_anew_by_another_program_it_still_holds(world: World, raw: bytes) -> None:
    """With entries for folders, as many programs write them."""
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    again = zipped({"made_of/": b"", f"made_of/{GTIN}/": b"", **files})
    assert len(verify_bundle(again, world.trust()).origins) == 2


def test_issued_by_several_at_once_it_is_one_story(postgres: Postgres, tmp_path: Path) -> None:
    world = World(tmp_path, url=postgres.fresh("at_once"))
    lot, together = mixed(world), Barrier(4)

    def one(number: int) -> IssuedPassport:
        together.wait(30)
        return issue(world.issuer, lot, NOON + number)

    with ThreadPoolExecutor(4) as pool:
        issued = list(pool.map(one, range(4)))
    with world.records.reading() as transaction:
        kept = transaction.lots.passports()
    assert {one.envelope for one in issued} <= {one.envelope for one in kept}
    for passport in {one.issued_ms: one for one in issued}.values():
        assert len(verify_bundle(world.proof(passport), world.trust()).origins) == 2
    world.close()
