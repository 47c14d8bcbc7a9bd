"""What stands in the records where a name was erased.

A word and not nothing, so that whatever shows a name shows that there is none any more; pages
say it in their reader's language.
"""

ERASED = "Tên đã xoá"
