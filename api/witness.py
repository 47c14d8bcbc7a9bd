"""A witness as a web application: one address, `add-checkpoint`, and who it is."""

import time

from fastapi import FastAPI, Request, Response

from traceability.log.key import NamedKey
from traceability.log.witness import MOST_BODY, Refusal
from traceability.log.witness_state import Witness


def create_witness(witness: Witness, key: NamedKey) -> FastAPI:
    """Return the application of a witness (c2sp.org/tlog-witness)."""
    app = FastAPI(title="Nguồn witness", version="1", docs_url=None, redoc_url=None)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        """Sign a checkpoint that continues what was signed before."""
        try:
            signed = witness.add_checkpoint(await _body(request), int(time.time()))
        except Refusal as refusal:
            return Response(refusal.body, refusal.status, media_type=refusal.media_type)
        return Response(signed.line(), media_type="text/plain; charset=utf-8")

    @app.get("/")
    def who() -> Response:
        """The public key to trust, and that this is a witness."""
        return Response(f"{key.witness().vkey()}\n", media_type="text/plain; charset=utf-8")

    return app


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise Refusal(400, f"at most {MOST_BODY} bytes\n")
    return body
