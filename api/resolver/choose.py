"""Which of a thing's links a request is sent to; several, when nothing tells them apart."""

from collections.abc import Sequence

from api.resolver.asked import Asked
from api.resolver.levels import Level
from api.resolver.links import DEFAULT, Target


def choose(levels: Sequence[Level], asked: Asked) -> tuple[Target, ...]:
    """Return the best links for a request: none of that kind, one, or several equal ones.

    The nearest level that has the kind decides, as the standard has it. Where the wanted
    types are none of those there are, all are equal: an answer serves better than 406.
    """
    if asked.kind in (None, DEFAULT):
        return tuple(level.page for level in levels[:1])
    for level in levels:
        kind = [target for target in level.targets if target.kind == asked.kind]
        if kind:
            return _best(kind, asked)
    return ()


def _best(found: Sequence[Target], asked: Asked) -> tuple[Target, ...]:
    ranks = [(asked.quality(t.media), asked.language_quality(t.languages)) for t in found]
    return tuple(target for target, rank in zip(found, ranks, strict=True) if rank == max(ranks))
