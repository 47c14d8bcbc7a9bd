"""The buyer's door: what a label leads to. One request, no script, honest about gaps."""
