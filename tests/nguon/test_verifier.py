"""The verifier as one file: the same bytes, nothing it need not have, and the vectors' verdicts."""

import ast
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import cryptography
import pytest

from nguon.cli import main
from nguon.verifier import build, reached

ROOT = Path(__file__).parent.parent.parent
VECTORS = ROOT / "traceability" / "vectors"
ALONE = [sys.executable, "-I", "-S"]  # neither packages of this environment nor its settings


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("verifier") / "nguon-verify.pyz"
    path.write_bytes(build())
    return path


@pytest.fixture(scope="module")
def with_cryptography(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds cryptography, what that needs, and no more."""
    folder = tmp_path_factory.mktemp("packages")
    site = Path(cryptography.__file__).parent.parent
    for one in site.glob("*cffi*"):
        (folder / one.name).symlink_to(one)
    (folder / "cryptography").symlink_to(site / "cryptography")
    return folder


def ran(program: Path, packages: Path, *words: str) -> subprocess.CompletedProcess[str]:
    begin = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    line = [*ALONE, "-c", begin, str(packages), str(program), *words]
    return subprocess.run(
        line, cwd="/", text=True, capture_output=True, check=False, timeout=60, encoding="utf-8"
    )


def test_the_same_sources_give_the_same_bytes_wherever_they_lie(tmp_path: Path) -> None:
    for package in ("traceability", "nguon", "domain"):  # other order, dates and rights
        shutil.copytree(ROOT / package, tmp_path / "a b" / package, copy_function=shutil.copyfile)
    script = "import hashlib; import nguon.verifier as v; print(hashlib.sha256(v.build()).hexdigest(), v.__file__)"
    told = set()
    for folder, seed in ((tmp_path / "a b", "1"), (ROOT, "2")):
        out = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, check=True, text=True, capture_output=True, umask=0o77,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(folder), "TZ": "Asia/Tokyo"},
        ).stdout  # fmt: skip
        digest, _, where = out.strip().partition(" ")
        assert where.startswith(str(folder))
        told.add(digest)
    assert told == {hashlib.sha256(build()).hexdigest()}


def test_it_is_written_once_and_its_checksum_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "v.pyz"
    assert main(["verifier", "--out", str(out)]) == 0
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert capsys.readouterr().out.startswith(f"{digest}  {out}\n")
    assert main(["verifier", "--out", str(out)]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert main(["verifier", "--out", str(tmp_path / "none" / "v.pyz")]) == 2
    assert "a folder on the way to it is not" in capsys.readouterr().err


def test_it_holds_verification_and_nothing_else() -> None:
    with zipfile.ZipFile(BytesIO(build())) as archive:
        names = archive.namelist()
        begin = archive.read("__main__.py").decode()
    assert names == sorted(names)
    tops = {name.split("/")[0].split("-")[0] for name in names}
    assert tops == {"__main__.py", "domain", "nguon", "traceability", "rfc8785", "tzdata"}
    assert {name for name in names if name.startswith("nguon/")} == {
        f"nguon/{name}.py"
        for name in ("__init__", "ending", "handed_in", "published", "verify_main", "verify_report", "verifying")
    }  # fmt: skip
    assert "rfc8785-0.1.4.dist-info/LICENSE" in names
    # An older Python, too, has to understand the sentence which says that it is too old.
    ast.parse(begin, feature_version=(3, 5))
    begin.encode("ascii")


def test_what_verification_must_not_reach_stops_the_build() -> None:
    with pytest.raises(RuntimeError, match=r"imports .*, which the verifier does not carry"):
        reached("nguon.settings")


def test_it_gives_the_verdict_of_every_vector_with_cryptography_alone(
    program: Path, with_cryptography: Path
) -> None:
    script = """
import contextlib, io, json, sys, zoneinfo
program, packages, folder = sys.argv[1:]
sys.path[:0] = [program]
sys.path.append(packages)
zoneinfo.reset_tzpath([])  # a machine without time zones
from nguon.verify_main import main
told = []
for v in json.load(open(folder + "/vectors.json", encoding="utf-8"))["vectors"]:
    out = io.StringIO()
    words = [f"{folder}/{v['bundle']}", "--keys", f"{folder}/{v['keys']}"]
    if v["readings"]:
        words += ["--readings", *(f"{folder}/{name}" for name in v["readings"])]
    with contextlib.redirect_stdout(out):
        status = main(words)
    told.append([v["name"], status, out.getvalue()])
print(json.dumps([told, sorted({m.partition(".")[0] for m in sys.modules})]))
"""
    line = [*ALONE, "-c", script, str(program), str(with_cryptography), str(VECTORS)]
    out = subprocess.run(line, cwd="/", check=True, text=True, capture_output=True).stdout
    told, modules = json.loads(out)
    vectors = json.loads((VECTORS / "vectors.json").read_text("utf-8"))["vectors"]
    assert [name for name, _, _ in told] == [vector["name"] for vector in vectors]
    for vector, (name, status, said) in zip(vectors, told, strict=True):
        assert status == (0 if vector["holds"] else 1), name
        assert vector["holds"] or f" {vector['step']}: FAILED\n" in said, name
    ours = {"domain", "nguon", "traceability", "rfc8785", "tzdata"}
    of_cryptography = {"cryptography", "_cffi_backend", "_openssl"}
    of_python = {name for name in modules if name.startswith(("__main__", "_sysconfigdata"))}
    of_python |= set(sys.stdlib_module_names)
    assert set(modules) - of_python == ours | of_cryptography
    assert not {"sqlite3", "socketserver", "http", "ssl", "ctypes"} & set(modules)


def test_a_label_is_compared_and_a_wrong_file_told_as_by_nguon_verify(
    program: Path, with_cryptography: Path
) -> None:
    words = [str(VECTORS / "good.zip"), "--keys", str(VECTORS / "keys.json"), "--label"]
    link = "https://nguon.example/01/09520001000010/10/LO-1"
    said = ran(program, with_cryptography, *words, link)
    assert (said.returncode, said.stderr) == (0, "")
    said = ran(program, with_cryptography, *words, link.replace("LO-1", "LO-2"))
    assert said.returncode == 1
    assert "label: FAILED" in said.stdout
    said = ran(program, with_cryptography, words[2], *words[1:], link)
    assert said.returncode == 2
    assert said.stderr.startswith("nguon-verify: ")
    said = ran(program, with_cryptography, *words, "https://nguon.example/")
    assert (said.returncode, said.stderr.count("\n")) == (2, 1)


def test_without_cryptography_it_says_how_to_get_it(program: Path) -> None:
    for words in ([], ["--help"], ["x.zip", "--keys", "k.json"]):
        line = [*ALONE, str(program), *words]
        said = subprocess.run(line, text=True, capture_output=True, check=False)
        assert said.returncode == 2
        assert said.stdout == ""
        assert "python3 -m pip install cryptography" in said.stderr
        assert said.stderr.count("\n") == 1


def test_its_help_teaches_and_comes_at_once(program: Path, with_cryptography: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = ran(program, with_cryptography, "--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert said.returncode == 0
    for words in (
        "usage: nguon-verify [-h] --keys KEYS.json",
        "download the proof (a ZIP file)",
        "Get the list of keys from somebody you trust more than the seller",
        "2  nothing could be checked",
        "could\ngive you one that lies",
    ):
        assert words in said.stdout
    # In the processor's time: others may use the machine meanwhile.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5
