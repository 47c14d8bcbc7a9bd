"""What the machine refuses, at the command line: one clear sentence, never a number or a trace."""

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nguon.cli import main
from tests.builders import GTIN
from tests.nguon.test_proof import installed

__all__ = ["installed"]  # a fixture

ROOT = Path(__file__).parent.parent.parent
# The superuser may open everything, unless these are taken from it.
_OVERRIDES = "-dac_override,-dac_read_search"
AS_ANYBODY = (
    [] if os.geteuid()
    else ["setpriv", f"--bounding-set={_OVERRIDES}", f"--inh-caps={_OVERRIDES}"]
)  # fmt: skip


def typed(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    options: dict[str, object] = {"cwd": ROOT, "text": True, "capture_output": True} | more
    line = [*AS_ANYBODY, sys.executable, "-m", "nguon", *words]
    return subprocess.run(line, timeout=60, check=False, **options)  # type: ignore[call-overload,no-any-return]


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert "Errno" not in result.stderr
    assert result.stderr.startswith("nguon: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    "words",
    [("limits", "LOCKED"), ("eudr", "check", "LOCKED"), ("verify", "LOCKED", "--keys", "x"),
     ("verify", "traceability/vectors/good.zip", "--keys", "LOCKED"), ("enrol", "LOCKED", "--plot", "ruong-1"),
     ("witness", "eye.example", "--folder", "eye", "--log", "LOCKED"), ("verifier", "--out", "FOLDER/v.pyz")],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_locked_file_or_folder_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    refuses_locked(tmp_path, words)


@pytest.mark.parametrize(
    "words",
    [("export", "--plot", "ruong-1", "FOLDER/x.csv"), ("proof", GTIN, "LO-1", "--out", "FOLDER/p.zip"),
     ("backup", "FOLDER/b"), ("log", "adopt", "--from", "FOLDER")],
    ids=lambda words: words[0],
)  # fmt: skip
def test_what_an_installation_writes_to_may_be_locked(
    installed: Path, words: tuple[str, ...]
) -> None:
    refuses_locked(installed, words)


def refuses_locked(where: Path, words: tuple[str, ...]) -> None:
    locked, folder = where / "locked", where / "folder"
    locked.write_text("x")
    folder.mkdir()
    locked.chmod(0)
    folder.chmod(0)
    said = sentence(
        typed(*(w.replace("LOCKED", str(locked)).replace("FOLDER", str(folder)) for w in words))
    )
    folder.chmod(0o700)
    assert str(locked if "LOCKED" in words else folder) in said
    assert (
        "may not be opened or written by this user: run it as its owner, or change the rights"
        in said
    )


@pytest.mark.parametrize("name", ["records.db", "series.db", "secrets/signing.key", "."])
def test_what_an_installation_is_made_of_may_be_locked(installed: Path, name: str) -> None:
    (installed / name).chmod(0o400 if name.endswith("db") else 0)
    said = sentence(typed("keys", "rotate"))
    (installed / name).chmod(0o700)
    assert str(installed / name).removesuffix("/.") in said
    assert "may not be opened or written by this user" in said


def test_a_folder_that_cannot_hold_an_installation(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    said = sentence(typed("migrate", "--new", env=os.environ | {"NGUON_DATA": str(tmp_path)}))
    tmp_path.chmod(0o700)
    assert said.startswith(f"nguon: {tmp_path} may not be opened or written by this user")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["NGUON_HTTP_PORT", "--port"])
def test_a_port_that_is_taken_is_said_by_the_setting_that_names_it(
    installed: Path, name: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        if name == "--port":
            keys = str(installed / "keys.json")
            words = ["witness", "eye.example", "--folder", str(installed / "eye"), "--log", keys]
            result = typed(*words, "--port", port)
        else:
            secret = "a session secret of the tests"
            more = {"NGUON_HTTP_PORT": port, "NGUON_SESSION_SECRET": secret}
            result = typed("api", env=os.environ | more)
    said = sentence(result)
    assert f"{name}: 127.0.0.1:{port} is taken by another program" in said


def test_a_file_that_grows_beyond_what_is_allowed_is_named(tmp_path: Path) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    said = sentence(typed("verifier", "--out", str(tmp_path / "v.pyz"), preexec_fn=small))
    assert f"{tmp_path}/v.pyz cannot be written, it grew beyond the largest file" in said


def test_output_that_nobody_takes(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        result = typed("settings", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert "cannot be written, its disk is full" in sentence(result)
    line = [sys.executable, "-u", "-m", "nguon", "settings"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as lines:
        assert lines.stdout is not None
        assert lines.stderr is not None
        lines.stdout.close()
        assert lines.stderr.read() == b""
    assert lines.returncode == 141


def test_a_folder_where_a_file_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NGUON_FILE", str(tmp_path))
    assert main(["settings"]) == 2
    assert f"NGUON_FILE: {tmp_path} is a folder, and a file is needed" in capsys.readouterr().err
    monkeypatch.delenv("NGUON_FILE")
    for words in (["limits", str(tmp_path)], ["eudr", "check", str(tmp_path)]):
        assert main(words) == 2
        assert f"nguon: {tmp_path} is a folder" in capsys.readouterr().err
