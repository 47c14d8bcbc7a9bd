"""What a proof of a lot made of others must show beyond its passport. Pure.

- ``steps``    the event of every step is made again, and is in the log before the passport
- ``origins``  the passport named of every harvested lot is here, and its own proof holds
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

from domain.errors import InvalidInput, VerificationFailed
from traceability.composition.claims import Key, LoggedStep, MadeOf, Part, name_of
from traceability.lineage.making import making
from traceability.lineage.weights import floor_grams, kilograms
from traceability.log.checkpoint import Policy
from traceability.log.entry import EVENT, Claim, encode
from traceability.log.proof import LogProof

_T = TypeVar("_T")


def file_of(lot: Key) -> str:
    """Return what the proof of a lot is called inside the proof of one made of it."""
    return f"{lot[0]}/{quote(lot[1], safe='')}.zip"


def entry_of_step(logged: LoggedStep) -> bytes:
    """Return the log's entry of a step, made again from what a passport says of it.

    Raises `VerificationFailed`, step ``steps``, where its event is another one.
    """
    name = f"step {logged.step.id}"
    try:
        event = str(making(logged.step, logged.zone)["eventID"])
    except (InvalidInput, ValueError) as error:
        raise VerificationFailed("steps", f"{name}: an event", str(error)[:120]) from error
    if event != logged.event:
        raise VerificationFailed("steps", f"{name}: event {logged.event[:120]}", event)
    return encode(Claim(EVENT, logged.logged_ms, {"event": event}))


def check_steps(said: MadeOf, proofs: Sequence[str], policy: Policy, passport: LogProof) -> None:
    """Raise `VerificationFailed` unless every step is in the log, before the passport."""
    if len(proofs) != len(said.steps):
        expected = f"{len(said.steps)} proofs of steps"
        raise VerificationFailed("steps", expected, f"{len(proofs)}")
    for logged, text in zip(said.steps, proofs, strict=True):
        entry = entry_of_step(logged)
        try:
            _check_included(logged, entry, LogProof.decode(text), policy, passport)
        except VerificationFailed as error:
            expected = f"step {logged.step.id}: {error.step}, {error.expected}"
            raise VerificationFailed("steps", expected, error.found) from error


def each_origin(
    said: MadeOf, proofs: Mapping[str, bytes], verified: Callable[[Part, bytes], _T]
) -> list[_T]:
    """Return what was verified of each harvested lot; raises `VerificationFailed`, ``origins``.

    ``verified`` is given what the passport says of it, and its proof.
    """
    wanted = {file_of(part.lot) for part in said.parts}
    more = sorted(proofs.keys() - wanted)
    if more:
        raise VerificationFailed("origins", "proofs of what it is made of", f"{more[0]} too")
    found = []
    for part in said.parts:
        raw = proofs.get(file_of(part.lot))
        if raw is None:
            expected = f"{name_of(part.lot)}: its proof, {file_of(part.lot)}"
            raise VerificationFailed("origins", expected, "no such file in it")
        with naming(part.lot, "origins"):
            found.append(verified(part, raw))
    return found


@contextmanager
def naming(lot: Key, step: str) -> Iterator[None]:
    """Say of which harvested lot it is that a step of its own proof does not hold."""
    try:
        yield
    except VerificationFailed as error:
        expected = f"{name_of(lot)}: {error.step}, {error.expected}"
        raise VerificationFailed(step, expected, error.found) from error


def require_named(part: Part, document: Mapping[str, Any], number: int) -> None:
    """Raise `VerificationFailed` unless a passport, entry ``number``, is the one that is named."""
    lot = document["lot"]
    expected = {
        "gtin": part.lot[0], "number": part.lot[1], "harvested": part.harvested.isoformat(),
        "kilograms": kilograms(part.weighed), "issued": part.issued, "logged": part.number,
    }  # fmt: skip
    found = {name: lot.get(name) for name in ("gtin", "number", "harvested", "kilograms")}
    found |= {"issued": document["issued"], "logged": number}
    # A lot opened long ago may be weighed more finely than to the gram.
    if type(found["kilograms"]) in (int, float):
        found["kilograms"] = kilograms(floor_grams(found["kilograms"]))
    if found != expected:
        raise VerificationFailed("fields", str(expected), str(found)[:300])


def _check_included(
    logged: LoggedStep, entry: bytes, proof: LogProof, policy: Policy, passport: LogProof
) -> None:
    if proof.index != logged.number or proof.checkpoint != passport.checkpoint:
        expected = f"a proof of entry {logged.number} under the passport's checkpoint"
        found = f"entry {proof.index}, maybe another checkpoint"
        raise VerificationFailed("inclusion", expected, found)
    proof.check(entry, policy)
    if logged.number >= passport.index:
        expected = f"an entry before the passport's, number {passport.index}"
        raise VerificationFailed("time", expected, f"entry {logged.number}")
