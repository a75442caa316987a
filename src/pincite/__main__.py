"""``python -m pincite`` is the command line."""

import sys

from pincite.cli.entry import entry

if __name__ == "__main__":
    sys.exit(entry())
