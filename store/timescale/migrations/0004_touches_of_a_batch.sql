-- The hours that a batch has touched, in one row a batch: four entries a message in the
-- list of hours cost a fifth of an append. Whoever asks for the list folds them into it.

CREATE TABLE series.touch (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mark   bigint    NOT NULL,
    series integer[] NOT NULL,
    hour   bigint[]  NOT NULL
);

-- Read once and struck out: compressing them would cost more than it saves.
ALTER TABLE series.touch ALTER COLUMN series SET STORAGE EXTERNAL;
ALTER TABLE series.touch ALTER COLUMN hour SET STORAGE EXTERNAL;
