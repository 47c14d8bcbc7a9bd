"""The office's door: what needs attention, output, sensor health, downloads."""
