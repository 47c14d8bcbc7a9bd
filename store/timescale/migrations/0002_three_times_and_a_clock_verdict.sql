-- A frame says when its cycle was measured by the device's own clock, what is believed of
-- that clock, and by how much the cycle is moved in order (see domain/clock.py).

ALTER TABLE series.frame ADD COLUMN time  bigint  NOT NULL DEFAULT 0;
ALTER TABLE series.frame ADD COLUMN skew  bigint  NOT NULL DEFAULT 0;
ALTER TABLE series.frame ADD COLUMN clock integer NOT NULL DEFAULT 0;

UPDATE series.frame f SET time = n.time
    FROM (SELECT frame, max(time) AS time FROM series.reading GROUP BY frame) n
    WHERE n.frame = f.id;
UPDATE series.frame SET time = received WHERE time = 0;

CREATE INDEX frame_device ON series.frame (device, id);

-- A clock that is off by a constant: since when, how far, on what evidence.
CREATE TABLE series.clock (
    device   text    NOT NULL,
    boot     bigint  NOT NULL,
    skew     bigint  NOT NULL,
    messages integer NOT NULL,
    spread   bigint  NOT NULL,
    decided  bigint  NOT NULL,
    PRIMARY KEY (device, boot)
);

-- Series that hold moved cycles, and the furthest moves: reads of all others stay simple.
CREATE TABLE series.moved (
    series integer PRIMARY KEY,
    least  bigint NOT NULL,
    most   bigint NOT NULL
);

ALTER TABLE series.rollup ADD COLUMN late integer NOT NULL DEFAULT 0;
ALTER TABLE series.quarantine ADD COLUMN mended bigint;
