"""GS1's own JSON schema, read from the published vectors where they are; never committed."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

from traceability.epcis.shapes import is_uri
from traceability.epcis.values import instant


@lru_cache(maxsize=1)
def schema(folder: Path) -> jsonschema.Draft7Validator:
    """The EPCIS 2.0 schema with its formats asserted, which draft 7 leaves to the program."""
    formats = jsonschema.FormatChecker(formats=[])
    formats.checks("uri")(lambda value: not isinstance(value, str) or is_uri(value))
    formats.checks("date-time")(
        lambda value: not isinstance(value, str) or instant(value) is not None
    )
    text = (folder / "vectors" / "epcis" / "EPCIS-JSON-Schema.json").read_text("utf-8")
    return jsonschema.Draft7Validator(json.loads(text), format_checker=formats)


def refuses(folder: Path, document: Any) -> str | None:
    """What the schema has against a document, None when it has nothing."""
    error = next(iter(schema(folder).iter_errors(document)), None)
    return None if error is None else error.message[:300]


def examples(folder: Path) -> list[Path]:
    found = sorted((folder / "vectors" / "epcis" / "examples").glob("*.jsonld"))
    assert len(found) >= 14
    return found
