"""The demonstration's nodes in a process that ends with its parent."""

import sys

from firmware_sim.__main__ import main
from nguon.lifeline import follow_parent

if __name__ == "__main__":
    follow_parent()
    sys.exit(main(sys.argv[1:]))
