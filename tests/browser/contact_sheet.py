"""``make shots``: every door in pictures, dated, and all of them on one sheet to look at."""

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser

from api.auth import hash_secret
from api.grower.steps import FORMS
from nguon.compose import stores
from nguon.demo.client import Client
from nguon.demo.run import Demo, start
from nguon.demo.story import Told, await_past, tell
from nguon.settings import Settings
from store.records.accounts import Account
from tests.browser.chromium import chromium, context, sign_in

ROOT = Path(__file__).parent.parent.parent
FONT = "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"
_CELL, _TALL = 360, 900


def main() -> None:
    folder = ROOT / "shots" / f"{datetime.now(UTC):%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        demo = start(Settings(data=Path(data)), print)
        try:
            office = Client(demo.address, "phong-kinh-te", demo.pins["phong-kinh-te"])
            await_past(office, 240, print)
            lots = tell(demo.address, demo.pins, demo.today)
            with chromium() as browser:
                shots = take(browser, demo, lots, office)
        finally:
            demo.stop()
    for name, picture in shots.items():
        (folder / f"{name}.png").write_bytes(picture)
    sheet(folder, list(shots))
    print(f"{len(shots)} pictures and sheet.png in {folder}")


def take(browser: Browser, demo: Demo, lots: list[Told], office: Client) -> dict[str, bytes]:
    lot = lots[0]
    buyer = f"/01/{lot.gtin}/10/{lot.number}"
    plan: list[tuple[str, int, str, str, dict[str, Any]]] = [
        ("01-doors", 360, "", "/", {}),
        ("02-buyer", 360, "", buyer, {}),
        ("03-buyer-english", 360, "", buyer + "?lang=en", {}),
        ("04-buyer-dark", 360, "", buyer, {"color_scheme": "dark"}),
        ("05-buyer-320", 320, "", buyer, {}),
        ("06-buyer-desktop", 1280, "", buyer, {}),
        ("07-unknown", 360, "", "/01/09520001000010/10/NOPE", {}),
        ("08-sign-in", 360, "", "/dang-nhap", {}),
        ("09-plots", 360, "hop-tac-xa-rau", "/r", {}),
        ("10-waiting-period", 360, "ho-trong-mang-cut", "/r", {}),
        ("11-plot", 360, "hop-tac-xa-rau", "/r/ruong-dua-leo", {}),
        ("12-plot-season", 360, "hop-tac-xa-rau", "/r/ruong-dua-leo?xem=vu", {}),
        ("13-plot-desktop", 1280, "hop-tac-xa-rau", "/r/ruong-dua-leo", {}),
        ("14-diary", 360, "hop-tac-xa-rau", "/r/ruong-dua-leo/ghi", {}),
        ("15-spraying", 360, "hop-tac-xa-rau", "/r/ruong-dua-leo/ghi?viec=spraying", {}),
        ("16-open-lot", 360, "hop-tac-xa-rau", "/r/ruong-cai/lo", {}),
        ("17-label", 360, "hop-tac-xa-rau", f"/r/ruong-dua-leo/tem/{lot.gtin}/{lot.number}", {}),
        ("18-office", 1280, "phong-kinh-te", "/qt", {}),
        ("19-office-phone", 360, "phong-kinh-te", "/qt", {}),
        ("20-explanation", 360, "", "/kiem-chung", {}),
        ("21-not-found", 360, "", "/nowhere", {}),
    ]
    shots = {}
    for name, width, login, path, options in plan:
        shots[name] = shot(browser, demo, width, login, path, options)
    shots |= lineage(browser, demo, lots)
    late = {"id": "muon", "work": "spraying", "day": demo.today.isoformat(), "product": "sample-a"}
    harvested = office.get(f"/v1/lots/{lot.gtin}/{lot.number}")["harvested"]
    office.post("/v1/plots/ruong-dua-leo/diary", late | {"day": harvested})
    forged = buyer + "?416=9520001001017"
    shots["50-in-doubt"] = shot(browser, demo, 360, "", forged, {})
    shots["51-office-decides"] = shot(
        browser, demo, 1280, "phong-kinh-te", "/qt#lo", {}, open_all=True
    )
    shots["52-recall-without-reason"] = refused(browser, demo, lot)
    return shots | recall(browser, demo, lot, office)


def lineage(browser: Browser, demo: Demo, lots: list[Told]) -> dict[str, bytes]:
    """A lot that is divided, delivered and labelled: every form, filled, looked at and wrong."""
    lot, who = lots[0], "hop-tac-xa-rau"
    client = Client(demo.address, who, demo.pins[who])
    number = f"{lot.number[:14]}-1"
    parts = [
        {"number": number, "kilograms": 40.0},
        {"number": f"{lot.number[:14]}-2", "kilograms": 12.5},
    ]
    own, machine = f"/r/lo/{lot.gtin}/{lot.number}", f"/v1/lots/{lot.gtin}/"
    client.post(f"{machine}{lot.number}/split", {"id": "anh-1", "parts": parts})
    to = {"name": "Cửa hàng thực phẩm sạch chợ Tân Uyên, quầy số 14"}
    client.post(f"{machine}{number}/ship", {"id": "anh-2", "kilograms": 25.5, "to": to})
    # Now, since a lot in doubt gets no labels.
    out = str(demo.settings.data / "tem.pdf")
    words = ["labels", "units", lot.gtin, f"{lot.number[:14]}-2", out, "--count", "5"]
    here = os.environ | {
        "NGUON_DATA": str(demo.settings.data), "NGUON_PUBLIC_URL": demo.address,
    }  # fmt: skip
    command = [sys.executable, "-m", "nguon", *words, "--unit-kg", "0.5"]
    subprocess.run(command, check=True, env=here, cwd=ROOT)
    shots = {}
    for width in (320, 1280):
        size = f"{width}"
        shots[f"22-own-lot-{size}"] = shot(browser, demo, width, who, own, {})
        shots[f"23-lineage-{size}"] = shot(
            browser, demo, width, who, own.replace("/r/", "/qt/"), {}
        )
        for at, work in enumerate(FORMS, 24):
            path = f"/r/lo/{lot.gtin}/{number}/{work}" if work == "nhan" else f"{own}/{work}"
            shots[f"{at}-form-{work}-{size}"] = shot(
                browser, demo, width, who, path, {}, open_all=True
            )
        looked = {"kilograms1": "40,5", "number1": "CHO-1", "kilograms2": "12", "number2": "CHO-2"}
        for name, typed in (("look", looked), ("wrong", looked | {"kilograms2": "9999"})):
            shots[f"31-{name}-{size}"] = filled(browser, demo, (width, who, f"{own}/chia"), typed)
    return shots


