-- The moment up to which nothing more is committed (`Series.fence`): no row, or one.

CREATE TABLE fence (
    moment INTEGER NOT NULL
) STRICT;
