"""Files that are served whole and never change while the program runs: kept, and named by SHA-256.

Packed once, since the layer that packs answers would do it again for every download. Whoever has
a file asks again whether it is the newest (304), so that it always fits the checksum on a page.
"""

import gzip
import hashlib

from fastapi import Request, Response


class Download:
    """A file's bytes, what it is called, and its checksum (hexadecimal)."""

    def __init__(self, name: str, media_type: str, raw: bytes) -> None:
        self.raw, self.sha256 = raw, hashlib.sha256(raw).hexdigest()
        self._packed = gzip.compress(raw, mtime=0)
        self._headers = {
            "ETag": f'W/"{self.sha256}"',
            "Cache-Control": "public, no-cache",
            "Vary": "Accept-Encoding",
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Access-Control-Allow-Origin": "*",
        }

    def answer(self, request: Request) -> Response:
        """Return the file, packed where that is understood, or that it has not changed."""
        if self.sha256 in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self._headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.raw, headers=self._headers)
        return Response(self._packed, headers={**self._headers, "Content-Encoding": "gzip"})
