"""Settings, composition and the command line: the only place that opens things."""
