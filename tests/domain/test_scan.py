from hypothesis import given
from hypothesis import strategies as st

from domain.scan import Scan, merged
from domain.window import MINUTE_MS

scans = st.builds(
    Scan,
    st.just("09520001000010"), st.sampled_from(["A", "B"]), st.sampled_from(["", "7"]),
    st.sampled_from(["", "VN"]), st.sampled_from(["", "d1"]),
    st.integers(0, 3 * MINUTE_MS), st.integers(1, 5),
)  # fmt: skip


@given(st.lists(scans))
def test_merging_loses_no_opening_and_tells_minutes_apart(given_scans: list[Scan]) -> None:
    fewer = merged(given_scans)
    assert sum(s.times for s in fewer) == sum(s.times for s in given_scans)
    keys = [(s.number, s.serial, s.place, s.device, s.at_ms // MINUTE_MS) for s in fewer]
    assert len(set(keys)) == len(keys)
    assert min((s.at_ms for s in fewer), default=0) == min(
        (s.at_ms for s in given_scans), default=0
    )
    assert sorted(map(repr, merged(fewer))) == sorted(map(repr, fewer))
