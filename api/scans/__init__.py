"""Scans of labels: noticed on the way out of the door, kept without holding up anybody."""
