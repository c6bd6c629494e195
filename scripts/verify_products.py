"""Say which products of a folder are no longer those that were made.

    .venv/bin/python scripts/verify_products.py RESULTS

Every product file is compared with the checksum in its provenance.json. The exit status is 0 when
all are as they were made, 1 when a file is changed, missing or named by no provenance, and 2 after
an error.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from specresample.common.errors import ResampleError
from specresample.reporting.verification import AS_MADE, verify_products


def main() -> int:
    """Verify and print; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="RESULTS", help="output_dir of a campaign")
    options = parser.parse_args()
    try:
        states = verify_products(options.folder)
    except ResampleError as error:
        parser.error(str(error))
    for file, state in states.items():
        if state != AS_MADE:
            print(f"{state}: {file}")
    counts = Counter(states.values())
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    return int(set(counts) != {AS_MADE})


if __name__ == "__main__":
    sys.exit(main())
