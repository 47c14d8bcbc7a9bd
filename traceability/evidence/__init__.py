"""Evidence from readings: what was measured, what is missing, and what it is bound to."""
