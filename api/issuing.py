"""Issuing a passport on request, and showing the log that it is in."""

import logging

from api.deps import Deps
from domain.errors import OperatorError
from domain.lot import IssuedPassport, Lot
from traceability.log.publish import publish
from traceability.passport import issue

_log = logging.getLogger(__name__)


def issue_and_publish(given: Deps, lot: Lot) -> IssuedPassport:
    """Issue a passport and publish the log over it; raises as :func:`issue` does.

    A log that cannot be published now takes nothing back: the passport is issued and logged,
    and the watcher publishes as soon as it can.
    """
    passport = issue(given.issuer, lot, given.clock())
    try:
        publish(given.records, given.files, given.log_key)
    except (OperatorError, OSError):
        _log.exception("the log could not be published; the watcher will try again")
    return passport
