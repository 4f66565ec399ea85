"""Importing spaCy without the packages that only its models need.

spaCy imports torch where it is installed, which takes longer than a summary. nlpkit uses none of
its models, but other code in the process may, and would find them without torch for good. So torch
is left out only where the process is nlpkit's own: where the command `nlpkit` runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_MODELS = ("torch", "tensorflow", "mxnet", "cupy")

_own_process = False


def claim_process() -> None:
    """Says that no code but nlpkit's uses spaCy in this process."""
    global _own_process
    _own_process = True


@contextmanager
def light() -> Iterator[None]:
    """Where spaCy is to be imported; leaves out torch and the like if they are not there yet.

    >>> with light():
    ...     import json
    """
    hidden = [name for name in _MODELS if _own_process and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: not to be had
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
