"""How every command line ends: its status, and any error in one sentence, never a traceback."""

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from domain.errors import NguonError
from domain.os_errors import told

ERROR = 2
_NOBODY_READS = 128 + 13  # as a shell tells SIGPIPE


def ended(name: str, verb: Callable[[], int]) -> int:
    """Run a verb to its end and return the exit status; ``name`` is the program's, as typed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without Vietnamese shows a sign's number in its place, and no traceback.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = verb()
        sys.stdout.flush()  # here, where a full disk can still be told
    except BrokenPipeError:
        _let_go_of_output()  # `| head` has seen enough: nothing to tell, and nobody to tell it to
        return _NOBODY_READS
    except (NguonError, OSError) as error:
        sentence = told(error) if isinstance(error, OSError) else str(error)
        with suppress(OSError):
            print(f"{name}: {sentence}", file=sys.stderr)
        _let_go_of_output()
        return ERROR
    return status


def _let_go_of_output() -> None:
    """Flush what can be; what cannot would end in a traceback when the interpreter tries again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
