"""A child process that ends when its parent does, however the parent ended.

The parent holds the other end of standard input and never writes. When it is gone,
even by ``kill -9``, reading returns nothing and the child asks itself to stop.
"""

import os
import signal
import sys
import threading


def follow_parent() -> None:
    """Start watching standard input; the process gets SIGTERM when it closes."""
    descriptor = sys.stdin.fileno()

    def watch() -> None:
        while os.read(descriptor, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
