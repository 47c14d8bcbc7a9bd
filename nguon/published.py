"""How the published files of a log are read: from a copy of its folder, or a web address."""

from pathlib import Path

from domain.os_errors import told
from traceability.log.reader import Fetch

_PATIENCE_S = 10.0


def published(log: str) -> Fetch:
    """Return how files of a log are read, in a folder or under a web address."""

    def fetch(path: str, most: int) -> bytes:
        if not log.startswith(("http://", "https://")):
            with (Path(log) / path).open("rb") as file:
                return file.read(most)
        return _download(f"{log.rstrip('/')}/{path}", most)

    return fetch


def _download(address: str, most: int) -> bytes:
    # Within: whoever checks a file without a network should not wait for this to load.
    from http.client import HTTPException  # noqa: PLC0415
    from urllib.error import HTTPError, URLError  # noqa: PLC0415
    from urllib.request import urlopen  # noqa: PLC0415

    try:
        with urlopen(address, timeout=_PATIENCE_S) as answer:  # noqa: S310 - http(s)
            return bytes(answer.read(most))
    except (HTTPException, HTTPError, TimeoutError) as error:
        message = f"{address}: {error}"
        raise OSError(message) from error
    except URLError as error:
        raise OSError(told(error, address)) from error
