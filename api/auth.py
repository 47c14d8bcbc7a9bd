"""Signing in: secrets hashed with argon2id, sessions as rows, slow after wrong tries.

A session is a random token; the store holds only its HMAC, so reading the database
signs nobody in. Wrong tries make the next ones wait, by login and by address. Hashing
takes memory and time on purpose, so only a few are at it at once and the rest are told
to come back: a flood of sign-ins must not take the machine from the readings.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from api.rates import Tries
from domain.errors import NotSignedIn, TooMany
from domain.window import DAY_MS, SECOND_MS
from store.records import Records
from store.records.accounts import Account

SESSION_MS = 90 * DAY_MS
WAIT_MS = 30 * SECOND_MS
# An address may be a whole village behind one line.
_FREE_BY_LOGIN, _FREE_BY_ADDRESS = 5, 50
_AT_ONCE, _WAITING, _BUSY_S = 2, 6, 3
# OWASP's password storage cheat sheet (2023) for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked when the login is unknown, so that the answer takes as long as for a known one.
_DECOY = _hasher.hash("nobody")


def hash_secret(secret: str) -> str:
    """Return the form in which a PIN or password is kept."""
    return _hasher.hash(secret)


class Sessions:
    """Opens, finds and closes sessions."""

    def __init__(self, records: Records, key: str, clock: Callable[[], int]) -> None:
        self._records, self._key, self._clock = records, key.encode(), clock
        self._by_login = Tries(_FREE_BY_LOGIN, WAIT_MS, clock)
        self._by_address = Tries(_FREE_BY_ADDRESS, WAIT_MS, clock)
        self._places = threading.BoundedSemaphore(_AT_ONCE + _WAITING)
        # Threads of its own: each thread that ever hashed keeps the memory it took for it.
        self._hashing = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="hashing")

    def sign_in(self, login: str, secret: str, address: str = "") -> str:
        """Return a new token; raises `NotSignedIn`, or `TooMany` after wrong tries.

        `TooMany` too while too many others are signing in; that is no try of the login.
        """
        now_ms = self._clock()
        with self._a_place():
            self._by_address.count(address)
            self._by_login.count(login)
            with self._records.reading() as transaction:
                account = transaction.accounts.find(login)
            matches = self._hashing.submit(_matches, account, secret).result()
        if not matches:
            message = "login or PIN is wrong"
            raise NotSignedIn(message)
        token = secrets.token_urlsafe(32)
        with self._records.transaction() as transaction:
            transaction.accounts.sweep_sessions(now_ms)
            transaction.accounts.open_session(self._digest(token), login, now_ms + SESSION_MS)
        self._by_login.forgive(login, _FREE_BY_LOGIN)
        self._by_address.forgive(address, 1)
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

    @contextmanager
    def _a_place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            message = "many are signing in at this moment; try again in a few seconds"
            raise TooMany(message, _BUSY_S)
        try:
            yield
        finally:
            self._places.release()


def _matches(account: Account | None, secret: str) -> bool:
    try:
        _hasher.verify(account.secret_hash if account else _DECOY, secret)
    except VerificationError:
        return False
    return account is not None
