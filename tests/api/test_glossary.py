"""One thing has one Vietnamese word: the texts of the pages are held to docs/glossary.md."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from traceability.bundling import readme

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Term:
    """A row: the English word, its Vietnamese ones, and those that it never has."""

    english: str
    vietnamese: tuple[str, ...]
    never: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        return re.search(rf"\b{self.english}(s|es|ed|n|ned)?\b", text, re.IGNORECASE) is not None


def said(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){word}(?!\w)", text, re.IGNORECASE) is not None


def terms() -> list[Term]:
    page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| ")
    ]
    return [
        Term(english, tuple(vietnamese.split(", ")), tuple(never.split(", ")))
        for english, vietnamese, never, _ in rows[2:]
    ]


def texts() -> list[tuple[str, str]]:
    """Every text of the pages with its translation, without names of values and addresses."""
    with (ROOT / "api" / "locale" / "vi.po").open("rb") as file:
        catalogue = read_po(file, "vi")
    found = []
    for message in catalogue:
        english, vietnamese = message.id, message.string
        if english:
            found.append((plain(english), plain(vietnamese or "")))
    return found


def plain(forms: str | Sequence[str]) -> str:
    text = forms if isinstance(forms, str) else " / ".join(forms)
    return re.sub(r"%\(\w+\)s|<[^>]*>", "…", text)


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.english)
def test_a_thing_is_called_by_its_word_and_no_other(term: Term) -> None:
    concerned = [(english, vietnamese) for english, vietnamese in texts() if term.is_in(english)]
    assert concerned, "no text speaks of it: a row that holds nothing"
    for english, vietnamese in concerned:
        assert any(said(word, vietnamese) for word in term.vietnamese), (english, vietnamese)
        allowed = {w for other in terms() if other.is_in(english) for w in other.vietnamese}
        for word in set(term.never) - allowed:
            assert not said(word, vietnamese), (english, vietnamese)


def test_two_things_do_not_share_a_word() -> None:
    words = [word for term in terms() for word in term.vietnamese]
    assert len(words) == len(set(words))
    assert len(terms()) > 20


def test_what_lies_in_a_proof_speaks_like_the_pages() -> None:
    text = readme("https://nguon.example")
    for english in ("passport", "log", "proof", "key"):
        term = next(one for one in terms() if one.english == english)
        assert term.is_in(text)
        assert any(said(word, text) for word in term.vietnamese)
        assert not any(said(word, text) for word in term.never)


def test_vietnamese_is_composed() -> None:
    for _, vietnamese in texts():
        assert unicodedata.is_normalized("NFC", vietnamese), vietnamese
