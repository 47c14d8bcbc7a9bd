-- An offset ends at the first message that a clock so far behind could not have sent.

ALTER TABLE series.clock ADD COLUMN ended bigint;
