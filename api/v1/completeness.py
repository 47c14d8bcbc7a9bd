"""The answer that tells a grower what a lot still lacks; separate from the nouns inside."""

from datetime import date

from pydantic import BaseModel

from traceability.completeness.check import Report, Row


class EvidenceAnswer(BaseModel):
    """What speaks for an item, as it would be shown, and where it was found."""

    shown: str
    found_in: str


class ItemAnswer(BaseModel):
    """An item asked: present, missing or expired; ``mend`` only where there is something to do."""

    name: str
    title_vi: str
    title_en: str
    required: bool
    status: str
    evidence: list[EvidenceAnswer]
    mend_vi: str | None
    mend_en: str | None

    @classmethod
    def of(cls, row: Row) -> "ItemAnswer":
        """Return the answer for a row of a report."""
        open_point = row.status.value != "present"
        return cls(
            name=row.item.name,
            title_vi=row.item.title_vi,
            title_en=row.item.title_en,
            required=row.item.required,
            status=row.status.value,
            evidence=[EvidenceAnswer(shown=e.shown, found_in=e.found_in) for e in row.evidence],
            mend_vi=row.item.mend_vi if open_point else None,
            mend_en=row.item.mend_en if open_point else None,
        )


class CompletenessAnswer(BaseModel):
    """What a regime, as in force on a day, finds of a lot."""

    regime: str
    title_vi: str
    title_en: str
    valid_from: date
    source: str
    checked_on: date
    complete: bool
    items: list[ItemAnswer]

    @classmethod
    def of(cls, report: Report) -> "CompletenessAnswer":
        """Return the answer for a report."""
        return cls(
            regime=report.regime.name,
            title_vi=report.regime.title_vi,
            title_en=report.regime.title_en,
            valid_from=report.regime.valid_from,
            source=report.regime.source,
            checked_on=report.on,
            complete=report.complete,
            items=[ItemAnswer.of(row) for row in report.rows],
        )
