"""Who may read which serials: events are public, a list of all serials we printed is not.

A serial is drawn at random so that nobody can invent a label that holds (decision 26). Packing
names serials in its events; whoever could read them all would print as many labels as they
like, each of which we had issued. So without the office's token no answer names one of our
products', whatever was asked; the events are in the log by their hash ids all the same. Serials
of others' goods, in events that were captured, are theirs to keep or tell.
"""

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param

from api.deps import Deps


def sees_serials(given: Deps, request: Request) -> bool:
    """Whether whoever asks is the office; a token that is not known is as good as none."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    account = given.sessions.account(token) if scheme.lower() == "bearer" else None
    return account is not None and account.role == "office"
