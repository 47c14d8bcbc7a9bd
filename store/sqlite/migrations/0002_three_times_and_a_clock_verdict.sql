-- A frame says when its cycle was measured by the device's own clock, what is believed of
-- that clock, and by how much the cycle is moved in order (see domain/clock.py).

ALTER TABLE frame ADD COLUMN time  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frame ADD COLUMN skew  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frame ADD COLUMN clock INTEGER NOT NULL DEFAULT 0;

CREATE TEMPORARY TABLE newest AS SELECT frame, max(time) AS time FROM reading GROUP BY frame;
CREATE UNIQUE INDEX temp.newest_frame ON newest (frame);
UPDATE frame SET time = coalesce(
    (SELECT newest.time FROM newest WHERE newest.frame = frame.id), received);
DROP TABLE newest;

CREATE INDEX frame_device ON frame (device);

-- A clock that is off by a constant: since when, how far, on what evidence.
CREATE TABLE clock (
    device   TEXT    NOT NULL,
    boot     INTEGER NOT NULL,
    skew     INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    spread   INTEGER NOT NULL,
    decided  INTEGER NOT NULL,
    PRIMARY KEY (device, boot)
) STRICT, WITHOUT ROWID;

-- Series that hold moved cycles, and the furthest moves: reads of all others stay simple.
CREATE TABLE moved (
    series INTEGER PRIMARY KEY,
    least  INTEGER NOT NULL,
    most   INTEGER NOT NULL
) STRICT;

ALTER TABLE rollup ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarantine ADD COLUMN mended INTEGER;
