"""What readings and the diary mean to a grower. Knows nothing of lots and labels."""
