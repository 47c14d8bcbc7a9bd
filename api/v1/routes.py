"""The router of ``/v1``: one module a subject, one error shape for all."""

from fastapi import APIRouter

from api.errors import RESPONSES
from api.v1 import (
    credentials,
    fields,
    holdings,
    lineage,
    logistic,
    lots,
    made_of,
    office,
    papers,
    recalls,
    session,
)

router = APIRouter(prefix="/v1", responses=RESPONSES)
for part in (
    session, fields, holdings, lots, lineage, logistic, made_of, credentials, papers, recalls,
    office,
):  # fmt: skip
    router.include_router(part.router)