def recall(browser: Browser, demo: Demo, lot: Told, office: Client) -> dict[str, bytes]:
    """A recall as it is weighed, confirmed by a second officer, and read by buyers."""
    page, buyer = f"/qt/thu-hoi/{lot.gtin}/{lot.number}", f"/01/{lot.gtin}/10/{lot.number}"
    first, second, shots = "phong-kinh-te", "can-bo-hai", {}
    with stores(demo.settings) as opened, opened.records.transaction() as transaction:
        account = Account(second, "Cán bộ thứ hai", "office", None, hash_secret(demo.pins[first]))
        transaction.accounts.add(account)
    demo = replace(demo, pins={**demo.pins, second: demo.pins[first]})
    for width in (320, 1280):
        shots[f"53-recall-preview-{width}"] = shot(
            browser, demo, width, first, page, {}, open_all=True
        )
        shots[f"54-labels-{width}"] = shot(
            browser, demo, width, first, f"/qt/tem/{lot.gtin}/{lot.number[:14]}-2", {}
        )
    office.post(
        f"/v1/lots/{lot.gtin}/{lot.number}/recall", {"reason": "Nghi nhiễm thuốc từ ruộng bên"}
    )
    for width in (320, 1280):
        shots[f"55-recall-to-confirm-{width}"] = shot(browser, demo, width, second, page, {})
    Client(demo.address, second, demo.pins[second]).post(
        f"/v1/lots/{lot.gtin}/{lot.number}/recall/confirmation",
        {"reason": "Nghi nhiễm thuốc từ ruộng bên"},
    )
    for width in (320, 1280):
        shots[f"56-recall-decided-{width}"] = shot(browser, demo, width, first, page, {})
        shots[f"57-recalled-{width}"] = shot(browser, demo, width, "", buyer, {})
    return shots


def filled(
    browser: Browser, demo: Demo, where: tuple[int, str, str], typed: dict[str, str]
) -> bytes:
    """A form with what was typed into it, after its first button was pressed."""
    width, login, path = where
    tab = context(browser, width, java_script_enabled=False)
    page = tab.new_page()
    sign_in(page, demo.address, login, demo.pins[login])
    page.goto(demo.address + path)
    for name, word in typed.items():
        page.fill(f"#{name}", word)
    page.click("main button[value=look]")
    page.wait_for_load_state()
    picture = page.screenshot(full_page=True)
    tab.close()
    return picture


def shot(
    browser: Browser, demo: Demo, width: int, login: str, path: str, options: dict[str, Any],
    *, open_all: bool = False,
) -> bytes:  # fmt: skip
    tab = context(browser, width, java_script_enabled=False, **options)
    page = tab.new_page()
    if login:
        sign_in(page, demo.address, login, demo.pins[login])
    page.goto(demo.address + path)
    if open_all:
        for summary in page.locator("main details > summary").all():
            summary.click()
    picture = page.screenshot(full_page=True)
    tab.close()
    return picture


def refused(browser: Browser, demo: Demo, lot: Told) -> bytes:
    """The office's page after a recall with a reason that nobody can see."""
    tab = context(browser, 360, java_script_enabled=False)
    page = tab.new_page()
    sign_in(page, demo.address, "phong-kinh-te", demo.pins["phong-kinh-te"])
    page.goto(demo.address + "/qt")
    row = page.locator("tr", has_text=lot.number)
    row.locator("summary").click()
    row.locator("input[name=reason]").fill("\u200b")
    row.locator("button.danger").click()
    picture = page.screenshot(full_page=True)
    tab.close()
    return picture


def sheet(folder: Path, names: list[str]) -> None:
    columns = 6
    rows = -(-len(names) // columns)
    whole = Image.new("RGB", (columns * (_CELL + 20), rows * (_TALL + 50)), "#888")
    pen, font = ImageDraw.Draw(whole), ImageFont.truetype(FONT, 20)
    for i, name in enumerate(names):
        picture = Image.open(folder / f"{name}.png").convert("RGB")
        picture = picture.resize((_CELL, round(picture.height * _CELL / picture.width)))
        x, y = i % columns * (_CELL + 20) + 10, i // columns * (_TALL + 50) + 40
        whole.paste(picture.crop((0, 0, _CELL, min(_TALL, picture.height))), (x, y))
        pen.text((x, y - 32), name, fill="white", font=font)
    whole.save(folder / "sheet.png")


if __name__ == "__main__":
    main()
