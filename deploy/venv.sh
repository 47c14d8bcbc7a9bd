#!/bin/sh
# Make .venv with the Python given, or say in a sentence what is missing.
set -eu
python=${1:-}
if [ -z "$python" ]; then
    echo "Nguồn needs Python 3.11 or newer; none was found on the path." >&2
    exit 1
fi
if command -v uv >/dev/null 2>&1; then
    exec uv venv -q --python "$python" .venv
fi
if ! "$python" -m venv .venv 2>/dev/null; then
    rm -rf .venv
    echo "$python cannot make a virtual environment here." >&2
    echo "Install Debian's python3-venv (as root: apt-get install python3-venv), or put uv on the path." >&2
    exit 1
fi
