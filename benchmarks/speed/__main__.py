"""`python benchmarks/speed` or `python -m benchmarks.speed`."""

from __future__ import annotations

import sys
from pathlib import Path

if __package__:
    from .command import main
else:
    # Run as a folder, this file has no package: its modules are found from the folder above.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from speed.command import main

try:
    main()
except KeyboardInterrupt:  # what was measured so far is in the report
    sys.exit(130)
