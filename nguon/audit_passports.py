"""Passports in ``nguon fsck``: each is signed by a key that holds, and says what the stores say.

Made again from readings, diary and register as they were known when it was issued. What was
dropped by an act in the log cannot be, and what was erased stands in the log as a digest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.errors import NguonError, VerificationFailed
from domain.lot import IssuedPassport
from domain.window import Window
from nguon.audit_days import Looked
from nguon.compose import Stores
from store.judged import as_known, limits_of, reach
from traceability.canonical import to_bytes
from traceability.composition.claims import METHOD as MADE_OF_METHOD
from traceability.composition.compiling import compile_again
from traceability.composition.summary import behind
from traceability.dossier import Dossier, Measured, compile_document, dossier, require_lot
from traceability.erasing.noted import Noted, claims_in, noted
from traceability.evidence.dropped import dropped_of
from traceability.evidence.statistics import METHOD
from traceability.keys import TrustedKey
from traceability.verify import verify


def passports_made_again(
    opened: Stores, trusted: Sequence[TrustedKey], looked: Looked
) -> Iterator[str]:
    """Yield what is wrong with the passports, nothing when all is well."""
    with opened.records.reading() as transaction:
        passports = transaction.lots.passports()
        revoked = {key.id for key in transaction.keys.every() if key.revoked}
        newest = {(one.gtin, one.number): one.issued_ms for one in passports}
        # What a revoked key signed is no finding any more once the lot's passport is issued
        # again; nor is a passport of what was made of it.
        passports = [
            one
            for one in passports
            if newest[one.gtin, one.number] == one.issued_ms
            or revoked.isdisjoint(each.key_id for each in (one, *behind(transaction, one)))
        ]
        erased = noted(claims_in(transaction))
    again = _Again(opened, trusted, looked)
    # One short transaction a passport: an open one would hold up every writer.
    for number, passport in enumerate(passports, 1):
        looked.say(f"passport {number} of {len(passports)}")
        yield from _compared(again, passport, erased)


def _compared(again: "_Again", passport: IssuedPassport, erased: Noted) -> Iterator[str]:
    name = _name(passport)
    try:
        document = verify(passport.envelope, again.trusted, logged=True).document
        now = again.document(passport, document)
    except VerificationFailed as error:
        yield f"{name}: {error}"
    except NguonError as error:
        yield f"{name}: cannot be recomputed: {error}"
    else:
        if now is not None and to_bytes(_shut(now, document, erased)) != to_bytes(document):
            told = "what it is made of" if "made_of" in document else "readings or diary"
            yield f"{name}: {told} have changed since it was issued"


@dataclass(frozen=True, slots=True)
class _Again:
    """What passports are made again from."""

    opened: Stores
    trusted: Sequence[TrustedKey]
    looked: Looked

    def document(
        self, passport: IssuedPassport, said: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Return what a passport would say; None where that cannot be known any more.

        An older method's figures are not today's, and readings may have been dropped: its
        signature holds then, and no more is said.
        """
        if said["method"] not in (METHOD, MADE_OF_METHOD) or "log" not in said:
            return None
        with self.opened.records.reading() as transaction:
            lot = require_lot(transaction, passport.gtin, passport.number)
            if said["method"] == MADE_OF_METHOD:
                for each in behind(transaction, passport):
                    verify(each.envelope, self.trusted, logged=True)
                return compile_again(transaction, lot, said)
            now = dossier(transaction, lot, said["issuer"], passport.issued_ms)
            known = _of_then(now, said)
            devices = {one.stream.device for one in known.measured}
            dropped = {one for one in devices if dropped_of(transaction, one)}
        if any(self._rests_on(one) for one in known.measured if one.stream.device in dropped):
            told = "signature and log were looked at, its readings were dropped"
            self.looked.tell(f"{_name(passport)}: {told}")
            return None
        bound = {name: said[name] for name in ("device_days", "log")}
        read = as_known(self.opened.series.read, passport.issued_ms)
        return compile_document(known, read, bound)

    def _rests_on(self, one: Measured) -> bool:
        """Whether figures of a datastream rest on readings that may have been dropped.

        Those of its windows, what they were judged by, and whether anything came before at all.
        """
        kept_ms = self.opened.series.kept_since()
        back, _ = reach(limits_of(one.stream), one.stream.interval_s * 1000)
        begins_ms = min((window.start_ms for window in one.windows), default=0) - back
        before = Window(kept_ms, max(kept_ms, begins_ms))
        return next(iter(self.opened.series.read(one.stream.series, before)), None) is None


def _of_then(known: Dossier, document: Mapping[str, Any]) -> Dossier:
    """Return what is known without the channels that were declared since."""
    named = {(row["device"], row["channel"]) for row in document["evidence"]}
    then = [m for m in known.measured if (m.stream.device, m.stream.channel) in named]
    return replace(known, measured=tuple(then))


def _name(passport: IssuedPassport) -> str:
    return f"passport of lot {passport.number} ({passport.gtin})"


def _shut(
    now: Mapping[str, Any], signed: Mapping[str, Any], erased: Noted
) -> Mapping[str, Any]:  # fmt: skip
    """Return a document with the digest of a producer that only the log knows any more."""
    said = signed.get("producer", {}).get("commitment")
    if "producer" not in now or now["producer"]["commitment"] is not None:
        return now
    if said not in erased.digests:
        return now
    return {**now, "producer": {**now["producer"], "commitment": said}}
