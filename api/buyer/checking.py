"""How a stranger checks a label without trusting us: explained, with all that it takes.

Neither the keys nor the program should be ours alone, so the page names who else has them, and
by what checksum copies are compared.
"""

from collections.abc import Callable
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request, Response

from api.deps import Given
from api.downloads import Download
from api.pages import render
from traceability.plain_zip import plain_zip
from traceability.trust import fingerprint, print_trust

router = APIRouter(include_in_schema=False)
PROGRAM, VECTORS = "nguon-verify.pyz", "nguon-vectors.zip"


@router.get("/kiem-chung")
def explanation(request: Request, given: Given) -> Response:
    """What a passport proves, what it does not, and how to check it oneself."""
    trust = given.trust()
    context = {
        "keys": trust.keys,
        "log": trust.log,
        "source": given.source_url,
        "program": {"name": PROGRAM, "sha256": _program(given.verifier).sha256},
        "vectors": VECTORS,
        "fingerprint": fingerprint(print_trust(trust).encode()),
    }
    return render(request, "explanation.html", context)


@router.get(f"/kiem-chung/{PROGRAM}")
def program(request: Request, given: Given) -> Response:
    """The verifier, one file: `nguon verifier` writes the same bytes."""
    return _program(given.verifier).answer(request)


@router.get(f"/kiem-chung/{VECTORS}")
def vectors(request: Request) -> Response:
    """Proofs that hold and proofs that do not, to test any verifier with."""
    return _vectors().answer(request)


@cache
def _program(build: Callable[[], bytes]) -> Download:
    return Download(PROGRAM, "application/octet-stream", build())


@cache
def _vectors() -> Download:
    folder = resources.files("traceability")
    files = {
        f"vectors/{one.name}": one.read_bytes()
        for one in folder.joinpath("vectors").iterdir()
        if one.is_file()
    }
    # The steps and their order, which the README beside the vectors points to.
    files["README.md"] = folder.joinpath("README.md").read_bytes()
    return Download(VECTORS, "application/zip", plain_zip(files))
