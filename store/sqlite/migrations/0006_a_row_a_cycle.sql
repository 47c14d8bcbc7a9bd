-- A row a cycle instead of a row a reading: 22 bytes a reading instead of 60, and one page
-- written a cycle instead of five. `frame` is written in the order of its numbers alone.
--
-- A cell holds readings of one time: `readings` their values (doubles, lowest byte first),
-- `qualities` their verdicts (4-byte integers), NULL where all are good, in the order of the
-- series that its shape names (4-byte integers, ascending). A cycle's cell lies in its own
-- row; what does not fit there lies in `part`: other times, and other values for the same.

CREATE TABLE shape (
    id     INTEGER PRIMARY KEY,
    series BLOB    NOT NULL UNIQUE,
    parted INTEGER NOT NULL DEFAULT 0  -- whether any part has this shape
) STRICT;

CREATE INDEX shape_parted ON shape (id) WHERE parted;

-- Which shapes hold a series, and at which place.
CREATE TABLE origin (
    series INTEGER NOT NULL,
    shape  INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    PRIMARY KEY (series, shape)
) STRICT, WITHOUT ROWID;

-- `last` is the number of a device's newest cycle; from there `frame.back` leads on.
CREATE TABLE device (
    id   INTEGER PRIMARY KEY,
    name TEXT    NOT NULL UNIQUE,
    last INTEGER NOT NULL
) STRICT;

CREATE TABLE cycle (
    id        INTEGER PRIMARY KEY,
    device    INTEGER,
    back      INTEGER NOT NULL,  -- to the device's cycle before, 0 for its first
    boot      INTEGER,
    seq       INTEGER,
    time      INTEGER NOT NULL,
    lag       INTEGER NOT NULL,  -- received - time
    took      INTEGER NOT NULL,  -- committed - received
    skew      INTEGER NOT NULL,
    clock     INTEGER NOT NULL,
    shape     INTEGER,
    readings  BLOB,
    qualities BLOB
) STRICT;

CREATE TABLE part (
    frame     INTEGER NOT NULL,
    shape     INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    readings  BLOB    NOT NULL,
    qualities BLOB
) STRICT;

-- A cycle that says several values for one series and time has as many cells there.
CREATE TEMPORARY TABLE level AS
    SELECT *, row_number() OVER (PARTITION BY frame, time, series ORDER BY value) AS nth
    FROM reading;
CREATE TEMPORARY TABLE cell AS
    SELECT frame, time, nth, pack_series(series ORDER BY series) AS series,
        pack_values(value ORDER BY series) AS readings,
        pack_qualities(quality ORDER BY series) AS qualities
    FROM temp.level GROUP BY frame, time, nth ORDER BY frame, time, nth;

INSERT INTO shape (series) SELECT DISTINCT series FROM temp.cell;
INSERT INTO origin
    SELECT l.series, s.id, row_number() OVER (PARTITION BY s.id ORDER BY l.series) - 1
    FROM (SELECT series, frame, time, nth, min(rowid) FROM temp.cell GROUP BY series) c
    JOIN shape s USING (series)
    JOIN temp.level l ON l.frame = c.frame AND l.time = c.time AND l.nth = c.nth;
DROP TABLE temp.level;

-- The first cell of a shape and time, of a cycle's newest time, lies in the cycle's row.
CREATE TEMPORARY TABLE own AS
    SELECT c.rowid AS cell, c.frame, s.id AS shape, row_number() OVER (
        PARTITION BY s.id, c.time ORDER BY c.rowid) AS nth
    FROM temp.cell c JOIN shape s USING (series) JOIN frame f ON f.id = c.frame
    WHERE c.time = f.time;
CREATE TEMPORARY TABLE chosen AS
    SELECT frame, min(cell) AS cell, shape FROM temp.own WHERE nth = 1 GROUP BY frame;
CREATE UNIQUE INDEX temp.chosen_frame ON chosen (frame);
CREATE UNIQUE INDEX temp.chosen_cell ON chosen (cell);

INSERT INTO device (name, last)
    SELECT device, max(id) FROM frame WHERE device IS NOT NULL GROUP BY device;
INSERT INTO cycle
    SELECT f.id, d.id,
        coalesce(f.id - lag(f.id) OVER (PARTITION BY f.device ORDER BY f.id), 0),
        f.boot, f.seq, f.time, f.received - f.time, f.committed - f.received, f.skew, f.clock,
        n.shape, c.readings, c.qualities
    FROM frame f LEFT JOIN device d ON d.name = f.device
    LEFT JOIN temp.chosen n ON n.frame = f.id LEFT JOIN temp.cell c ON c.rowid = n.cell
    ORDER BY f.id;
INSERT INTO part
    SELECT c.frame, s.id, c.time, c.readings, c.qualities
    FROM temp.cell c JOIN shape s USING (series)
    WHERE c.rowid NOT IN (SELECT cell FROM temp.chosen);
UPDATE shape SET parted = 1 WHERE id IN (SELECT shape FROM part);

DROP TABLE temp.cell;
DROP TABLE temp.own;
DROP TABLE temp.chosen;
DROP TABLE reading;
DROP TABLE frame;
ALTER TABLE cycle RENAME TO frame;

-- What a batch has touched is from now on noted by shape; rows from before name series.
ALTER TABLE touch ADD COLUMN shaped INTEGER NOT NULL DEFAULT 0;

-- An hour's mark is given when it is put on the list, and never twice: what somebody has seen
-- there is struck out only where nothing has touched it since.
ALTER TABLE touch DROP COLUMN mark;
CREATE TABLE mark (last INTEGER NOT NULL) STRICT;
INSERT INTO mark SELECT max(coalesce(max(mark), 0), 0) FROM touched;

-- One cell a shape and time: where a batch finds none there, all of it is new.
CREATE UNIQUE INDEX frame_cell ON frame (shape, time) WHERE shape IS NOT NULL;
CREATE INDEX part_cell ON part (shape, time);
CREATE INDEX part_frame ON part (frame);
