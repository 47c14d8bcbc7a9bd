"""The command line, as it is typed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from domain.reading import Frame
from nguon.__main__ import main
from nguon.compose import stores
from nguon.demo import kept
from nguon.demo.supervisor import free_port
from nguon.settings import Settings
from store.records import tables as t
from tests.builders import DEVICE, NOON, delivery, falsify, farm, reading
from tests.services.postgres import Postgres
from tests.traceability.world import HARVESTED, World
from traceability.trust import Trust, print_trust

ROOT = Path(__file__).parent.parent.parent


def nguon(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nguon", *arguments], cwd=ROOT, text=True, capture_output=True,
        env=os.environ | environment, stdin=subprocess.DEVNULL, check=False, timeout=60,
    )  # fmt: skip


def test_settings_are_printed_with_their_origin_and_without_secrets() -> None:
    result = nguon("settings", NGUON_HTTP_PORT="9000", NGUON_SESSION_SECRET="hush hush hush hush")
    assert "NGUON_HTTP_PORT = 9000" in result.stdout
    assert "[environment NGUON_HTTP_PORT]" in result.stdout
    assert "hush" not in result.stdout
    url = "postgresql://nguon:hush-hush@db.example/nguon"
    shown = nguon("settings", NGUON_SERIES_URL=url).stdout
    assert "postgresql://nguon:(set)@db.example/nguon" in shown
    assert "hush" not in shown


@pytest.mark.parametrize("token", ["hush-hush", "hush:hush==", "hush@hush"])
@pytest.mark.parametrize("scheme", ["influx", "influxs"])
def test_the_token_of_a_bucket_is_not_printed(scheme: str, token: str) -> None:
    shown = nguon("settings", NGUON_SERIES_URL=f"{scheme}://{token}@db.example:8086/o/b").stdout
    assert f"{scheme}://(set)@db.example:8086/o/b" in shown
    assert "hush" not in shown


@pytest.mark.parametrize("verb", ["api", "ingest", "watch", "migrate", "fsck", "settings"])
def test_a_bad_setting_is_one_clear_line(verb: str) -> None:
    result = nguon(verb, NGUON_MQTT_PORT="x")
    assert result.returncode == 2
    assert result.stderr.startswith("nguon: NGUON_MQTT_PORT: ")
    assert "Traceback" not in result.stderr


def test_the_api_refuses_to_start_on_a_placeholder(tmp_path: Path) -> None:
    assert nguon("migrate", "--new", NGUON_DATA=str(tmp_path)).returncode == 0
    result = nguon("api", NGUON_DATA=str(tmp_path))
    assert result.returncode == 2
    assert "NGUON_SESSION_SECRET is a placeholder" in result.stderr


def test_migrate_says_what_there_is_and_what_it_lacks(tmp_path: Path) -> None:
    result = nguon("migrate", "--new", NGUON_DATA=str(tmp_path))
    assert "records at revision 0014" in result.stdout
    assert "lacks: one writer at a time" in result.stdout
    keys = result.stdout.splitlines()[-2:]
    assert keys[0].startswith("passports are signed with key ")
    assert keys[1].startswith("the log is 127.0.0.1:8080/log+")
    again = nguon("migrate", "--new", NGUON_DATA=str(tmp_path)).stdout
    assert again.splitlines()[-2:] == keys, "keys that are there stay"
    assert "passports" not in nguon("migrate", NGUON_DATA=str(tmp_path)).stdout


@pytest.mark.parametrize(
    "words",
    [("api",), ("ingest",), ("watch",), ("migrate",), ("fsck",), ("ledger",), ("quarantine", "list")],
)  # fmt: skip
def test_a_wrong_folder_is_said_and_nothing_is_made_in_it(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    secret = "a session secret of the tests"
    result = nguon(*words, NGUON_DATA=str(tmp_path / "wrong"), NGUON_SESSION_SECRET=secret)
    assert result.returncode == 2
    assert "is NGUON_DATA the right folder?" in result.stderr
    assert not (tmp_path / "wrong").exists()


def test_an_empty_database_is_not_taken_for_an_installation(postgres: Postgres) -> None:
    url = postgres.fresh("no-installation")
    result = nguon("fsck", NGUON_SERIES_URL=url, NGUON_RECORDS_URL=url)
    assert result.returncode == 2
    assert "a new installation begins with `nguon migrate --new`" in result.stderr


def test_readings_that_are_gone_are_not_taken_for_none(tmp_path: Path, postgres: Postgres) -> None:
    folder = {"NGUON_DATA": str(tmp_path)}
    assert nguon("migrate", "--new", **folder).returncode == 0
    (tmp_path / "series.db").unlink()
    (tmp_path / "series.db").touch()
    for more in ({}, {"NGUON_SERIES_URL": postgres.fresh("gone")}):
        for verb in ("fsck", "ledger", "ingest"):
            result = nguon(verb, **folder, **more)
            assert result.returncode == 2
            assert "holds no readings at all" in result.stderr


def test_an_address_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    url = "postgresql://postgres@127.0.0.1:xx/r"
    result = nguon("migrate", "--new", NGUON_DATA=str(tmp_path), NGUON_RECORDS_URL=url)
    assert result.returncode == 2
    assert result.stderr.startswith("nguon: NGUON_RECORDS_URL: ")


def test_a_key_that_is_gone_is_not_replaced_by_another(tmp_path: Path) -> None:
    assert nguon("migrate", "--new", NGUON_DATA=str(tmp_path)).returncode == 0
    key = tmp_path / "secrets" / "signing.key"
    key.unlink()
    for verb in ("fsck", "api"):
        result = nguon(verb, NGUON_DATA=str(tmp_path), NGUON_SESSION_SECRET="x" * 20)
        assert result.returncode == 2
        assert f"no signing key at {key}: bring it back from a backup" in result.stderr
    assert not key.exists()


@pytest.mark.parametrize(
    "words",
    [("quarantine", "list", "--limit", "0"), ("quarantine", "show", "9" * 30), ("quarantine", "retry", "-1"),
     ("ledger", "--days", "99999999"), ("ledger", "--days", "١"), ("replay", "x", "--map", "y", "--rate", "0"),
     ("replay", "x", "--map", "y", "--rate", "nan"), ("replay", "x", "--map", "y", "--port", "0"),
     ("replay", "x", "--map", "y", "--batch", "0"), ("replay", "x", "--map", "y", "--patience", "-1")],
)  # fmt: skip
def test_a_number_that_makes_no_sense_is_refused_with_its_range(words: tuple[str, ...]) -> None:
    result = nguon(*words)
    assert result.returncode == 2
    assert re.search(r"a (whole )?number (from|above) ", result.stderr)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "text",
    ["limits = 5", "limits = [1]", "[limits]\na = 1", "[[limits]]\ndevice = 1\nchannel = 'a'\nvalid_from = 2026-01-01\nsource = 'x'",
     "[[limits]]\ndevice = 'a'\nchannel = 'a'\nvalid_from = 2026-01-01\nsource = ' '\ngap = { suspect = 9 }",
     "[[limits]]\ndevice = 'a'\nchannel = 'a'\nvalid_from = 2026-01-01\nsource = 'x'",
     "[[limits]]\ndevice = 'a'\nchannel = 'a'\nvalid_from = 2026-01-01T00:00:00\nsource = 'x'", "\ufeff", ""],
)  # fmt: skip
def test_limits_that_are_no_table_are_told(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    assert main(["migrate", "--new"]) == 0
    (tmp_path / "limits.toml").write_text(text)
    assert main(["limits", str(tmp_path / "limits.toml")]) == 2
    assert capsys.readouterr().err.startswith("nguon: limits.toml")


@pytest.mark.parametrize("module", ["argparse", "sqlalchemy"])
def test_ctrl_c_while_the_program_is_still_loading_is_quiet(module: str) -> None:
    process = subprocess.Popen(
        # A shell starts what runs in the background with SIGINT ignored.
        ["env", "--default-signal=INT", sys.executable, "-X", "importtime", "-m", "nguon", "settings"], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if line.split("|")[-1].strip() == module:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.fixture
def issued(tmp_path: Path) -> tuple[Path, Path, bytes]:
    world = World(tmp_path / "world")
    passport = world.issued().envelope
    (tmp_path / "p.json").write_bytes(passport)
    (tmp_path / "k.json").write_text(print_trust(Trust(world.trusted)))
    world.close()
    return tmp_path / "p.json", tmp_path / "k.json", passport


def test_verify_numbers_its_steps(issued: tuple[Path, Path, bytes]) -> None:
    result = nguon("verify", str(issued[0]), "--keys", str(issued[1]))
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "1 envelope: holds"
    assert lines[8] == "9 arithmetic: holds"
    assert "Only the passport was checked." in result.stdout
    assert lines[-1] == "This proves unchanged, not true."


def test_verify_names_the_step_that_failed(
    issued: tuple[Path, Path, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    flipped = bytearray(issued[2])
    flipped[len(flipped) // 2] ^= 1
    issued[0].write_bytes(flipped)
    assert main(["verify", str(issued[0]), "--keys", str(issued[1])]) == 1
    assert "4 signature: FAILED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("passport", "keys"), [("absent", "k.json"), ("p.json", "absent"), ("p.json", "p.json")]
)
def test_verify_says_which_file_is_wrong(
    issued: tuple[Path, Path, bytes], passport: str, keys: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = issued[0].parent
    assert main(["verify", str(folder / passport), "--keys", str(folder / keys)]) == 2
    assert capsys.readouterr().err.startswith("nguon: ")


def test_fsck_finds_what_was_changed_behind_its_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NGUON_DATA", str(tmp_path))
    monkeypatch.setenv("NGUON_SIGNING_KEY", "key")
    monkeypatch.setenv("NGUON_LOG_KEY", "log.key")
    world = World(tmp_path)
    world.issued()
    # A reading that came late is no finding: the passport says what was known when it was issued.
    late = reading(1, NOON - 86_400_000 + 1_000, 25.0)
    world.series.append([delivery(Frame(0, 9_999, (late,)))], NOON + 1)
    assert main(["fsck"]) == 0
    world.spray(HARVESTED)
    assert main(["fsck"]) == 1
    assert "lot LO-1 (09520001000010): Thuốc mẫu A was sprayed on" in capsys.readouterr().out
    with world.records.transaction() as transaction:
        transaction.connection.execute(t.entry.delete().where(t.entry.c.id == "phun"))
    world.close()
    connection = apsw.Connection(str(tmp_path / "series.db"))
    falsify(connection)
    connection.close()
    assert main(["fsck"]) == 1
    assert (
        "passport of lot LO-1 (09520001000010): readings or diary have changed"
        in capsys.readouterr().out
    )


def test_a_taken_port_is_stepped_over_and_said_so() -> None:
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        assert free_port(port, said.append) > port
    assert said[0].startswith(f"Port {port} is taken; using ")


def started(tmp_path: Path, output: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "NGUON_DATA": str(tmp_path),
        "NGUON_HTTP_PORT": "18180",
        "NGUON_MQTT_PORT": "11983",
        "PYTHONUNBUFFERED": "1",
    }
    with output.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "nguon", "demo"], cwd=ROOT, env=environment, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip


def descendants(pid: int) -> set[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return {int(line) for line in found.split()}


def alive(pids: set[int]) -> set[int]:
    def state(pid: int) -> str:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return "gone"

    return {pid for pid in pids if state(pid) not in ("gone", "Z")}


def wait_for(path: Path, text: str, patience_s: float) -> str:
    deadline = time.monotonic() + patience_s
    while text not in path.read_text("utf-8", "replace"):
        assert time.monotonic() < deadline, path.read_text("utf-8", "replace")[-2000:]
        time.sleep(0.2)
    return path.read_text("utf-8", "replace")


@pytest.mark.timeout(200)
def test_the_demo_ends_cleanly_starts_again_with_its_data_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    # Killed without warning while the past is still arriving: its children end by themselves.
    demo = started(tmp_path, tmp_path / "out1")
    wait_for(tmp_path / "out1", "are arriving", 60)
    time.sleep(4)
    children = descendants(demo.pid)
    assert len(children) == 5
    os.kill(demo.pid, signal.SIGKILL)
    demo.wait()
    deadline = time.monotonic() + 15
    while alive(children):
        assert time.monotonic() < deadline, alive(children)
        time.sleep(0.1)

    # Started again it goes on with the same data, prints the doors, and Ctrl-C ends it.
    demo = started(tmp_path, tmp_path / "out2")
    said = wait_for(tmp_path / "out2", "Ready at", 120)
    for words in (
        "Grower   http://127.0.0.1:18180/r",
        "Buyer    http://127.0.0.1:18180/01/0952",
        "Office ",
        "phong-kinh-te",
        "▀",
    ):
        assert words in said
    children = descendants(demo.pid)
    os.kill(demo.pid, signal.SIGINT)
    assert demo.wait(40) == 0
    assert alive(children) == set()
    assert "Traceback" not in wait_for(tmp_path / "out2", "Stopped.", 5)

    # And nothing that was acknowledged is missing: every cycle of every node is there.
    kept = json.loads((tmp_path / "nodes.json").read_text())["kept"]
    with stores(Settings(data=tmp_path)) as opened, opened.records.reading() as transaction:
        for device in transaction.devices.register().devices:
            for boot, runs in opened.series.ledger(device).items():
                assert runs[0][0] == 0
                assert runs[0][1] >= kept[device][str(boot)]


def test_two_demonstrations_do_not_share_a_folder(tmp_path: Path) -> None:
    lock = kept.claim(tmp_path)
    result = nguon("demo", NGUON_DATA=str(tmp_path))
    assert result.returncode == 2
    assert "another demonstration is running" in result.stderr
    lock.close()


@pytest.mark.parametrize("damaged", ["nodes.json", "secrets/logins.json", "secrets/broker.json"])
def test_a_damaged_file_of_the_demonstration_is_named(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / damaged).write_text("{")
    result = nguon("demo", NGUON_DATA=str(tmp_path))
    assert result.returncode == 2
    assert damaged in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("verb", ["demo", "migrate", "fsck", "ingest"])
def test_a_data_folder_that_is_a_file_is_one_clear_line(tmp_path: Path, verb: str) -> None:
    (tmp_path / "data").write_text("")
    result = nguon(verb, NGUON_DATA=str(tmp_path / "data"))
    assert result.returncode == 2
    assert result.stderr.startswith("nguon: ")
    assert "Traceback" not in result.stderr


def test_a_token_is_shown_once_listed_and_revoked(tmp_path: Path) -> None:
    folder = {"NGUON_DATA": str(tmp_path)}
    assert nguon("migrate", "--new", **folder).returncode == 0
    with stores(Settings(data=tmp_path)) as opened:
        farm(opened.records)
    made = nguon("token", "new", DEVICE, **folder)
    assert made.returncode == 0, made.stderr
    first, secret = made.stdout.splitlines()
    assert first == "token 1 of dat-01, shown this once:"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert secret.encode() not in (tmp_path / "records.db").read_bytes()
    assert nguon("token", "new", DEVICE, **folder).stdout.splitlines()[1] != secret
    assert nguon("token", "revoke", "1", **folder).stdout == "token 1 of dat-01 is revoked\n"
    lines = nguon("token", "list", **folder).stdout.splitlines()
    assert re.fullmatch(r" +1  dat-01 +made \S+Z  revoked \S+Z", lines[0])
    assert re.fullmatch(r" +2  dat-01 +made \S+Z", lines[1])
    assert lines[2] == "2 tokens, 1 valid"
    assert secret not in lines[0] + lines[1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("new", "nobody"), "nguon: no device nobody"),
        (("new", "NOT AN ID"), "nguon: not a device id: 'NOT AN ID'"),
        (("revoke", "7"), "nguon: no token has the number 7"),
        (("revoke", "x"), "a whole number from 1 to"),
    ],
)
def test_a_token_of_nobody_is_one_clear_line(
    tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    assert nguon("migrate", "--new", NGUON_DATA=str(tmp_path)).returncode == 0
    result = nguon("token", *words, NGUON_DATA=str(tmp_path))
    assert result.returncode == 2
    assert why in result.stderr
    assert "Traceback" not in result.stderr
