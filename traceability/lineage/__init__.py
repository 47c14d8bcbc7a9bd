"""What becomes of a lot after its harvest: every step weighed, every lot traced both ways.

Nothing is made by dividing, joining, drying or packing: what leaves a lot was in it.
"""
