-- The moment up to which nothing more is committed (`Series.fence`): no row, or one.

CREATE TABLE series.fence (
    moment bigint NOT NULL
);
