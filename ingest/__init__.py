"""From the broker to the store: receive, decode, identify, locate, judge, commit, acknowledge.

:mod:`ingest.pipeline` reads as a message's whole life; every step is a module.
"""
