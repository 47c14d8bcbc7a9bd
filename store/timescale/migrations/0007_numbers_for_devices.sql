-- Devices by number, and cycles without an index of them by device: each says which was its
-- device's before it, and the device's row names its newest. A row of a cycle, an index entry
-- and its key weighed 48 bytes a reading of four, and weigh 29.

-- The run of sequence numbers that grows lies in the device's row, all others in the ledger:
-- nearly always a batch writes that row alone, over in place.
CREATE TABLE series.device (
    id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name   text    NOT NULL UNIQUE,
    newest bigint  NOT NULL DEFAULT 0,   -- its newest cycle, 0 for none
    boot   bigint  NOT NULL DEFAULT -1,  -- of the run that grows, -1 for none
    first  bigint  NOT NULL DEFAULT 0,
    last   bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

INSERT INTO series.device (name, newest)
    SELECT device, max(id) FROM (
        SELECT device, id FROM series.frame UNION ALL SELECT device, 0 FROM series.ledger) heard
    GROUP BY device ORDER BY device;

-- Wide columns first, so that no byte is spent on alignment, and no more nullable ones than
-- are null in no ordinary row: a row that holds a null is eight bytes longer.
CREATE TABLE series.numbered (
    id        bigint   NOT NULL,
    before    bigint   NOT NULL,  -- the device's cycle before, 0 for its first
    boot      bigint,
    seq       bigint,
    time      bigint   NOT NULL,
    received  bigint   NOT NULL,
    committed bigint   NOT NULL,
    device    integer  NOT NULL,
    clock     smallint NOT NULL
);

INSERT INTO series.numbered
    SELECT f.id, lag(f.id, 1, 0::bigint) OVER (PARTITION BY f.device ORDER BY f.id),
        f.boot, f.seq, f.time, f.received, f.committed, d.id, f.clock
    FROM series.frame f JOIN series.device d ON d.name = f.device ORDER BY f.id;

-- By how much the few cycles are moved that an offset moves.
CREATE TABLE series.shift (
    frame bigint PRIMARY KEY,
    skew  bigint NOT NULL
);

INSERT INTO series.shift SELECT id, skew FROM series.frame WHERE skew <> 0;

DROP TABLE series.frame;
ALTER TABLE series.numbered RENAME TO frame;
ALTER TABLE series.frame ADD PRIMARY KEY (id);

-- A cycle with its device's name and its move. What of it a question does not ask for is not
-- looked up.
CREATE VIEW series.cycle AS
    SELECT f.id, d.name AS device, f.boot, f.seq, f.time, f.received, f.committed,
        coalesce(s.skew, 0) AS skew, f.clock
    FROM series.frame f
    LEFT JOIN series.device d ON d.id = f.device LEFT JOIN series.shift s ON s.frame = f.id;

ALTER TABLE series.ledger RENAME TO named;
UPDATE series.device SET boot = l.boot, first = l.first, last = l.last
    FROM (SELECT DISTINCT ON (device) * FROM series.named ORDER BY device, boot DESC, first DESC) l
    WHERE l.device = name;
CREATE TABLE series.ledger (
    device integer NOT NULL,
    boot   bigint  NOT NULL,
    first  bigint  NOT NULL,
    last   bigint  NOT NULL,
    PRIMARY KEY (device, boot, first)
);
INSERT INTO series.ledger
    SELECT d.id, l.boot, l.first, l.last
    FROM series.named l JOIN series.device d ON d.name = l.device
    WHERE (l.boot, l.first) <> (d.boot, d.first) ORDER BY 1, 2, 3;
DROP TABLE series.named;

CREATE VIEW series.run AS
    SELECT name AS device, l.boot, l.first, l.last
        FROM series.ledger l JOIN series.device d ON d.id = l.device
    UNION ALL SELECT name, boot, first, last FROM series.device WHERE boot >= 0;

-- Puts readings in where nothing is at their times, and says how many it was. Where all are
-- believed to be new they go in without looking, at two thirds of the cost; one that was
-- there already takes them back out, and then each is looked at.
CREATE FUNCTION series.keep(
    of_series integer[], times bigint[], said double precision[], qualities integer[],
    frames bigint[], believed boolean
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    kept bigint;
BEGIN
    IF believed THEN
        BEGIN
            INSERT INTO series.reading (series, time, value, quality, frame)
                SELECT * FROM unnest(of_series, times, said, qualities, frames);
            GET DIAGNOSTICS kept = ROW_COUNT;
            RETURN kept;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;
    INSERT INTO series.reading (series, time, value, quality, frame)
        SELECT * FROM unnest(of_series, times, said, qualities, frames)
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS kept = ROW_COUNT;
    RETURN kept;
END $$;

-- Readings eight bytes narrower, which alignment took: the two short columns side by side. Parts
-- that are there keep their rows as they are, and are hung in where new ones are narrow. A
-- hypertable stays: what it compresses has no alignment.
DO $$
DECLARE
    part record;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = 'series.reading'::regclass) <> 'p' THEN
        RETURN;  -- a hypertable is no partitioned table
    END IF;
    DROP VIEW series.every_reading, series.first_reading;
    ALTER TABLE series.reading RENAME TO wide;
    ALTER TABLE series.wide RENAME CONSTRAINT reading_pkey TO wide_pkey;
    CREATE TABLE series.reading (
        series  integer          NOT NULL,
        quality integer          NOT NULL,
        time    bigint           NOT NULL,
        value   double precision NOT NULL,
        frame   bigint           NOT NULL
    ) PARTITION BY RANGE (time);
    ALTER TABLE series.reading ADD PRIMARY KEY (series, time);
    FOR part IN
        SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'series.wide'::regclass ORDER BY c.relname
    LOOP
        EXECUTE format('ALTER TABLE series.wide DETACH PARTITION series.%I', part.name);
        EXECUTE format('ALTER TABLE series.reading ATTACH PARTITION series.%I %s',
            part.name, part.bounds);
    END LOOP;
    DROP TABLE series.wide;
    CREATE VIEW series.first_reading AS
        SELECT series, time, value, quality, frame FROM series.reading
        UNION ALL SELECT series, time, value, quality, frame FROM series.stray;
    CREATE VIEW series.every_reading AS
        SELECT series, time, value, quality, frame FROM series.reading
        UNION ALL SELECT series, time, value, quality, frame FROM series.stray
        UNION ALL SELECT series, time, value, quality, frame FROM series.rival;
END $$;
