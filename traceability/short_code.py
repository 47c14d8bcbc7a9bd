"""The short code of a lot: ``/T/7ZK4M2QX``, for small symbols, and for reading out aloud.

Crockford base 32 with its check symbol modulo 37 (https://www.crockford.com/base32.html):
no letter is mistaken for a digit, case and hyphens do not matter, one wrong sign or two
swapped are noticed. In upper case the address fits a QR code's alphanumeric mode, which
holds two signs in 11 bits. The number behind it is drawn at random and kept in records:
short, the same for ever, and not the next one to the last, so that nobody counts our lots.
"""

import secrets

from domain.errors import InvalidInput

_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS = _SYMBOLS + "*~$=U"
_LOOKALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_DIGITS = 7
NUMBERS = 32**_DIGITS
_MAX_TYPED = 40


def draw() -> int:
    """Return a random number whose check symbol is on every keyboard.

    Two of the five signs beyond base 32 are not in QR's alphanumeric mode, and none is easy
    to find on a telephone.
    """
    while (number := secrets.randbelow(NUMBERS)) % len(_CHECKS) >= len(_SYMBOLS):
        pass
    return number


def print_code(number: int) -> str:
    """Return the code of a number: seven symbols, and the one that checks them."""
    if not 0 <= number < NUMBERS:
        message = f"a short code spells numbers from 0 to {NUMBERS - 1}, not {number}"
        raise InvalidInput(message, "code")
    symbols = "".join(_SYMBOLS[number >> 5 * place & 31] for place in reversed(range(_DIGITS)))
    return symbols + _CHECKS[number % len(_CHECKS)]


def parse_code(text: str) -> int:
    """Return the number that a code spells, however it was typed; raises `InvalidInput`."""
    typed = text[:_MAX_TYPED].replace("-", "").upper().translate(_LOOKALIKE)
    symbols, check = typed[:-1], typed[-1:]
    if len(text) > _MAX_TYPED or len(typed) != _DIGITS + 1 or not set(symbols) <= set(_SYMBOLS):
        message = f"a short code has {_DIGITS + 1} letters and digits: {text[:_MAX_TYPED]!r}"
        raise InvalidInput(message, "code")
    number = 0
    for symbol in symbols:
        number = number * 32 + _SYMBOLS.index(symbol)
    if _CHECKS[number % len(_CHECKS)] != check:
        message = f"a sign of this short code is wrong, or two are swapped: {text!r}"
        raise InvalidInput(message, "code")
    return number
