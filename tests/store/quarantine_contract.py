"""The contract of the `Series` port for what was refused: kept whole, counted, mended.

Imported by ``test_series.py``, as the rest of the contract is.
"""

from dataclasses import replace

from domain.reading import Delivery, Refusal
from store.series import Series
from tests.builders import NOON, delivery


def test_refusals_are_kept_with_their_bytes_and_counted_once(series: Series) -> None:
    refused = Delivery(
        "nguon/v1/x/up", b"\x00\xff", NOON, None, (), (Refusal("undecodable", "why"),)
    )
    series.append([refused], NOON)
    series.append([refused], NOON + 1)
    (kept,) = series.quarantined(10)
    assert (kept.topic, kept.payload, kept.reason, kept.seen) == (
        "nguon/v1/x/up",
        b"\x00\xff",
        "undecodable",
        2,
    )


def test_a_hostile_topic_and_detail_are_kept(series: Series) -> None:
    nasty = "a\0b\ud800\N{SNOWMAN}'; DROP TABLE reading"
    refusals = (Refusal("wrong-topic", nasty, nasty), Refusal("wrong-topic", nasty))
    series.append([Delivery(nasty, b"", NOON, None, (), refusals)], NOON)
    assert [row.payload for row in series.quarantined(10)] == [b"", b""]


def test_quarantine_is_listed_by_reason(series: Series) -> None:
    for number, reason in enumerate(["undecodable", "unknown-device", "undecodable"]):
        refused = delivery(refusals=(Refusal(reason, f"{number}", f"{number}"),))
        series.append([replace(refused, received_ms=NOON + number)], NOON)
    assert series.quarantined_by_reason() == {"undecodable": 2, "unknown-device": 1}
    assert [e.reason for e in series.quarantined(9, reason="undecodable")] == ["undecodable"] * 2
    first, second, third = series.quarantined_numbers()
    assert series.quarantined_numbers("unknown-device") == [second]
    assert [e.id for e in series.quarantined(2)] == [third, second]
    series.mend(first, NOON)
    assert series.quarantined_by_reason() == {"undecodable": 1, "unknown-device": 1}
    assert series.quarantined_by_reason(mended=True)["undecodable"] == 2
    assert series.quarantined_numbers() == [second, third]


def test_a_mended_entry_leaves_the_list_and_keeps_its_bytes(series: Series) -> None:
    refused = delivery(refusals=(Refusal("unknown-channel", "x", "sap"),))
    series.append([refused], NOON)
    (entry,) = series.quarantined(10)
    assert series.quarantined_entry(entry.id) == entry
    assert series.quarantined_entry(entry.id + 1) is None
    series.mend(entry.id, NOON + 5)
    assert series.quarantined(10) == []
    assert series.tally().quarantined == 0
    (kept,) = series.quarantined(10, mended=True)
    assert (kept.payload, kept.mended_ms) == (b"raw", NOON + 5)
    series.append([refused], NOON + 9)
    (again,) = series.quarantined(10)
    assert (again.id, again.seen, again.mended_ms) == (entry.id, 2, None)
