"""The command `nlpkit`: its subcommands, and what becomes of errors.

Nothing heavy is imported here: each command imports what it needs when it runs, so `--help` and
mistakes in the arguments answer at once.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import click

from nlpkit import spacy_import
from nlpkit.errors import InputError, InputTypeError, NlpkitError, PipelineNotFoundError
from nlpkit.interfaces.answer import answer
from nlpkit.interfaces.benchmark import benchmark
from nlpkit.interfaces.calibrate import calibrate
from nlpkit.interfaces.classify import classify
from nlpkit.interfaces.evaluate import evaluate
from nlpkit.interfaces.export import export
from nlpkit.interfaces.output import one_line
from nlpkit.interfaces.pipelines import pipelines
from nlpkit.interfaces.score import score
from nlpkit.interfaces.summarize import summarize
from nlpkit.interfaces.train import train

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130

# Packages that not every user needs, and the extra that each comes with.
_EXTRAS = {
    "evaluate": "evaluate",
    "jinja2": "evaluate",
    "matplotlib": "evaluate",
    "scipy": "evaluate",
    "sklearn": "evaluate",
    "sumy": "evaluate",
    "datasets": "hub",
    "nltk": "evaluate",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "pandas": "train",
    "peft": "train",
    "pyarrow": "train",
}

logger = logging.getLogger("nlpkit")


class Commands(click.Group):
    """A group of commands that turns every error into one line on standard error.

    The exit code is 0, 1 where something failed, 2 for wrong use and 130 after Ctrl-C. With
    `--verbose` the traceback of an error is logged as well.
    """

    def main(self, *args: Any, **options: Any) -> Any:
        """Runs a command line and, unless `standalone_mode` is off, leaves with its exit code."""
        standalone = options.pop("standalone_mode", True)
        options["standalone_mode"] = False
        if not standalone:
            return super().main(*args, **options)
        try:
            code = super().main(*args, **options)
        except Exception as error:
            sys.exit(_report(error))
        sys.exit(code if isinstance(code, int) else 0)


def _report(error: Exception) -> int:
    """Says on standard error what went wrong, and gives the exit code for it."""
    logger.debug("the error came from here", exc_info=error)
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return WRONG_USE
        case click.Abort():
            return INTERRUPTED
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "nlpkit"
            message = f"{error.format_message().rstrip('.')} (see {command} --help)"
            code = WRONG_USE
        case click.ClickException():
            message, code = error.format_message(), error.exit_code
        case InputError() | InputTypeError() | PipelineNotFoundError():
            message, code = str(error), WRONG_USE
        case NlpkitError():
            message, code = str(error), FAILED
        case ModuleNotFoundError() if error.name in _EXTRAS:
            extra = _EXTRAS[error.name]
            message = f"{error.name} is not installed; pip install 'nlpkit[{extra}]' brings it"
            code = FAILED
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            message, code = f"{place}{error.strerror or error}", FAILED
        case MemoryError():
            message, code = "out of memory; a smaller --batch-tokens needs less", FAILED
        case _:
            message = (
                f"a fault in nlpkit itself ({type(error).__name__}: {error}); --verbose shows where"
            )
            code = FAILED
    click.echo(f"nlpkit: error: {one_line(message)}", err=True)
    return code


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        import nlpkit

        click.echo(f"nlpkit {nlpkit.__version__}")
        context.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and leave.",
)
def cli() -> None:
    """Summaries, answers and labels from one small encoder, offline.

    Exit codes: 0, or 1 where something failed, or 2 for wrong use.
    """


_COMMANDS = (
    summarize, answer, classify, train, calibrate, evaluate, score, benchmark, export, pipelines,
)  # fmt: skip
for _command in _COMMANDS:
    cli.add_command(_command)


def main() -> None:
    """Runs the command line of this process; the entry point `nlpkit`."""
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal's encoding lacks is shown escaped, not a crash.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    spacy_import.claim_process()
    # Forked workers after a tokenizer was used would each print a warning of several lines.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    cli(prog_name="nlpkit")
