"""Signing in, and whether the service is well."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials

from api.deps import Caller, Given, address_of, bearer
from api.v1.schemas import Health, SignIn, Token

router = APIRouter()


@router.post("/sessions", status_code=201, tags=["session"], operation_id="sign_in")
def sign_in(request: Request, given: Given, body: SignIn) -> Token:
    """Exchange login and PIN for a bearer token."""
    token = given.sessions.sign_in(body.login, body.secret, address_of(request))
    return Token(token=token)


@router.delete("/sessions/current", status_code=204, tags=["session"], operation_id="sign_out")
def sign_out(
    given: Given,
    _caller: Caller,
    token: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
) -> None:
    """End the session of the token in use."""
    given.sessions.sign_out(token.credentials)


@router.get("/health", tags=["service"], operation_id="get_health")
def get_health(given: Given) -> Health:
    """Say whether both stores answer, and how much they hold."""
    with given.records.reading() as transaction:
        transaction.lots.count_reports()
    tally = given.series.tally()
    return Health(
        status="ok",
        readings=tally.readings,
        conflicts=tally.conflicts,
        quarantined=tally.quarantined,
        rollups_due=tally.touched,
    )
