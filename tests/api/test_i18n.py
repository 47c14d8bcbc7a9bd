"""A grower must never meet English."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api import i18n

API = Path(__file__).parent.parent.parent / "api"
OPTIONS = {"**.html": {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true"}}
METHODS = [("**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "text": (2,), "N_": None}


def used() -> set[object]:
    found = extract_from_dir(API, METHODS, OPTIONS, KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found}


def test_every_text_has_its_vietnamese_and_none_is_left_over() -> None:
    with (API / "locale" / "vi.po").open("rb") as file:
        catalogue = read_po(file, "vi")
    known = {message.id: message for message in catalogue if message.id}
    assert used() - set(known) == set()
    assert set(known) - used() == set()
    for message in known.values():
        texts = [message.string] if isinstance(message.string, str) else message.string or [""]
        assert all(texts), message.id
        assert not message.fuzzy


def test_variables_survive_translation() -> None:
    with (API / "locale" / "vi.po").open("rb") as file:
        catalogue = read_po(file, "vi")
    for message in catalogue:
        source = message.id if isinstance(message.id, str) else message.id[0]
        target = message.string if isinstance(message.string, str) else (message.string or [""])[0]
        names = re.compile(r"%\((\w+)\)s")
        assert set(names.findall(source)) == set(names.findall(target)), source


def test_no_template_asks_for_anything_from_elsewhere() -> None:
    for path in API.rglob("*.html"):
        assert not re.search(r"https?://", path.read_text()), path


def test_a_moment_says_by_which_clock() -> None:
    noon = 1_795_237_200_000  # 2026-11-21T05:00:00Z
    said = {zone: i18n.moment(noon, ZoneInfo(zone), "vi") for zone in
            ("Asia/Ho_Chi_Minh", "Asia/Kolkata", "America/New_York", "UTC")}  # fmt: skip
    assert said == {
        "Asia/Ho_Chi_Minh": "12:00 21/11/2026 (UTC+7)",
        "Asia/Kolkata": "10:30 21/11/2026 (UTC+5:30)",
        "America/New_York": "00:00 21/11/2026 (UTC-5)",
        "UTC": "05:00 21/11/2026 (UTC)",
    }
