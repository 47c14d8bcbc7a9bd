"""The demonstration: a small invented district on one machine, behind one command.

Places are real, growers and figures are samples and say so.
"""
