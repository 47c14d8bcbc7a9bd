"""A farm for the published vectors: nothing about it is drawn at random, so that it comes out
the same on every machine. Its keys are made from texts that stand here, and sign nothing else.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.certificate import Certificate
from domain.diary import Entry, Work
from domain.gs1 import Gtin, LotNumber
from domain.ids import CertificateId, EntryId, ProducerId, StepId
from domain.lineage import Portion, StepKind
from domain.lot import IssuedPassport, Product
from domain.quality import Flag, QcTest, Verdict
from domain.reading import Frame
from domain.window import HOUR_MS, days_window, print_instant
from store.records import Records
from store.records.days import DayRevision
from store.sqlite import SqliteSeries
from tests.builders import DEVICE, GTIN, NOON, PLOT, ZONE, delivery, farm, reading
from traceability.bundle import Bundle
from traceability.bundling import make_bundle, raw_readings
from traceability.canonical import to_bytes
from traceability.certificates import write as certify
from traceability.diary import write
from traceability.dossier import PRODUCER, require_lot
from traceability.envelope import PAYLOAD_TYPE, Envelope, pre_authentication
from traceability.key_register import announce, trusted
from traceability.lineage.asked import Asked
from traceability.lineage.steps import take_step
from traceability.log.append import record
from traceability.log.checkpoint import Policy
from traceability.log.entry import CERTIFICATE, DEVICE_DAY, DIARY, PASSPORT, decode
from traceability.log.files import LogFiles
from traceability.log.key import NamedKey
from traceability.log.merkle import leaf_hash
from traceability.log.note import Note, cosign, parse_note
from traceability.log.proof import LogProof
from traceability.log.publish import publish
from traceability.lots import LotRequest, open_lot
from traceability.passport import Issuer, issue, logged, subject_of
from traceability.signer import Signer
from traceability.trust import Trust

TODAY = date(2026, 11, 21)
PACKED = Gtin.parse("09520001000034")
STARTED, HARVESTED = TODAY - timedelta(days=3), TODAY - timedelta(days=1)
SEEN_S = NOON // 1000 + 60
_BEGAN_MS = NOON - 10**9
_FAIL = Verdict(Flag.FAIL, QcTest.SENTINEL).pack()


def known_key(name: str) -> Ed25519PrivateKey:
    """A key that anybody can make: for tests, and for nothing else."""
    seed = hashlib.sha256(f"TEST KEY, not secret: nguon vectors, {name}".encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


_CERTIFICATE = Certificate(
    CertificateId("vg-1"), ProducerId("ho-1"), "vietgap", "SAMPLE-0001", "A sample certifier",
    STARTED - timedelta(days=90), HARVESTED + timedelta(days=270), (), (), None, "office", NOON,
)  # fmt: skip
LOG = NamedKey("vectors.nguon.example/log", known_key("log"))
OTHER_LOG = NamedKey(LOG.name, known_key("another log"))
WITNESS = NamedKey("hop-tac-xa.example", known_key("witness"))


class Stage:
    """A season of three days, measured each hour; two lots of its harvest."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.series = SqliteSeries(folder / "series.db")
        self.records = Records(f"sqlite:///{folder / 'records.db'}")
        self.records.migrate()
        farm(self.records, "", STARTED, 3_600)
        self.signer = Signer(known_key("passports"), _BEGAN_MS)
        self.files = LogFiles(folder / "log")
        self.issuer = Issuer(self.records, self.series, self.signer, "Vectors of Nguồn", LOG.name)
        with self.records.transaction() as transaction:
            announce(transaction, self.signer.public(), _BEGAN_MS)
            transaction.salts.add(PRODUCER, "ho-1", hashlib.sha256(b"salt 1").digest()[:16])
            transaction.salts.add(DIARY, "thu-hoach", hashlib.sha256(b"salt 2").digest()[:16])
            transaction.salts.add(CERTIFICATE, "vg-1", hashlib.sha256(b"salt 3").digest()[:16])
        self._measure()
        harvest = Entry(
            EntryId("thu-hoach"),
            PLOT,
            Work.HARVEST,
            HARVESTED,
            "grower",
            420.0,
            "kg",
            None,
            "",
            NOON,
        )
        with self.records.transaction() as transaction:
            write(transaction, harvest, TODAY)
            certify(transaction, _CERTIFICATE)

    def close(self) -> None:
        self.series.close()
        self.records.close()

    def _measure(self) -> None:
        """Each hour, with a gap of four and one sentinel."""
        window = days_window(STARTED, HARVESTED, ZONE)
        frames = []
        for i, time_ms in enumerate(range(window.start_ms, window.end_ms, HOUR_MS)):
            if 30 <= i < 34:
                continue
            moisture = (
                reading(1, time_ms, -9999.0, _FAIL)
                if i == 10
                else reading(1, time_ms, 20.0 + i % 17)
            )
            rain = reading(3, time_ms, 0.5 if i % 20 == 0 else 0.0)
            frames.append(Frame(0, i, (moisture, reading(2, time_ms, 25.0 + i % 9), rain)))
        self.series.append([delivery(*frames)], NOON)

    def measure_late(self) -> None:
        """A reading of the first day, which arrives after the first passport."""
        late_ms = days_window(STARTED, STARTED, ZONE).start_ms + 77_000
        self.series.append([delivery(Frame(7, 0, (reading(1, late_ms, 21.0),)))], NOON + 1)

    def issued(self, number: str, now_ms: int = NOON) -> IssuedPassport:
        """The passport of a lot, opened for it; its log published."""
        with self.records.transaction() as transaction:
            request = LotRequest(GTIN, LotNumber(number), EntryId("thu-hoach"), 200.0)
            lot = open_lot(transaction, request, NOON)
        passport = issue(self.issuer, lot, now_ms)
        publish(self.records, self.files, LOG)
        return passport

    def mixed(self) -> IssuedPassport:
        """The passport of LO-GOI, packed of LO-1 and of LO-SOM, harvested a day before it."""
        earlier = Entry(
            EntryId("thu-som"), PLOT, Work.HARVEST, HARVESTED - timedelta(days=1), "grower",
            100.0, "kg", None, "", NOON,
        )  # fmt: skip
        whole = Portion(GTIN, LotNumber("LO-GOP"), 90.0)
        packed = Portion(PACKED, LotNumber("LO-GOI"), 55.5)
        steps = (
            Asked(
                StepId("gop-1"),
                StepKind.MERGE,
                (Portion(GTIN, LotNumber("LO-1"), 60.0), Portion(GTIN, LotNumber("LO-SOM"), 30.0)),
                (whole,),
            ),
            Asked(
                StepId("dong-goi-1"),
                StepKind.TRANSFORM,
                (replace(whole, kilograms=60.0),),
                (packed,),
                process="packing",
            ),
        )
        with self.records.transaction() as transaction:
            transaction.salts.add(DIARY, "thu-som", hashlib.sha256(b"salt 3").digest()[:16])
            write(transaction, earlier, TODAY)
            transaction.lots.add_product(
                Product(PACKED, "cucumber", ProducerId("ho-1"), "Dưa leo gói", "Packed", 12)
            )
            for number, harvest, kilograms in (
                ("LO-1", "thu-hoach", 200.0),
                ("LO-SOM", "thu-som", 100.0),
            ):
                request = LotRequest(GTIN, LotNumber(number), EntryId(harvest), kilograms)
                open_lot(transaction, request, NOON)
            for step in steps:
                take_step(transaction, step, "grower", ProducerId("ho-1"), NOON)
            lot = require_lot(transaction, *packed.lot)
        passport = issue(self.issuer, lot, NOON + 1)
        publish(self.records, self.files, LOG)
        return passport

    def again(self, gtin: Gtin, number: str, now_ms: int) -> IssuedPassport:
        """The passport of a lot, issued once more."""
        with self.records.reading() as transaction:
            lot = require_lot(transaction, gtin, LotNumber(number))
        passport = issue(self.issuer, lot, now_ms)
        publish(self.records, self.files, LOG)
        return passport

    def bundle(self, passport: IssuedPassport) -> Bundle:
        """The proof of a passport under the newest checkpoint."""
        publish(self.records, self.files, LOG)
        with self.records.reading() as transaction:
            return Bundle.decode(make_bundle(transaction, self.files, passport))

    def raw(self, passport: IssuedPassport) -> bytes:
        """The raw readings that a passport rests on: of its one device."""
        (lines,) = self.raw_files(passport).values()
        return lines

    def raw_files(self, passport: IssuedPassport) -> dict[str, bytes]:
        with self.records.reading() as transaction:
            files = raw_readings(transaction, self.series, passport, NOON)
            return {name: b"".join(lines) for name, lines in files}

    def trust(self, *, witnessed: bool = False) -> Trust:
        with self.records.reading() as transaction:
            keys = trusted(transaction)
        witnesses = (WITNESS.witness(),) if witnessed else ()
        return Trust(keys, Policy(LOG.name, (LOG.log(),), witnesses, len(witnesses)))

    def forged(
        self, passport: IssuedPassport, change: Callable[[dict[str, Any]], object], now_ms: int
    ) -> Bundle:
        """What an issuer could publish who lies: changed, signed, logged, under a checkpoint."""
        honest_one = Envelope.decode(passport.envelope)
        document = json.loads(honest_one.payload)
        change(document)
        envelope = self.sealed(to_bytes(document), honest_one.payload_type)
        lie = replace(passport, envelope=envelope)
        with self.records.transaction() as transaction:
            entry = record(transaction, PASSPORT, subject_of(lie), logged(lie), now_ms)
        honest = self.bundle(passport)
        with self.records.reading() as transaction:
            head = transaction.log.head()
        assert head is not None
        inclusion = tuple(self.files.tree(head.size).inclusion(entry.number))
        proof = LogProof(entry.number, inclusion, head.note).encode()
        return replace(honest, passport=envelope, entry=entry.entry, proof=proof)

    def sealed(self, payload: bytes, kind: str = PAYLOAD_TYPE) -> bytes:
        signature = self.signer.sign(pre_authentication(kind, payload))
        return Envelope(kind, payload, self.signer.public().id, signature).encode()

    def thin(self, now_ms: int) -> None:
        """Log a revision of the last day that has lost a reading, as its own word tells."""
        with self.records.transaction() as transaction:
            tip = transaction.log.newest(DEVICE_DAY, DEVICE)
            assert tip is not None
            body = dict(decode(tip.entry).body)
            root = hashlib.sha256(b"fewer readings").digest()
            body |= {
                "revision": body["revision"] + 1, "received": body["received"] - 1, "root": root.hex(),
                "known": print_instant(now_ms), "continues": False, "clock": False,
                "previous": leaf_hash(tip.entry).hex(),
            }  # fmt: skip
            entry = record(transaction, DEVICE_DAY, DEVICE, body, now_ms)
            day = date.fromisoformat(body["day"])
            transaction.days.add(
                DayRevision(DEVICE, day, body["revision"], entry.number, root, now_ms)
            )


def witnessed(bundle: Bundle) -> Bundle:
    """The bundle with every checkpoint cosigned by the witness."""

    def seen(text: str) -> str:
        proof = LogProof.decode(text)
        note = parse_note(proof.checkpoint)
        line = cosign(WITNESS.private, WITNESS.name, note.text, SEEN_S)
        return replace(
            proof, checkpoint=Note(note.text, (*note.signatures, line)).encode()
        ).encode()

    days = {device: seen(proof) for device, proof in bundle.day_proofs.items()}
    return replace(bundle, proof=seen(bundle.proof), day_proofs=days)
