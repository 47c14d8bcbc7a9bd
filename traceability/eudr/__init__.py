"""Plots as the European Union's deforestation regulation wants them: check, mend, pack.

Regulation (EU) 2023/1115 asks who sells rubber into the Union for the outline of every plot.
The Commission's system refuses a file late and says little; this says early what is wrong
with which plot and how to mend it. `rules.toml` is the dated law; the rest is geometry.
"""
