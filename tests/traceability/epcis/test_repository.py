"""Events in the records store, on SQLite and PostgreSQL: kept once, found again, told as they came."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Clash, NotFound, TooLarge
from domain.window import HOUR_MS, parse_instant, print_instant
from store.records import Records
from store.records.captures import CaptureJob, NamedQuery
from store.records.event_tables import event as event_table
from store.records.events import Narrowing, Order, Place
from tests.builders import NOON
from tests.traceability.epcis.official import examples
from traceability.epcis import repository
from traceability.epcis.document import events_of, parse
from traceability.epcis.facts import CLASS_FIELDS, EPC_FIELDS
from traceability.epcis.query import parse_query
from traceability.epcis.repository import Page, examine, recheck, search, told
from traceability.epcis.wanted import Prefixes

_numbers = itertools.count()
EPCIS = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


@pytest.fixture(params=["sqlite", "postgres"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'records.db'}"
    else:
        url = request.getfixturevalue("postgres").fresh(f"events{next(_numbers)}")
    store = Records(url)
    store.migrate()
    yield store
    store.close()


def event(at: int, **fields: Any) -> dict[str, Any]:
    return {"type": "ObjectEvent", "eventTime": print_instant(NOON + at * HOUR_MS), "eventTimeZoneOffset": "+00:00", "action": "OBSERVE",
            "epcList": [f"urn:epc:id:sgtin:0614141.107346.{at}"], **fields}  # fmt: skip


def keep(records: Records, *events: dict[str, Any], now_ms: int = NOON) -> list[bool]:
    document = {"@context": [EPCIS, {"ex": "https://ns.example.com/epcis/"}], "type": "EPCISDocument", "schemaVersion": "2.0",
                "creationDate": "2026-11-21T00:00:00Z", "epcisBody": {"eventList": list(events)}}  # fmt: skip
    capture = examine(events_of(document), now_ms)
    assert capture.faults == ()
    with records.transaction() as transaction:
        return transaction.events.add(capture.events)


def ask(records: Records, limit: int = 100, **asked: Any) -> list[dict[str, Any]]:
    with records.reading() as transaction:
        page = search(transaction, parse_query(asked, Prefixes()), None, limit, serials=True)
    return [each.event for each in page.events]


def test_every_published_example_comes_back_equal(shared: Path, records: Records) -> None:
    """Equal but for what a repository adds: recordTime, and an eventID where there was none."""
    for path in examples(shared):
        document = parse(path.read_bytes())
        found = events_of(document)
        capture = examine(found, NOON)
        assert capture.faults == (), path.name
        with records.transaction() as transaction:
            for each, new in zip(found, capture.events, strict=True):
                transaction.events.add([new])
                (kept,) = transaction.events.named(new.event_id)
                answer = told(kept)
                assert answer.context == document["@context"]
                assert answer.event.pop("recordTime") == print_instant(NOON)
                if "eventID" not in each.event:
                    assert answer.event.pop("eventID").startswith("ni:///sha-256;")
                assert answer.event == each.event, path.name


def test_the_same_event_is_kept_once_and_an_error_declaration_beside_it(records: Records) -> None:
    first = event(1, eventID="urn:uuid:1")
    declared = first | {
        "errorDeclaration": {"declarationTime": "2026-11-22T00:00:00Z", "reason": "did_not_occur"}
    }
    again = {
        **dict(reversed(first.items())),
        "epcList": ["https://id.gs1.org/01/10614141073464/21/1"],
    }
    assert keep(records, first, first, again, declared, declared) == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert keep(records, first, now_ms=NOON + 1) == [False]
    with records.reading() as transaction:
        assert transaction.events.count() == 2
        kept = transaction.events.named("urn:uuid:1")
        assert transaction.events.named(kept[0].hash_id) == kept
        assert [each.record_ms for each in kept] == [NOON, NOON]
        assert ["errorDeclaration" in told(each).event for each in kept] == [False, True]
    assert len(ask(records, EXISTS_errorDeclaration="true")) == 1


def test_one_content_under_two_ids_and_one_id_with_two_contents(records: Records) -> None:
    """What others cite stays findable; GS1's own examples 13 and 17 share an eventID."""
    assert (
        keep(
            records,
            event(1, eventID="urn:uuid:1"),
            event(1, eventID="urn:uuid:2"),
            event(2, eventID="urn:uuid:2"),
        )
        == [True] * 3
    )
    with records.reading() as transaction:
        assert len(transaction.events.named("urn:uuid:2")) == 2
        assert transaction.events.named("urn:uuid:3") == []


def test_what_others_say_of_recording_is_ignored(records: Records) -> None:
    keep(records, event(1, recordTime="1999-01-01T00:00:00Z"))
    (found,) = ask(records, GE_recordTime=print_instant(NOON))
    assert found["recordTime"] == print_instant(NOON)
    assert ask(records, LT_recordTime=print_instant(NOON)) == []


