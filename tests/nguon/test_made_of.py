"""A lot made of several harvests on the command line: proof, verdict, and ``nguon fsck``."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.errors import VerificationFailed
from domain.window import DAY_MS
from nguon.cli import main
from nguon.compose import Stores, stores
from nguon.fsck import Shown, findings
from nguon.settings import load
from tests.services.postgres import Postgres
from tests.traceability.composition.mixture import found, mixed
from tests.traceability.lineage.orchard import PACKED
from tests.traceability.world import GTIN, NOON, World
from traceability.key_register import announce, revoke
from traceability.log.publish import publish
from traceability.passport import issue
from traceability.signer import create
from traceability.standing import Ground, call_back
from traceability.trust import print_trust
from traceability.verify_bundle import verify_bundle


def world_of(folder: Path, url: str | None = None) -> World:
    world = World(folder, url=url)
    issue(world.issuer, mixed(world), NOON)
    publish(world.records, world.files, world.log_key)
    world.series.settle([], world.series.touched(100_000))
    return world


def told(world: World) -> list[str]:
    trust = world.trust()
    assert trust.log is not None
    opened = Stores(world.series, world.records)
    return list(findings(opened, trust.keys, Shown(world.files, trust.log)))


def changed(world: World, statement: str) -> None:
    with world.records.transaction() as transaction:
        assert transaction.connection.execute(sa.text(statement)).rowcount > 0


def test_an_honest_mixture_has_no_findings(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    assert told(world) == []
    world.close()


def test_nor_has_it_on_postgres_until_something_is_changed(
    postgres: Postgres, tmp_path: Path
) -> None:
    world = world_of(tmp_path, postgres.fresh("made_of"))
    assert told(world) == []
    changed(world, "UPDATE step_lot SET kilograms = 21 WHERE step = 'm-1' AND lot = 'C'")
    assert [line for line in told(world) if "passport of lot P" in line] == [
        f"passport of lot P ({PACKED}): what it is made of have changed since it was issued"
    ]
    world.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE lot SET kilograms = 99 WHERE number = 'A'", "what it is made of"),
        ("UPDATE lot SET kilograms = 27 WHERE number = 'P'", "what it is made of"),
        ("UPDATE passport SET envelope = X'7b7d' WHERE number = 'A'", "cannot be recomputed: the passport of lot A"),
        ("DELETE FROM passport WHERE number = 'B'", "cannot be recomputed: the passport of lot B"),
        ("DELETE FROM log_entry WHERE subject = 'step/m-1'", "cannot be recomputed: step m-1"),
    ],
)  # fmt: skip
def test_what_is_changed_behind_it_is_found(tmp_path: Path, statement: str, said: str) -> None:
    world = world_of(tmp_path)
    changed(world, statement)
    lines = [line for line in told(world) if line.startswith("passport of lot P")]
    assert len(lines) == 1
    assert said in lines[0]
    world.close()


def test_a_passport_of_it_that_is_not_in_the_log_is_found(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    changed(world, "UPDATE log_entry SET subject = 'x' WHERE subject LIKE '%/P/%'")
    assert any(line.startswith("passport 09520001000034/P/") for line in told(world))
    world.close()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    world = world_of(tmp_path)
    (tmp_path / "keys.json").write_text(print_trust(world.trust()))
    world.close()
    (tmp_path / "secrets").mkdir()
    shutil.move(tmp_path / "key", tmp_path / "secrets" / "signing.key")
    shutil.move(tmp_path / "log.key", tmp_path / "secrets" / "log.key")
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


Verified = Callable[..., int]


@pytest.fixture
def verified(installed: Path) -> Verified:
    assert main(["proof", PACKED, "P", "--out", "p.zip", "--readings"]) == 0

    def verify(*words: str) -> int:
        keys = str(installed / "keys.json")
        return main(["verify", str(installed / "p.zip"), "--keys", keys, *words])

    return verify


def test_a_stranger_reads_what_it_is_made_of(
    installed: Path, verified: Verified, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified("--label", f"https://nguon.example/01/{PACKED}/10/P", "--log", "log") == 0
    said = capsys.readouterr().out
    assert "17 steps: holds" in said
    assert "18 origins: holds" in said
    assert "19 readings: holds" in said
    assert "20 log: holds" in said
    assert "Every day was made again from 1368 raw readings." in said
    assert "Of lot “B” of “09520001000010”, harvested 2026-11-18, grown by “Hộ mẫu 1”:" in said
    assert "20 kg of its 50 kg went in, 66.7 % of all that did" in said
    assert "stand 5 entries" in said
    assert "Not looked at, and proving nothing: “README.txt”." in said
    assert sorted(p.name for p in (installed / "p.readings").iterdir()) == [
        f"{GTIN}-A",
        f"{GTIN}-B",
    ]
    shutil.rmtree(installed / "p.readings")
    assert verified() == 0
    assert "The raw readings are not beside it" in capsys.readouterr().out


def test_the_step_that_fails_is_told_after_those_that_held(
    installed: Path, verified: Verified, capsys: pytest.CaptureFixture[str]
) -> None:
    file = installed / "p.readings" / f"{GTIN}-B" / "dat-01.csv"
    file.unlink()
    (installed / "p.readings" / f"{GTIN}-A" / "dat-01.csv").write_bytes(
        b"device,channel,time,value,quality,received,moved_ms\n"
    )
    assert verified() == 1
    said = capsys.readouterr().out
    assert "18 origins: holds\n19 readings: FAILED" in said
    assert f"expected “lot B of {GTIN}: readings, dat-01 on 2026-11-16”" in said
    assert verified("--label", f"https://nguon.example/01/{GTIN}/10/A") == 1


def test_a_recall_behind_it_is_told(
    installed: Path, verified: Verified, capsys: pytest.CaptureFixture[str]
) -> None:
    with stores(load().settings) as opened, opened.records.transaction() as transaction:
        behind = found(transaction, "A")
        call_back(transaction, behind, "dư lượng thuốc", "office", NOON + 9, Ground(1))
    assert main(["log", "publish"]) == 0
    assert verified("--log", "log") == 0
    assert "LOT “A” BEHIND IT WAS RECALLED at 2026-11-21T04:00:00.009Z." in capsys.readouterr().out


def test_a_key_revoked_behind_it_takes_it_back_until_it_is_issued_again(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    lot = mixed(world)
    with world.records.reading() as transaction:
        a = found(transaction, "A")
    issue(world.issuer, a, NOON + 10)
    old, fresh = world.signer.public(), create(tmp_path / "fresh", NOON - DAY_MS)
    issuer = replace(world.issuer, signer=fresh)
    with world.records.transaction() as transaction:
        announce(transaction, fresh.public(), NOON + 20)
    first = issue(issuer, lot, NOON + 30)
    publish(world.records, world.files, world.log_key)
    world.series.settle([], world.series.touched(100_000))
    assert told(world) == []
    with world.records.transaction() as transaction:
        revoke(transaction, old.id, NOON + 10, NOON + 40)
    lines = told(world)
    assert [line[:21] for line in lines] == ["passport of lot A (09", "passport of lot P (09"]
    assert all("validity" in line for line in lines)
    with pytest.raises(VerificationFailed, match="lot A of 09520001000010: validity"):
        verify_bundle(world.proof(first), world.trust())
    again = issue(issuer, lot, NOON + 50)  # A is issued again in the same act
    assert len(verify_bundle(world.proof(again), world.trust()).origins) == 2
    world.series.settle([], world.series.touched(100_000))
    assert told(world) == []
    world.close()
