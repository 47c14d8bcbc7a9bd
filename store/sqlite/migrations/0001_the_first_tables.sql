-- The embedded time-series store. Times are milliseconds since 1970-01-01T00:00:00Z.
-- STRICT and WITHOUT ROWID: a reading is found by its key alone, and the key is all the
-- identity it has. The value is part of the key, so that the same reading again is a
-- no-op and another value at the same time lies beside the first, in any order of arrival.

CREATE TABLE frame (
    id        INTEGER PRIMARY KEY,
    device    TEXT    NOT NULL,
    boot      INTEGER,
    seq       INTEGER,
    received  INTEGER NOT NULL,
    committed INTEGER NOT NULL
) STRICT;

CREATE TABLE reading (
    series  INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    value   REAL    NOT NULL,
    quality INTEGER NOT NULL,
    frame   INTEGER NOT NULL,
    PRIMARY KEY (series, time, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE conflict (
    series  INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    noticed INTEGER NOT NULL,
    PRIMARY KEY (series, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE touched (
    series INTEGER NOT NULL,
    hour   INTEGER NOT NULL,
    mark   INTEGER NOT NULL,
    PRIMARY KEY (series, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup (
    series    INTEGER NOT NULL,
    size      TEXT    NOT NULL,
    start     INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    expected  INTEGER NOT NULL,
    minimum   REAL,
    maximum   REAL,
    total     REAL,
    last      REAL,
    flagged   INTEGER NOT NULL,
    conflicts INTEGER NOT NULL,
    PRIMARY KEY (series, size, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    device TEXT    NOT NULL,
    boot   INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    PRIMARY KEY (device, boot, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    id      INTEGER PRIMARY KEY,
    digest  BLOB    NOT NULL UNIQUE,
    topic   TEXT    NOT NULL,
    payload BLOB    NOT NULL,
    reason  TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    part    TEXT,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    seen    INTEGER NOT NULL
) STRICT;
