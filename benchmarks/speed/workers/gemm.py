"""The machine's own limit: the fastest of some matrix products by torch, in float32."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from serve import Config, Row, System, serve

Shape = tuple[int, int, int]

# Square ones that fill the caches, and those of an encoder 384 and 768 wide.
_SHAPES: tuple[Shape, ...] = (
    (1024, 1024, 1024),
    (2048, 2048, 2048),
    (1536, 384, 1536),
    (2048, 768, 3072),
)
_SECONDS = 0.5


def load(config: Config) -> System:
    import torch

    torch.set_num_threads(config.threads)

    def product(shape: Shape) -> Callable[[int], None]:
        rows, inner, columns = shape
        left = torch.randn(rows, inner, device=config.device)
        right = torch.randn(inner, columns, device=config.device)
        out = torch.empty(rows, columns, device=config.device)

        def multiply(times: int) -> None:
            for _ in range(times):
                torch.mm(left, right, out=out)
            if config.device != "cpu":
                torch.cuda.synchronize()

        return multiply

    products = {shape: product(shape) for shape in _SHAPES}
    best = max(products, key=lambda shape: _speed(shape, products[shape]))
    times = max(1, round(_SECONDS * _speed(best, products[best]) / _operations(best)))

    def run(rows: Sequence[Row], batch: int | None) -> Sequence[Row]:
        products[best](times)
        return rows

    shown = " × ".join(map(str, best))
    return System(run, info={"operations": _operations(best) * times, "shape": shown})


def _speed(shape: Shape, multiply: Callable[[int], None]) -> float:
    """Operations a second: the best of three times three products."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        multiply(3)
        seconds.append(time.perf_counter() - began)
    return 3 * _operations(shape) / min(seconds)


def _operations(shape: Shape) -> int:
    rows, inner, columns = shape
    return 2 * rows * inner * columns


if __name__ == "__main__":
    serve(load, ["torch"])
