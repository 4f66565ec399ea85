"""One long document: peak memory and time, and how they grow with its length.

Documents are made of the samples under data/documents, repeated, with a number put before each
sentence so that no two repetitions are the same. Each length is summarized in a process of its own,
since peak memory never falls. The time is that of the call alone; the memory is the process's,
with Python, torch and the weights. Prints a Markdown table and the exponent of the growth of time
(1 is linear).
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parent.parent / "data" / "documents"


def document(characters: int) -> str:
    """A text of exactly that many characters."""
    from nlpkit.text import split_sentences

    texts = [path.read_bytes().decode("utf-8") for path in sorted(SAMPLES.glob("*.txt"))]
    paragraphs = [[text[a:b] for a, b in split_sentences(text)] for text in texts]
    parts: list[str] = []
    size = 0
    for number in count(1):
        for sentences in paragraphs:
            parts.append(" ".join(f"In part {number}, {s}" for s in sentences) + "\n\n")
            size += len(parts[-1])
        if size >= characters:
            break
    return "".join(parts)[:characters]


def measure(characters: int, pipeline: str, device: str) -> dict[str, float]:
    """Summarizes one document in this process."""
    from nlpkit import load

    text = document(characters)
    summarize: Any = load(pipeline, device=device)
    summarize(text[:2000])  # the first pass through spaCy and the model allocates
    began = time.perf_counter()
    summary = summarize(text)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in kilobytes, macOS in bytes.
    megabytes = peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
    return {"sentences": len(summary.scores), "seconds": seconds, "megabytes": megabytes}


def main() -> None:
    """Measures each length in a process of its own and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lengths", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--pipeline", default="summarization")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)  # a process measures itself
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(measure(args.one, args.pipeline, args.device)))
        return
    results: dict[int, dict[str, float]] = {}
    print("| characters | sentences | seconds | characters a second | peak memory |")
    print("|---|---|---|---|---|")
    for length in args.lengths:
        command = [sys.executable, __file__, "--one", str(length)]
        command += ["--pipeline", args.pipeline, "--device", args.device]
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = results[length] = json.loads(run.stdout)
        print(
            f"| {length:,} | {found['sentences']:,} | {found['seconds']:.1f} "
            f"| {length / found['seconds']:,.0f} | {found['megabytes']:,.0f} MB |",
            flush=True,
        )
    short, long = min(results), max(results)
    if short < long:
        ratio = results[long]["seconds"] / results[short]["seconds"]
        exponent = math.log(ratio) / math.log(long / short)
        print(
            f"\n{long / short:g} times the length takes {ratio:.1f} times as long: "
            f"time grows with length to the power of {exponent:.2f}."
        )


if __name__ == "__main__":
    main()
