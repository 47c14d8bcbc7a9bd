"""The passport of a lot made of several harvests: it names their passports and the steps between.

It repeats no evidence. What a sensor measured stands in the passports of the harvested lots;
what this one adds is how many kilograms of each reached it, by which steps, and that nothing
came of nothing on the way.
"""
