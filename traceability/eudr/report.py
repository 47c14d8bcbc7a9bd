"""What a check finds: which rule, at which plot, where in the file, and what stands there."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from traceability.eudr.rules import Rule

# A file in which everything is wrong says the same thing a million times; nobody reads that.
KEPT_OF_A_RULE = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong. ``feature`` counts from 0, None for the file; ``path`` is as in JSON."""

    rule: Rule
    feature: int | None
    path: str
    found: str


@dataclass
class Findings:
    """Collects findings; of one rule the first are kept and all are counted."""

    rules: Mapping[str, Rule]
    kept: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, feature: int | None, path: str, found: str) -> None:
        """Note a finding; a rule that is not in force on the day finds nothing."""
        rule = self.rules.get(name)
        if rule is None:
            return
        self.counts[name] += 1
        if self.counts[name] <= KEPT_OF_A_RULE:
            self.kept.append(Finding(rule, feature, path, found))

    def any_of(self, names: Iterable[str]) -> bool:
        """Return whether one of these rules has found something."""
        return any(self.counts[name] for name in names)


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of a file, by plot; ``hectares`` is what its sound polygons enclose."""

    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    errors: int
    features: int
    hectares: float

    @property
    def well(self) -> bool:
        """Whether the file can be handed in."""
        return self.errors == 0


def close(found: Findings, features: int, hectares: float) -> Report:
    """Return the report of what was collected: the file's findings first, then plot by plot."""
    ordered = sorted(found.kept, key=lambda one: -1 if one.feature is None else one.feature)
    errors = sum(n for name, n in found.counts.items() if found.rules[name].is_error)
    return Report(tuple(ordered), dict(found.counts), errors, features, hectares)


def shown(value: object, limit: int = 60) -> str:
    """Return foreign content as it may be printed: short, one line, nothing invisible."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    text = value if isinstance(value, str) else json.dumps(value)
    safe = "".join(sign if sign.isprintable() else "�" for sign in text[:limit])
    safe += "…" if len(text) > limit else ""
    return f"“{safe}”" if isinstance(value, str) else safe
