"""What starting costs: import, `--help`, a first summary, and the bytes to install.

Each time is the median of several fresh processes, the interpreter's own start included. Prints a
Markdown table. The first summary is left out where its pipeline is not trained, the wheel where
none is built.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def median_seconds(command: list[str], runs: int) -> float:
    """The median wall-clock time of a command in a fresh process."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def folder_bytes(folder: Path) -> int:
    """The size of a folder's files, without training in progress (which never travels)."""
    total = 0
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        total += sum((Path(root) / name).stat().st_size for name in files)
    return total


def main() -> None:
    """Times the commands and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="processes for each time")
    parser.add_argument("--pipeline", default="summarization")
    parser.add_argument(
        "--document", type=Path, default=ROOT / "data" / "documents" / "harbour-bridge.txt"
    )
    args = parser.parse_args()
    from nlpkit import pipelines

    python = sys.executable
    document = str(args.document.resolve())
    summarize = [python, "-m", "nlpkit", "summarize", "--pipeline", args.pipeline, document]
    rows = {
        "Python alone": [python, "-c", "pass"],
        "`import nlpkit`": [python, "-c", "import nlpkit"],
        "`nlpkit --help`": [python, "-m", "nlpkit", "--help"],
    }
    if args.pipeline in pipelines() or Path(args.pipeline).is_dir():
        rows["`nlpkit summarize FILE`"] = summarize
    print(f"Median of {args.runs} processes each.\n")
    print("| what | |")
    print("|---|---|")
    for name, command in rows.items():
        print(f"| {name} | {median_seconds(command, args.runs):.2f} s |", flush=True)
    for wheel in sorted((ROOT / "dist").glob("*.whl")):
        print(f"| {wheel.name} | {wheel.stat().st_size / 1e6:.1f} MB |")
    print(f"| `pipelines/` | {folder_bytes(ROOT / 'pipelines') / 1e6:.1f} MB |")


if __name__ == "__main__":
    main()
