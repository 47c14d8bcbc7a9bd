"""The error tree, grouped by who can act on it.

::

    NguonError
    ├── DeviceError         the device, or whoever installed it
    │   ├── UndecodableMessage   bytes that are not our wire format
    │   ├── NotANumber           a value that cannot have been measured
    │   ├── WrongTopic           a topic outside the grammar
    │   │   └── WrongName            a value of another device than the topic's
    │   ├── UnknownDevice        nobody registered it
    │   ├── UnknownChannel       registered device, undeclared channel
    │   ├── WrongUnit            a unit that cannot become the property's unit
    │   └── NotPlaced            no plot at that time
    ├── OperatorError       whoever runs the service
    │   ├── BadSettings          a setting is missing, wrong or a placeholder
    │   ├── StoreUnavailable     try again: nothing was written
    │   ├── StoreRefused         the store will never take this; trying again is of no use
    │   ├── StoreAbsent          there is no store, and none was to be begun
    │   ├── StoreTooNew          written by a newer program than this one
    │   ├── NotYet               not kept yet, by now; send it again
    │   └── BrokerUnavailable    no MQTT session
    ├── CallerError         whoever asked
    │   ├── InvalidInput         malformed value, with the field's name
    │   ├── NotFound             no such thing
    │   ├── Clash                it exists already, with other content
    │   ├── Refused              a rule says no; the rule is named
    │   ├── NotSignedIn          say who you are
    │   ├── NotAllowed           you may not
    │   ├── TooLarge             more bytes than are taken at once
    │   └── TooMany              slow down
    └── ClaimError          whoever relies on a claim
        └── VerificationFailed   which step, what was expected, what was found

``code`` is stable and public: it is the reason in quarantine and the ``error`` of
the JSON error shape. HTTP status codes live in :mod:`api.errors` alone.
"""

from typing import ClassVar


class NguonError(Exception):
    """Root of everything this program raises on purpose."""

    code: ClassVar[str] = "error"


class DeviceError(NguonError):
    """A message cannot be used as it is; it goes to quarantine, never away."""

    code = "device-error"


class UndecodableMessage(DeviceError):
    """The payload is not SenML as RFC 8428 and our profile of it define, nor line protocol."""

    code = "undecodable"


class NotANumber(DeviceError):
    """The value is a text, true or false, or beyond all numbers: nothing was measured."""

    code = "not-a-number"


class WrongTopic(DeviceError):
    """The topic is outside the grammar of :mod:`domain.topics`."""

    code = "wrong-topic"


class WrongName(UndecodableMessage):
    """A value bears the name of another device than the one whose topic it came on."""

    code = "wrong-name"


class UnknownDevice(DeviceError):
    """No device of that id is registered."""

    code = "unknown-device"


class UnknownChannel(DeviceError):
    """The device is known, the channel was never declared."""

    code = "unknown-channel"


class WrongUnit(DeviceError):
    """The unit sent cannot be converted to the property's unit."""

    code = "wrong-unit"


class NotPlaced(DeviceError):
    """The device stood on no plot, neither when it measured nor when it arrived."""

    code = "not-placed"


class OperatorError(NguonError):
    """The service cannot do its work until whoever runs it acts."""

    code = "operator-error"


class BadSettings(OperatorError):
    """A setting is missing, malformed, or still a placeholder."""

    code = "bad-settings"


class StoreUnavailable(OperatorError):
    """The store did not answer; nothing of the attempted write is in it."""

    code = "store-unavailable"


class StoreRefused(OperatorError):
    """The store answered, and will not take this content: a value outside what it can hold."""

    code = "store-refused"


class StoreAbsent(OperatorError):
    """There is no store where one should be; making an empty one would hide the loss."""

    code = "store-absent"


class StoreTooNew(OperatorError):
    """The store was written by a newer program; refusing beats guessing."""

    code = "store-too-new"


class NotYet(OperatorError):
    """What was sent is not known to be kept; sent again it is not kept twice."""

    code = "not-yet"


class BrokerUnavailable(OperatorError):
    """No session with the MQTT broker."""

    code = "broker-unavailable"


class CallerError(NguonError):
    """The request cannot be met as asked."""

    code = "caller-error"


class InvalidInput(CallerError):
    """A value is malformed. ``field`` names it as the caller knows it."""

    code = "invalid-input"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(CallerError):
    """There is no such thing."""

    code = "not-found"


class Clash(CallerError):
    """The same id exists with other content."""

    code = "clash"


class Refused(CallerError):
    """A rule says no. ``rule`` names it, so that it can be looked up."""

    code = "refused"

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


class NotSignedIn(CallerError):
    """The request needs a signed-in account."""

    code = "not-signed-in"


class NotAllowed(CallerError):
    """The account may not do this."""

    code = "not-allowed"


class TooLarge(CallerError):
    """More bytes than are taken at once."""

    code = "too-large"


class TooMany(CallerError):
    """Too many attempts; try again in ``retry_s`` seconds."""

    code = "too-many"

    def __init__(self, message: str, retry_s: int) -> None:
        super().__init__(message)
        self.retry_s = retry_s


class ClaimError(NguonError):
    """A claim does not hold."""

    code = "claim-error"


class VerificationFailed(ClaimError):
    """A verification step did not hold.

    ``step`` is the step's name, ``expected`` and ``found`` are short texts.
    """

    code = "verification-failed"

    def __init__(self, step: str, expected: str, found: str) -> None:
        super().__init__(f"{step}: expected {expected}, found {found}")
        self.step = step
        self.expected = expected
        self.found = found
