"""The grower's door: my plots, one plot, the diary."""
