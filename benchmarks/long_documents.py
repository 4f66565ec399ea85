"""One long document, or a stream of short ones: peak memory and time, and how they grow.

Documents are made of the samples under data/documents, repeated, with a number put before each
sentence so that no two repetitions are the same; with `--stream`, single sentences are documents.
Each row is a process of its own, since peak memory never falls. The time is that of the call alone;
the memory is the process's, with Python, the runtime and the weights. Prints a Markdown table and
the exponent of the growth of time (1 is linear).
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from itertools import count, cycle, islice
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


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss of a process that was forked begins with its parent's
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in kilobytes, macOS in bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def measure(amount: int, args: argparse.Namespace) -> dict[str, float]:
    """Summarizes one document of so many characters, or so many short ones, in this process."""
    from nlpkit import load
    from nlpkit.text import split_sentences

    text = document(100_000 if args.stream else amount)
    summarize: Any = load(args.pipeline, device=args.device, runtime=args.runtime, dtype=args.dtype)
    summarize(text[:2000])  # the first pass through spaCy and the model allocates
    began = time.perf_counter()
    if args.stream:
        short = cycle([text[first:last] for first, last in split_sentences(text)])
        sentences = sum(len(s.scores) for s in summarize(islice(short, amount)))
    else:
        sentences = len(summarize(text).scores)
    seconds = time.perf_counter() - began
    return {"sentences": sentences, "seconds": seconds, "megabytes": peak_megabytes()}


def main() -> None:
    """Measures each length in a process of its own and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lengths", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--stream", action="store_true", help="lengths are numbers of documents")
    parser.add_argument("--pipeline", default="summarization")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)  # a process measures itself
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(measure(args.one, args)))
        return
    unit = "documents" if args.stream else "characters"
    results: dict[int, dict[str, float]] = {}
    print(f"| {unit} | sentences | seconds | {unit} a second | peak memory |")
    print("|---|---|---|---|---|")
    for length in args.lengths:
        command = [sys.executable, __file__, "--one", str(length)]
        for name in ("pipeline", "device", "runtime", "dtype"):
            command += [f"--{name}", getattr(args, name)]
        command += ["--stream"] * args.stream
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
            f"\n{long / short:g} times as many takes {ratio:.1f} times as long: "
            f"time grows to the power of {exponent:.2f}."
        )


if __name__ == "__main__":
    main()
