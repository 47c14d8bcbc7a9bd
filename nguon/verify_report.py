"""What ``verify`` prints: each step, the verdict in words, and what it does not say."""

from collections.abc import Sequence
from pathlib import Path

from domain.errors import VerificationFailed
from domain.text import one_line
from domain.window import from_ms, print_instant
from traceability.composition.claims import in_kilograms
from traceability.trust import Trust
from traceability.verify import STEPS, Verdict
from traceability.verify_bundle import Proven, ProvenOrigin
from traceability.verify_log import Seen

# What most often is behind a step that does not hold, and what to do then.
_MEND = {
    "bundle": "Download the proof again from the page of the label: a file that was cut off, packed"
    " anew or locked with a password is none.",
    "key": "Are these the keys of whoever issued the passport, and the newest ones? Ask for the"
    " list again.",
    "checkpoint": "Are these the keys of the log that the passport is in? Ask for the list again.",
    "witnesses": "A witness may have been away: download the proof again tomorrow; if it stays so,"
    " ask the witness.",
    "label": "This proof is of another lot than the label: open the page of this very label, and"
    " download its proof.",
    "readings": "Were the readings written together with this very proof? Ask for both again.",
    "log": "Keep this file: it shows that the log is not what it was. Tell its witnesses.",
}
_TELL = "Download it again; if it still does not hold, keep it, and tell the office."


def tell_steps(held: Sequence[str], trust: Trust) -> None:
    """Print the steps that hold, numbered."""
    asked = trust.log.quorum if trust.log else 0
    for number, step in enumerate(held, 1):
        none_asked = " (none is asked for)" if step == "witnesses" and not asked else ""
        print(f"{number} {step}: holds{none_asked}")


def tell_failure(error: VerificationFailed, held: Sequence[str]) -> int:
    """Print the steps that held and the one that did not, what it expected and found; 1."""
    before = [*held]
    if error.step in STEPS:  # a passport's own are told together, once all of them hold
        before += STEPS[: STEPS.index(error.step)]
    for number, step in enumerate(before, 1):
        print(f"{number} {step}: holds")
    print(f"{len(before) + 1} {error.step}: FAILED")
    print(f"  expected {shown(error.expected)}\n  found    {shown(error.found)}")
    print("It does not hold: do not rely on this file.")
    print(_MEND.get(error.step, _TELL))
    return 1


def tell_verdict(verdict: Verdict, label: str | None) -> None:
    """Print of which lot a passport is, who issued it, and whether a label was compared."""
    lot, issued = verdict.document["lot"], verdict.document["issued"]
    print(f"lot {shown(lot['number'])} of {shown(lot['gtin'])} is unchanged since {issued},")
    print(f"when {shown(verdict.document['issuer'])} issued it with key {verdict.key.id}.")
    if label is None:
        print("Do this lot and GTIN stand on your bag? --label LINK compares them.")


def tell_keys(path: Path, keys: str) -> None:
    """Print which list of keys was believed, so that it can be compared with a paper."""
    print(f"Believed were the keys in {shown(path.name)}, whose SHA-256 is")
    print(f"  {keys}")
    print("Is it the one that somebody whom you trust has given you, on paper for example?")


def tell_log(proven: Proven) -> None:
    """Print what the log proves of a passport, and of what it is made of."""
    log = proven.checkpoint
    print(f"It is entry {proven.number} of the log {shown(log.origin)},")
    print(f"taken at {print_instant(proven.logged_ms)}; it rests on {proven.days} days of devices.")
    witnessed = [f"{name} ({from_ms(when * 1000):%Y-%m-%d})" for name, when in proven.witnessed]
    print(f"Witnesses: {', '.join(witnessed) or 'none'}.")
    if proven.producer is not None:
        print(f"Grown by {shown(proven.producer)}.")
    for one in proven.origins:
        _tell_origin(one)
    if proven.recomputed is None:
        print("The raw readings are not beside it: the days were not made again from them.")
    else:
        print(f"Every day was made again from {proven.recomputed} raw readings.")


def _tell_origin(one: ProvenOrigin) -> None:
    """Say of a harvested lot how much of it is in, and what its own proof is."""
    (gtin, number), proven = one.part.lot, one.proven
    grown = "" if proven.producer is None else f", grown by {shown(proven.producer)}"
    print(f"Of lot {shown(number)} of {shown(gtin)}, harvested {one.part.harvested}{grown}:")
    went_in, share = in_kilograms(one.part.grams), f"{100 * one.part.share:.1f} %"
    print(f"  {went_in} of its {in_kilograms(one.part.weighed)} went in, {share} of all that did,")
    print("  reckoned as if every lot between were evenly mixed;")
    print(f"  entry {proven.number} of the log, on {proven.days} days of devices.")


def tell_seen(proven: Proven, seen: Seen | None) -> None:
    """Print what was looked up in the log as it is now, if anything was."""
    if seen is None:
        print("Whether the lot was recalled since is not known here: --log tells.")
        return
    print(f"In the log as it is now, {seen.size} entries, stand {seen.days} entries of those")
    print(f"devices' days, {seen.prompt} taken within a day of its end (what a device brings late")
    print(f"is taken late), {seen.diary} lines of the diary and {seen.certificates} certificates.")
    for number, since in seen.withdrawn:
        print(f"CERTIFICATE {shown(number)} WAS WITHDRAWN from {shown(since)} on.")
    if seen.recalled_ms is not None and seen.recalled is not None:
        lot, (gtin, number) = proven.document["lot"], seen.recalled
        own = (gtin, number) == (lot["gtin"], lot["number"])
        told = "THE LOT" if own else f"LOT {shown(number)} BEHIND IT"
        print(f"{told} WAS RECALLED at {print_instant(seen.recalled_ms)}.")


def shown(text: object) -> str:
    """Return a text in quotes in which nothing can pass for another line of this report."""
    return f"“{one_line(text)}”"
