"""Many batches at once on a CPU, each computed by one core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlpkit.padding import each_window
from nlpkit.windows import Window

# With this many batches a core, each core computes batches of its own. Threads that share each
# product wait for one another at its end, and for whatever else the cores have to do.
BATCHES_PER_CORE = 4


def worthwhile(batches: int, cores: int) -> bool:
    """Whether there are enough batches for each core to compute its own.

    >>> worthwhile(8, 2), worthwhile(7, 2)
    (True, False)
    """
    return batches >= BATCHES_PER_CORE * cores


def side_by_side(
    windows: Sequence[Window],
    batches: Sequence[Sequence[int]],
    run: Callable[[Sequence[Window]], NDArray[np.float32]],
    *,
    cores: int,
    begin: Callable[[], Any] | None = None,
) -> list[NDArray[np.float32]]:
    """The logits of each window, in the order given, from batches that are computed in threads.

    Args:
        windows: all of them.
        batches: which windows each batch has.
        run: a batch's logits.
        cores: how many threads.
        begin: what each thread does first.
    """
    with ThreadPoolExecutor(cores, thread_name_prefix="nlpkit-core", initializer=begin) as pool:
        # Where an error or Ctrl-C ends this, the batches that wait are not computed.
        logits = pool.map(lambda own: run([windows[i] for i in own]), batches)
        return each_window(windows, batches, logits)
