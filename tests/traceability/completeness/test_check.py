"""Each item of the circular: there, missing, past its date; and what to do about it."""

import tomllib
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotFound
from domain.gs1 import Gln, Gtin, LotNumber
from traceability.completeness import regimes as module
from traceability.completeness.check import Report, Status, check
from traceability.completeness.dossier import Dossier, Fact, Stage, TraceCode
from traceability.completeness.regimes import regime, regimes

TODAY = date(2026, 11, 21)
TT02 = regime("tt02", TODAY)
GTIN, GLN, LOT = Gtin("09520001000010"), Gln("9520001001017"), LotNumber("LO-1")
FULL = Dossier(
    product_name=Fact("Dưa leo", "a"),
    images=(Fact("dua-leo.jpg", "a"),),
    producer_name=Fact("Hộ mẫu 1", "a"),
    producer_address=Fact("Xã mẫu", "a"),
    stages=(Stage("Gieo trồng", GTIN, GLN, TODAY, "a"), Stage("Thu hoạch", GTIN, GLN, TODAY, "b")),
    production_time=Fact("2026-10-01 – 2026-11-20", "a"),
    trace_code=TraceCode(GTIN, GLN, LOT, TODAY, "a"),
    brand=Fact("Nguồn", "a"),
    best_before=Fact("2026-11-30", "a", TODAY),
    standards=(Fact("VietGAP", "a", TODAY),),
)


def statuses(dossier: Dossier, on: date = TODAY) -> dict[str, Status]:
    return {row.item.name: row.status for row in check(dossier, TT02, on).rows}


def test_the_circular_has_ten_items_each_with_its_own_field() -> None:
    assert len(TT02.items) == 10
    needed = [name for item in TT02.items for name in item.needs]
    assert sorted(needed) == sorted(field.name for field in fields(Dossier))
    assert [item.name for item in TT02.items if not item.required] == ["brand", "best-before"]


def test_a_full_dossier_is_complete_with_evidence_for_everything() -> None:
    report = check(FULL, TT02, TODAY)
    assert report.complete
    assert {row.status for row in report.rows} == {Status.PRESENT}
    assert all(row.evidence for row in report.rows)


@pytest.mark.parametrize("field", [field.name for field in fields(Dossier)])
def test_one_thing_absent_is_one_item_missing(field: str) -> None:
    nothing: dict[str, Any] = {field: () if isinstance(getattr(FULL, field), tuple) else None}
    empty = replace(FULL, **nothing)
    report = check(empty, TT02, TODAY)
    (missing,) = [row for row in report.rows if row.status is not Status.PRESENT]
    assert (missing.item.needs, missing.status) == ((field,), Status.MISSING)
    assert report.complete is not missing.item.required
    assert missing.item.mend_vi
    assert missing.item.mend_en


def test_an_empty_dossier_is_all_missing() -> None:
    report = check(Dossier(), TT02, TODAY)
    assert {row.status for row in report.rows} == {Status.MISSING}
    assert not report.complete


@pytest.mark.parametrize("shown", ["", " ", "\u00a0\n"])
def test_a_blank_is_nothing(shown: str) -> None:
    assert statuses(replace(FULL, product_name=Fact(shown, "a")))["product-name"] is Status.MISSING


def test_the_last_day_counts_and_the_day_after_does_not() -> None:
    after = TODAY + timedelta(days=1)
    assert statuses(FULL, TODAY)["best-before"] is Status.PRESENT
    found = statuses(FULL, after)
    assert (found["best-before"], found["standards"]) == (Status.EXPIRED, Status.EXPIRED)
    report = check(replace(FULL, standards=(Fact("TCCS 01", "a"),)), TT02, after)
    assert not report.complete, "an expired date stands in the way although it is asked 'if any'"


def test_one_certificate_in_force_is_enough_and_is_the_one_shown() -> None:
    both = (Fact("VietGAP 2024", "old", date(2025, 1, 1)), Fact("VietGAP 2026", "new"))
    report = check(replace(FULL, standards=both), TT02, TODAY)
    row = next(row for row in report.rows if row.item.name == "standards")
    assert (row.status, [one.shown for one in row.evidence]) == (Status.PRESENT, ["VietGAP 2026"])


@pytest.mark.parametrize("part", ["product_code", "location_code", "day"])
def test_a_stage_without_a_code_or_a_time_is_none(part: str) -> None:
    nothing: dict[str, Any] = {part: None}
    broken = replace(FULL.stages[1], **nothing)
    report = check(replace(FULL, stages=(FULL.stages[0], broken)), TT02, TODAY)
    row = next(row for row in report.rows if row.item.name == "stages")
    assert row.status is Status.MISSING
    assert "?" in row.evidence[1].shown


@pytest.mark.parametrize(
    ("part", "ai"),
    [("product", "(01)"), ("location", "(416)"), ("lot", "(10)"), ("event", "(7007)")],
)
def test_a_trace_code_is_of_four_parts(part: str, ai: str) -> None:
    whole = FULL.trace_code
    assert whole is not None
    assert whole.printed() == "(01)09520001000010(416)9520001001017(10)LO-1(7007)261121"
    nothing: dict[str, Any] = {part: None}
    report = check(replace(FULL, trace_code=replace(whole, **nothing)), TT02, TODAY)
    row = next(row for row in report.rows if row.item.name == "trace-code")
    assert row.status is Status.MISSING
    assert row.evidence[0].shown.endswith(f"lacks {ai}")


def test_a_regime_is_judged_by_what_was_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="not in force on 2024-05-31"):
        regime("tt02", date(2024, 5, 31))
    with pytest.raises(NotFound, match="there is tt02"):
        regime("tt99", TODAY)
    later = replace(TT02, valid_from=date(2027, 1, 1), items=TT02.items[:3])
    monkeypatch.setattr(module, "regimes", lambda: (TT02, later))
    assert regime("tt02", date(2026, 12, 31)) is TT02
    assert regime("tt02", date(2027, 1, 1)) is later


def test_the_table_is_whole_and_names_who_said_so() -> None:
    for one in regimes():
        assert one.source
        assert one.reviewer
        assert len({item.name for item in one.items}) == len(one.items)
    table = tomllib.loads(module._TABLE.read_text("utf-8"))["regime"][0]
    wrong = table["item"][0] | {"needs": ["colour"]}
    with pytest.raises(ValueError, match="product-name needs what no dossier has: colour"):
        module._item(wrong)


facts = st.none() | st.builds(Fact, st.text(max_size=5), st.just("x"), st.none() | st.dates())
several = st.lists(st.builds(Fact, st.text(max_size=5), st.just("x"), st.none() | st.dates())).map(tuple)  # fmt: skip


@given(name=facts, best_before=facts, standards=several, on=st.dates())
def test_a_report_always_has_every_item_and_no_expired_fact_passes(
    name: Fact | None, best_before: Fact | None, standards: tuple[Fact, ...], on: date
) -> None:
    dossier = replace(FULL, product_name=name, best_before=best_before, standards=standards)
    report: Report = check(dossier, TT02, on)
    assert [row.item for row in report.rows] == list(TT02.items)
    found = {row.item.name: row.status for row in report.rows}
    for item, several_facts in (("product-name", (name,)), ("standards", standards)):
        there = [f for f in several_facts if f is not None and f.shown.strip()]
        holds = [f for f in there if f.last_day is None or on <= f.last_day]
        expected = Status.PRESENT if holds else Status.EXPIRED if there else Status.MISSING
        assert found[item] is expected
