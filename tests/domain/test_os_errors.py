"""What the machine refuses, told to people; every error here is a real one."""

import errno
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from domain.os_errors import concerning, told
from tests.services.server import free_ports


def refusal(does: Callable[[], object]) -> OSError:
    try:
        does()
    except OSError as error:
        return error
    raise AssertionError("nothing was refused")


def test_a_full_disk_names_the_file_it_was_told_of() -> None:
    def fill() -> None:
        with concerning("out/p.zip"), open("/dev/full", "wb") as file:
            file.write(b"x" * 100_000)

    assert told(refusal(fill)) == (
        "out/p.zip cannot be written, its disk is full: make room, then say it again"
    )


def test_what_is_written_beside_a_file_is_told_by_the_name_that_was_typed(tmp_path: Path) -> None:
    target = tmp_path / "none" / "p.zip"

    def write() -> None:
        with concerning(target):
            target.with_name(".p.zip.partial").write_bytes(b"")

    assert told(refusal(write)).startswith(f"{target} is not there, or a folder on the way")


def test_paths_of_both_ends_are_named_and_cannot_pass_for_another_line(tmp_path: Path) -> None:
    said = told(refusal(lambda: (tmp_path / "a\nnguon: well").rename(tmp_path / "b")))
    assert "\n" not in said
    assert f"{tmp_path}/b" in said


def test_folders_files_and_loops(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, words in (
        (tmp_path, "is a folder, and a file is needed"),
        (tmp_path / "file" / "x", "leads through a file as if it were a folder"),
        (tmp_path / "loop", "is a link that leads back to itself"),
        (tmp_path / ("x" * 300), "has a name longer than"),
    ):
        said = told(refusal(path.read_bytes))
        assert f"{path} {words}" in said
        assert "Errno" not in said


def test_a_service_that_is_away_is_told_by_its_address() -> None:
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}/x"
    said = told(refusal(lambda: urlopen(address, timeout=5)), address)
    assert said.startswith(f"{address} refuses the connection: ")


def test_what_is_not_in_the_table_keeps_the_systems_words() -> None:
    rare = OSError(errno.EXDEV, "Invalid cross-device link", "a", None, "b")
    assert told(rare) == "a → b: Invalid cross-device link"
    assert told(OSError("our own words")) == "our own words"
    assert told(OSError()) == "what was asked for: refused, without a reason"
