"""What the machine refused, in a sentence: where, why, and what to do about it.

The operating system's own words ("[Errno 13] Permission denied: …") tell a programmer enough
and nobody else. Every command line, and every error that wraps one of these, speaks from here.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath

from domain.text import one_line

# Of each refusal what it means and what to do. What is not here keeps the system's own words.
_SENTENCES = {
    errno.ENOENT: "is not there, or a folder on the way to it is not: look at its spelling",
    errno.EACCES: "may not be opened or written by this user: run it as its owner, or change the"
    " rights",
    errno.EPERM: "may not be changed by this user: run it as its owner, or change the rights",
    errno.EISDIR: "is a folder, and a file is needed: name the file in it",
    errno.ENOTDIR: "leads through a file as if it were a folder: look at each part of the path",
    errno.EEXIST: "is there already, and nothing is overwritten: name another, or move it away",
    errno.ENOTEMPTY: "is a folder with something in it: name another, or empty it",
    errno.ENOSPC: "cannot be written, its disk is full: make room, then say it again",
    errno.EDQUOT: "cannot be written, your share of its disk is used up: make room, say it again",
    errno.EFBIG: "cannot be written, it grew beyond the largest file allowed: raise that limit"
    " (ulimit -f), or use another disk",
    errno.EROFS: "cannot be written, its disk is read-only: name another place",
    errno.EIO: "could not be read or written, its disk failed: look at the disk, use a copy",
    errno.ELOOP: "is a link that leads back to itself: name the file it should lead to",
    errno.ENAMETOOLONG: "has a name longer than this disk takes: choose a shorter one",
    errno.EBUSY: "is in use by another program: end that one, then say it again",
    errno.EMFILE: "cannot be opened, too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "cannot be opened, too many files are open on this machine: end other programs",
    errno.ENOMEM: "needs more memory than there is: end other programs, then say it again",
    errno.EADDRINUSE: "is taken by another program: end that one, or choose another port",
    errno.EADDRNOTAVAIL: "is no address of this machine: choose one that is",
    errno.ECONNREFUSED: "refuses the connection: look whether the service runs, and where",
    errno.ECONNRESET: "broke the connection off: say it again",
    errno.EHOSTUNREACH: "cannot be reached: look at the network and the address",
    errno.ENETUNREACH: "cannot be reached: look at the network and the address",
    errno.ETIMEDOUT: "did not answer in time: look at the network, then say it again",
}


def told(error: OSError, asked: str = "what was asked for") -> str:
    """Return a sentence that says of what it is, why, and what to do.

    It is of the path, where the system tells one, and else of what was ``asked``.
    """
    reason = getattr(error, "reason", None)
    if isinstance(reason, OSError):  # urllib wraps what happened, and keeps no path
        return told(reason, asked)
    if error.errno is None:
        return str(error) or f"{asked}: refused, without a reason"
    where = asked if error.filename is None else _shown(error.filename)
    if isinstance(error.filename2, str | bytes | PathLike):
        where = f"{where} → {_shown(error.filename2)}"
    said = _SENTENCES.get(error.errno)
    return f"{where} {said}" if said else f"{where}: {(error.strerror or str(error)).strip()}"


@contextmanager
def concerning(path: "str | PathLike[str]") -> Iterator[None]:
    """Give errors of the system the path that the caller named.

    A full disk names none by itself, and what is written beside a file and then renamed bears
    a name that nobody has typed. Within it that one thing is opened or written, and no other.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = fspath(path), None
        raise


def _shown(name: object) -> str:
    return one_line(name.decode(errors="replace") if isinstance(name, bytes) else name)
