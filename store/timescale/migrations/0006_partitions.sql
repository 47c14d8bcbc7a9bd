-- Readings in parts of about a month: native partitions, or a hypertable's chunks where
-- TimescaleDB is in this database. Only times from 2015 to 2064 have such a part; all others,
-- the claims of clocks that have lost their date, lie in `stray`, so that a wild clock makes
-- no more than 610 parts. Which of the two a reading lies in depends on its time alone
-- (store/timescale/partitions.py knows the same bounds).

DROP VIEW series.every_reading;
ALTER TABLE series.reading RENAME TO whole;
ALTER TABLE series.whole RENAME CONSTRAINT reading_pkey TO whole_pkey;

CREATE TABLE series.stray (
    series  integer          NOT NULL,
    time    bigint           NOT NULL,
    value   double precision NOT NULL,
    quality integer          NOT NULL,
    frame   bigint           NOT NULL,
    PRIMARY KEY (series, time),
    -- Lets the planner leave this table out of every question about believable times.
    CONSTRAINT outside CHECK (time < 1417824000000 OR time >= 2998944000000)
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        CREATE TABLE series.reading (LIKE series.stray);
        ALTER TABLE series.reading ADD PRIMARY KEY (series, time);
        -- Looked up by (series, time) alone: an index on time by itself would serve nobody.
        PERFORM create_hypertable('series.reading', 'time',
            chunk_time_interval => 2592000000, create_default_indexes => false);
    ELSE
        CREATE TABLE series.reading (LIKE series.stray) PARTITION BY RANGE (time);
        ALTER TABLE series.reading ADD PRIMARY KEY (series, time);
    END IF;
END $$;

-- The partition that holds an instant, made if it is not there. Attached and not created in
-- place: that would lock out readers and writers of all others. A worker that makes the same
-- one at the same time is waited for.
CREATE FUNCTION series.make_partition(instant bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    start bigint := instant - instant % 2592000000;
    name text := 'reading_' || to_char(to_timestamp(start / 1000) AT TIME ZONE 'UTC', 'YYYY_MM_DD');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('series.make_partition', 0));
    IF to_regclass('series.' || name) IS NULL THEN
        EXECUTE format('CREATE TABLE series.%I (LIKE series.reading INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE series.reading ATTACH PARTITION series.%I'
            ' FOR VALUES FROM (%s) TO (%s)', name, start, start + 2592000000);
    END IF;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM series.make_partition(part * 2592000000) FROM (
            SELECT DISTINCT time / 2592000000 AS part FROM series.whole
            WHERE time >= 1417824000000 AND time < 2998944000000) parts ORDER BY part;
    END IF;
END $$;

INSERT INTO series.reading SELECT * FROM series.whole
    WHERE time >= 1417824000000 AND time < 2998944000000;
INSERT INTO series.stray SELECT * FROM series.whole
    WHERE NOT (time >= 1417824000000 AND time < 2998944000000);
DROP TABLE series.whole;

CREATE VIEW series.first_reading AS
    SELECT series, time, value, quality, frame FROM series.reading
    UNION ALL SELECT series, time, value, quality, frame FROM series.stray;
CREATE VIEW series.every_reading AS
    SELECT series, time, value, quality, frame FROM series.reading
    UNION ALL SELECT series, time, value, quality, frame FROM series.stray
    UNION ALL SELECT series, time, value, quality, frame FROM series.rival;

-- An hour's mark is given when it is put on the list, and never twice: what somebody has seen
-- there is struck out only where nothing has touched it since.
ALTER TABLE series.touch DROP COLUMN mark;
CREATE SEQUENCE series.mark;
SELECT setval('series.mark', greatest(0, (SELECT max(mark) FROM series.touched)) + 1, false);

-- Until when readings were dropped, and how many each time.
CREATE TABLE series.dropped (
    until    bigint NOT NULL,
    readings bigint NOT NULL
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        CREATE FUNCTION series.now_ms() RETURNS bigint LANGUAGE sql STABLE AS
            'SELECT (extract(epoch FROM now()) * 1000)::bigint';
        PERFORM set_integer_now_func('series.reading', 'series.now_ms');
        -- Not in the edition under the Apache licence: readings stay as they are there.
        IF current_setting('timescaledb.license', true) = 'timescale' THEN
            ALTER TABLE series.reading SET (timescaledb.compress,
                timescaledb.compress_segmentby = 'series', timescaledb.compress_orderby = 'time');
            -- What comes within 30 days finds its part uncompressed; later it costs more.
            PERFORM add_compression_policy('series.reading', compress_after => 2592000000);
        END IF;
    END IF;
END $$;
