"""Erasing a name: salts and personal fields go, proofs stay, and the log notes it unnamed."""
