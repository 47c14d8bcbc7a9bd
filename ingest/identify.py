"""Step 2: who sent it. The topic is the authenticated user name, so it is believed."""

from domain.device import Device, Register
from domain.errors import UnknownDevice
from domain.topics import Topic


def identify(topic: Topic, register: Register) -> Device:
    """Return the registered device behind a topic; raises `UnknownDevice`."""
    device = register.devices.get(topic.device)
    if device is None:
        message = f"{topic.device} is not registered"
        raise UnknownDevice(message)
    return device
