#!/bin/sh
# Bring .venv to exactly what a hash-locked file names: install.sh FILE.
set -eu
file=$1
if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    [ -x .venv/bin/uv ] || .venv/bin/python -m pip install -q --disable-pip-version-check \
        --require-hashes -r requirements/uv.txt
    # A sync removes what the file does not name, uv among it: run a copy from outside.
    mkdir -p .venv/tools
    cp .venv/bin/uv .venv/tools/uv
    uv=.venv/tools/uv
fi
# Compiled once here: where Python may write none later, every start takes a second more.
echo "Installing what $file names …"
"$uv" pip sync -q --require-hashes --compile-bytecode --python .venv/bin/python "$file"
# The command by its name: from anywhere, always of this tree.
printf '#!/bin/sh\ntree=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)\nPYTHONPATH="$tree${PYTHONPATH:+:$PYTHONPATH}" exec "$tree/.venv/bin/python" -m nguon "$@"\n' > .venv/bin/nguon
chmod 755 .venv/bin/nguon
