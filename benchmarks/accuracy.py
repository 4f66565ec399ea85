"""How well the shipped pipelines do, on the data that their fields report.

Prints a Markdown table with every metric of `Pipeline.evaluate`, and with --output writes the
same as JSON together with what it was measured on.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import nlpkit

# (pipeline, data set, split)
SETS = (
    ("question_answering", "squad", "validation"),
    ("question_answering", "squad_v2", "validation"),
    ("sst2", "glue/sst2", "validation"),
    ("summarization", "cnn_dailymail", "test"),
)


def main() -> None:
    """Evaluates each pipeline and prints the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pipelines",
        nargs="+",
        metavar="NAME",
        choices=sorted({name for name, _, _ in SETS}),
        help="only these; default: all that are trained",
    )
    parser.add_argument("--limit", type=int, help="at most so many rows of each set")
    parser.add_argument("--data", help="folder of the data sets; default: NLPKIT_DATA")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, help="a JSON file to write")
    args = parser.parse_args()

    wanted: list[str] = args.pipelines or nlpkit.pipelines()
    records: list[dict[str, Any]] = []
    print("| pipeline | data | metrics | minutes |")
    print("|---|---|---|---|")
    for name, data_set, split in SETS:
        if name not in wanted:
            continue
        pipeline = nlpkit.load(name, device=args.device)
        began = time.perf_counter()
        metrics = pipeline.evaluate(
            data_set, split=split, data=args.data, limit=args.limit, progress=True
        )
        seconds = time.perf_counter() - began
        weights = pipeline.recipe.weights
        records.append(
            {
                "pipeline": name,
                "weights_sha256": weights.sha256 if weights else None,
                "data": data_set,
                "split": split,
                "limit": args.limit,
                "metrics": metrics,
                "seconds": round(seconds, 1),
                "device": pipeline.info["device"],
            }
        )
        shown = ", ".join(f"{key} {value:.5g}" for key, value in metrics.items())
        print(f"| {name} | {data_set} {split} | {shown} | {seconds / 60:.1f} |", flush=True)
    if args.output is not None:
        document = {
            "nlpkit": nlpkit.__version__,
            "python": platform.python_version(),
            "results": records,
        }
        args.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
