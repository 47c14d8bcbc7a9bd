"""A recall is two officers' word; the log says how many there were."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import Clash, InvalidInput, NotFound, Refused
from domain.lot import Lot, LotState
from domain.scan import Scan
from domain.window import DAY_MS
from store.records import Transaction
from store.records.accounts import Account
from tests.traceability.world import NOON, TODAY, World
from traceability import reach, recalling
from traceability.log.entry import DENIAL, RECALL, decode
from traceability.reach import impact
from traceability.recalling import RULE, confirm, propose, withdraw
from traceability.standing import deny, settle, standing

WHY = "Dư lượng thuốc"


class Case:
    """A lot, a transaction, and as many officers as wanted."""

    def __init__(self, transaction: Transaction, lot: Lot, world: World) -> None:
        self.transaction, self.lot, self.world = transaction, lot, world

    def officer(self, login: str) -> None:
        self.transaction.accounts.add(Account(login, login, "office", None, ""))

    def propose(self, author: str, reason: str = WHY, at_ms: int = NOON) -> bool:
        return propose(self.transaction, self.lot, reason, author, at_ms) is not None

    def confirm(self, author: str, reason: str = WHY) -> None:
        confirm(self.transaction, self.lot, reason, author, NOON + 5)

    def state(self, lot: Lot | None = None) -> LotState:
        return standing(self.transaction, lot or self.lot, TODAY)

    def logged(self, kind: str = RECALL) -> list[dict[str, object]]:
        return [dict(decode(one.entry).body) for one in self.transaction.log.of_kind(kind)]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    world = World(tmp_path)
    world.harvest()
    with world.records.transaction() as transaction:
        yield Case(transaction, world.open(transaction), world)
    world.close()


def test_one_proposes_and_another_confirms(case: Case) -> None:
    case.officer("second")
    assert not case.propose("office")
    assert case.state() is LotState.VALID, "one officer's word is not public"
    assert case.logged() == []
    case.confirm("second")
    assert case.state() is LotState.RECALLED
    (entry,) = case.logged()
    subject = f"{case.lot.gtin}/{case.lot.number}"
    assert (entry["officers"], entry["of"]) == (2, subject)
    assert WHY not in str(entry)
    assert case.transaction.decisions.waiting() == []


def test_nobody_confirms_their_own_proposal(case: Case) -> None:
    case.officer("second")
    case.propose("office")
    with pytest.raises(Refused) as caught:
        case.confirm("office")
    assert caught.value.rule == RULE
    assert case.state() is LotState.VALID


def test_a_single_officer_decides_alone_and_the_log_says_so(case: Case) -> None:
    assert case.propose("office")
    assert case.state() is LotState.RECALLED
    assert [entry["officers"] for entry in case.logged()] == [1]


def test_said_twice_it_is_said_once(case: Case) -> None:
    case.officer("second")
    for at_ms in (NOON, NOON + 1):
        assert not case.propose("office", at_ms=at_ms)
    assert len(case.transaction.decisions.waiting()) == 1
    for _ in range(2):
        case.confirm("second")
    assert case.propose("office"), "what is recalled stays so"
    assert len(case.logged()) == 1


def test_what_is_confirmed_is_what_was_read(case: Case) -> None:
    case.officer("second")
    with pytest.raises(NotFound):
        case.confirm("second")
    case.propose("office")
    with pytest.raises(Clash):
        case.confirm("second", "lý do khác")
    with pytest.raises(Clash):
        case.propose("second")
    with pytest.raises(Clash):
        case.propose("office", "lý do khác")
    for nothing in ("", " ", "\u200b", "x" * 201):
        with pytest.raises(InvalidInput):
            case.propose("office", nothing)
    case.confirm("second")
    with pytest.raises(Clash):
        case.propose("office", "lý do khác")


def test_a_proposal_withdrawn_leaves_no_trace_in_public(case: Case) -> None:
    case.officer("second")
    case.propose("office")
    withdraw(case.transaction, case.lot, "second", NOON + 1)
    with pytest.raises(NotFound):
        case.confirm("second")
    with pytest.raises(NotFound):
        withdraw(case.transaction, case.lot, "office", NOON + 2)
    assert case.state() is LotState.VALID
    assert not case.propose("second", at_ms=NOON + 3)


def test_what_was_made_of_it_is_recalled_with_it(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = case.world.open(case.transaction, 5.0, "LO-2")
    for module in (reach, recalling):
        monkeypatch.setattr(module, "downstream", lambda _, lot: (lot, made))
    case.transaction.scans.fold(
        "a",
        [Scan(made.gtin, made.number, "", "", "", NOON - at, 3) for at in (0, 8 * DAY_MS)],
        NOON,
    )
    reached = impact(case.transaction, case.lot, NOON)
    assert [lot.number for lot in reached.lots] == ["LO-1", "LO-2"]
    assert (reached.kilograms, reached.scans, reached.scans_lately) == (405.0, 6, 3)
    case.propose("office")
    assert case.state(made) is LotState.RECALLED
    assert [entry["of"] for entry in case.logged()] == [f"{case.lot.gtin}/LO-1"] * 2


def test_a_grower_denies_a_lot_until_the_office_decides(case: Case) -> None:
    first = deny(case.transaction, case.lot, "Tôi không thu hoạch ngày đó", "grower", NOON)
    assert deny(case.transaction, case.lot, "nữa", "grower", NOON + 1) == first
    assert case.state() is LotState.DOUBTED
    (entry,) = case.logged(DENIAL)
    assert entry["lot"] == case.lot.number
    assert "thu hoạch" not in str(entry)
    settle(case.transaction, case.lot, "Nhầm lô", "office", NOON + 2)
    assert case.state() is LotState.VALID
    with pytest.raises(Refused):
        settle(case.transaction, case.lot, "Nhầm lô", "office", NOON + 3)
    assert deny(case.transaction, case.lot, "vẫn không phải", "grower", NOON + 4) != first
    assert case.state() is LotState.DOUBTED
    with pytest.raises(InvalidInput):
        deny(case.transaction, case.lot, " ", "grower", NOON)
