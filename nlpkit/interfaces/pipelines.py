"""`nlpkit pipelines`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nlpkit.interfaces.options import json_option, talk_options
from nlpkit.interfaces.output import on_terminal, one_line, print_json, print_line


@click.command()
@json_option
@talk_options
def pipelines(as_json: bool, quiet: bool) -> None:
    """List the shipped pipelines."""
    from nlpkit import recipe, shipped

    records = []
    for name in shipped.available():
        folder = shipped.shipped_folder() / name
        records.append(_record(name, folder, recipe.read(folder)))
    if as_json:
        for record in records:
            print_json(record)
    elif on_terminal():
        from nlpkit.interfaces import render

        render.pipelines(records)
    else:
        for record in records:
            size = f"{record['bytes'] / 1e6:.1f} MB"
            columns = (record["name"], record["task"], size, one_line(record["description"]))
            print_line("\t".join(columns))


def _record(name: str, folder: Path, read: Any) -> dict[str, Any]:
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return {
        "name": name,
        "task": read.task,
        "description": read.description,
        "backbone": read.backbone.name,
        "bytes": size,
        "path": str(folder),
    }
