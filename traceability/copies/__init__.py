"""Whether a label may have been copied: hints from scans, for people to look into, no verdicts."""