QUESTIONS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [0, 1, 2, 3]),
    ({"EQ_bizStep": "shipping"}, [1]),
    ({"EQ_bizStep": ["shipping", "https://ns.example.com/epcis/Grafting"]}, [1, 2]),
    ({"EQ_action": "ADD"}, [2]),
    ({"EQ_disposition": "in_transit"}, [1]),
    ({"eventType": "AggregationEvent"}, [3]),
    ({"GE_eventTime": print_instant(NOON + HOUR_MS), "LT_eventTime": print_instant(NOON + 3 * HOUR_MS)}, [1, 2]),
    ({"GE_eventTime": print_instant(NOON + HOUR_MS), "EQ_bizStep": "shipping"}, [1]),
    ({"MATCH_epc": "https://id.gs1.org/01/10614141073464/21/1"}, [1]),
    ({"MATCH_anyEPC": ["urn:epc:id:sgtin:0614141.107346.1", "urn:epc:id:sscc:4012345.0000000333"]}, [1, 3]),
    ({"MATCH_epc": "urn:epc:idpat:sgtin:0614141.107346.*"}, [0, 1, 2, 3]),
    ({"MATCH_parentID": "https://id.gs1.org/00/040123450000003338"}, [3]),
    ({"MATCH_epcClass": "https://id.gs1.org/01/04012345123456/10/998877"}, [2]),
    ({"EQ_readPoint": "https://id.gs1.org/414/4012345000115/254/9"}, [2]),
    ({"WD_readPoint": "https://id.gs1.org/414/4012345000115"}, [2]),
    ({"EQ_bizLocation": "urn:epc:id:sgln:4012345.00011.0"}, [2]),
    ({"EQ_eventID": "urn:uuid:1"}, [1]),
    ({"EQ_deviceID": "urn:epc:id:giai:4000001.111"}, [0]),
    ({"EQ_type": "Temperature", "GE_value_KEL": 299}, [0]),
    ({"EQ_type": "Temperature", "GE_value_KEL": 300}, []),
    ({"EQ_ex:note": "x"}, [2]),
    ({"EQ_errorReason": "incorrect_data"}, []),
    ({"orderBy": "eventTime"}, [3, 2, 1, 0]),
    ({"orderBy": "eventTime", "orderDirection": "ASC"}, [0, 1, 2, 3]),
    ({"orderBy": "recordTime", "EQ_bizStep": "shipping"}, [1]),
]  # fmt: skip


