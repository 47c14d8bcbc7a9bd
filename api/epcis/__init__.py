"""EPCIS 2.0 over HTTP, under ``/epcis/v2``: GS1's REST binding, JSON only.

Whoever asks may read: events tell of lots, places and devices, never of persons. Only the
office captures. GS1 publishes the description of this interface (openapi.yaml of
github.com/gs1/EPCIS), which is why ours leaves it out. Refused and said so: XML,
subscriptions, translation of identifiers.
"""

PREFIX = "/epcis/v2"
MOST_BYTES = 1_000_000
"""Body of a capture; every other body of this service is a tenth of it."""
