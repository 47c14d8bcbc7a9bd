"""What the web application is given, and who is asking."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.auth import Sessions
from api.rates import Tries
from api.scans.recorder import Recorder
from domain.errors import NotAllowed, NotSignedIn
from domain.gs1 import Gln
from domain.ids import PlotId, ProducerId
from domain.lot import Lot
from domain.plot import Plot
from domain.window import local_day
from store.records import Records, Transaction
from store.records.accounts import Account
from store.series import Series
from traceability.log.files import LogFiles
from traceability.log.key import NamedKey
from traceability.passport import Issuer
from traceability.trust import Trust

COOKIE = "nguon"


@dataclass(frozen=True)
class Deps:
    """Everything the application needs; made by :mod:`nguon.compose`, never here."""

    series: Series
    records: Records
    issuer: Issuer
    trust: Callable[[], Trust]
    files: LogFiles
    log_key: NamedKey
    address: str
    clock: Callable[[], int]
    sessions: Sessions
    reports: Tries
    scans: Recorder
    place_header: str
    page_life_ms: int
    demo: bool
    source_url: str
    verifier: Callable[[], bytes]
    issuer_gln: Gln | None = None
    company_prefix: str = ""


def deps(request: Request) -> Deps:
    """Return what the application was given."""
    given: Deps = request.app.state.deps
    return given


Given = Annotated[Deps, Depends(deps)]
bearer = HTTPBearer(auto_error=False, description="A token from POST /v1/sessions.")


def by_token(
    given: Given, token: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Account:
    """Return whose bearer token it is; raises `NotSignedIn`. Cookies do not count here."""
    account = given.sessions.account(token.credentials) if token else None
    if account is None:
        message = "a token from POST /v1/sessions is needed"
        raise NotSignedIn(message)
    return account


def by_cookie(request: Request, given: Given) -> Account:
    """Return who is signed in on a page; raises `NotSignedIn`."""
    account = given.sessions.account(request.cookies.get(COOKIE, ""))
    if account is None:
        message = "please sign in"
        raise NotSignedIn(message)
    return account


def address_of(request: Request) -> str:
    """Return where a request comes from, as far as the line tells."""
    return request.client.host if request.client else ""


Caller = Annotated[Account, Depends(by_token)]
Visitor = Annotated[Account, Depends(by_cookie)]


def require_office(account: Account) -> None:
    """Raise `NotAllowed` unless the account is the office's."""
    if account.role != "office":
        message = "this is for the office"
        raise NotAllowed(message)


def own_plot(transaction: Transaction, account: Account, plot: PlotId) -> Plot:
    """Return a plot that the account may work on; raises `NotAllowed`, `NotFound`."""
    found = transaction.places.plot(plot)
    if account.role != "office" and found.producer != account.producer:
        message = "this plot is somebody else's"
        raise NotAllowed(message)
    return found


def own_lot(transaction: Transaction, account: Account, lot: Lot) -> Lot:
    """Return a lot of a product that is the account's; raises `NotAllowed`."""
    product = transaction.lots.product(lot.gtin)
    if account.role != "office" and product.producer != account.producer:
        message = "this lot is somebody else's"
        raise NotAllowed(message)
    return lot


def scope(account: Account) -> ProducerId | None:
    """Return whose plots the account works on, None for all; raises `NotAllowed`.

    A grower without a producer works on nobody's plots, not on everybody's.
    """
    if account.role == "office":
        return None
    if account.producer is None:
        message = "this account belongs to no producer"
        raise NotAllowed(message)
    return account.producer


def zone_now(given: Deps, transaction: Transaction, plot: Plot) -> ZoneInfo:
    """Return the time zone that holds on a plot today."""
    return transaction.places.zone_of(plot, local_day(given.clock(), ZoneInfo("UTC")))
