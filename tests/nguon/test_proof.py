"""``nguon proof``, ``log`` and ``keys``: from an installation to a stranger's verdict."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from nguon.cli import main
from nguon.compose import stores
from nguon.settings import load
from tests.builders import GTIN
from tests.traceability.world import NOON, World
from traceability.log.append import record
from traceability.log.entry import PASSPORT
from traceability.log.key import load as load_log_key
from traceability.log.publish import publish
from traceability.trust import print_trust


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `NGUON_DATA` names one, with a lot that has its passport."""
    world = World(tmp_path)
    world.issued()
    (tmp_path / "keys.json").write_text(print_trust(world.trust()))
    world.close()
    (tmp_path / "secrets").mkdir()
    shutil.move(tmp_path / "key", tmp_path / "secrets" / "signing.key")
    shutil.move(tmp_path / "log.key", tmp_path / "secrets" / "log.key")
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verified(installed: Path, proof: str = "p.zip", *words: str) -> int:
    return main(["verify", str(installed / proof), "--keys", str(installed / "keys.json"), *words])


def test_a_proof_is_written_and_holds_with_and_without_readings(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["proof", GTIN, "LO-1", "--out", "p.zip", "--readings"]) == 0
    assert verified(installed) == 0
    said = capsys.readouterr().out
    assert "readings: holds" in said
    assert "Every day was made again from 1368 raw readings." in said
    shutil.rmtree(installed / "p.readings")
    assert verified(installed) == 0
    assert "The raw readings are not beside it" in capsys.readouterr().out
    assert main(["proof", GTIN, "LO-1", "--out", "p.zip"]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_deleted_line_of_the_raw_readings_is_told_with_its_day(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["proof", GTIN, "LO-1", "--out", "p.zip", "--readings"]) == 0
    file = installed / "p.readings" / "dat-01.csv"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:200] + lines[201:]))
    assert verified(installed) == 1
    said = capsys.readouterr().out
    assert "readings: FAILED" in said
    assert "dat-01 on 2026-11-16" in said


def test_it_is_looked_up_in_the_log_as_it_is_now(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["proof", GTIN, "LO-1", "--out", "p.zip"]) == 0
    assert verified(installed, "p.zip", "--log", "log") == 0
    said = capsys.readouterr().out
    assert "log: holds" in said
    assert "stand 5 entries of those" in said
    assert "1 lines of the diary" in said
    assert verified(installed, "p.zip", "--log", "http://127.0.0.1:9/log") == 2
    assert (
        "the log cannot be read: http://127.0.0.1:9/log/checkpoint refuses"
        in capsys.readouterr().err
    )


def test_another_lots_proof_is_not_the_labels(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["proof", GTIN, "LO-1", "--out", "p.zip"]) == 0
    link = f"https://nguon.example/01/{GTIN}/10/LO-1?416=9520001001017"
    assert verified(installed, "p.zip", "--label", link) == 0
    assert "Do this lot and GTIN stand" not in capsys.readouterr().out
    assert verified(installed, "p.zip", "--label", link.replace("LO-1", "LO-2")) == 1
    assert "label: FAILED" in capsys.readouterr().out
    assert verified(installed) == 0
    assert "Do this lot and GTIN stand on your bag?" in capsys.readouterr().out


def test_files_that_are_none_are_told_in_a_sentence(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["proof", GTIN, "LO-1", "--out", "p.zip"]) == 0
    (installed / "p.readings").mkdir()
    assert verified(installed) == 2
    assert "holds no readings" in capsys.readouterr().err
    (installed / "empty.zip").write_bytes(b"")
    assert verified(installed, "empty.zip") == 2
    assert "empty.zip is empty" in capsys.readouterr().err
    (installed / "keys.json").write_text("[]")
    assert verified(installed) == 2
    assert "keys.json: not a list of keys" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "status"), [(("0", "x"), 2), ((GTIN, "NONE"), 2)])
def test_what_has_no_proof_is_said(
    installed: Path, words: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["proof", *words]) == status
    assert "nguon: " in capsys.readouterr().err


