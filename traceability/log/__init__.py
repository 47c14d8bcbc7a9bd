"""The append-only log: what this installation has claimed, in the order it claimed it.

A signature shows that a document is ours; only a log that others watch shows that we told
everybody the same, and took nothing back. All here but :mod:`.append` and :mod:`.publish`
is pure: bytes and public keys in, bytes or a verdict out.
"""
