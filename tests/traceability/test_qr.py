from io import BytesIO

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from traceability import qr

LINK = "https://nguon.example/01/09520001000010/10/261121-A?416=9520001001031&7007=261121"


def read(picture: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def test_an_independent_reader_reads_the_label() -> None:
    assert read(Image.open(BytesIO(qr.png(LINK)))) == [LINK]


@pytest.mark.parametrize("angle", [0, 7, 90, 181])
def test_a_soiled_blurred_and_turned_label_is_still_read(angle: int) -> None:
    picture = Image.open(BytesIO(qr.png(LINK))).convert("L")
    side = picture.width
    picture.paste(120, (side // 2, side // 2, side // 2 + side // 8, side // 2 + side // 8))
    picture = picture.filter(ImageFilter.GaussianBlur(2)).rotate(angle, expand=True, fillcolor=255)
    assert read(picture) == [LINK]


def test_the_svg_is_one_path_and_no_script() -> None:
    text = qr.svg(LINK).decode()
    assert text.count("<path") == 1
    assert "script" not in text


def test_what_the_terminal_shows_is_the_same_code() -> None:
    rows = [
        line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m")
        for line in qr.terminal(LINK).split("\n")
    ]
    height = 2 * len(rows)
    picture = Image.new("L", (len(rows[0]), height), 255)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            for half, filled in enumerate((cell in "▀█", cell in "▄█")):
                if filled:
                    picture.putpixel((x, 2 * y + half), 0)
    assert read(picture.resize((picture.width * 6, height * 6), Image.Resampling.NEAREST)) == [LINK]
