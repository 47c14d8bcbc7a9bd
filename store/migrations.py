"""Numbered SQL scripts of a backend, applied forward only and each once."""

from importlib import resources


def scripts(package: str) -> dict[int, str]:
    """Return the scripts under ``migrations`` of a package, by number, ascending.

    The number is the file name's first four digits; the last one is the schema that
    this program knows.
    """
    folder = resources.files(package).joinpath("migrations")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return {int(file.name[:4]): file.read_text("utf-8") for file in files}
