"""Certificates and the files behind them; pictures of products."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api.deps import Caller, Given, require_office, scope
from api.v1.schemas import Day, Text
from domain.certificate import Certificate, Withdrawal
from domain.errors import NotAllowed
from domain.gs1 import Gtin
from domain.ids import CertificateId, PlotId, ProducerId
from domain.window import print_instant
from store.records import Transaction
from traceability.certificates import require, withdraw, write
from traceability.files import keep_paper, scan, show_picture

router = APIRouter(tags=["papers"])
_MOST_PLOTS = 200


async def _body(request: Request) -> bytes:
    """Return the file that was sent; how large it may be was asked at the door."""
    return await request.body()


Content = Annotated[bytes, Depends(_body)]


class FileAnswer(BaseModel):
    """A file as kept: its SHA-256 in hexadecimal."""

    digest: str


class NewCertificate(BaseModel):
    """A certificate; the client makes the id, so that the same post again changes nothing.

    ``standard`` is a code of the table of standards, ``number`` and ``certifier`` are as
    printed, both days are in. No ``plots`` or ``crops``: all of the producer's. ``paper`` is
    the digest of its scan, sent before.
    """

    id: str
    producer: str
    standard: Text
    number: Text
    certifier: Text
    valid_from: Day
    valid_to: Day
    plots: Annotated[list[str], Field(max_length=_MOST_PLOTS)] = []
    crops: Annotated[list[str], Field(max_length=_MOST_PLOTS)] = []
    paper: str | None = None

    def certificate(self, author: str, now_ms: int) -> Certificate:
        """Return it in our nouns; raises `InvalidInput`."""
        return Certificate(
            CertificateId.parse(self.id), ProducerId.parse(self.producer), self.standard,
            self.number, self.certifier, self.valid_from, self.valid_to,
            tuple(PlotId.parse(plot) for plot in self.plots), tuple(self.crops), self.paper,
            author, now_ms,
        )  # fmt: skip


class NewWithdrawal(BaseModel):
    """Since which day a certificate no longer holds, and why."""

    since: Day
    reason: Text


class CertificateAnswer(BaseModel):
    """A certificate as kept, and since when it is withdrawn, if it is."""

    id: str
    producer: str
    standard: str
    number: str
    certifier: str
    valid_from: date
    valid_to: date
    plots: list[str]
    crops: list[str]
    paper: str | None
    recorded: str
    withdrawn_since: date | None
    withdrawn_because: str | None

    @classmethod
    def of(cls, transaction: Transaction, one: Certificate) -> "CertificateAnswer":
        """Return the answer for a certificate."""
        withdrawal = transaction.papers.withdrawal(one.id)
        return cls(
            id=one.id, producer=one.producer, standard=one.standard, number=one.number,
            certifier=one.certifier, valid_from=one.valid_from, valid_to=one.valid_to,
            plots=list(one.plots), crops=list(one.crops), paper=one.paper,
            recorded=print_instant(one.recorded_ms),
            withdrawn_since=withdrawal and withdrawal.since,
            withdrawn_because=withdrawal and withdrawal.reason,
        )  # fmt: skip


@router.post("/papers", status_code=201, operation_id="add_paper")
def post_paper(given: Given, caller: Caller, content: Content) -> FileAnswer:
    """Keep the scan of a paper, as it is: a PDF, JPEG or PNG file as the body."""
    require_office(caller)
    with given.records.transaction() as transaction:
        return FileAnswer(digest=keep_paper(transaction, content, given.clock()))


@router.get("/papers/{digest}", operation_id="get_paper", response_class=Response)
def get_paper(given: Given, caller: Caller, digest: str) -> Response:
    """Return a scan as it was kept, to the office alone: names and addresses stand on it."""
    require_office(caller)
    with given.records.reading() as transaction:
        file = scan(transaction, digest)
    return Response(file.content, media_type=file.media)


@router.put("/products/{gtin}/picture", operation_id="show_product")
def put_picture(given: Given, caller: Caller, gtin: str, content: Content) -> FileAnswer:
    """Show a picture of a product from now on: a JPEG, PNG or WebP file as the body.

    It is kept as a JPEG of at most 1,200 pixels a side, without what stood beside the picture.
    """
    with given.records.transaction() as transaction:
        product = transaction.lots.product(Gtin.parse(gtin))
        if caller.role != "office" and product.producer != caller.producer:
            message = "this product is somebody else's"
            raise NotAllowed(message)
        digest = show_picture(transaction, product.gtin, content, caller.login, given.clock())
        return FileAnswer(digest=digest)


@router.get("/certificates", operation_id="list_certificates")
def list_certificates(given: Given, caller: Caller) -> list[CertificateAnswer]:
    """Return the caller's certificates, to the office all; the one that ends last first."""
    with given.records.reading() as transaction:
        found = transaction.papers.certificates(scope(caller))
        return [CertificateAnswer.of(transaction, one) for one in found]


@router.post("/certificates", status_code=201, operation_id="add_certificate")
def post_certificate(
    given: Given, caller: Caller, body: NewCertificate, response: Response
) -> CertificateAnswer:
    """Write a certificate down; it is in the log from then on."""
    require_office(caller)
    with given.records.transaction() as transaction:
        one = body.certificate(caller.login, given.clock())
        if not write(transaction, one):
            response.status_code = 200
        return CertificateAnswer.of(transaction, require(transaction, one.id))


@router.post("/certificates/{name}/withdrawal", operation_id="withdraw_certificate")
def post_withdrawal(
    given: Given, caller: Caller, name: str, body: NewWithdrawal
) -> CertificateAnswer:
    """Say that a certificate no longer holds from a day on; lots harvested before keep it."""
    require_office(caller)
    with given.records.transaction() as transaction:
        one = require(transaction, CertificateId.parse(name))
        withdraw(
            transaction, Withdrawal(one.id, body.since, body.reason, caller.login, given.clock())
        )
        return CertificateAnswer.of(transaction, one)
