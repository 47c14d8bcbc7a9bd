"""A witness as a process of its own, asked over HTTP: what it signs, and what it never does."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from domain.errors import BadSettings
from nguon.witness import post, witness_key
from tests.builders import NOON
from tests.services.server import free_ports
from tests.traceability.world import World
from traceability.bundling import best_head, make_bundle
from traceability.log.append import record
from traceability.log.checkpoint import Policy, open_checkpoint
from traceability.log.entry import PASSPORT
from traceability.log.files import LogFiles
from traceability.log.note import Verifier, parse_note
from traceability.log.publish import publish
from traceability.log.witness import write_request
from traceability.log.witness_state import Witness
from traceability.log.witnessing import Witnesses, gather
from traceability.trust import Trust, print_trust
from traceability.verify_bundle import verify_bundle

NAME = "hop-tac-xa.example"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    (tmp_path / "keys.json").write_text(print_trust(made.trust()))
    yield made
    made.close()


@contextmanager
def running(folder: Path, *more: str) -> Iterator[str]:
    """`nguon witness` in a process; gives its address. What it prints lies in ``printed``."""
    (port,) = free_ports(1)
    words = ["witness", NAME, "--folder", str(folder / "eye"), "--log", str(folder / "keys.json")]
    with (folder / "printed").open("ab") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "nguon", *words, "--port", str(port), *more],
            stdout=printed,
            env=os.environ | {"TZ": "Asia/Ho_Chi_Minh"},
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            try:
                urlopen(address, timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield address
    finally:
        process.kill()
        process.wait()


def grow(world: World, count: int) -> None:
    with world.records.transaction() as transaction:
        for n in range(count):
            record(transaction, PASSPORT, f"x{n}", {"n": n}, NOON)
    publish(world.records, world.files, world.log_key)


def eye(folder: Path) -> Verifier:
    return witness_key(folder / "eye", NAME).witness()


def test_it_signs_each_step_over_a_restart_and_the_proof_says_who_saw_it(
    world: World, tmp_path: Path
) -> None:
    passport = world.issued()
    publish(world.records, world.files, world.log_key)
    with running(tmp_path) as address:
        key = Verifier.parse(urlopen(address).read().decode().strip())
        assert key == eye(tmp_path)
        asked = Witnesses([(key, address)], post)
        assert gather(world.records, world.files, asked) == 1
        assert gather(world.records, world.files, asked) == 1
        grow(world, 300)
        assert gather(world.records, world.files, asked) == 1
    grow(world, 5)
    with running(tmp_path) as address:
        # Another process of ours knows nothing of what was signed, and is told.
        assert gather(world.records, world.files, Witnesses([(key, address)], post)) == 1
    policy = Policy(world.log_key.name, (world.log_key.log(),), (key,), 1)
    shown = world.files.checkpoint() or ""
    assert open_checkpoint(shown, policy).witnessed[0][0] == NAME
    proven = verify_bundle(world.proof(passport), Trust(world.trust().keys, policy))
    assert proven.witnessed[0][0] == NAME


def test_a_proof_takes_the_newest_checkpoint_that_was_witnessed(
    world: World, tmp_path: Path
) -> None:
    """The witness goes away: proofs go on under what it has signed, as long as it covers them."""
    passport = world.issued()
    publish(world.records, world.files, world.log_key)
    key = eye(tmp_path)
    with running(tmp_path) as address:
        assert gather(world.records, world.files, Witnesses([(key, address)], post)) == 1
    grow(world, 3)
    policy = Policy(world.log_key.name, (world.log_key.log(),), (key,), 1)
    with world.records.reading() as transaction:
        head = best_head(transaction, passport, policy)
        raw = make_bundle(transaction, world.files, passport, head)
    proven = verify_bundle(raw, Trust(world.trust().keys, policy))
    assert proven.witnessed[0][0] == NAME
    with world.records.reading() as transaction:
        alone = best_head(transaction, passport, replace(policy, quorum=0))
    assert alone is not None
    assert head is not None
    assert alone.size == head.size + 3


def test_it_never_signs_another_history(world: World, tmp_path: Path) -> None:
    """The operator has the log's key, wipes everything, and begins again."""
    grow(world, 10)
    with running(tmp_path) as address:
        key = eye(tmp_path)
        assert gather(world.records, world.files, Witnesses([(key, address)], post)) == 1
        (tmp_path / "other").mkdir()
        liar = World(tmp_path / "other")
        liar.log_key = world.log_key
        grow(liar, 30)
        asked = Witnesses([(key, address)], post)
        assert gather(liar.records, liar.files, asked) == 0
        note = liar.files.checkpoint() or ""
        for old, status in ((11, 422), (20, 409), (0, 409)):  # a key and ten more were signed
            proof = liar.files.tree(31).consistency(old)
            answer = post(f"{address}/add-checkpoint", write_request(old, proof, note))
            assert answer.status == status
        assert answer.body == "11\n"
        assert len(parse_note(liar.files.checkpoint() or "").signatures) == 1
        liar.close()
    said = printed(tmp_path)
    assert "signed nguon.example/log: 0 → 11 entries, the first that is signed of it" in said[0]
    # Asked for by `gather`: first where it thought us to be, then again from where we are.
    assert "31 entries: asked to sign from 0 on, 11 were signed before" in said[1]
    assert "refused nguon.example/log, 31 entries: NOT a continuation of the 11 signed" in said[3]
    assert "history was changed (" in said[3]


