"""Many farms seen from the office: output, sensor health, what needs attention."""
