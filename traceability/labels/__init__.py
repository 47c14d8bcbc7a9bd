"""Labels that people print and stick on: sheets, rolls, and a sheet to test the printer with.

`templates.toml` is what is sold in shops, `content` what stands on a label, `symbol` its QR
code, `setting` its text, `draw` one label, `sheet` the PDF. Everything is vector and the font
is embedded: a print shop without ours prints the same.
"""
