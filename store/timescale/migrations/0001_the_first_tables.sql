-- The PostgreSQL time-series store, in a schema of its own. Times are milliseconds since
-- 1970-01-01T00:00:00Z, as everywhere in the program. The value is part of a reading's key:
-- the same reading again is a no-op, another value lies beside the first.

CREATE SCHEMA series;

CREATE TABLE series.version (number integer NOT NULL);

CREATE SEQUENCE series.frame_id;

CREATE TABLE series.frame (
    id        bigint PRIMARY KEY,
    device    text   NOT NULL,
    boot      bigint,
    seq       bigint,
    received  bigint NOT NULL,
    committed bigint NOT NULL
);

CREATE TABLE series.reading (
    series  integer          NOT NULL,
    time    bigint           NOT NULL,
    value   double precision NOT NULL,
    quality integer          NOT NULL,
    frame   bigint           NOT NULL,
    PRIMARY KEY (series, time, value)
);

CREATE TABLE series.conflict (
    series  integer NOT NULL,
    time    bigint  NOT NULL,
    noticed bigint  NOT NULL,
    PRIMARY KEY (series, time)
);

CREATE TABLE series.touched (
    series integer NOT NULL,
    hour   bigint  NOT NULL,
    mark   bigint  NOT NULL,
    PRIMARY KEY (series, hour)
);

CREATE TABLE series.rollup (
    series    integer NOT NULL,
    size      text    NOT NULL,
    start     bigint  NOT NULL,
    n         integer NOT NULL,
    expected  integer NOT NULL,
    minimum   double precision,
    maximum   double precision,
    total     double precision,
    last      double precision,
    flagged   integer NOT NULL,
    conflicts integer NOT NULL,
    PRIMARY KEY (series, size, start)
);

CREATE TABLE series.ledger (
    device text   NOT NULL,
    boot   bigint NOT NULL,
    first  bigint NOT NULL,
    last   bigint NOT NULL,
    PRIMARY KEY (device, boot, first)
);

CREATE TABLE series.quarantine (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest  bytea   NOT NULL UNIQUE,
    topic   text    NOT NULL,
    payload bytea   NOT NULL,
    reason  text    NOT NULL,
    detail  text    NOT NULL,
    part    text,
    first   bigint  NOT NULL,
    last    bigint  NOT NULL,
    seen    integer NOT NULL
);
