"""Files that people bring: scans stay as they are, pictures lose what stood beside them."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from domain.errors import InvalidInput, NotFound, TooLarge
from domain.gs1 import Gtin
from tests.traceability.world import GTIN, NOON, World
from traceability.files import MOST_BYTES, digest_of_file, keep_paper, show_picture

_GPS, _ORIENTATION = 0x8825, 0x0112


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def drawn(size: tuple[int, int] = (1600, 800), kind: str = "JPEG", mode: str = "RGB") -> bytes:
    picture = Image.new(mode, size, (200, 30, 30, 0)[: len(mode)])
    exif = picture.getexif()
    exif[_ORIENTATION] = 6
    exif.get_ifd(_GPS)[2] = (11.0, 17.0, 3.0)
    out = BytesIO()
    picture.save(out, kind, exif=exif)
    return out.getvalue()


def shown(world: World, content: bytes) -> bytes:
    with world.records.transaction() as transaction:
        digest = show_picture(transaction, GTIN, content, "office", NOON)
    with world.records.reading() as transaction:
        assert transaction.papers.picture(GTIN) == digest
        file = transaction.papers.file(digest)
    assert (file.media, digest_of_file(file.content)) == ("image/jpeg", digest)
    return file.content


def test_a_picture_is_turned_made_small_and_stripped_of_its_place(world: World) -> None:
    content = drawn()
    assert Image.open(BytesIO(content)).getexif().get_ifd(_GPS)
    picture = Image.open(BytesIO(shown(world, content)))
    assert picture.size == (600, 1200), "as it was held when it was taken"
    assert not picture.getexif()


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("WEBP", "RGBA"), ("JPEG", "CMYK")])
def test_every_kind_is_shown_and_what_is_transparent_is_white(
    world: World, kind: str, mode: str
) -> None:
    picture = Image.open(BytesIO(shown(world, drawn((40, 40), kind, mode))))
    assert picture.mode == "RGB"
    if mode == "RGBA":
        assert min(picture.getpixel((20, 20))) > 250  # type: ignore[arg-type] # RGB


def test_a_newer_picture_is_shown_and_the_older_one_stays(world: World) -> None:
    first, second = drawn((50, 50)), drawn((60, 60))
    shown(world, first)
    with world.records.transaction() as transaction:
        newest = show_picture(transaction, GTIN, second, "office", NOON + 1)
        assert transaction.papers.picture(GTIN) == newest
        assert len(transaction.papers.files()) == 2
        again = show_picture(transaction, GTIN, first, "office", NOON + 2)
        assert transaction.papers.picture(GTIN) == again
        assert len(transaction.papers.files()) == 2


def bomb() -> bytes:
    """A PNG of some kilobytes that says it is 20,000 by 20,000 pixels."""
    out = BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a\x01\x00\x01\x00",
        b"\xff\xd8\xff" + b"\x00" * 90, drawn()[:900], b"%PDF-1.4\n",
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_and_nothing_kept(world: World, content: bytes) -> None:
    with pytest.raises(InvalidInput, match="JPEG, PNG or WebP"):
        shown(world, content)
    with world.records.reading() as transaction:
        assert transaction.papers.files() == []


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_drawn(world: World) -> None:
    content = bomb()
    assert len(content) < 100_000
    with pytest.raises(InvalidInput, match="picture"):
        shown(world, content)


def test_a_product_nobody_knows_has_no_picture(world: World) -> None:
    with pytest.raises(NotFound), world.records.transaction() as transaction:
        show_picture(transaction, Gtin("09520001999991"), drawn(), "office", NOON)


def test_a_scan_is_kept_byte_for_byte_and_once(world: World) -> None:
    scan = b"%PDF-1.7\n" + bytes(range(256))
    with world.records.transaction() as transaction:
        digest = keep_paper(transaction, scan, NOON)
        assert keep_paper(transaction, scan, NOON + 1) == digest
        file = transaction.papers.file(digest)
        assert (file.content, file.media) == (scan, "application/pdf")
        assert not transaction.papers.is_picture(digest)


def test_a_scan_of_another_kind_or_too_large_is_refused(world: World) -> None:
    with world.records.transaction() as transaction:
        for content in (b"", b"PK\x03\x04", b"<html>"):
            with pytest.raises(InvalidInput, match="PDF, JPEG or PNG"):
                keep_paper(transaction, content, NOON)
        with pytest.raises(TooLarge):
            keep_paper(transaction, b"%PDF-" + bytes(MOST_BYTES), NOON)
