"""Certificates: written down once, logged at once, judged by the day of the harvest."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.certificate import Certificate, Withdrawal
from domain.errors import Clash, InvalidInput, NotFound, Refused, VerificationFailed
from domain.ids import AreaCode, CertificateId, PlotId, ProducerId
from domain.plot import Crop, Producer
from tests.services.postgres import Postgres
from tests.traceability.vector_stage import Stage
from tests.traceability.world import HARVESTED, NOON, PLOT, TODAY, World
from traceability.certificates import ending_soon, of_lot, withdraw, write
from traceability.completeness.check import Status, check
from traceability.completeness.gather import dossier_of
from traceability.completeness.regimes import regime
from traceability.dossier import require_lot
from traceability.envelope import Envelope
from traceability.lineage.graph import key_of
from traceability.log.entry import CERTIFICATE, WITHDRAWAL, decode
from traceability.log.reader import LogReader
from traceability.passport import issue
from traceability.verify_bundle import verify_bundle
from traceability.verify_log import verify_log

ONE = Certificate(
    CertificateId("vg-1"), ProducerId("ho-1"), "vietgap", "VG-2026-0417", "Trung tâm Chứng nhận mẫu",
    HARVESTED - timedelta(days=300), HARVESTED + timedelta(days=400), (), (), None, "office", NOON,
)  # fmt: skip


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """On SQLite; on PostgreSQL where a test asks for it."""
    url = None
    if getattr(request, "param", "") == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.fresh("certificates" + secrets.token_hex(4))
    made = World(tmp_path, url=url)
    yield made
    made.close()


both = pytest.mark.parametrize("world", ["sqlite", "postgres"], indirect=True)


def written(world: World, one: Certificate) -> bool:
    with world.records.transaction() as transaction:
        return write(transaction, one)


def taken(world: World, since: date, reason: str = "đánh giá không đạt") -> None:
    with world.records.transaction() as transaction:
        withdraw(transaction, Withdrawal(ONE.id, since, reason, "office", NOON + 1))


def rows(world: World, now_ms: int = NOON) -> list[dict[str, Any]]:
    """What the passport of LO-1, issued now, says of certificates."""
    with world.records.reading() as transaction:
        lot = transaction.lots.lots()[0]
    envelope = Envelope.decode(issue(world.issuer, lot, now_ms).envelope)
    found: list[dict[str, Any]] = json.loads(envelope.payload)["certificates"]
    return found


def opened(world: World) -> None:
    world.harvest()
    with world.records.transaction() as transaction:
        world.open(transaction)


def test_a_passport_names_it_beside_its_digest_and_the_log_has_that(world: World) -> None:
    assert written(world, ONE)
    opened(world)
    (row,) = rows(world)
    assert (row["standard"], row["number"]) == ("vietgap", "VG-2026-0417")
    assert "ho-1" not in json.dumps(row), "whose it is stands behind the digest"
    with world.records.reading() as transaction:
        (entry,) = transaction.log.of_kind(CERTIFICATE)
    assert entry.number == row["logged"]
    assert decode(entry.entry).body["digest"] == row["digest"]
    assert b"VG-2026" not in entry.entry


@both
def test_the_same_again_changes_nothing_and_another_is_refused(world: World) -> None:
    assert written(world, ONE)
    assert not written(world, replace(ONE, number=" VG-2026-0417 ", recorded_ms=NOON + 5))
    with pytest.raises(Clash):
        written(world, replace(ONE, number="VG-2"))
    with world.records.reading() as transaction:
        assert transaction.papers.find(ONE.id) == ONE
        assert len(list(transaction.log.of_kind(CERTIFICATE))) == 1


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"number": " \u200b"}, InvalidInput, "number"),
        ({"number": "x" * 61}, InvalidInput, "at most 60"),
        ({"certifier": "a\u202eb"}, InvalidInput, "control"),
        ({"standard": "iso"}, InvalidInput, "no standard 'iso'; there is vietgap"),
        ({"valid_to": ONE.valid_from - timedelta(days=1)}, InvalidInput, "ends after it begins"),
        ({"valid_to": ONE.valid_from + timedelta(days=8_000)}, InvalidInput, "within 20 years"),
        ({"valid_from": date(2016, 12, 31)}, InvalidInput, "is from 2017-01-01"),
        ({"producer": ProducerId("nobody")}, NotFound, "no producer"),
        ({"plots": (PlotId("nowhere"),)}, NotFound, "no plot"),
        ({"crops": ("moon",)}, NotFound, "no crop"),
        ({"paper": "0" * 64}, NotFound, "no file"),
    ],
)
def test_what_is_no_certificate_is_not_kept(
    world: World, change: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        written(world, replace(ONE, **change))
    with world.records.reading() as transaction:
        assert transaction.papers.certificates() == []
        assert list(transaction.log.of_kind(CERTIFICATE)) == []


def test_a_plot_of_somebody_else_is_refused(world: World) -> None:
    with world.records.transaction() as transaction:
        other = Producer(ProducerId("ho-9"), "Hộ chín", AreaCode("xa-mau"), None)
        transaction.places.add_producer(other)
    with pytest.raises(Refused) as caught:
        written(world, replace(ONE, producer=other.id, plots=(PLOT,)))
    assert caught.value.rule == "plot-holder"


@pytest.mark.parametrize(
    ("first", "last", "counts"),
    [(-300, 0, True), (0, 9, True), (-300, -1, False), (1, 300, False), (0, 0, True)],
)
def test_the_day_of_harvest_decides_both_ends_in(
    world: World, first: int, last: int, *, counts: bool
) -> None:
    days = [HARVESTED + timedelta(days=n) for n in (first, last)]
    written(world, replace(ONE, valid_from=days[0], valid_to=days[1]))
    opened(world)
    assert bool(rows(world)) is counts


@pytest.mark.parametrize(("since", "counts"), [(0, False), (-5, False), (1, True)])
def test_a_withdrawal_counts_from_its_day_on(world: World, since: int, *, counts: bool) -> None:
    written(world, ONE)
    taken(world, HARVESTED + timedelta(days=since))
    opened(world)
    assert bool(rows(world, NOON + 2)) is counts
    with world.records.reading() as transaction:
        (entry,) = transaction.log.of_kind(WITHDRAWAL)
        (logged,) = transaction.log.of_kind(CERTIFICATE)
    assert decode(entry.entry).body["certificate"] == decode(logged.entry).body["digest"]


def test_a_withdrawal_twice_late_or_without_reason(world: World) -> None:
    with pytest.raises(NotFound):
        taken(world, HARVESTED)
    written(world, ONE)
    with pytest.raises(InvalidInput, match="why"):
        taken(world, HARVESTED, " ")
    with pytest.raises(InvalidInput, match="it held from"):
        taken(world, ONE.valid_to + timedelta(days=1))
    taken(world, HARVESTED)
    taken(world, HARVESTED)
    with pytest.raises(Clash):
        taken(world, HARVESTED, "lý do khác")
    with world.records.reading() as transaction:
        assert len(list(transaction.log.of_kind(WITHDRAWAL))) == 1


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"plots": (PLOT,)}, True),
        ({"crops": ("cucumber",)}, True),
        ({"plots": (PLOT,), "crops": ("rubber",)}, False),
    ],
)
def test_it_counts_for_its_plots_and_crops_alone(
    world: World, change: dict[str, Any], *, counts: bool
) -> None:
    with world.records.transaction() as transaction:
        transaction.places.add_crop(Crop("rubber", "Cao su", "Rubber"))
    written(world, replace(ONE, **change))
    opened(world)
    assert bool(rows(world)) is counts


def test_the_circular_sees_it_in_force_or_past_its_date(world: World) -> None:
    opened(world)

    def standards() -> Status:
        with world.records.reading() as transaction:
            found = dossier_of(transaction, transaction.lots.lots()[0], TODAY)
        report = check(found, regime("tt02", TODAY), TODAY)
        return next(row.status for row in report.rows if row.item.name == "standards")

    assert standards() is Status.MISSING
    after = replace(ONE, id=CertificateId("vg-3"), valid_from=HARVESTED + timedelta(days=1))
    written(world, after)
    assert standards() is Status.MISSING, "given only after it was picked"
    old = replace(ONE, id=CertificateId("vg-0"), valid_to=HARVESTED - timedelta(days=1))
    written(world, old)
    assert standards() is Status.EXPIRED
    written(world, replace(ONE, valid_to=HARVESTED))
    assert standards() is Status.PRESENT, "it ended since, and this lot was grown under it"
    taken(world, HARVESTED)
    assert standards() is Status.EXPIRED


def test_those_that_end_soon_and_are_not_renewed_are_told(world: World) -> None:
    written(world, replace(ONE, valid_to=TODAY + timedelta(days=60)))

    def told(today: date) -> list[str]:
        with world.records.reading() as transaction:
            return [one.id for one in ending_soon(transaction, today)]

    assert told(TODAY) == ["vg-1"]
    assert told(TODAY - timedelta(days=1)) == []
    assert told(TODAY + timedelta(days=61)) == []
    written(world, replace(ONE, id=CertificateId("vg-2"), valid_to=TODAY + timedelta(days=700)))
    assert told(TODAY) == []


@both
def test_the_log_shows_each_certificate_and_a_withdrawal_since(world: World) -> None:
    written(world, ONE)
    world.measure()
    opened(world)
    with world.records.reading() as transaction:
        lot = transaction.lots.lots()[0]
    raw = world.proof(issue(world.issuer, lot, NOON))
    taken(world, HARVESTED)
    world.proof(issue(world.issuer, lot, NOON + 2))  # publishes the log
    proven = verify_bundle(raw, world.trust())
    policy = world.trust().log
    assert policy is not None

    def fetch(path: str, most: int) -> bytes:
        return (world.files.root / path).read_bytes()[:most]

    seen = verify_log(raw, proven, LogReader(fetch, policy))
    assert seen.certificates == 1
    assert seen.withdrawn == (("VG-2026-0417", HARVESTED.isoformat()),)
    wrong = {
        **proven.document,
        "certificates": [{**proven.document["certificates"][0], "digest": "0"}],
    }
    with pytest.raises(VerificationFailed, match="certificate VG-2026-0417") as caught:
        verify_log(raw, replace(proven, document=wrong), LogReader(fetch, policy))
    assert caught.value.step == "log"


def test_a_lot_without_one_has_an_empty_list(world: World) -> None:
    opened(world)
    assert rows(world) == []
    with world.records.reading() as transaction:
        lot = require_lot(transaction, *key_of(transaction.lots.lots()[0]))
        assert of_lot(transaction, lot) == []


@pytest.mark.parametrize(
    "rows",
    [
        [{"number": "x", "from": "2026-01-01", "until": "2026-11-19"}],
        [{"number": "x", "from": "2026-11-21", "until": "2027-11-19"}],
        [{"number": "x", "from": "yesterday", "until": "2027-11-19"}],
        [{"from": "2026-01-01", "until": "2027-11-19"}],
        ["x"],
        None,
        7,
    ],
)
def test_a_passport_that_lies_about_one_fails_by_name(tmp_path: Path, rows: object) -> None:
    stage = Stage(tmp_path / "stage")
    lie = stage.forged(stage.issued("LO-1"), lambda d: d.update(certificates=rows), NOON + 1)
    with pytest.raises(VerificationFailed) as caught:
        verify_bundle(lie.encode(""), stage.trust())
    assert caught.value.step == "certificates"
    stage.close()
