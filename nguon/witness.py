"""``nguon witness``: hold a log to account, on any machine, for whoever runs one."""

import argparse
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import uvicorn

from api.witness import create_witness
from domain.errors import BadSettings
from domain.text import one_line
from firmware_sim.arguments import whole
from nguon.handed_in import read_keys
from nguon.listen import listener
from nguon.settings import Settings
from traceability.log.key import NamedKey, create, load
from traceability.log.note import Verifier
from traceability.log.witness_state import Witness
from traceability.log.witnessing import Answer, Witnesses

_PATIENCE_S = 5.0
_MOST_ANSWER = 64_000


def add_witness(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``witness``."""
    parser = verbs.add_parser(
        "witness",
        help="sign checkpoints of a log, each only if nothing was taken back (for others to run)",
        description="A witness keeps the last checkpoint it has signed of each log, and signs the"
        " next one only when that continues it. A cooperative, a commune office or a buyers'"
        " association runs one on any machine, with a key of its own, so that we cannot show two"
        " people two histories. It speaks c2sp.org/tlog-witness and needs no store of ours.",
        epilog="Give its public key, which it prints, to whoever verifies passports, and the key"
        " with its address (KEY@http://HOST:PORT) to whoever runs the log: NGUON_WITNESSES.",
    )
    parser.add_argument("name", help="its name, like a web address: hop-tac-xa.example")
    parser.add_argument("--folder", type=Path, required=True, metavar="DIR",
                        help="where it keeps its key and what it has signed")  # fmt: skip
    parser.add_argument(
        "--log", type=Path, required=True, action="append", metavar="KEYS.json",
        help="a log to watch, as published under /.well-known/nguon-keys.json",
    )  # fmt: skip
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=whole(0, 65535), default=8090,
                        help="port to listen on (%(default)s)")  # fmt: skip
    parser.add_argument(
        "--quiet", action="store_true",
        help="do not print a line for each checkpoint that is signed or refused",
    )  # fmt: skip
    parser.set_defaults(verb=_serve)


def witness_key(folder: Path, name: str) -> NamedKey:
    """Return a witness' key, made at first; raises `BadSettings` when it has another name."""
    path = folder / "witness.key"
    if not path.exists():
        return create(path, name)
    key = load(path)
    if key.name != name:
        message = f"{path} is the key of {key.name}, not of {name}"
        raise BadSettings(message)
    return key


def _serve(options: argparse.Namespace) -> int:
    logs = {}
    for path in options.log:
        policy = read_keys(path)[0].log
        if policy is None:
            message = f"{path} names no log: save /.well-known/nguon-keys.json once more"
            raise BadSettings(message)
        logs[policy.origin] = policy.keys
    key = witness_key(options.folder, options.name)
    print(f"witness {key.witness().vkey()}", flush=True)
    for origin in logs:
        print(f"watches {origin}", flush=True)
    say = _nothing if options.quiet else _say
    app = create_witness(Witness(options.folder / "signed", key, logs), key, say)
    socket = listener(options.host, options.port, "--host, --port")
    served = uvicorn.Config(app, log_config=None, access_log=False)
    uvicorn.Server(served).run(sockets=[socket])
    return 0


def _say(sentence: str) -> None:
    """Print what was done, with the time here and its zone."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    # Whether somebody reads along or not, what is to be signed is signed.
    with suppress(OSError):
        print(f"{now} {one_line(sentence)}", flush=True)


def _nothing(_sentence: str) -> None:
    return


def witnesses(settings: Settings) -> Witnesses:
    """Return the witnesses that the settings name, and how they are spoken to."""
    known = [(Verifier.parse(vkey), address) for vkey, address in settings.witness_list()]
    return Witnesses(known, post)


def post(address: str, body: str) -> Answer:
    """Send a request to a witness; raises OSError when nobody answers in time."""
    request = urllib.request.Request(address, body.encode(), method="POST")  # noqa: S310 - http(s) by the settings' pattern
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
            return Answer(answer.status, answer.read(_MOST_ANSWER).decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(_MOST_ANSWER).decode(errors="replace"))
