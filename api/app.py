"""The web application: routers, errors, headers. Opens nothing; it is given everything."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api import doors, errors, log
from api.buyer import checking, embed
from api.buyer import routes as buyer
from api.deps import Deps
from api.epcis import MOST_BYTES as EPCIS_MOST_BYTES
from api.epcis import routes as epcis
from api.epcis.problems import is_epcis
from api.grower import lots as growers_lots
from api.grower import routes as grower
from api.grower import steps as growers_steps
from api.hot import HotPages
from api.i18n import asked_language, with_language
from api.office import labels, lineage, papers
from api.office import recalls as office_recalls
from api.office import routes as office
from api.pages import security_policy
from api.resolver import routes as resolver
from api.v1 import routes as v1
from api.v1 import start
from traceability.credential.did import PATH as DID_PATH
from traceability.credential.did import did_document, did_of
from traceability.files import MOST_BYTES as FILE_MOST_BYTES
from traceability.trust import print_trust

_MAX_BODY = 100_000
_MAX_UPLOAD = FILE_MOST_BYTES + _MAX_BODY
_UPLOADS = ("/qt/giay-chung-nhan", "/qt/hinh-anh", "/v1/papers", "/v1/products/")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def create_app(given: Deps) -> FastAPI:
    """Return the application over what it is given."""
    app = FastAPI(
        title="Nguồn",
        version="1",
        summary="Field sensors to a QR code on produce.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.deps = given
    errors.install(app)
    app.middleware("http")(_guard)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    app.add_middleware(_HeadAsGet)
    app.add_middleware(HotPages, given=given)
    for router in (
        v1.router,
        start.pages,
        epcis.router,
        doors.router,
        buyer.router,
        embed.router,
        checking.router,
        grower.router,
        growers_lots.router,
        growers_steps.router,
        office.router,
        office_recalls.router,
        labels.router,
        lineage.router,
        papers.router,
        log.router,
    ):
        app.include_router(router)

    @app.get("/.well-known/nguon-keys.json", tags=["service"], operation_id="get_keys")
    def keys() -> Response:
        """Return the public keys that passports are checked with; its SHA-256 is told to all."""
        return Response(print_trust(given.trust()), media_type="application/json")

    @app.get(DID_PATH, tags=["service"], operation_id="get_did")
    def did() -> JSONResponse:
        """Return the DID document of who issues credentials here (did:web)."""
        told = did_document(did_of(given.address), given.trust().keys, given.clock())
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=60"}
        return JSONResponse(told, headers=headers, media_type="application/did+json")

    @app.get("/robots.txt", include_in_schema=False)
    def robots() -> Response:
        return PlainTextResponse("User-agent: *\nDisallow: /r\nDisallow: /qt\n")

    # The last: what nobody else answers may be a compressed link.
    app.include_router(resolver.router)
    return app


class _HeadAsGet:
    """Answers HEAD as GET wherever there is a GET; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what no page of ours sends; put the security headers on every answer."""
    refused = _refusal(request)
    try:
        response = errors.answer_for(request, refused) if refused else await call_next(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told in the one shape
        response = errors.answer_for(request, error)
    headers = response.headers
    asked, location = asked_language(request), headers.get("location", "")
    if asked and location.startswith("/"):
        headers["Location"] = with_language(location, asked)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers.setdefault("Content-Security-Policy", security_policy())
    headers.setdefault("Cache-Control", "no-store")
    return response


def _most(request: Request) -> int:
    """Return how many bytes a request may bring: files are brought to a few doors only."""
    if is_epcis(request):
        return EPCIS_MOST_BYTES
    return _MAX_UPLOAD if request.url.path.startswith(_UPLOADS) else _MAX_BODY


def _refusal(request: Request) -> Exception | None:
    if request.method in _SAFE:
        return None
    length = request.headers.get("content-length", "0")
    unmeasured = "transfer-encoding" in request.headers
    most = _most(request)
    if unmeasured or not length.isdigit() or int(length) > most:
        return errors.too_large(most, told_as_such=is_epcis(request))
    # Machines carry a token and no cookie; only pages can be forged across sites.
    if request.url.path.startswith(("/v1/", "/.well-known/")) or is_epcis(request):
        return None
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    same = site in ("same-origin", "none") if site else origin.split("//")[-1] == request.url.netloc
    return None if same else errors.cross_site()
