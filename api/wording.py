"""What people are told of an error: by its rule, field or code, in their language.

Machines get the error's own text, in English; a grower must never meet it. What has no
sentence here is told by the heading of the error page alone.
"""


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a text for translation."""
    return text


_AMOUNT = N_("Enter a number above 0 without dots, for example 320 or 12,5.")
_NOTE = N_("The note is too long, or has signs that cannot be kept.")
BY_RULE = {
    "mass-balance": N_("Lots together cannot weigh more than the harvest."),
    "pre-harvest-interval": N_("The waiting period was not over on the day of harvest."),
    "permitted-products": N_("This product was not on the permitted list on that day."),
    "season": N_("The plot was in no season on the day of harvest."),
    "product": N_("This product is not of this plot's grower and crop."),
    "no-doubt": N_("Nothing is in doubt about this lot."),
    "retention": N_("Part of this season's readings is archived: no new passport can be made."),
    "two-officers": N_("Another officer must confirm this."),
    "harvest": N_("A lot is opened from a harvest in the diary."),
    "holder": N_("Nobody is known to have held this plot on the day of harvest."),
    "plot-holder": N_("This plot is not held by the grower named."),
    "made-of": N_("This lot is made of too many lots for one passport: theirs speak for it."),
}
BY_FIELD = {
    "amount": _AMOUNT,
    "kilograms": _AMOUNT,
    "day": N_("Choose a day, not in the future and not more than a year back."),
    "note": _NOTE,
    "product": N_("Choose the product that was used, or write a shorter name."),
    "gtin": N_("Choose a product."),
    "harvest": N_("Choose a harvest of this plot."),
    "number": N_("A lot number has letters, digits, dots, hyphens and underscores."),
    "work": N_("Choose the work."),
    "kind": N_("Choose what you think of it."),
    "reason": N_("A reason is needed, of at most 200 letters; buyers read it."),
    "certificate id": N_("This form is broken; open the page again."),
    "standard": N_("Choose a standard."),
    "certifier": N_("Write who gave the certificate, as printed on it."),
    "valid_from": N_("Choose the first day in force; no earlier than the standard itself."),
    "valid_to": N_("Choose the last day in force, after the first and within twenty years."),
    "since": N_("Choose a day on which the certificate was in force."),
    "paper": N_("The copy of the paper must be a PDF, JPEG or PNG file."),
    "picture": N_("This is no JPEG, PNG or WebP picture that can be read."),
    "run": N_("Choose a print run whose labels have serials."),
    "places": N_("Choose labels that this print run has, from the first to the last."),
    "serials": N_("Choose a print run, or name a serial."),
    "serial": N_("One of these is no serial number."),
    "void_reason": N_("Choose why the labels are void."),
    "void_note": _NOTE,
    "body": N_("What was sent is too large."),
}
BY_CODE = {
    "too-large": N_("A file may have at most 5 MB."),
    "clash": N_("This exists already, with other content."),
    "too-many": N_("Too many tries. Wait a little."),
    "not-allowed": N_("This belongs to somebody else, or the form came from another site."),
}


def sentence(code: str, field: str | None, rule: str | None) -> str | None:
    """Return the text to translate for an error, None when its kind says enough."""
    if rule in BY_RULE:
        return BY_RULE[rule]
    if field in BY_FIELD:
        return BY_FIELD[field]
    return BY_CODE.get(code)
