"""What pages say where a name was: that it was erased, in the reader's language."""

from domain.ids import EntryId, ProducerId, StepId
from domain.lineage import StepKind
from tests.api.conftest import PARTY, Site
from tests.builders import GTIN, NOON
from tests.traceability.lineage.orchard import some, take
from traceability.erasing.doing import erase
from traceability.erasing.plan import Plan
from traceability.lineage.asked import Asked, Party


def test_pages_say_that_a_name_was_erased(site: Site) -> None:
    shipment = Asked(StepId("x-1"), StepKind.SHIP, (some("LO-1", 10.0),), party=Party(name="Bà Ba"))
    with site.world.records.transaction() as transaction:
        take(transaction, shipment)
    pages = (f"/01/{GTIN}/10/LO-1", f"/01/{GTIN}", "/414/9520001001017", f"/417/{PARTY}")
    people, office = site.browser(), site.browser("office")
    assert all("Hộ mẫu 1" in people.get(page).text for page in pages)
    lineage = f"/qt/lo/{GTIN}/LO-1"
    assert "→ Bà Ba" in office.get(lineage).text
    plan = Plan((ProducerId("ho-1"),), (), (StepId("x-1"),), (EntryId("thu-hoach"),))
    with site.world.records.transaction() as transaction:
        erase(transaction, plan, NOON + 1)
    for page in pages:
        shown = people.get(page).text
        assert "Hộ mẫu 1" not in shown
        assert "Tên đã xoá" in shown
        english = site.browser(language="en").get(page).text
        assert "Name erased" in english
        assert "Tên đã xoá" not in english
    assert "→ Tên đã xoá" in office.get(lineage).text
    assert "Bà Ba" not in office.get(lineage).text
    entries = site.client("office").get("/v1/plots/ruong-1/diary").json()
    assert [one["author"] for one in entries if one["id"] == "thu-hoach"] == ["Tên đã xoá"]
