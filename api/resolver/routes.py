"""Where links arrive: GS1 Digital Links, compressed ones, short codes, and who we are."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from api.buyer import pages
from api.deps import Deps, Given
from api.errors import answer_for, status_of
from api.resolver import linkset
from api.resolver.answer import resolve
from api.resolver.asked import Asked
from api.resolver.description import KEYS, description
from api.resolver.request import Named, longer, raw_path, read
from domain.errors import CallerError, InvalidInput, NotFound
from traceability.dossier import link_of
from traceability.short_code import parse_code

router = APIRouter(include_in_schema=False)
_METHODS = "GET, HEAD, OPTIONS"
# Anyone's page may ask: what is answered is public, and no cookie changes it.
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": _METHODS,
    "Access-Control-Expose-Headers": "Link, Location",
}


def describe(given: Given) -> Response:
    """What this resolver does."""
    return JSONResponse(description(given.address, given.issuer.name), headers=_CORS)


def resolve_link(request: Request, given: Given) -> Response:
    """What a Digital Link leads to; 400 when it is none, with a page for people."""
    path, query = raw_path(request), request.url.query
    end = f"?{query}" if query else ""
    try:
        named = read(given.address, path, query)
    except InvalidInput as error:
        written = longer(path)
        if written is None or not _is_link(given.address + written):
            return _refused(request, error)
        return _open(RedirectResponse(written + end, status_code=307))
    return _answered(request, given, named)


def resolve_code(request: Request, given: Given, code: str) -> Response:
    """What a short code leads to: the same as the link of its lot, at once."""
    try:
        with given.records.reading() as transaction:
            lot = transaction.lots.by_short_number(parse_code(code))
            if lot is None:
                message = f"no lot has the short code {code}"
                raise NotFound(message)
            path = link_of(transaction, lot).path()
    except CallerError as error:
        return _refused(request, error)
    return _answered(request, given, read(given.address, path, request.url.query))


def resolve_compressed(request: Request, given: Given, packed: str) -> Response:
    """What a compressed link leads to; whatever else stands alone in a path is unknown."""
    try:
        named = read(given.address, f"/{packed}", request.url.query)
    except InvalidInput as error:
        raise HTTPException(404) from error
    return _answered(request, given, named)


def _answered(request: Request, given: Deps, named: Named) -> Response:
    try:
        return _open(resolve(request, given, named))
    except CallerError as error:
        return _refused(request, error)


def _refused(request: Request, error: CallerError) -> Response:
    if not Asked.of(request).page:
        return _open(answer_for(request, error))
    code = request.url.path.removeprefix("/01/")
    return _open(pages.unknown_page(request, code, status_of(type(error))))


def _open(answer: Response) -> Response:
    answer.headers.update(_CORS)
    return answer


def _is_link(text: str) -> bool:
    try:
        read(text, "", "")
    except InvalidInput:
        return False
    return True


def methods(request: Request, given: Given) -> Response:
    """Which methods a page of another site may use, and where the set of links would be."""
    answer = Response(status_code=204, headers={"Allow": _METHODS})
    try:
        named = read(given.address, raw_path(request), "")
    except InvalidInput:
        return _open(answer)
    answer.headers["Link"] = linkset.pointer(named.link, given.address)
    return _open(answer)


_PATHS: dict[str, Callable[..., Response]] = {
    "/.well-known/gs1resolver": describe,
    **{f"/{key}/{{rest:path}}": resolve_link for key in KEYS},
    **{f"/{letter}/{{code}}{end}": resolve_code for letter in "Tt" for end in ("", "/")},
    "/{packed}": resolve_compressed,
}
for _path, _endpoint in _PATHS.items():
    router.add_api_route(_path, _endpoint, methods=["GET"])
    router.add_api_route(_path, methods, methods=["OPTIONS"])
