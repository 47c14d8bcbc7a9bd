"""``nguon limits``: give single series limits of their own, dated, from a file."""

import argparse
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from domain.errors import InvalidInput, NotFound
from domain.ids import SeriesId
from domain.limits import from_day, parse_limits
from domain.os_errors import told
from domain.text import plain
from domain.window import local_day
from nguon import settings as config
from nguon.compose import UTC_ZONE, now_ms, stores

_OWN_KEYS = ("device", "channel", "valid_from", "source")


def add_limits(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``limits``."""
    parser = verbs.add_parser(
        "limits",
        help="give series limits of their own for the quality tests",
        description="Give series limits of their own for the quality tests, from a day on."
        " Tests that are not named keep the limits of the observed property. gross_range is"
        " judged on arrival, so it holds for what comes from today on; the others are judged"
        " when read, for past days too.",
        epilog='Example: [[limits]] device = "dat-01", channel = "soil_moisture_20",'
        ' valid_from = 2026-06-01, source = "calibrated in clay", spike = { suspect = 4 }',
    )
    parser.add_argument("file", type=Path, metavar="LIMITS.toml")
    parser.add_argument("--dry-run", action="store_true", help="check the file, change nothing")
    parser.set_defaults(verb=_limits)


def _limits(options: argparse.Namespace) -> int:
    rows = _read(options.file)
    changed = []
    seen: set[tuple[SeriesId, date]] = set()
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        streams = transaction.devices.register().streams
        today = local_day(now_ms(), UTC_ZONE)
        for row in rows:
            found = streams.get(row["device"], {}).get(row["channel"])
            if found is None:
                message = f"no channel {row['channel']!r} of a device {row['device']!r}"
                raise NotFound(message)
            limits = {k: v for k, v in row.items() if k not in _OWN_KEYS}
            parse_limits(limits)
            if "gross_range" in limits and row["valid_from"] < today:
                message = "gross_range is judged on arrival, so it holds from today or later on"
                raise InvalidInput(message, "valid_from")
            if (found.series, row["valid_from"]) in seen:
                message = f"{row['device']}:{row['channel']} comes twice for {row['valid_from']}"
                raise InvalidInput(message, "file")
            seen.add((found.series, row["valid_from"]))
            if not options.dry_run:
                transaction.devices.set_limits(
                    found.series, row["valid_from"], limits, row["source"]
                )
                changed.append((found.series, from_day(row["valid_from"])))
            print(f"{row['device']}:{row['channel']} from {row['valid_from']}: {', '.join(limits)}")
        for series, since_ms in changed:
            # Roll-ups are kept as they were judged; the watcher does these hours again.
            opened.series.touch(series, since_ms)
    print(f"{len(rows)} series{', nothing changed' if options.dry_run else ''}")
    return 0


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        rows = tomllib.loads(path.read_text("utf-8")).get("limits", [])
    except OSError as error:
        raise InvalidInput(told(error), "file") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path.name}: {error}"
        raise InvalidInput(message, "file") from error
    if not rows or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        message = f"{path.name} has no [[limits]]"
        raise InvalidInput(message, "file")
    for number, row in enumerate(rows, 1):
        absent = [key for key in _OWN_KEYS if key not in row]
        # A datetime is a date to Python, and not to us: limits hold from a day on.
        if absent or type(row["valid_from"]) is not date:
            wrong = f"lacks {', '.join(absent)}" if absent else "valid_from is a day"
        elif not all(isinstance(row[key], str) for key in ("device", "channel", "source")):
            wrong = "device, channel and source are texts"
        elif not plain(row["source"], "source", 200):
            wrong = "source says where the limits come from"
        elif not set(row) - set(_OWN_KEYS):
            wrong = "names no quality test"
        else:
            continue
        message = f"{path.name}, limits {number}: {wrong}"
        raise InvalidInput(message, "file")
    return list(rows)
