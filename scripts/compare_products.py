"""Compare the products of two campaigns, file by file, and say what changed.

    .venv/bin/python scripts/compare_products.py OLD_DIR NEW_DIR

The exit status is 0 when nothing changed, 1 when something did, and 2 after an error. Dates and
checksums do not count, nor do the folders in which files lie.
"""

import argparse
import json
import sys
import textwrap
from collections import Counter
from pathlib import Path

from specresample.reporting.comparison import SAME, compare_folders, details, exit_status, summary


def main() -> int:
    """Compare and print; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path, metavar="OLD_DIR", help="output_dir of one campaign")
    parser.add_argument("new", type=Path, metavar="NEW_DIR", help="output_dir of the other")
    parser.add_argument("--details", action="store_true", help="also all that changed, as YAML")
    parser.add_argument("--changed", action="store_true", help="only files that are not the same")
    parser.add_argument("--json", action="store_true", help="all that is known, as JSON")
    options = parser.parse_args()
    for folder in (options.old, options.new):
        if not folder.is_dir():
            parser.error(f"{folder} is not a folder")

    results = compare_folders(options.old, options.new)
    if not results:
        parser.error(f"no products in {options.old} and {options.new}")
    status = exit_status(results)
    if options.changed:
        results = [result for result in results if result["state"] != SAME]
    if options.json:
        json.dump(results, sys.stdout, indent=2)
        print()
        return status
    for result in results:
        print(summary(result))
        if options.details:
            print(end=textwrap.indent(details(result), "    "))
    counts = Counter(result["state"] for result in results)
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    return status


if __name__ == "__main__":
    sys.exit(main())
