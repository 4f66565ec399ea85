"""The command: `python benchmarks/speed`."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nlpkit.errors import NlpkitError

from . import environments, report
from .figures import operations
from .jobs import JOBS
from .machine import machine
from .measure import Measured, Settings, measure

_DESCRIPTION = """nlpkit and its peers side by side: the same inputs, the same weights where they
can take them, in turn, each in an environment of its own that is made on the first run (from PyPI,
some GB below the cache folder; torch is shared). Run nothing beside it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures the jobs and writes report, numbers and plots."""
    args = _parser().parse_args(arguments)
    data = args.data or os.environ.get("NLPKIT_DATA")
    args.output.mkdir(parents=True, exist_ok=True)
    about = machine(args.device, args.threads)
    jobs: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="nlpkit-speed-") as scratch:
        settings = Settings(
            data=data,
            cache=args.cache.expanduser().resolve(),
            scratch=Path(scratch),
            rounds=args.rounds,
            rows=args.rows,
            lengths=tuple(sorted(set(args.lengths))),
            threads=args.threads,
            device=args.device,
            timeout=args.timeout,
            without=tuple(args.without),
        )
        if args.environments_only:
            _make_environments(settings.cache)
            return
        for name in args.jobs:
            try:
                jobs.append(measure(JOBS[name], settings))
            except NlpkitError as error:  # the data
                sys.exit(f"error: {error}")
            _write(jobs, about, args)  # what is measured is kept if a later job is stopped
    print((args.output / "report.md").read_text(encoding="utf-8"))


def _make_environments(cache: Path) -> None:
    for name in environments.REQUIREMENTS:
        try:
            print(f"{name}: {environments.python_of(name, cache)}")
        except environments.MakingError as error:
            print(f"{name} failed: {error}")


def _write(jobs: Sequence[Measured], about: dict[str, object], args: argparse.Namespace) -> None:
    useful = next((useful_operations(job) for job in jobs if job.job.name == "bulk"), None)
    numbers = {
        "machine": about,
        "rounds": args.rounds,
        "useful_operations": useful,
        "jobs": [job.as_json() for job in jobs],
    }
    text = json.dumps(numbers, indent=1, default=str)
    (args.output / "numbers.json").write_text(text + "\n", encoding="utf-8")
    try:
        from . import plots

        drawn = plots.write(jobs, args.output)
    except ImportError as error:
        print(f"no plots: {error}; pip install 'nlpkit[evaluate]'", file=sys.stderr)
        drawn = []
    date = datetime.date.today().isoformat()
    page = report.page(jobs, about, rounds=args.rounds, date=date, useful=useful, plots=drawn)
    (args.output / "report.md").write_text(page, encoding="utf-8")


def useful_operations(job: Measured) -> int:
    """What the encoder has to compute for a job's documents, padding left out."""
    from nlpkit.encoder import backbone
    from nlpkit.sentence_windows import document_windows
    from nlpkit.tasks.loading import stored
    from nlpkit.text import split_sentences

    recipe, _ = stored("summarization")
    shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
    size = min(recipe.backbone.max_tokens, shared.max_tokens)
    lengths: list[int] = []
    for row in job.rows:
        text = row["document"]
        tokens = shared.tokenizer.encode([text[a:b] for a, b in split_sentences(text)])
        windows = document_windows(
            shared.tokenizer.template, tokens, size=size, stride=recipe.stride
        )
        lengths += map(len, windows)
    config = shared.model.config
    return operations(
        lengths,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python benchmarks/speed", description=_DESCRIPTION)
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        help="the reference sets; default: NLPKIT_DATA, else texts made of the sample data",
    )
    parser.add_argument(
        "--jobs",
        nargs="+",
        choices=list(JOBS),
        default=list(JOBS),
        metavar="JOB",
        help=f"of {', '.join(JOBS)}; default: all",
    )
    parser.add_argument("--rounds", type=_count, default=5, help="default: 5")
    parser.add_argument("--rows", type=_count, help="inputs of each job; default: its own number")
    parser.add_argument(
        "--lengths",
        nargs="+",
        type=_count,
        default=[10**4, 10**5, 10**6, 10**7],
        metavar="CHARACTERS",
        help="of the job length; default: 10^4 to 10^7",
    )
    parser.add_argument("--threads", type=_count, default=2, help="of each system; default: 2")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="default: cpu")
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        metavar="SYSTEM",
        help="leave out systems whose name holds this",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=environments.default_cache(),
        metavar="FOLDER",
        help="of environments and converted models; default: nlpkit-speed in the user's cache",
    )
    parser.add_argument(
        "--timeout", type=float, default=3600.0, help="seconds for one run; default: 3600"
    )
    parser.add_argument(
        "--environments-only", action="store_true", help="make the environments and stop"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("speed-report"),
        metavar="FOLDER",
        help="for report.md, numbers.json and the plots; default: speed-report",
    )
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not allowed; it must be at least 1")
    return value
