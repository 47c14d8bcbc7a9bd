"""A witness as a web application: one address, `add-checkpoint`, and who it is."""

import time
from collections.abc import Callable

from fastapi import FastAPI, Request, Response

from domain.os_errors import told
from traceability.log.key import NamedKey
from traceability.log.witness import MOST_BODY, Refusal
from traceability.log.witness_state import Cosigned, Witness


def create_witness(witness: Witness, key: NamedKey, say: Callable[[str], None]) -> FastAPI:
    """Return the application of a witness (c2sp.org/tlog-witness); ``say`` hears what it does."""
    app = FastAPI(title="Nguồn witness", version="1", docs_url=None, redoc_url=None)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        """Sign a checkpoint that continues what was signed before."""
        try:
            signed = witness.add_checkpoint(await _body(request), int(time.time()))
        except Refusal as refusal:
            say(f"refused {refusal.why}")
            return Response(refusal.body, refusal.status, media_type=refusal.media_type)
        except OSError as error:
            say(f"signed nothing: {told(error)}")
            return Response("what was signed cannot be kept here\n", 500)
        say(_told(signed))
        return Response(signed.signature.line(), media_type="text/plain; charset=utf-8")

    @app.get("/")
    def who() -> Response:
        """The public key to trust, and that this is a witness."""
        return Response(f"{key.witness().vkey()}\n", media_type="text/plain; charset=utf-8")

    return app


def _told(signed: Cosigned) -> str:
    of, size, old = signed.checkpoint.origin, signed.checkpoint.size, signed.old
    if old == size:
        return f"signed {of}: the same {size} entries again"
    kept = f", the first {old} unchanged" if old else ", the first that is signed of it"
    return f"signed {of}: {old} → {size} entries{kept}"


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise Refusal(400, f"at most {MOST_BODY} bytes\n")
    return body
