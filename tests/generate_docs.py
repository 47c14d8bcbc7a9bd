"""Write the pages of docs/ that are made from the program; ``test_docs`` keeps them true."""

import io
from collections.abc import Callable
from pathlib import Path

from api.errors import status_of
from api.v1.start import SAMPLE, start_page
from domain import errors
from firmware_sim.__main__ import build_parser as simulator_parser
from nguon.cli import build_parser
from nguon.settings import PREFIX, Settings

DOCS = Path(__file__).parent.parent / "docs"


def settings_page() -> str:
    out = io.StringIO()
    out.write("# Settings\n\nMade from `nguon/settings.py` by `make docs`. A value comes from the environment,\n"
              "else from the TOML file that `NGUON_FILE` names (names in lower case, without the\n"
              "prefix), else from the default. `nguon settings` prints the effective values.\n\n"
              "| setting | default | meaning |\n| --- | --- | --- |\n")  # fmt: skip
    for name, field in Settings.model_fields.items():
        value = str(field.default).replace("**********", "change-me") or "(empty)"
        out.write(f"| `{PREFIX}{name.upper()}` | `{value}` | {field.description} |\n")
    return out.getvalue()


def cli_page() -> str:
    parts = [
        "# Command line\n\nMade from the parsers by `make docs`. Exit status: 0 well, 1 a finding, 2 an error.\n"
    ]
    for parser in (build_parser(), simulator_parser()):
        parts.append(f"## {parser.prog}\n\n```\n{parser.format_help()}```\n")
        for action in parser._actions:
            for name, verb in (getattr(action, "choices", None) and action.choices.items()) or ():  # type: ignore[union-attr]
                parts.append(f"### {parser.prog} {name}\n\n```\n{verb.format_help()}```\n")
    return "\n".join(parts)


def errors_page() -> str:
    out = io.StringIO()
    out.write("# Errors\n\nMade from `domain/errors.py` and `api/errors.py` by `make docs`. `error` in the one JSON\n"
              'shape (`{"error", "message", "field"?, "rule"?}`) and `reason` in quarantine are these codes.\n\n'
              "| code | HTTP | meaning |\n| --- | --- | --- |\n")  # fmt: skip
    for kind in walk(errors.NguonError):
        first = (kind.__doc__ or "").strip().split("\n")[0]
        out.write(f"| `{kind.code}` | {status_of(kind)} | {first} |\n")
    out.write(
        "| `internal-error` | 500 | A fault of ours; the message is kept and can be tried again. |\n"
    )
    return out.getvalue()


def walk(kind: type[errors.NguonError]) -> list[type[errors.NguonError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in walk(child))]


def integrators_page() -> str:
    return start_page("https://nguon.example", *SAMPLE)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "errors.md": errors_page,
    "integrators.md": integrators_page,
}

if __name__ == "__main__":
    for page_name, make in PAGES.items():
        (DOCS / page_name).write_text(make(), "utf-8")
