"""Proofs of the log in files (c2sp.org/tlog-proof): an entry's place, checked offline."""

import base64
import binascii
import re
from dataclasses import dataclass

from domain.errors import VerificationFailed
from traceability.log.checkpoint import Policy, Signed, open_checkpoint
from traceability.log.merkle import check_inclusion, leaf_hash

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_LONGEST = 63


@dataclass(frozen=True, slots=True)
class LogProof:
    """Where an entry stands, the hashes up to a root, and the signed note of that root."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    def encode(self) -> str:
        """Return the proof as a file's text."""
        hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.hashes)
        return f"{_HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def decode(cls, raw: str) -> "LogProof":
        """Return the proof; raises `VerificationFailed`, step ``inclusion``."""
        above, gap, checkpoint = raw.partition("\n\n")
        lines = above.split("\n")
        if lines and lines[0] != _HEADER:
            raise VerificationFailed("inclusion", _HEADER, repr(lines[0][:60]))
        rest = lines[1:]
        if rest and rest[0].startswith("extra "):
            rest = rest[1:]
        written = _INDEX.fullmatch(rest[0]) if rest else None
        if written is None or not gap or len(rest) - 1 > _LONGEST:
            raise VerificationFailed("inclusion", "an index, hashes, a checkpoint", repr(raw[:80]))
        try:
            hashes = tuple(base64.b64decode(line, validate=True) for line in rest[1:])
        except binascii.Error as error:
            raise VerificationFailed("inclusion", "hashes in base64", repr(raw[:80])) from error
        if [base64.b64encode(one).decode() for one in hashes] != rest[1:]:
            raise VerificationFailed("inclusion", "hashes spelt the one way", repr(raw[:80]))
        return cls(int(written[1]), hashes, checkpoint)

    def check(self, entry: bytes, policy: Policy) -> Signed:
        """Return the checkpoint that the entry is under; raises `VerificationFailed`."""
        signed = open_checkpoint(self.checkpoint, policy)
        found = signed.checkpoint
        check_inclusion(self.index, found.size, leaf_hash(entry), self.hashes, found.root)
        return signed
