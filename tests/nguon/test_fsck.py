"""What `nguon fsck` says of events that were changed behind its back."""

from pathlib import Path

from nguon.compose import Stores
from nguon.fsck import findings
from store.records.event_tables import event
from tests.traceability.epcis.test_our_events import TOLD
from tests.traceability.world import NOON, World
from traceability.epcis.document import CONTEXT, Found
from traceability.epcis.repository import examine


def test_an_event_that_was_changed_is_found(tmp_path: Path) -> None:
    world = World(tmp_path)
    opened = Stores(world.series, world.records)
    shipped, destroyed = (Found("event", TOLD[name], CONTEXT) for name in ("shipped", "destroyed"))
    with world.records.transaction() as transaction:
        transaction.events.add(examine([shipped, destroyed], NOON).events)
    assert list(findings(opened, world.trusted)) == []
    less = bytes(examine([shipped], NOON).events[0].body).replace(b"400", b"100")
    with world.records.transaction() as transaction:
        transaction.connection.execute(event.update().where(event.c.number == 1).values(body=less))
    assert list(findings(opened, world.trusted)) == [
        "event 1: hash_id is not what its content gives"
    ]
    world.close()
