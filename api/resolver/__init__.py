"""The resolver: from a GS1 Digital Link to what is known of the thing it names.

GS1-Conformant Resolver standard 1.2, and RFC 9264 for sets of links. ``links.py`` is the
table of what leads where; ``levels.py`` walks up from a lot to its product; ``asked.py`` and
``choose.py`` find what the request wants; ``linkset.py`` writes it down.
"""
