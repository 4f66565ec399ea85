"""The names that `runtime=` and `dtype=` take."""

from __future__ import annotations

RUNTIMES = ("auto", "torch", "onnx")
DTYPES = ("auto", "float32", "bfloat16", "float16", "int8")