def printed(folder: Path) -> list[str]:
    """What a witness said of each request, after the lines that it begins with."""
    lines = (folder / "printed").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith(("witness ", "watches "))]


def test_it_says_what_it_signed_with_the_time_and_its_zone(world: World, tmp_path: Path) -> None:
    with running(tmp_path) as address:
        asked = Witnesses([(eye(tmp_path), address)], post)
        for count in (10, 5):
            grow(world, count)
            assert gather(world.records, world.files, asked) == 1
        post(f"{address}/add-checkpoint", write_request(16, [], world.files.checkpoint() or ""))
        foreign = "old 0\n\n" + (world.files.checkpoint() or "").replace("nguon.", "x\u202e.")
        assert post(f"{address}/add-checkpoint", foreign).status == 404
    first, second, again, unknown = (line for line in printed(tmp_path) if "asked to" not in line)
    assert re.match(
        r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00 signed nguon.example/log: 0 → 11 e", first
    )
    assert second.endswith("signed nguon.example/log: 11 → 16 entries, the first 11 unchanged")
    assert again.endswith("signed nguon.example/log: the same 16 entries again")
    assert unknown.endswith("refused no log x\\u202e.example/log is known here")


def test_a_quiet_one_says_who_it_is_and_no_more(world: World, tmp_path: Path) -> None:
    grow(world, 3)
    with running(tmp_path, "--quiet") as address:
        asked = Witnesses([(eye(tmp_path), address)], post)
        assert gather(world.records, world.files, asked) == 1
    assert printed(tmp_path) == []
    assert (tmp_path / "printed").read_text().startswith(f"witness {eye(tmp_path).vkey()}\n")


def test_hostile_requests_are_refused_and_change_nothing(world: World, tmp_path: Path) -> None:
    grow(world, 10)
    with running(tmp_path) as address:
        for body, status in (("", 400), ("x" * 100_000, 400), ("old 0\n\n\x00", 400)):
            assert post(f"{address}/add-checkpoint", body).status == status
        assert post(f"{address}/nothing", "x").status == 404
        asked = Witnesses([(eye(tmp_path), address)], post)
        assert gather(world.records, world.files, asked) == 1


def test_a_witness_that_is_away_is_passed_over(world: World, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    grow(world, 3)
    asked = Witnesses([(eye(tmp_path), f"http://127.0.0.1:{port}")], post)
    assert gather(world.records, world.files, asked) == 0
    assert gather(world.records, LogFiles(tmp_path / "none"), Witnesses([], post)) == 0


def test_damaged_memory_signs_nothing(world: World, tmp_path: Path) -> None:
    grow(world, 3)
    key = witness_key(tmp_path / "eye", NAME)
    witness = Witness(tmp_path / "signed", key, {world.log_key.name: (world.log_key.log(),)})
    body = write_request(0, [], world.files.checkpoint() or "").encode()
    witness.add_checkpoint(body, 1)
    (stored,) = (tmp_path / "signed").iterdir()
    stored.write_text("")
    with pytest.raises(Exception, match="damaged"):
        witness.add_checkpoint(body, 2)


def test_a_key_of_another_witness_is_not_taken(tmp_path: Path) -> None:
    witness_key(tmp_path, NAME)
    with pytest.raises(BadSettings, match="is the key of"):
        witness_key(tmp_path, "other.example")
