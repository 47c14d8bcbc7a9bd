"""The table of what a resolver leads to. Whatever is built next gets a row here, and no more.

Kinds are those of the GS1 Web vocabulary (https://ref.gs1.org/voc/, version 1.17); a row
stands here only when what it leads to answers today.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from api.i18n import LANGUAGES
from api.resolver.asked import HTML, JSON
from api.wording import N_


@dataclass(frozen=True, slots=True)
class Row:
    """A link of every thing of a level; ``href`` has the level's names in braces.

    ``title`` is translated where it is shown. ``only_with`` names what must be there.
    """

    level: str
    kind: str
    href: str
    title: str
    media: str
    only_with: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A link of one thing: kind, path on this service, title to translate, type, languages."""

    kind: str
    href: str
    title: str
    media: str
    languages: tuple[str, ...]


DEFAULT = "defaultLink"
CREDENTIAL, ZIP, LD_JSON = "application/vc+jwt", "application/zip", "application/ld+json"
_CHECK = N_("What a passport proves, and how to check it")
ROWS = (
    Row("lot", "pip", "{page}", N_("What is known of this lot"), HTML),
    Row("lot", "traceability", "{page}", N_("Where it grew and under what conditions"), HTML),
    Row("lot", "traceability", "{data}", N_("The lot's state for machines"), JSON),
    Row("lot", "recallStatus", "{page}", N_("Whether the lot is recalled"), HTML),
    Row("lot", "recallStatus", "{data}", N_("The lot's state for machines"), JSON),
    Row("lot", "dpp", "{data}/passport", N_("Signed passport of the lot"), JSON, "passport"),
    Row("lot", "dpp", "{data}/credential", N_("The passport as a verifiable credential"),
        CREDENTIAL, "proof"),
    Row("lot", "dpp", "{data}/proof", N_("The passport with its proof, to check offline"),
        ZIP, "proof"),
    Row("lot", "epcis", "{data}/events", N_("What happened to the lot, as EPCIS events"), LD_JSON),
    Row("lot", "certificationInfo", "{page}#chung-nhan", N_("Certificates it was grown under"),
        HTML, "certificates"),
    Row("lot", "verificationService", "/kiem-chung", _CHECK, HTML),
    Row("lot", "verificationService", "/.well-known/nguon-keys.json",
        N_("Public keys that passports are checked with"), JSON),
    Row("product", "pip", "{page}", N_("What the product is"), HTML),
    Row("product", "verificationService", "/kiem-chung", _CHECK, HTML),
    Row("logistic", "pip", "{page}", N_("What is in this logistic unit"), HTML),
    Row("logistic", "traceability", "{page}", N_("What is in this logistic unit"), HTML),
    Row("logistic", "traceability", "{data}", N_("The unit's contents for machines"), JSON),
    Row("logistic", "recallStatus", "{page}", N_("Whether something in it is recalled"), HTML),
    Row("logistic", "recallStatus", "{data}", N_("The unit's contents for machines"), JSON),
    Row("logistic", "epcis", "{events}", N_("What happened to the unit, as EPCIS events"), JSON),
    Row("place", "locationInfo", "{page}", N_("Where this place is, and who grows there"), HTML),
    Row("party", "masterData", "{page}", N_("Who this is, where they grow and what"), HTML),
    Row("device", "masterData", "{page}", N_("What this device measures, and where it stood"),
        HTML),
    Row("device", "verificationService", "/kiem-chung", _CHECK, HTML),
)  # fmt: skip


def targets(level: str, paths: Mapping[str, str], there: frozenset[str]) -> tuple[Target, ...]:
    """Return the links of a thing; ``paths`` fill the rows, ``there`` is what it has."""
    return tuple(
        Target(
            kind=row.kind,
            href=row.href.format_map(paths),
            title=row.title,
            media=row.media,
            languages=tuple(LANGUAGES) if row.media == HTML else (),
        )
        for row in ROWS
        if row.level == level and (not row.only_with or row.only_with in there)
    )
