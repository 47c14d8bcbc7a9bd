"""ZIP files that are the same bytes wherever they are made. Pure.

Neither dates nor rights nor compression: those differ between machines, and what is to be
compared by its checksum must not.
"""

import zipfile
from collections.abc import Mapping
from io import BytesIO

_NEVER = (1980, 1, 1, 0, 0, 0)  # the first day that the format knows
_UNIX, _READABLE = 3, 0o100644 << 16


def plain_zip(files: Mapping[str, bytes], before: bytes = b"") -> bytes:
    """Return files as a ZIP file, in the order of their names, with ``before`` in front of it."""
    out = BytesIO()
    out.write(before)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            one = zipfile.ZipInfo(name, _NEVER)
            one.create_system, one.external_attr = _UNIX, _READABLE
            archive.writestr(one, files[name])
    return out.getvalue()
