"""The virtual environments that the peers run in, made below a cache folder.

Peers need packages that exclude each other (transformers 4 and 5), so each group has an environment
of its own, from PyPI by package name. All of them share the torch of the environment that runs the
benchmark, through a .pth file: it saves a gigabyte for each (with CUDA several), and a difference
in speed cannot come from another torch.
"""

from __future__ import annotations

import hashlib
import importlib.metadata as metadata
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# What is measured against, by environment. "here" is the environment that runs the benchmark.
REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "transformers4": ("transformers==4.53.3", "bert-extractive-summarizer==0.10.1"),
    "transformers5": ("transformers==5.23.0", "sentence-transformers==6.2.0"),
    "haystack": ("transformers-haystack==2.0.0",),
    "txtai": ("txtai==9.14.0",),
}
HERE = "here"

# Of torch's requirements those that are as heavy as torch; pip brings the others.
_HEAVY = re.compile(r"^(torch|nvidia-|cuda-|triton|intel-|mkl$|tbb$|pytorch-triton)")
_DONE = ".complete"


class MakingError(Exception):
    """An environment that could not be made; says why in one line."""


def default_cache() -> Path:
    """Where environments and converted models are kept between runs."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "nlpkit-speed"


def python_of(name: str, cache: Path) -> str:
    """The interpreter of an environment, which is made where there is none yet.

    Raises:
        MakingError: when it cannot be made: no network, no such version, a full disk.
    """
    if name == HERE:
        return sys.executable
    requirements = REQUIREMENTS[name]
    folder = cache / "environments" / f"{name}-{_key(requirements)}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / _DONE).is_file():
        try:
            _make(folder, python, requirements)
        except MakingError as error:
            if _satisfied(requirements):  # a machine without a network may have them all the same
                return sys.executable
            raise error
        (folder / _DONE).touch()
    return str(python)


def _key(requirements: Sequence[str]) -> str:
    parts = [*requirements, sys.version, metadata.version("torch")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _make(folder: Path, python: Path, requirements: Sequence[str]) -> None:
    print(f"making the environment {folder} ({', '.join(requirements)})", file=sys.stderr)
    log = folder.with_suffix(".log")
    try:
        venv.create(folder, clear=True, with_pip=True, symlinks=os.name != "nt")
        shared = _share_torch(folder.parent)
        for packages in folder.glob("**/site-packages"):
            (packages / "shared-torch.pth").write_text(f"{shared}\n", encoding="utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        raise MakingError(f"no environment in {folder.name}: {_line(str(error))}") from None
    # Named, so that pip never looks for another torch, and gets what torch itself requires.
    torch = f"torch=={metadata.version('torch').partition('+')[0]}"
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
    with log.open("w", encoding="utf-8") as file:
        run = subprocess.run(
            [*command, torch, *requirements], stdout=file, stderr=subprocess.STDOUT, check=False
        )
    if run.returncode:
        raise MakingError(f"pip cannot install {' '.join(requirements)}: {last_error(log)}")


def _share_torch(parent: Path) -> Path:
    """A folder of links to this environment's torch and what is as heavy, for `sys.path`."""
    shared = parent / f"torch-{_key([])}"
    shared.mkdir(parents=True, exist_ok=True)
    for distribution in _heavy("torch"):
        for entry in sorted({file.parts[0] for file in distribution.files or ()}):
            link, target = shared / entry, Path(str(distribution.locate_file(entry)))
            if entry != ".." and target.exists() and not link.exists():
                link.symlink_to(target.resolve())
    return shared


def _heavy(name: str, seen: set[str] | None = None) -> Iterator[metadata.Distribution]:
    """A distribution and those of its requirements, and theirs, that are heavy and here."""
    from packaging.requirements import Requirement

    seen = set() if seen is None else seen
    if name in seen:
        return
    seen.add(name)
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return
    yield distribution
    for text in distribution.requires or ():
        needed = Requirement(text)
        if _HEAVY.match(needed.name) and (needed.marker is None or needed.marker.evaluate()):
            yield from _heavy(needed.name, seen)


def _satisfied(requirements: Sequence[str]) -> bool:
    from packaging.requirements import Requirement

    for requirement in map(Requirement, requirements):
        try:
            if metadata.version(requirement.name) not in requirement.specifier:
                return False
        except metadata.PackageNotFoundError:
            return False
    return True


def last_error(log: Path) -> str:
    """The last line of a log that says anything, shortened.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "log"
    ...     _ = path.write_text("Looking\\nERROR: No matching distribution\\n\\n")
    ...     last_error(path)
    'ERROR: No matching distribution'
    """
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "no log"
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(ERROR|[\w.]*(Error|Exception))\b", line)]
    return _line((errors or lines or ["no message"])[-1])


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
