"""`python -m nlpkit`: the same as the command `nlpkit`."""

from __future__ import annotations

from nlpkit.interfaces.cli import main

if __name__ == "__main__":
    main()
