"""The verifier alone, as a program for buyers: ``nguon-verify.pyz`` begins here.

It is `nguon verify` and nothing else, so that it can be one small file that anybody reads.
"""

import argparse

from nguon.ending import ended
from nguon.verifying import add_arguments, verify_files

NAME = "nguon-verify"
_HELP = """\
What to do:
  1. Scan the label. From the page that opens, download the proof (a ZIP file).
  2. Get the list of keys from somebody you trust more than the seller: a cooperative,
     the commune office, a buyers' association. Compare its SHA-256 with their paper.
  3. python3 nguon-verify.pyz PROOF.zip --keys KEYS.json --label 'LINK IN THE QR CODE'

Exit status:
  0  every step holds
  1  a step does not hold; it is named, with what was expected and what was found
  2  nothing could be checked: a file, or the log, cannot be read, or is something else

It proves that nothing was changed since it was signed. It does not prove that it was true,
nor that the goods in the bag are those of the label. Whoever gives you this program could
give you one that lies: get it from somebody else, build it from the source, or test it with
the published vectors.
"""


def main(arguments: list[str] | None = None) -> int:
    """Check what is named; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog=NAME,
        description="Check the proof of a lot with public keys alone. Needs no network, unless"
        " --log names an address.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    try:
        return ended(NAME, lambda: verify_files(parser.parse_args(arguments)))
    except KeyboardInterrupt:
        return 130
