"""From a plot and a stretch of time to a claim that a stranger can check.

:mod:`traceability.verify` and what it needs are pure: bytes and public keys in, a
verdict out. Nothing here knows HTTP.
"""
