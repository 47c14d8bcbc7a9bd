"""Whether all that a regime asks to be shown of a lot is there, item by item.

Law is data: `regimes.toml` says what is asked, from which day, on whose word; `dossier`
is what is known of a lot, `gather` fills it from the records, `check` compares the two.
A report says *there*, never *true*.
"""
