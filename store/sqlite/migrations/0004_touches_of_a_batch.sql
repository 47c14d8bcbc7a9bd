-- The hours that a batch has touched, in one row a batch: four entries a message in the
-- list of hours cost a fifth of an append. Whoever asks for the list folds them into it.
-- `hours` is packed by store/sqlite/touches.py, `n` says how many there are.

CREATE TABLE touch (
    id    INTEGER PRIMARY KEY,
    mark  INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    hours BLOB    NOT NULL
) STRICT;
