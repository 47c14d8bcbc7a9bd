"""What is wrong with a form, told beside the field that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from api.pages import text, told
from domain.errors import CallerError


@dataclass(frozen=True, slots=True)
class Problem:
    """A sentence in the reader's language; ``field`` is empty when it is about all of the form."""

    field: str
    text: str


class Wrong(Exception):
    """A field that cannot be read: which one, and the sentence to translate."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field, self.sentence = field, sentence


def problem_of(
    request: Request, error: CallerError | Wrong, fields: Mapping[str, tuple[str, str | None]]
) -> Problem:
    """Return what to say of an error, and where.

    ``fields`` leads from an error's rule, field or code to a field of the form, and to a
    sentence that says more there than the error's usual one.
    """
    if isinstance(error, Wrong):
        return Problem(error.field, text(request, error.sentence))
    rule, field = getattr(error, "rule", None) or "", getattr(error, "field", None) or ""
    names = (rule, field, error.code)
    place, said = next((fields[name] for name in names if name in fields), ("", None))
    return Problem(place, text(request, said) if said else told(request, error))