def filled(records: Records) -> None:
    report = {
        "type": "Temperature",
        "value": 26,
        "uom": "CEL",
        "deviceID": "urn:epc:id:giai:4000001.111",
    }
    aggregation = event(3, type="AggregationEvent", parentID="urn:epc:id:sscc:4012345.0000000333")
    aggregation["childEPCs"] = aggregation.pop("epcList")
    keep(
        records,
        event(0, sensorElementList=[{"sensorReport": [report]}]),
        event(1, eventID="urn:uuid:1", bizStep="cbv:BizStep-shipping", disposition="in_transit"),
        event(2, action="ADD", bizStep="https://ns.example.com/epcis/Grafting", quantityList=[{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877"}],
              readPoint={"id": "urn:epc:id:sgln:4012345.00011.9"}, bizLocation={"id": "urn:epc:id:sgln:4012345.00011.0"}, **{"ex:note": "x"}),
        aggregation,
    )  # fmt: skip


def test_questions_find_what_they_ask_for(records: Records) -> None:
    filled(records)
    prefixes = Prefixes({"ex": "https://ns.example.com/epcis/"})
    for asked, hours in QUESTIONS:
        with records.reading() as transaction:
            page = search(transaction, parse_query(asked, prefixes), None, 100, serials=True)
        found = [(parse_instant(each.event["eventTime"]) - NOON) // HOUR_MS for each in page.events]
        assert found == hours, asked


@pytest.mark.parametrize(
    "order", [{}, {"orderBy": "eventTime"}, {"orderBy": "recordTime", "orderDirection": "ASC"}]
)
def test_pages_are_the_whole_cut_into_pieces(
    order: dict[str, str], records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now in range(4):
        keep(
            records,
            *(
                event(hour, bizStep="shipping" if hour % 3 else "receiving")
                for hour in range(now * 5, now * 5 + 5)
            ),
            now_ms=NOON + now,
        )
    query = parse_query({**order, "EQ_bizStep": "shipping"}, Prefixes())
    whole = ask(records, 100, **order, EQ_bizStep="shipping")
    assert len(whole) == 13
    monkeypatch.setattr(repository, "_BATCH", 3)
    for most in (2, 10_000):
        monkeypatch.setattr(repository, "MOST_LOOKED_AT", most)
        pages: list[Page] = []
        after: Place | None = None
        while not pages or after is not None:
            with records.reading() as transaction:
                pages.append(search(transaction, query, after, 4, serials=True))
            after = pages[-1].next
            assert len(pages) < 30
        assert [each.event for page in pages for each in page.events] == whole
        assert max(len(page.events) for page in pages) <= 4
        if most > 20:
            assert [len(page.events) for page in pages] == [4, 4, 4, 1]


def test_a_page_is_cut_before_it_grows_too_heavy(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(records, *(event(hour, **{"ex:note": "x" * 1_000}) for hour in range(5)))
    monkeypatch.setattr(repository, "MOST_BYTES", 3_000)
    after: Place | None = None
    sizes: list[int] = []
    while not sizes or after is not None:
        with records.reading() as transaction:
            page = search(transaction, parse_query({}, Prefixes()), after, 100, serials=True)
        sizes.append(len(page.events))
        after = page.next
    assert sizes == [2, 2, 1]
    monkeypatch.setattr(repository, "MOST_BYTES", 1)
    with records.reading() as transaction:
        assert (
            len(search(transaction, parse_query({}, Prefixes()), None, 100, serials=True).events)
            == 1
        )


def test_more_than_was_wanted_is_an_error(records: Records) -> None:
    filled(records)
    assert len(ask(records, maxEventCount=4)) == 4
    with pytest.raises(TooLarge):
        ask(records, maxEventCount=3)


@pytest.mark.parametrize(("change", "told_of"), [
    ({"body": b'{"type":"ObjectEvent"}'}, "no event any more"), ({"body": b"["}, "no event any more"),
    ({"hash_id": "ni:///sha-256;0?ver=CBV2.0"}, "hash_id"), ({"event_ms": 1}, "event_ms"), ({"event_id": "urn:uuid:9"}, "event_id"),
])  # fmt: skip
def test_what_was_tampered_with_is_found(
    change: dict[str, Any], told_of: str, records: Records
) -> None:
    filled(records)
    with records.transaction() as transaction:
        assert list(recheck(transaction)) == []
        transaction.connection.execute(
            event_table.update().where(event_table.c.number == 2).values(change)
        )
        found = list(recheck(transaction))
    assert found
    assert all(sentence.startswith("event 2") and told_of in sentence for sentence in found)


def test_collections_list_what_there_is(records: Records) -> None:
    filled(records)
    with records.reading() as transaction:
        events = transaction.events
        assert events.values("eventTypes", "", 9) == ["AggregationEvent", "ObjectEvent"]
        assert events.values("eventTypes", "AggregationEvent", 9) == ["ObjectEvent"]
        assert set(events.values("bizSteps", "", 9)) == {
            "shipping",
            "https://ns.example.com/epcis/Grafting",
        }
        assert events.values("dispositions", "", 9) == ["in_transit"]
        assert events.values("readPoints", "", 9) == ["https://id.gs1.org/414/4012345000115/254/9"]
        assert events.values("bizLocations", "", 9) == ["https://id.gs1.org/414/4012345000115"]
        epcs = events.uris(frozenset(EPC_FIELDS), "", 9, unserialised=False)
        assert len(epcs) == 5
        assert events.uris(frozenset(EPC_FIELDS), epcs[1], 2, unserialised=False) == epcs[2:4]
        assert events.uris(frozenset(CLASS_FIELDS), "", 9, unserialised=False) == [
            "https://id.gs1.org/01/04012345123456/10/998877"
        ]


def test_a_capture_that_fails_leaves_nothing(records: Records) -> None:
    (new,) = examine(events_of({"@context": EPCIS, **event(1)}), NOON).events
    with pytest.raises(RuntimeError), records.transaction() as transaction:
        transaction.events.add([new])
        raise RuntimeError
    with records.reading() as transaction:
        assert transaction.events.select(Narrowing(), Order(), None, 9) == []


def test_examining_tells_every_event_that_cannot_be_kept() -> None:
    document = {"@context": EPCIS, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-21T00:00:00Z",
                "epcisBody": {"eventList": [event(1), event(2, action="LOOK"), event(3, **{"ex:big": 2**60}), event(4)]}}  # fmt: skip
    capture = examine(events_of(json.loads(json.dumps(document))), NOON)
    assert len(capture.events) == 2
    assert [fault.field for fault in capture.faults] == ["eventList[1].action", "eventList[2]"]


def test_jobs_and_named_queries(records: Records) -> None:
    jobs = [
        CaptureJob(f"job-{n}", "office", "rollback", NOON + n // 2, NOON + n, "[]")
        for n in range(5)
    ]
    with records.transaction() as transaction:
        captures = transaction.captures
        for job in jobs:
            captures.add_job(job)
        assert captures.job("job-3") == jobs[3]
        newest = captures.jobs("", 9)
        assert [job.id for job in newest] == ["job-4", "job-3", "job-2", "job-1", "job-0"]
        assert captures.jobs("job-3", 2) == newest[2:4]
        captures.add_query(NamedQuery("b", "{}", "office", NOON))
        captures.add_query(NamedQuery("a", '{"EQ_action":["ADD"]}', "office", NOON))
        assert [query.name for query in captures.queries("", 9)] == ["a", "b"]
        assert [query.name for query in captures.queries("a", 9)] == ["b"]
        captures.remove_query("b")
        for missing in (
            lambda: captures.job("x"),
            lambda: captures.query("b"),
            lambda: captures.remove_query("b"),
            lambda: captures.jobs("x", 1),
        ):
            with pytest.raises(NotFound):
                missing()
        with pytest.raises(Clash):
            captures.add_query(NamedQuery("a", "{}", "office", NOON))
