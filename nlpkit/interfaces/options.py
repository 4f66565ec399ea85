"""The options that commands share."""

from __future__ import annotations

import functools
import logging
import math
import os
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from nlpkit.errors import NlpkitWarning
from nlpkit.interfaces.output import one_line
from nlpkit.runtimes.names import DTYPES, RUNTIMES

if TYPE_CHECKING:
    from nlpkit.recipe_sections import Task
    from nlpkit.tasks.pipeline import Pipeline

Command = Callable[..., Any]


class Device(click.ParamType[str]):
    """The name of a device: `auto`, `cpu`, `mps`, `cuda` or `cuda:1`."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name itself; whether the device is there shows when the pipeline is loaded."""
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", str(value)):
            allowed = "auto, cpu, cuda, cuda:N, mps"
            self.fail(f"{value!r} is not a device; allowed: {allowed}", param, ctx)
        return str(value)


class Share(click.FloatRange):
    """A number from 0 to 1, or above 0 if `min_open`."""

    def __init__(self, *, min_open: bool = False) -> None:
        super().__init__(min=0, max=1, min_open=min_open)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number; unlike click's own range, without letting NaN through."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"nan is not in the range {self._describe_range()}.", param, ctx)
        return number


@dataclass(frozen=True, slots=True)
class Settings:
    """What the shared options of a command that runs a pipeline were set to."""

    pipeline: str | None
    task: Task | None
    device: str
    runtime: str
    dtype: str
    batch_tokens: int | None
    as_json: bool
    quiet: bool

    def load(self, name: str | None = None, *, many: bool = False) -> Pipeline[Any, Any, Any]:
        """The pipeline of that name, or the one that `--pipeline` asks for.

        Args:
            name: instead of that of `--pipeline`.
            many: see `nlpkit.load`; most commands are called for a text or a few.
        """
        from nlpkit.tasks.loading import load

        chosen = name or self.pipeline
        assert chosen is not None, "a command without --pipeline names the pipeline itself"
        return load(
            chosen,
            device=self.device,
            runtime=self.runtime,
            dtype=self.dtype,
            batch_tokens=self.batch_tokens,
            task=self.task,
            many=many,
        )

    def progress(self, inputs: int | None) -> bool:
        """Whether a progress bar helps: for several inputs, on a terminal that shows no results."""
        several = inputs is None or inputs > 1
        return several and not self.quiet and sys.stderr.isatty() and not sys.stdout.isatty()


def device_option(function: Command) -> Command:
    """Adds `--device`."""
    return click.option(
        "--device",
        type=Device(),
        default="auto",
        show_default=True,
        metavar="NAME",
        help="auto, cpu, cuda, cuda:N or mps.",
    )(function)


def runtime_options(dtype: str = "auto") -> Callable[[Command], Command]:
    """Adds `--runtime` and `--dtype`, the latter with that default."""
    add_runtime = click.option(
        "--runtime",
        type=click.Choice(RUNTIMES),
        default="auto",
        show_default=True,
        help="What computes; auto takes the fastest that keeps the scores.",
    )
    add_dtype = click.option(
        "--dtype",
        type=click.Choice(DTYPES),
        default=dtype,
        show_default=True,
        help="In what numbers; int8 is of onnx, bfloat16 and float16 of torch.",
    )
    return lambda function: add_runtime(add_dtype(function))


def json_option(function: Command) -> Command:
    """Adds `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")(
        function
    )


def talk_options(function: Command) -> Command:
    """Adds `--verbose` and `--quiet`, sets up logging, and hands on only `quiet`."""

    @functools.wraps(function)
    def command(*args: Any, verbose: bool, quiet: bool, **kwargs: Any) -> Any:
        if verbose and quiet:
            raise click.UsageError("--verbose and --quiet exclude each other.")
        _set_up_logging(verbose=verbose, quiet=quiet)
        return function(*args, quiet=quiet, **kwargs)

    command = click.option("-q", "--quiet", is_flag=True, help="No progress, no notes.")(command)
    return click.option(
        "-v", "--verbose", is_flag=True, help="Log what is done, with tracebacks of errors."
    )(command)


def data_option(function: Command) -> Command:
    """Adds `--data`."""
    return click.option(
        "--data",
        envvar="NLPKIT_DATA",
        metavar="FOLDER",
        show_envvar=True,
        help="Where the reference sets are; without it, the hub.",
    )(function)


def limit_option(function: Command) -> Command:
    """Adds `--limit`."""
    return click.option(
        "--limit", type=click.IntRange(min=1), metavar="N", help="At most N rows, the first ones."
    )(function)


def seed_option(function: Command) -> Command:
    """Adds `--seed`."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        metavar="N",
        help="Of the intervals.",
    )(function)


def run_options(
    default: str | None, task: Task | None = None, *, dtype: str = "auto"
) -> Callable[[Command], Command]:
    """Adds the options of a command that runs a pipeline; it gets them as `settings`.

    Args:
        default: the pipeline where `--pipeline` is not given; None for a command that takes it
            as an argument, and so has no such option.
        task: what the pipeline must be for; None takes any.
        dtype: the number type where `--dtype` is not given.
    """
    number_type = dtype

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def command(
            *args: Any,
            device: str,
            runtime: str,
            dtype: str,
            batch_tokens: int | None,
            as_json: bool,
            quiet: bool,
            **kwargs: Any,
        ) -> Any:
            pipeline = kwargs.pop("pipeline") if default is not None else None
            settings = Settings(
                pipeline, task, device, runtime, dtype, batch_tokens, as_json, quiet
            )
            return function(*args, settings=settings, **kwargs)

        add_pipeline = click.option(
            "-p",
            "--pipeline",
            default=default,
            show_default=True,
            metavar="NAME_OR_PATH",
            help="A shipped pipeline, or the folder of your own.",
        )
        add_batch_tokens = click.option(
            "--batch-tokens",
            type=click.IntRange(min=1),
            metavar="N",
            help="Tokens in a batch: fewer need less memory.",
        )
        shared = device_option(
            runtime_options(number_type)(add_batch_tokens(talk_options(command)))
        )
        return json_option(shared if default is None else add_pipeline(shared))

    return decorate


def _note(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"nlpkit: {one_line(str(message))}", err=True)


def _set_up_logging(*, verbose: bool, quiet: bool = False) -> None:
    """One log on standard error; other packages' notes and warnings only if `verbose`."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        format="%(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    logging.getLogger("nlpkit").setLevel(logging.DEBUG if verbose else logging.ERROR)
    if not verbose:
        warnings.simplefilter("ignore")
        if not quiet:
            # What nlpkit itself warns of changes what a number means.
            warnings.simplefilter("always", NlpkitWarning)
            warnings.showwarning = _note
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