def test_keys_are_rotated_and_revoked_and_what_they_signed_is_told(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["proof", GTIN, "LO-1", "--out", "p.zip"]) == 0
    assert main(["keys", "list"]) == 0
    old = capsys.readouterr().out.splitlines()[-1].split()[0]
    assert main(["keys", "rotate"]) == 0
    assert main(["keys", "list"]) == 0
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert first.startswith(old)
    assert "until" in first
    assert "still valid" in second
    assert (installed / "secrets" / f"signing.key.{old}").exists()
    assert verified(installed) == 0
    assert main(["keys", "revoke", second.split()[0], "--since", "2026-11-21T03:00:00Z"]) == 2
    assert "is in use" in capsys.readouterr().err
    assert main(["keys", "revoke", old, "--since", "1999-01-01T00:00:00Z"]) == 2
    assert "exists since" in capsys.readouterr().err
    assert main(["keys", "revoke", old, "--since", "2026-11-21T03:00:00Z"]) == 0
    assert "no longer holds: passport of lot LO-1" in capsys.readouterr().out
    assert main(["keys", "revoke", "nobody", "--since", "2026-11-21T03:00:00Z"]) == 2
    assert main(["keys", "revoke", old, "--since", "2999-01-01T00:00:00Z"]) == 2
    # A stranger with the new list of keys sees it too.
    world_keys = json.loads((installed / "keys.json").read_text())
    row = next(row for row in world_keys["keys"] if row["id"] == old)
    row |= {"until": "2026-11-21T03:00:00.000Z", "revoked": True}
    (installed / "keys.json").write_text(json.dumps(world_keys))
    assert verified(installed) == 1
    assert "FAILED" in capsys.readouterr().out


def test_the_fingerprint_is_that_of_the_published_list_on_any_computer(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the web application serves it: what `sha256sum` makes of the file that was saved."""
    published = (installed / "keys.json").read_bytes()
    digest = hashlib.sha256(published).hexdigest()
    assert main(["keys", "fingerprint"]) == 0
    assert capsys.readouterr().out == (
        f"{digest}  http://127.0.0.1:8080/.well-known/nguon-keys.json\n"
    )
    assert main(["keys", "fingerprint", "keys.json"]) == 0
    assert capsys.readouterr().out == f"{digest}  keys.json\n"
    assert main(["keys", "rotate"]) == 0
    capsys.readouterr()
    assert main(["keys", "fingerprint"]) == 0
    assert digest not in capsys.readouterr().out
    assert main(["keys", "fingerprint", "records.db"]) == 2
    assert "records.db is bytes of no kind that is known here" in capsys.readouterr().err


def test_records_from_an_older_backup_take_up_the_log_where_it_was(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(installed / "records.db", installed / "older.db")
    with stores(load().settings) as opened, opened.records.transaction() as transaction:
        for n in range(300):
            record(
                transaction,
                PASSPORT,
                f"x{n}",
                {"gtin": GTIN, "lot": f"X{n}", "issued": "2026-11-22T00:00:00.000Z"},
                NOON,
            )
    assert main(["log", "publish"]) == 0
    shutil.copy(installed / "older.db", installed / "records.db")
    assert main(["log", "publish"]) == 2
    assert "rolled back" in capsys.readouterr().err
    assert main(["log", "adopt"]) == 0
    assert "300 entries were taken up" in capsys.readouterr().out
    assert main(["log", "adopt"]) == 0
    assert main(["proof", GTIN, "LO-1", "--out", "p.zip"]) == 0
    assert verified(installed, "p.zip", "--log", "log") == 0
    # What those entries spoke of is gone, and that is said, entry by entry.
    assert main(["fsck"]) == 1
    assert capsys.readouterr().out.count("is in the log and gone from the records") == 300


def test_another_log_is_not_taken_up(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["log", "publish"]) == 0
    (tmp_path / "else").mkdir()
    other = World(tmp_path / "else")
    other.log_key = load_log_key(installed / "secrets" / "log.key")
    with other.records.transaction() as transaction:
        for n in range(50):
            record(transaction, PASSPORT, f"x{n}", {"n": n}, NOON)
    publish(other.records, other.files, other.log_key)
    other.close()
    assert main(["log", "adopt", "--from", str(tmp_path / "else" / "log")]) == 2
    assert "another history" in capsys.readouterr().err


def test_the_log_says_how_far_it_is_and_is_shown_again(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["log", "status"]) == 0
    said = capsys.readouterr().out
    assert "under no checkpoint yet" in said
    assert "nothing is published" in said
    assert main(["log", "publish"]) == 0
    assert "are published in" in capsys.readouterr().out
    shutil.rmtree(installed / "log")
    assert main(["log", "publish"]) == 0
    assert main(["log", "status"]) == 0
    assert "0 of them under no checkpoint" in capsys.readouterr().out
    assert main(["fsck"]) == 0
