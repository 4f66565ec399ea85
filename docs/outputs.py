"""Runs the commands in the documentation and puts what they print below them.

In a Markdown file, `<!-- output: COMMAND -->` stands above a fenced block; the block's content is
replaced by what COMMAND prints on both streams. `make docs` runs it over all pages.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

MARKED = re.compile(r"(<!-- output: (?P<command>.*?) -->\n+```\w*\n)(?P<old>.*?)(```)", re.DOTALL)


def refreshed(page: str) -> str:
    """The page with every marked block filled anew."""

    def run(match: re.Match[str]) -> str:
        command = match["command"]
        done = subprocess.run(
            command, shell=True, capture_output=True, text=True, check=False, encoding="utf-8"
        )
        if done.returncode:
            sys.exit(f"{command}: exit code {done.returncode}\n{done.stderr}")
        shown = (done.stdout + done.stderr).strip("\n")
        return f"{match[1]}{shown}\n{match[4]}"

    return MARKED.sub(run, page)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
