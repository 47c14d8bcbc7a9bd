"""Signing in: secrets hashed with argon2id, sessions as rows, slow after wrong tries.

A session is a random token; the store holds only its HMAC, so reading the database
signs nobody in. Five wrong tries make the next ones wait; nobody is locked out for good.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from domain.errors import NotSignedIn, TooMany
from domain.window import DAY_MS, SECOND_MS
from store.records import Records
from store.records.accounts import Account

SESSION_MS = 90 * DAY_MS
_FREE_TRIES = 5
_WAIT_MS = 30 * SECOND_MS
_MAX_REMEMBERED = 10_000
_hasher = PasswordHasher()
# Checked when the login is unknown, so that the answer takes as long as for a known one.
_DECOY = _hasher.hash("nobody")


def hash_secret(secret: str) -> str:
    """Return the form in which a PIN or password is kept."""
    return _hasher.hash(secret)


class Sessions:
    """Opens, finds and closes sessions."""

    def __init__(self, records: Records, key: str, clock: Callable[[], int]) -> None:
        self._records, self._key, self._clock = records, key.encode(), clock
        self._lock = threading.Lock()
        self._wrong: dict[str, tuple[int, int]] = {}

    def sign_in(self, login: str, secret: str) -> str:
        """Return a new token; raises `NotSignedIn`, or `TooMany` after wrong tries."""
        now_ms = self._clock()
        self._count_try(login, now_ms)
        with self._records.reading() as transaction:
            account = transaction.accounts.find(login)
        if not _matches(account, secret):
            message = "login or PIN is wrong"
            raise NotSignedIn(message)
        token = secrets.token_urlsafe(32)
        with self._records.transaction() as transaction:
            transaction.accounts.sweep_sessions(now_ms)
            transaction.accounts.open_session(self._digest(token), login, now_ms + SESSION_MS)
        with self._lock:
            self._wrong.pop(login, None)
        return token

    def account(self, token: str) -> Account | None:
        """Return whose token it is, None when it is nobody's."""
        if not token:
            return None
        with self._records.reading() as transaction:
            return transaction.accounts.session(self._digest(token), self._clock())

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._records.transaction() as transaction:
            transaction.accounts.close_session(self._digest(token))

    def _digest(self, token: str) -> str:
        return hmac.new(self._key, token.encode(), hashlib.sha256).hexdigest()

    def _count_try(self, login: str, now_ms: int) -> None:
        """Count before checking, so that many tries at once are many tries."""
        with self._lock:
            if len(self._wrong) >= _MAX_REMEMBERED:
                self._wrong.clear()
            tries, last_ms = self._wrong.get(login, (0, 0))
            if tries >= _FREE_TRIES and now_ms - last_ms < _WAIT_MS:
                message = f"too many wrong tries; wait {_WAIT_MS // SECOND_MS} seconds"
                raise TooMany(message)
            self._wrong[login] = (tries + 1, now_ms)


def _matches(account: Account | None, secret: str) -> bool:
    try:
        _hasher.verify(account.secret_hash if account else _DECOY, secret)
    except VerificationError:
        return False
    return account is not None
