"""Published vectors that our tests meet by another road than the one they were made for.

Climatology (ioos_qc 3.0.0) is dated limits here; an impossible date is the clock's test;
the plausibility rules of the ISMN (C01 to C03, D01 to D03: Dorigo et al. 2013) are gross
ranges. Its rules on a rise without rain, on breaks and on plateaus (D04 to D10) are not
tests of ours: they compare quantities, which QARTOD's tests of one series do not.
"""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.limits import GrossRange, Limits, from_day, in_force
from domain.properties import observed_properties
from domain.qartod import gross_range
from domain.quality import Flag, Verdict
from domain.window import to_ms
from ingest.judge import Moment, judge
from tests.builders import NOON, register


def test_climatology_is_limits_that_hold_for_a_season() -> None:
    winter = Limits(gross_range=GrossRange((float("-inf"), float("inf")), (10, 20)))
    history = ((from_day(date(2011, 1, 1)), winter), (from_day(date(2011, 7, 1)), Limits()))
    there = in_force(history, from_day(date(2011, 1, 2))).gross_range
    assert there is not None
    assert [gross_range(value, there) for value in (9, 11, 21)] == [3, 1, 3]
    # Out of any period nothing is evaluated.
    assert in_force(history, from_day(date(2011, 8, 1))).gross_range is None


def test_a_date_in_2088_is_flagged_and_kept() -> None:
    """Suspect and not failed: what is wrong is the clock, not the probe (decision 8)."""
    (streams,) = register().streams.values()
    stream = next(s for s in streams.values() if s.property == "soil_moisture")
    in_2088 = to_ms(datetime(2088, 6, 1, tzinfo=UTC))
    packed = judge(28.0, in_2088, stream, observed_properties(), Moment(0, NOON))
    verdict = Verdict.unpack(packed)
    assert (verdict.flag, verdict.failed.names()) == (Flag.SUSPECT, ("clock",))


@pytest.mark.parametrize(
    ("rule", "column", "limits"),
    [
        ("C01", "soil_moisture", GrossRange((0.0, float("inf")))),
        ("C02", "soil_moisture", GrossRange((float("-inf"), 60.0))),
        ("C03", "soil_moisture", GrossRange((float("-inf"), 42.7))),  # its saturation point
        ("D01", "soil_temperature", GrossRange((0.0, float("inf")))),
        ("D02", "air_temperature", GrossRange((0.0, float("inf")))),
        ("D03", "gldas_soil_temperature", GrossRange((0.0, float("inf")))),
    ],
)
def test_the_plausibility_rules_of_the_ismn(
    shared: Path, rule: str, column: str, limits: GrossRange
) -> None:
    data = shared / "data"
    with (data / "flagit_test_dataframe.csv").open(encoding="utf-8") as file:
        # The ISMN flags soil moisture by what is beside it: no flag where there is none.
        rows = {row["utc"]: row[column] for row in csv.DictReader(file) if row["soil_moisture"]}
    with (data / "flagit_expected_flags.csv").open(encoding="utf-8") as file:
        expected = {row["utc"] for row in csv.DictReader(file) if rule in row["flags"].split()}
    found = {utc for utc, cell in rows.items() if cell and gross_range(float(cell), limits) == 4}
    assert found == expected
    assert expected
