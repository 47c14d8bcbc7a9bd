"""A field node as the broker sees one: sensors, a sleep-measure-send cycle, a flash buffer.

Knows nothing of the program but the wire (:mod:`domain`). One seed, one history: the
same scenario and the same clock give the same bytes.
"""
