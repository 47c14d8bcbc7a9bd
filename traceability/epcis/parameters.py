"""From a query parameter's name and values to the condition that they set.

EPCIS 2.0 section 8.2.7.1 defines them by families: fixed names, names that carry a type
(``EQ_source_owning_party``), a unit (``GE_value_CEL``) or a user's own field
(``EQ_ILMD_cbvmda:lotNumber``).
"""

import math
import re
from datetime import datetime

from traceability.epcis import conditions as c
from traceability.epcis import sensor_conditions as sensors
from traceability.epcis.shapes import fault
from traceability.epcis.shapes import uom as unit
from traceability.epcis.validate import EVENT_TYPES
from traceability.epcis.values import instant
from traceability.epcis.wanted import Prefixes, Values, ids, patterns, types, words

_WORDS = {
    "EQ_bizStep": ("bizStep", "business_step"),
    "EQ_disposition": ("disposition", "disposition"),
}
_LASTING = {"EQ_persistentDisposition_set": "set", "EQ_persistentDisposition_unset": "unset"}
_SENSED_IDS = (
    "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "microorganism",
    "chemicalSubstance", "bizRules", "uriValue", "coordinateReferenceSystem",
)  # fmt: skip
_SENSED_TEXTS = ("stringValue", "hexBinaryValue")
_SENSED_TABLES = {"type": "measurement", "exception": "exception", "component": "component"}
_FIGURES = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_DECLARATION_TIMES = ("GE_errorDeclarationTime", "LT_errorDeclarationTime")
_SENSED_TIMES = ("time", "startTime", "endTime")
_BARE_TIME = re.compile(r"\d{4}-\d\d")
_ZONELESS = "a time with a zone is needed, like 2026-11-20T08:00:00+07:00 or …T01:00:00Z"
_LEVELS = {
    "ILMD": "ilmd",
    "ERROR_DECLARATION": "errorDeclaration",
    "readPoint": "readPoint",
    "bizLocation": "bizLocation",
    "SENSORELEMENT": "sensorElement",
    "SENSORMETADATA": "sensorMetadata",
    "SENSORREPORT": "sensorReport",
}


def condition(name: str, values: Values, prefixes: Prefixes) -> c.Condition:
    """Return what a parameter asks; raises `InvalidInput` whose ``field`` is its name."""
    made = (make(name, values, prefixes) for make in _FAMILIES)
    found = next((each for each in made if each is not None), None)
    if found is None:
        fault("there is no such query parameter", name[:80])
    return found


def _word_condition(name: str, values: Values, prefixes: Prefixes) -> c.Condition | None:
    if name == "eventType":
        return c.OneOf("type", types(name, values, EVENT_TYPES, prefixes))
    if name == "EQ_action":
        if not set(values) <= {"ADD", "OBSERVE", "DELETE"}:
            fault("an action is ADD, OBSERVE or DELETE", name)
        return c.OneOf("action", frozenset(map(str, values)))
    if name in _WORDS:
        of, table = _WORDS[name]
        return c.OneOf(of, words(name, values, table, prefixes))
    if name in _LASTING:
        return c.Lasting(_LASTING[name], words(name, values, "disposition", prefixes))
    return None


def _place_condition(name: str, values: Values, prefixes: Prefixes) -> c.Condition | None:
    operator, _, of = name.partition("_")
    if of in ("readPoint", "bizLocation") and operator in ("EQ", "WD"):
        return c.Place(of, ids(name, values, prefixes), below=operator == "WD")
    if name in ("EQ_eventID", "EQ_transformationID"):
        return c.OneOf(of, ids(name, values, prefixes))
    if of in ("eventTime", "recordTime") and operator in ("GE", "LT"):
        return c.Time(of, operator, _time(name, values))
    return None


def _thing_condition(name: str, values: Values, prefixes: Prefixes) -> c.Condition | None:
    operator, _, of = name.partition("_")
    if operator == "MATCH" and of in c.MATCHED:
        return c.Match(of, *patterns(name, values, prefixes))
    figure, _, uom = of.partition("_")
    if figure == "quantity" and operator in c.COMPARE:
        return c.Quantity(operator, _number(name, values), _unit(name, uom))
    return None


def _party_condition(name: str, values: Values, prefixes: Prefixes) -> c.Condition | None:
    operator, _, of = name.partition("_")
    kind, _, type_ = of.partition("_")
    if operator != "EQ" or not type_ or kind not in c.PARTIES:
        return None
    table = "transaction_type" if kind == "bizTransaction" else "party_type"
    (word,) = words(name, [type_], table, prefixes)
    return c.Party(f"{kind}List", word, ids(name, values, prefixes))


