"""``python -m nguon``: the command line, and Ctrl-C at any moment without a traceback."""

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    try:
        # Within the guard: importing takes most of a second, in which people change their mind.
        from nguon.cli import main as run  # noqa: PLC0415

        return run(arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
