"""Where data rests: readings in a time-series store, everything else in records.

Two ports. :mod:`store.series` keeps readings; :mod:`store.records` keeps who, where,
what and when. Who asks is none of this package's business.
"""
