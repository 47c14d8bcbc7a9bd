"""The log's public files over HTTP (c2sp.org/tlog-tiles).

Any web server may serve the folder in our place; nothing here is computed.
"""

import base64
import re
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, PlainTextResponse

from api.deps import Given
from domain.errors import NotFound
from domain.gs1 import Gtin, LotNumber
from traceability.bundling import make_log_proof

router = APIRouter(tags=["log"])
_TILE = re.compile(r"tile/(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[1-9][0-9]{0,2})?")
_OPEN = {"Access-Control-Allow-Origin": "*"}


@router.get("/log/checkpoint", operation_id="get_checkpoint", response_class=Response)
def checkpoint(given: Given) -> Response:
    """The newest signed checkpoint (c2sp.org/tlog-checkpoint)."""
    note = given.files.checkpoint()
    if note is None:
        message = "the log has no checkpoint yet"
        raise NotFound(message)
    headers = {**_OPEN, "Cache-Control": "no-cache"}
    return Response(note, media_type="text/plain; charset=utf-8", headers=headers)


@router.get(
    "/v1/lots/{gtin}/{lot}/passport.tlog-proof",
    operation_id="get_log_proof",
    response_class=PlainTextResponse,
)
def log_proof(given: Given, gtin: str, lot: str) -> Response:
    """The proof that a lot's passport is in the log, as any tool for such logs reads it.

    The entry that it proves, base64, is in its `extra` line.
    """
    with given.records.reading() as transaction:
        passport = transaction.lots.passport(Gtin.parse(gtin), LotNumber.parse(lot))
        if passport is None:
            message = f"lot {lot[:40]} of {gtin[:20]} has no passport"
            raise NotFound(message)
        entry, proof = make_log_proof(transaction, given.files, passport)
    extra = base64.b64encode(entry).decode()
    told = proof.replace("\nindex ", f"\nextra {extra}\nindex ", 1)
    return PlainTextResponse(told, headers=_OPEN)


@router.get("/log/{path:path}", operation_id="get_tile", response_class=Response)
def tile(given: Given, path: str) -> Response:
    """A tile or a bundle of entries (c2sp.org/tlog-tiles); never changes once it is there."""
    found = _file(given.files.root, path)
    headers = {**_OPEN, "Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(found, media_type="application/octet-stream", headers=headers)


def _file(root: Path, path: str) -> Path:
    if not _TILE.fullmatch(path):
        message = f"no such file of the log: {path[:80]}"
        raise NotFound(message)
    found = root / path
    full = root / path.split(".p/", maxsplit=1)[0]
    if not found.is_file() and full.is_file():
        found = full  # the whole tile has replaced its parts
    if not found.is_file():
        message = f"no such file of the log: {path[:80]}"
        raise NotFound(message)
    return found
