"""The register as ingest sees it: a snapshot, refreshed when it may be out of date."""

import logging
import time
from collections.abc import Callable

from domain.device import Register
from domain.errors import OperatorError

_log = logging.getLogger(__name__)

_MAX_AGE_S = 30.0
_MIN_AGE_S = 2.0


class RegisterCache:
    """Gives the current register; reads it again when old, or when something was unknown.

    ``load`` may raise `OperatorError`; then the last good snapshot goes on being used,
    except when there is none yet.
    """

    def __init__(self, load: Callable[[], Register]) -> None:
        self._load = load
        self._register = load()
        self._loaded = time.monotonic()

    def current(self) -> Register:
        """Return the register, at most half a minute old."""
        if time.monotonic() - self._loaded > _MAX_AGE_S:
            self._reload()
        return self._register

    def after_surprise(self) -> bool:
        """Reload because something was unknown; False when that was tried just now."""
        if time.monotonic() - self._loaded < _MIN_AGE_S:
            return False
        self._reload()
        return True

    def _reload(self) -> None:
        self._loaded = time.monotonic()
        try:
            self._register = self._load()
        except OperatorError as error:
            _log.warning("the register could not be read, using the last one: %s", error)
