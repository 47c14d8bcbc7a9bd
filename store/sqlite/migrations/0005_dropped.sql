-- Until when readings were dropped, and how many each time (store/retention.py).

CREATE TABLE dropped (
    until    INTEGER NOT NULL,
    readings INTEGER NOT NULL
) STRICT;
