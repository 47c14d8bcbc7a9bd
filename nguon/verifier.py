"""``nguon verifier``: verification alone, as one file that a stranger can get, read and run.

A zipapp (PEP 441) of what verification reaches: our modules, found by following their imports,
and the pure packages they need, as installed. Only `cryptography` is left to the machine, since
it is not pure. The same sources give the same bytes, so whoever has the source can tell whether
a copy was made of it.
"""

import argparse
import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from domain.errors import Clash
from domain.os_errors import concerning
from traceability.plain_zip import plain_zip

NAME = "nguon-verify.pyz"
_ENTRY = "nguon.verify_main"
_OURS = frozenset({"domain", "traceability", "nguon"})
# Copied whole: time zones for machines that carry none, and canonical JSON.
_CARRIED = ("rfc8785", "tzdata")
_OUTSIDE = frozenset({"cryptography"})
_TABLES = frozenset({".toml", ".csv"})
_SHEBANG = b"#!/usr/bin/env python3\n"
_MAIN = b'''\
"""Checks the proof of a lot with public keys alone. Apache-2.0; made by `nguon verifier`.

This file is a ZIP file: unpack it, and read what it does.
"""

import sys

if sys.version_info < (3, 11):
    sys.stderr.write("nguon-verify: needs Python 3.11 or newer: install it, and use that one\\n")
    sys.exit(2)
try:
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: F401
except ImportError:
    sys.stderr.write(
        "nguon-verify: needs the package cryptography, which is not here: install it with"
        " python3 -m pip install cryptography (Debian, Ubuntu: apt install python3-cryptography)\\n"
    )
    sys.exit(2)

from nguon.verify_main import main

sys.exit(main())
'''


def add_verifier(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``verifier``."""
    parser = verbs.add_parser(
        "verifier",
        help="write the verifier as one file, for whoever has none of this",
        description="Write `nguon verify` as one file that runs wherever Python 3.11 and the"
        " package cryptography are: python3 nguon-verify.pyz PROOF.zip --keys KEYS.json. The same"
        " source and the same locked packages give the same bytes; the SHA-256 that is printed"
        " tells whether somebody's copy was made of it.",
    )
    parser.add_argument(
        "--out", type=Path, default=Path(NAME), metavar="FILE",
        help="where to (%(default)s); nothing is overwritten",
    )  # fmt: skip
    parser.set_defaults(verb=_write)


def _write(options: argparse.Namespace) -> int:
    target: Path = options.out
    if target.exists():
        message = f"{target} is there already; nothing is overwritten"
        raise Clash(message)
    raw = build()
    try:
        with concerning(target), target.open("xb") as file:
            file.write(raw)
    except OSError:
        target.unlink(missing_ok=True)  # half a program is worse than none
        raise
    print(f"{hashlib.sha256(raw).hexdigest()}  {target}")
    print(f"{len(raw)} bytes; run it with: python3 {target} PROOF.zip --keys KEYS.json")
    return 0


@cache
def build() -> bytes:
    """Return the verifier as a file; the same sources give the same bytes."""
    files = {"__main__.py": _MAIN}
    for name, path in reached(_ENTRY).items():
        inside = name.replace(".", "/") + ("/__init__" if path.name == "__init__.py" else "")
        files[f"{inside}.py"] = path.read_bytes()
        folder = inside.rpartition("/")[0]
        files |= {f"{folder}/{table.name}": table.read_bytes() for table in _beside(path)}
    for package in _CARRIED:
        files |= _whole(package)
    return plain_zip(files, _SHEBANG)


def _beside(module: Path) -> Iterator[Path]:
    """Yield the tables that a module reads: those in its folder that it names."""
    source = module.read_text("utf-8")
    for path in sorted(module.parent.iterdir()):
        if path.suffix in _TABLES and f'"{path.name}"' in source:
            yield path


def reached(entry: str) -> dict[str, Path]:
    """Return our modules that one of them imports, at whatever depth, and where they lie.

    Raises `RuntimeError` when that reaches a package which the verifier does not carry: then
    somebody has let verification depend on more than it should.
    """
    found: dict[str, Path] = {}
    todo = [entry]
    while todo:
        name = todo.pop()
        path = _source(name)
        if path is None or name in found:
            continue
        found[name] = path
        parts = name.split(".")
        todo += [".".join(parts[:length]) for length in range(1, len(parts))]
        todo += [one for one in _imports(path) if _is_ours(one, name)]
    return found


def _is_ours(imported: str, by: str) -> bool:
    top = imported.partition(".")[0]
    known = top in sys.stdlib_module_names or top in _OUTSIDE or top in _CARRIED
    if not known and top not in _OURS:
        message = f"{by} imports {imported}, which the verifier does not carry"
        raise RuntimeError(message)
    return not known


def _imports(path: Path) -> Iterator[str]:
    """Yield what a module imports; of ``from a import b`` both a and a.b, whichever it is."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _source(name: str) -> Path | None:
    """Return where a module of ours lies, None when the name is of something in a module."""
    top, *rest = name.split(".")
    base = _folder(top).joinpath(*rest)
    for path in (base / "__init__.py", base.with_name(f"{base.name}.py")):
        if path.is_file():
            return path
    return None


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        message = f"the package {package} is not installed"
        raise RuntimeError(message)
    return Path(spec.origin).parent


def _whole(package: str) -> dict[str, bytes]:
    """Return every file of an installed package, with its licence and what it says it is."""
    folder = _folder(package)
    files = {
        f"{package}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for one in distribution(package).files or ():
        if one.parent.name != package and one.name.startswith(("LICEN", "METADATA")):
            files[one.as_posix()] = one.read_binary()
    return files
