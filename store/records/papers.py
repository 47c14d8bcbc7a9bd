"""Certificates, pictures of products, and the files behind them, in the records store."""

from typing import Any

import sqlalchemy as sa

from domain.certificate import Certificate, KeptFile, Withdrawal
from domain.errors import Clash, NotFound
from domain.gs1 import Gtin
from domain.ids import CertificateId, PlotId, ProducerId
from store.records import paper_tables as t


class Papers:
    """Questions and statements about papers and pictures; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def keep(self, file: KeptFile) -> None:
        """Keep a file; one that is there already is kept once."""
        row = dict(digest=file.digest, media=file.media, content=file.content,
                   recorded_ms=file.recorded_ms)  # fmt: skip
        try:
            # A savepoint: of two at once, the second finds the first's file.
            with self._connection.begin_nested():
                self._connection.execute(t.kept_file.insert().values(row))
        except sa.exc.IntegrityError:
            self.file(file.digest)

    def file(self, digest: str) -> KeptFile:
        """Return a file; raises `NotFound`."""
        query = sa.select(t.kept_file).where(t.kept_file.c.digest == digest)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            message = f"no file {digest[:64]}"
            raise NotFound(message)
        return KeptFile(row.digest, row.media, bytes(row.content), row.recorded_ms)

    def files(self) -> list[str]:
        """Return the digests of all files, in order."""
        query = sa.select(t.kept_file.c.digest).order_by(t.kept_file.c.digest)
        return list(self._connection.execute(query).scalars())

    def add(self, one: Certificate) -> bool:
        """Keep a certificate; True when it is new, False when it was there already.

        Raises `Clash` when the id is there with other content.
        """
        there = self.find(one.id)
        if there is not None:
            if _content(there) != _content(one):
                message = f"certificate {one.id} exists with other content"
                raise Clash(message)
            return False
        row = dict(id=one.id, producer=one.producer, standard=one.standard, number=one.number,
                   certifier=one.certifier, valid_from=one.valid_from, valid_to=one.valid_to,
                   paper=one.paper, author=one.author, recorded_ms=one.recorded_ms)  # fmt: skip
        self._connection.execute(t.certificate.insert().values(row))
        for plot in one.plots:
            row = dict(certificate=one.id, plot=plot)
            self._connection.execute(t.certificate_plot.insert().values(row))
        for crop in one.crops:
            row = dict(certificate=one.id, crop=crop)
            self._connection.execute(t.certificate_crop.insert().values(row))
        return True

    def find(self, certificate: CertificateId) -> Certificate | None:
        """Return a certificate, None when there is none."""
        return next(iter(self._where(t.certificate.c.id == certificate)), None)

    def certificates(self, producer: ProducerId | None = None) -> list[Certificate]:
        """Return a producer's certificates, or all, the one that ends last first."""
        everything = sa.true()
        return self._where(everything if producer is None else t.certificate.c.producer == producer)

    def withdraw(self, one: Withdrawal) -> None:
        """Keep that a certificate no longer holds; raises `Clash` when that was said before."""
        if self.withdrawal(one.certificate) is not None:
            message = f"certificate {one.certificate} is withdrawn already"
            raise Clash(message)
        row = dict(certificate=one.certificate, since=one.since, reason=one.reason,
                   author=one.author, recorded_ms=one.recorded_ms)  # fmt: skip
        self._connection.execute(t.certificate_withdrawal.insert().values(row))

    def withdrawal(self, certificate: CertificateId) -> Withdrawal | None:
        """Return what withdraws a certificate, None while it stands."""
        c = t.certificate_withdrawal.c
        query = sa.select(t.certificate_withdrawal).where(c.certificate == certificate)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return Withdrawal(CertificateId(row.certificate), row.since, row.reason, row.author,
                          row.recorded_ms)  # fmt: skip

    def show(self, gtin: Gtin, digest: str, author: str, now_ms: int) -> None:
        """Make a file the picture of a product from now on; older ones stay kept."""
        c = t.picture.c
        there = self._connection.execute(
            t.picture.update()
            .where(c.gtin == gtin, c.digest == digest)
            .values(author=author, recorded_ms=now_ms)
        )
        if not there.rowcount:
            row = dict(gtin=gtin, digest=digest, author=author, recorded_ms=now_ms)
            self._connection.execute(t.picture.insert().values(row))

    def picture(self, gtin: Gtin) -> str | None:
        """Return the digest of a product's newest picture, None when it has none."""
        c = t.picture.c
        query = sa.select(c.digest).where(c.gtin == gtin)
        newest = query.order_by(c.recorded_ms.desc(), c.digest).limit(1)
        found: str | None = self._connection.execute(newest).scalar_one_or_none()
        return found

    def is_picture(self, digest: str) -> bool:
        """Whether a file is, or was, the picture of a product: only those are for everybody."""
        query = sa.select(t.picture.c.gtin).where(t.picture.c.digest == digest).limit(1)
        return self._connection.execute(query).first() is not None

    def _where(self, condition: "sa.ColumnElement[bool]") -> list[Certificate]:
        c = t.certificate.c
        query = sa.select(t.certificate).where(condition)
        rows = list(self._connection.execute(query.order_by(c.valid_to.desc(), c.id)))
        plots = self._scope(t.certificate_plot, "plot", condition)
        crops = self._scope(t.certificate_crop, "crop", condition)
        return [_certificate(row, plots.get(row.id, []), crops.get(row.id, [])) for row in rows]

    def _scope(
        self, table: sa.Table, name: str, condition: "sa.ColumnElement[bool]"
    ) -> dict[str, list[str]]:
        query = (
            sa.select(table.c.certificate, table.c[name])
            .join(t.certificate, t.certificate.c.id == table.c.certificate)
            .where(condition)
            .order_by(table.c[name])
        )
        found: dict[str, list[str]] = {}
        for certificate, value in self._connection.execute(query):
            found.setdefault(certificate, []).append(value)
        return found


def _content(one: Certificate) -> tuple[object, ...]:
    return (one.producer, one.standard, one.number, one.certifier, one.valid_from, one.valid_to,
            one.plots, one.crops, one.paper)  # fmt: skip


def _certificate(r: "sa.Row[Any]", plots: list[str], crops: list[str]) -> Certificate:
    return Certificate(CertificateId(r.id), ProducerId(r.producer), r.standard, r.number,
                       r.certifier, r.valid_from, r.valid_to,
                       tuple(PlotId(plot) for plot in plots), tuple(crops), r.paper, r.author,
                       r.recorded_ms)  # fmt: skip
