"""Named points of the code at which a test may end the process, as a power cut would.

``NGUON_FAILPOINT=name:n`` ends it at the n-th time the point is reached; with ``:raise``
after it, only the thread ends, by an error that no handler expects. Unset, which is
everywhere but in the fault campaign, a point costs one comparison.
"""

import os

NAMES = (
    "received",
    "taken-in",
    "before-begin",
    "after-begin",
    "mid-batch",
    "before-commit",
    "after-commit",
    "before-acknowledge",
    "mid-acknowledge",
    "after-acknowledge",
    "before-receipts",
    "mid-roll-up",
)
STATUS = 86


class Blown(BaseException):
    """Ends a thread; no ``except Exception`` stops it."""


class _Fuse:
    """The point that is armed, and how often it may still be passed."""

    def __init__(self, told: str) -> None:
        name, _, rest = told.partition(":")
        times, _, self._how = rest.partition(":")
        if name and name not in NAMES:
            message = f"NGUON_FAILPOINT: no point {name!r}; there are {', '.join(NAMES)}"
            raise ValueError(message)
        self.name = name
        self.left = int(times or 1)

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0 and self._how == "raise":
            raise Blown(self.name)
        if self.left == 0:
            os._exit(STATUS)


_fuse = _Fuse(os.environ.get("NGUON_FAILPOINT", ""))


def reach(name: str) -> None:
    """Pass a named point, or end here."""
    if name == _fuse.name:
        _fuse.burn()
