"""HTTP: JSON for machines under ``v1/``, pages for people in one folder an audience.

Pages are made on the server, work without a script, and speak Vietnamese first.
"""
