"""What the commands that make a set have in common: their options, and where it is written."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from nlpkit.errors import NlpkitError

# Folder of the reference sets, rows, seed.
Make = Callable[[Path | None, int, int], pd.DataFrame]


def run(
    make: Make, result: Path, *, rows: int, noun: str = "sentences", description: str | None
) -> None:
    """Makes a set as the command line says, and writes it.

    Args:
        make: gives the set.
        result: where it is written if no other file is given.
        rows: how many if no other number is given.
        noun: what they are.
        description: for `--help`.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, help="folder of the reference data sets")
    parser.add_argument("--rows", type=int, default=rows, help=f"{noun} (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (%(default)s)")
    parser.add_argument("-o", "--output", type=Path, default=result, help="file (%(default)s)")
    options = parser.parse_args()
    if options.rows < 1 or options.seed < 0:
        parser.error("--rows has to be at least 1, and --seed at least 0")
    try:
        frame = make(options.data, options.rows, options.seed)
    except NlpkitError as error:
        parser.error(str(error))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(options.output)
    print(f"{len(frame):,} {noun} written to {options.output}")
