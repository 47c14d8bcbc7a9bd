"""Who may read which serials: events are public, a list of all serials we printed is not.

A serial is drawn at random so that nobody can invent a label that holds (decision 26). Packing
names serials in its events; whoever could read them all would print as many labels as they
like, each of which we had issued. So without the office's token no answer names one of our
products', whatever was asked; the events are in the log by their hash ids all the same. Serials
of others' goods, in events that were captured, are theirs to keep or tell.
"""

from fastapi import Request

from api.deps import Deps

_BEARER = "bearer "


def sees_serials(given: Deps, request: Request) -> bool:
    """Whether whoever asks is the office; a token that is not known is as good as none."""
    said = request.headers.get("authorization", "")
    if not said.lower().startswith(_BEARER):
        return False
    account = given.sessions.account(said[len(_BEARER) :].strip())
    return account is not None and account.role == "office"