def _declaration_condition(name: str, values: Values, prefixes: Prefixes) -> c.Condition | None:
    if name == "EXISTS_errorDeclaration":
        return c.Declared(wanted=_truth(name, values))
    if name == "EQ_errorReason":
        return c.DeclaredReason(words(name, values, "error_reason", prefixes))
    if name == "EQ_correctiveEventID":
        return c.CorrectedBy(ids(name, values, prefixes))
    # The query schema writes the name with an underscore more than the standard's text.
    if name.replace("Declaration_Time", "DeclarationTime") in _DECLARATION_TIMES:
        return c.DeclaredAt(name[:2], _time(name, values))
    return None


def _attribute_condition(name: str, values: Values, prefixes: Prefixes) -> c.Condition | None:
    operator, _, of = name.partition("_")
    if operator != "EQ":
        return None
    if of in _SENSED_TABLES:
        return sensors.Sensed(of, words(name, values, _SENSED_TABLES[of], prefixes))
    if of in _SENSED_IDS:
        return sensors.Sensed(of, ids(name, values, prefixes))
    if of in _SENSED_TEXTS:
        return sensors.Sensed(of, frozenset(map(str, values)))
    if of == "booleanValue":
        return sensors.Sensed(of, frozenset({_truth(name, values)}))
    return None


def _reading_condition(name: str, values: Values, _prefixes: Prefixes) -> c.Condition | None:
    operator, _, of = name.partition("_")
    if name in ("EXISTS_sensorElement", "EXISTS_sensorElementList"):
        return sensors.HasSensors(wanted=_truth(name, values))
    if of in _SENSED_TIMES and operator in c.COMPARE:
        return sensors.SensedTime(of, operator, _time(name, values))
    figure, _, uom = of.partition("_")
    if figure in _FIGURES and operator in c.COMPARE:
        return sensors.Figure(figure, operator, _number(name, values), _unit(name, uom))
    return None


def _field_condition(name: str, values: Values, prefixes: Prefixes) -> c.Condition | None:
    """Users' own fields: ``EQ_ILMD_cbvmda:lotNumber``, ``EXISTS_INNER_example:a``."""
    operator, _, of = name.partition("_")
    deep = of.startswith("INNER_")
    of = of.removeprefix("INNER_")
    level = "event"
    for word, found in _LEVELS.items():
        if of.startswith(f"{word}_"):
            level, of = found, of.removeprefix(f"{word}_")
    if ":" not in of or operator not in ("EXISTS", *c.COMPARE):
        return None
    whole = prefixes.name(of, name)
    if operator == "EXISTS":
        if not _truth(name, values):
            fault("it asks for what is there; what is not there cannot be asked for", name)
        return sensors.HasField(level, whole, deep=deep)
    if operator == "EQ":
        return sensors.FieldIs(level, whole, frozenset(str(each) for each in values), deep=deep)
    (value,) = _one(name, values)
    moment = instant(_written(value))
    if moment is None and _BARE_TIME.match(str(value)):
        fault(_ZONELESS, name)
    wanted = moment if moment is not None else _number(name, values)
    return sensors.FieldBeyond(level, whole, operator, wanted, deep=deep)


_FAMILIES = (
    _word_condition,
    _place_condition,
    _thing_condition,
    _party_condition,
    _declaration_condition,
    _attribute_condition,
    _reading_condition,
    _field_condition,
)


def _one(name: str, values: Values) -> Values:
    if len(values) != 1:
        fault("one value is taken", name)
    return values


def _time(name: str, values: Values) -> datetime:
    (value,) = _one(name, values)
    moment = instant(_written(value))
    if moment is None:
        fault(_ZONELESS, name)
    return moment


def _written(value: object) -> str:
    """Return a time as it was written before a form turned its plus into a space."""
    return str(value).strip().replace(" ", "+")


def _unit(name: str, uom: str) -> str | None:
    if uom:
        unit(uom, name)
    return uom or None


def _number(name: str, values: Values) -> float:
    (value,) = _one(name, values)
    try:
        number = float(value)
    except ValueError:
        fault("a number is needed", name)
    if isinstance(value, bool) or not math.isfinite(number):
        fault("a number is needed", name)
    return number


def _truth(name: str, values: Values) -> bool:
    (value,) = _one(name, values)
    found = {"true": True, "false": False}.get(str(value).lower())
    if found is None:
        fault("true or false is needed", name)
    return found
