"""``nguon verify`` and files as people hand them in: each ends in a sentence that helps."""

import hashlib
import io
import json
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nguon.cli import main
from traceability.keys import TrustedKey, key_id
from traceability.trust import Trust, parse_trust, print_trust

VECTORS = Path(__file__).parent.parent.parent / "traceability" / "vectors"
GOOD = (VECTORS / "good.zip").read_bytes()
KEYS = (VECTORS / "keys.json").read_bytes()
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    def verify(
        proof: bytes | Path = GOOD, keys: bytes | Path = KEYS, *more: str
    ) -> tuple[int, str]:
        """The exit status, and all that was printed; bytes are written to a file first."""
        paths = []
        for name, given in (("p.zip", proof), ("k.json", keys)):
            path = tmp_path / name if isinstance(given, bytes) else given
            if isinstance(given, bytes):
                path.write_bytes(given)
            paths.append(str(path))
        status = main(["verify", paths[0], "--keys", paths[1], *more])
        out = capsys.readouterr()
        told = out.out + out.err
        assert "Traceback" not in told
        assert "Errno" not in told
        if status == 2:
            assert out.out == ""
            assert out.err.startswith("nguon: ")
            assert out.err.count("\n") == 1
        return status, told

    return verify


def rezipped(*files: tuple[str, bytes], force_zip64: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files:
            with archive.open(name, "w", force_zip64=force_zip64) as file:
                file.write(raw)
    return out.getvalue()


def files_of(raw: bytes = GOOD) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def test_the_right_files_hold_and_the_keys_can_be_compared_with_a_paper(said: Said) -> None:
    status, told = said()
    assert status == 0
    assert f"SHA-256 is\n  {hashlib.sha256(KEYS).hexdigest()}\n" in told
    assert told.endswith("This proves unchanged, not true.\n")


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7\n" + b"\x00" * 99, "is a PDF document"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, "is a PNG picture"),
        (b"\xff\xd8\xff\xe0JFIF", "is a JPEG picture"),
        (b"<!doctype html><title>404</title>", "is a web page"),
        (b"Rar!\x1a\x07", "is an archive of another kind than ZIP"),
        (b"PK is how a letter may begin", "is some text"),
        (os.urandom(5_000).replace(b"{", b"x"), "is bytes of no kind that is known here"),
        (b"x" * 21_000_001, "is larger than 21 MB"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_what_is_no_proof_is_named_for_what_it_is(said: Said, proof: bytes, words: str) -> None:
    status, told = said(proof)
    assert status == 2
    assert f"p.zip {words}, expected was the proof of a lot (a ZIP file): download it" in told


def test_a_folder_and_a_proof_that_was_unpacked(said: Said, tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    assert said(tmp_path / "f")[1].startswith(f"nguon: {tmp_path}/f is a folder, expected was the")
    for name, raw in files_of():
        (tmp_path / "f" / name).write_bytes(raw)
    status, told = said(tmp_path / "f")
    assert status == 2
    assert "give the ZIP file itself; where it was unpacked" in told


def test_a_file_of_five_gigabytes_is_not_read(said: Said, tmp_path: Path) -> None:
    with (tmp_path / "huge.zip").open("wb") as huge:
        huge.write(GOOD)
        huge.truncate(5_000_000_000)
    status, told = said(tmp_path / "huge.zip")
    assert (status, "huge.zip is larger than 21 MB" in told) == (2, True)
    told = said(GOOD, KEYS, "--readings", str(tmp_path / "huge.zip"))[1]
    assert "huge.zip is larger than 500 MB, expected was raw readings (CSV)" in told
    assert "/dev/zero is larger than 1 MB" in said(GOOD, Path("/dev/zero"))[1]


def test_keys_may_come_through_a_pipe(said: Said, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(KEYS,))
    writer.start()
    assert said(GOOD, tmp_path / "pipe")[0] == 0
    writer.join()


@pytest.mark.parametrize("name", ["no-such.zip", "p.zip/x"])
def test_a_file_that_is_not_there(said: Said, tmp_path: Path, name: str) -> None:
    (tmp_path / "p.zip").write_bytes(GOOD)
    status, told = said(tmp_path / name)
    assert status == 2
    assert f"{tmp_path / name} " in told
    assert told.endswith("; expected the proof of a lot (a ZIP file)\n")


@pytest.mark.parametrize(
    ("proof", "found"),
    [
        (GOOD[: len(GOOD) // 2], "File is not a zip file"),
        (rezipped(), "a ZIP file with nothing in it"),
        (rezipped(("holiday.jpg", b"x"), ("README.txt", b"y")), "a ZIP file with holiday.jpg, README.txt"),
        (rezipped(*files_of()[:3]), "a ZIP file with README.txt, passport.json, passport.entry.json"),
        (GOOD[:2_000] + b"\x00\x00\x00" + GOOD[2_003:], "expected “a ZIP file, whole”"),
        (rezipped(("a\n1 bundle: holds", b"x")), "a\\n1 bundle: holds"),
    ],
    ids=["half", "nothing", "other", "less", "damaged", "forged"],
)  # fmt: skip
def test_a_zip_file_that_is_no_proof_fails_at_its_first_step(
    said: Said, proof: bytes, found: str
) -> None:
    status, told = said(proof)
    assert status == 1
    assert told.startswith("1 bundle: FAILED\n")
    assert found in told
    assert "Download the proof again from the page of the label: a file that was cut off" in told


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(said: Said) -> None:
    status, told = said(rezipped(*files_of(), ("passport.json", b"{}")))
    assert (status, "each file once" in told) == (1, True)


def test_a_zip_file_with_a_password_is_told_as_such(said: Said) -> None:
    locked = bytearray(GOOD)
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = locked.find(magic)
        while at >= 0:
            locked[at + flags] |= 1
            at = locked.find(magic, at + 1)
    status, told = said(bytes(locked))
    assert status == 1
    assert "expected “files without a password”" in told
    assert "README.txt, encrypted" in told


def test_zip64_is_read_as_any_other(said: Said) -> None:
    assert said(rezipped(*files_of(), force_zip64=True))[0] == 0


def test_the_passport_alone_is_checked_and_what_is_missing_is_said(said: Said) -> None:
    passport = dict(files_of())["passport.json"]
    status, told = said(passport)
    assert status == 0
    assert "Only the passport was checked." in told
    assert "the ZIP file (the proof) that the page of the label offers" in told
    status, told = said(passport[: len(passport) // 2])
    assert (status, told.split("\n")[0]) == (1, "1 envelope: FAILED")
    assert "Download it again; if it still does not hold, keep it, and tell the office." in told
    # Another file out of the proof is JSON, and no passport.
    assert said(dict(files_of())["passport.entry.json"])[0] == 1


def test_the_two_files_swapped(said: Said) -> None:
    status, told = said(KEYS, GOOD)
    assert status == 2
    assert "p.zip is a list of keys, expected was the proof of a lot" in told
    assert "were the two swapped? First the proof, then --keys and the list of keys" in told
    status, told = said(GOOD, GOOD)
    assert "k.json is a ZIP file, expected was a list of keys (JSON): were the two swapped?" in told
    assert status == 2
    assert "k.json is a passport, expected was" in said(GOOD, dict(files_of())["passport.json"])[1]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (b"", "is empty, expected was a list of keys (JSON): ask whom you trust for it"),
        (b"%PDF-1.4", "is a PDF document, expected was a list of keys"),
        (b"<html>", "is a web page, expected was a list of keys"),
        (KEYS.decode().encode("utf-16"), "is text in UTF-16, as PowerShell's > writes it"),
        (b"nonsense", ": not a list of keys: no JSON ("),
        (KEYS[:100], ": not a list of keys: no JSON ("),
        (b"[" * 100_000, ": not a list of keys: no JSON ("),
        (b"[]", ': not a list of keys: JSON, and no {"keys": […]}: ask whom you trust'),
        (b"{}", ': not a list of keys: JSON, and no {"keys": […]}'),
        (b'{"keys": {}}', ': not a list of keys: JSON, and no {"keys": […]}'),
        (b'{"keys": [{}]}', ": not a list of keys: KeyError"),
        (b'{"keys": [1]}', ": not a list of keys: TypeError"),
        (b'{"keys": [], "log": 7}', ": not a list of keys: TypeError"),
        (KEYS.replace(b"quorum", b"q"), ": not a list of keys: KeyError"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_keys_is_told(said: Said, keys: bytes, words: str) -> None:
    status, told = said(GOOD, keys)
    assert status == 2
    assert f"k.json{'' if words.startswith(':') else ' '}{words}" in told


def test_keys_with_a_mark_of_their_encoding_are_read(said: Said) -> None:
    assert said(GOOD, b"\xef\xbb\xbf" + KEYS)[0] == 0


def test_keys_of_somebody_else_or_none_fail_at_the_key(said: Said) -> None:
    trust = parse_trust(KEYS.decode())
    public = bytes(range(32))
    other = Trust((TrustedKey(key_id(public), public, 0, None),), trust.log)
    for keys in (Trust((), trust.log), other):
        status, told = said(GOOD, print_trust(keys).encode())
        assert status == 1
        assert "4 key: FAILED" in told
        assert "Are these the keys of whoever issued the passport, and the newest ones?" in told
    # The right key, and the log of another installation.
    fields = json.loads(KEYS)
    fields["log"]["origin"] = "other.example/log"
    status, told = said(GOOD, json.dumps(fields).encode())
    assert (status, "13 checkpoint: FAILED" in told) == (1, True)
    assert "Are these the keys of the log that the passport is in?" in told


def test_a_terminal_without_our_signs_gets_no_traceback(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", narrow)
    assert said()[0] == 0
    narrow.flush()
    narrow.seek(0)
    assert b"lot \\u201cLO-1\\u201d of " in narrow.buffer.read()
