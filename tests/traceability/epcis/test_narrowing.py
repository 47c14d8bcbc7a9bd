"""What the store narrows by never hides an event that answers."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis.conditions import COMPARE
from traceability.epcis.document import Found
from traceability.epcis.facts import Facts
from traceability.epcis.measures import as_float, in_base, units
from traceability.epcis.narrowing import FIGURES, narrow
from traceability.epcis.query import parse_query
from traceability.epcis.wanted import Prefixes

numbers = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53), 2**53)
    | st.decimals(-100, 100, places=2).map(float)
)
codes = st.sampled_from(sorted(units())) | st.sampled_from(["XXX", "CEL", "KEL", "FAH"])


@given(
    numbers,
    codes,
    st.sampled_from(FIGURES),
    st.sampled_from(sorted(COMPARE)),
    numbers,
    codes,
    st.booleans(),
)
def test_a_figure_that_answers_lies_within(
    told: float, uom: str, attribute: str, operator: str, asked: float, unit: str, same: bool
) -> None:
    """``same`` asks for the very figure told, in whatever unit: the edge is where it would be lost."""
    if same and in_base(0, uom)[0] == in_base(0, unit)[0]:
        factor = units().get(unit)
        value = in_base(told, uom)[1]
        asked = as_float((value - factor.offset) / factor.factor if factor else value)
    report: dict[str, Any] = {"type": "Temperature", attribute: told, "uom": uom}
    facts = Facts(Found("event", {"sensorElementList": [{"sensorReport": [report]}]}, None))
    query = parse_query({f"{operator}_{attribute}_{unit}": asked}, Prefixes())
    if all(condition.holds(facts) for condition in query.conditions):
        (figures,) = narrow(query.conditions).figures
        quantity, value = in_base(told, uom)
        assert (figures.attribute, figures.quantity) == (attribute, quantity)
        assert figures.low is None or as_float(value) >= figures.low
        assert figures.high is None or as_float(value) <= figures.high


def test_what_cannot_be_narrowed_is_left_to_the_conditions() -> None:
    asked = {
        "GE_sDev_CEL": 1,
        "GE_value": 1,
        "EQ_ex:note": "x",
        "WD_readPoint": "urn:x:1",
        "EXISTS_errorDeclaration": False,
    }
    prefixes = Prefixes({"ex": "https://ns.example.com/epcis/"})
    assert narrow(parse_query(asked, prefixes).conditions) == narrow(())
