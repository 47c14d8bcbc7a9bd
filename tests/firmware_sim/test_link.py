"""A node's link, against the broker that forgives least."""

from domain.ids import DeviceId
from firmware_sim.link import Broker, Link
from tests.conftest import USERS
from tests.ingest.rig import until
from tests.services.brokers import Embedded


def test_nothing_goes_out_before_the_session_stands(embedded: Embedded) -> None:
    """A PUBLISH before CONNECT leaves amqtt mute: it neither answers nor hangs up."""
    embedded.kill()
    link = Link(Broker("127.0.0.1", embedded.port), DeviceId("dat-01"), USERS["dat-01"])
    # Called between the opening of the socket and the CONNECT.
    link._client.on_socket_open = lambda *_: link.send(b"too early")
    embedded.start()
    until(lambda: link._client.is_connected() and link.waiting() == 0)
    link.close()
