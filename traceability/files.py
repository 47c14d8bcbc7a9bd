"""Files that people bring: scans of certificates, kept as they are, and pictures of products.

A scan is evidence, so not a byte of it is changed; it is shown to nobody but the office, since
names and addresses stand on it. A picture is for everybody, so it is drawn anew: what a phone
writes into a file beside the picture, above all where it was taken, does not come along.
"""

import hashlib
import warnings
from io import BytesIO

from PIL import Image, ImageOps

from domain.certificate import KeptFile
from domain.errors import InvalidInput, NotFound, TooLarge
from domain.gs1 import Gtin
from store.records import Transaction

MOST_BYTES = 5_000_000
_SIDE, _QUALITY = 1_200, 80
_MOST_PIXELS = 50_000_000
"""What a phone takes; decoding more would need more memory than a picture is worth."""
_MEDIA = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}


def digest_of_file(content: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def keep_paper(transaction: Transaction, content: bytes, now_ms: int) -> str:
    """Keep the scan of a paper as it is and return its digest.

    Raises `InvalidInput`, field ``paper``, for what is neither PDF, JPEG nor PNG, `TooLarge`
    for more than 5 MB.
    """
    _require_modest(content)
    media = next((media for begins, media in _MEDIA.items() if content.startswith(begins)), None)
    if media is None:
        message = "the scan of a certificate is a PDF, JPEG or PNG file"
        raise InvalidInput(message, "paper")
    return _keep(transaction, media, content, now_ms)


def scan(transaction: Transaction, digest: str) -> KeptFile:
    """Return the scan of a paper; raises `NotFound` for one that is not there, or was erased."""
    file = transaction.papers.file(digest)
    if not file.content:
        message = f"scan {digest} was erased"
        raise NotFound(message)
    return file


def show_picture(
    transaction: Transaction, gtin: Gtin, content: bytes, author: str, now_ms: int
) -> str:
    """Make a picture the one of a product and return the digest of what is shown: a JPEG.

    At most 1,200 pixels a side, without what stood in the file beside the picture. Raises
    `NotFound` for the product, `InvalidInput`, field ``picture``, and `TooLarge`.
    """
    transaction.lots.product(gtin)
    _require_modest(content)
    digest = _keep(transaction, "image/jpeg", _drawn_anew(content), now_ms)
    transaction.papers.show(gtin, digest, author, now_ms)
    return digest


def _keep(transaction: Transaction, media: str, content: bytes, now_ms: int) -> str:
    digest = digest_of_file(content)
    transaction.papers.keep(KeptFile(digest, media, content, now_ms))
    return digest


def _require_modest(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        message = f"a file has at most {MOST_BYTES // 1_000_000} MB, this one {len(content)} bytes"
        raise TooLarge(message)


def _drawn_anew(content: bytes) -> bytes:
    try:
        # A warning of Pillow's is a picture of many pixels: told by us, in one sentence.
        with warnings.catch_warnings(action="ignore"):
            picture = Image.open(BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
        if picture.width * picture.height > _MOST_PIXELS:
            message = f"a picture has at most {_MOST_PIXELS // 1_000_000} million pixels"
            raise InvalidInput(message, "picture")
        picture.draft("RGB", (_SIDE, _SIDE))
        turned = ImageOps.exif_transpose(picture)
        turned.thumbnail((_SIDE, _SIDE))
        out = BytesIO()
        _on_white(turned).save(out, "JPEG", quality=_QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        message = "this is no JPEG, PNG or WebP picture that can be read"
        raise InvalidInput(message, "picture") from error
    return out.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a picture without transparency, which a JPEG would show as black."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    below = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(below, picture.convert("RGBA")).convert("RGB")
