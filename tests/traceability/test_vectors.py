"""The published vectors: what lies there is what comes out, and each means what it says."""

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.make_vectors import FOLDER, make, verdict
from traceability.trust import parse_trust
from traceability.verify_bundle import MADE_OF_STEPS, STEPS

VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "vectors.json").read_text("utf-8"))["vectors"]


def unzipped(raw: bytes) -> object:
    """What is in a file, compressed or not: compression differs between machines."""
    if not raw.startswith(b"PK") or not zipfile.is_zipfile(BytesIO(raw)):
        return raw
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_lies_there_is_what_comes_out(tmp_path: Path) -> None:
    made = make(tmp_path)
    there = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.name != "README.md"}
    assert there.keys() == made.keys(), "run python -m tests.make_vectors"
    # Where a compressed file was cut off, nothing can be unpacked to compare.
    compared = [name for name in made if name != "bad-cut.zip"]
    differ = [name for name in compared if unzipped(made[name]) != unzipped(there[name])]
    assert differ == [], "run python -m tests.make_vectors"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_each_means_what_it_says(vector: dict[str, Any]) -> None:
    trust = parse_trust((FOLDER / vector["keys"]).read_text("utf-8"))
    readings = [(FOLDER / name).read_bytes() for name in vector["readings"]]
    found = verdict((FOLDER / vector["bundle"]).read_bytes(), trust, readings or None)
    told = {name: value for name, value in vector.items() if name in found}
    assert found == told
    assert vector["holds"] == vector["name"].startswith("good")


def test_every_step_fails_in_some_vector() -> None:
    assert {vector["step"] for vector in VECTORS if not vector["holds"]} == {
        *STEPS,
        *MADE_OF_STEPS,
    }


def test_they_are_few_and_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 600_000
