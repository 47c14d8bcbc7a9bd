"""The nouns every other package speaks in: frozen, typed, without clock or I/O.

Nothing here imports the rest of the program. Instants are integers, milliseconds
since 1970-01-01T00:00:00Z, and their names end in ``_ms``; see :mod:`domain.window`.
"""
