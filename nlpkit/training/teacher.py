"""Distillation: what a larger pipeline says of the training rows, and of rows without a label.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network". The teacher's logits are
computed once, before training, and become part of the targets; a student never needs it again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlpkit import corpora
from nlpkit.encoder import backbone
from nlpkit.errors import NlpkitError, TrainingError
from nlpkit.labels import NO_LABEL
from nlpkit.recipe import Recipe
from nlpkit.rows import renamed
from nlpkit.tasks.classification import Classification
from nlpkit.tasks.loading import load
from nlpkit.tasks.pipeline import Pipeline
from nlpkit.tasks.question_answering import QuestionAnswering
from nlpkit.tasks.summarization import Summarization
from nlpkit.tokenizer import Tokenizer
from nlpkit.training.changed_rows import changed_rows, near_words
from nlpkit.training.overlap import fingerprints, overlap, without
from nlpkit.training.teacher_answers import Answers
from nlpkit.training.teacher_sentences import teacher_sentences
from nlpkit.training.teacher_spans import teacher_spans
from nlpkit.training.teacher_states import Said, teacher_states

if TYPE_CHECKING:
    import pandas as pd

# Rows whose answers are kept together: a minute or two of a large teacher on a CPU.
_CHUNK = 1024


def taught_rows(
    frame: pd.DataFrame,
    recipe: Recipe,
    data: str | Path | None = None,
    *,
    heldout: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The training rows, and after them those that only the teacher labels.

    A row whose input is there already, or is set aside, is left out, and so are questions about a
    passage that is set aside; the others have the label (or the answers, or the summary) -1.

    Args:
        frame: the training rows.
        recipe: with its `[teacher]`.
        data: folder of the reference sets.
        heldout: the rows that are set aside.

    Raises:
        DataError: when a set, a file or a column of `teacher.unlabelled` is not there.
    """
    import pandas as pd

    teacher = recipe.teacher
    assert teacher is not None
    columns = _columns(recipe)
    rows = [frame[columns]]
    if teacher.unlabelled:
        rows.append(_unlabelled(recipe, data)[columns])
    if teacher.changed:
        whole = pd.concat(rows, ignore_index=True)
        rows.insert(1, _changed(whole, columns, recipe))
    if len(rows) == 1:
        return frame
    extra = pd.concat(rows[1:], ignore_index=True).drop_duplicates(columns, ignore_index=True)
    if heldout is not None:
        blank = extra.assign(**{_target(recipe): _nothing(recipe)})
        extra = extra[~overlap(blank, heldout, recipe.task).mask]
    known = set(_inputs(frame, recipe))
    new = [row not in known for row in _inputs(extra, recipe)]
    extra = extra[new].assign(**{_target(recipe): NO_LABEL})
    return pd.concat([frame, extra], ignore_index=True)


def _columns(recipe: Recipe) -> list[str]:
    """What the teacher reads of a row."""
    if recipe.task == "question_answering":
        return ["question", "context"]
    if recipe.task == "summarization":
        return ["document"]
    return ["text", "pair"] if recipe.pair else ["text"]


def _target(recipe: Recipe) -> str:
    return {"question_answering": "answers", "summarization": "summary"}.get(recipe.task, "label")


def _nothing(recipe: Recipe) -> object:
    """Stands in the target's column where rows are read; a summary has to be a text."""
    return "" if recipe.task == "summarization" else NO_LABEL


def _inputs(frame: pd.DataFrame, recipe: Recipe) -> list[tuple[int, ...]]:
    """The texts of each row as numbers, the same for the same text in whatever spelling."""
    columns = [fingerprints(frame[name]).tolist() for name in _columns(recipe)]
    return list(zip(*columns, strict=True))


def _unlabelled(recipe: Recipe, data: str | Path | None) -> pd.DataFrame:
    import pandas as pd

    teacher = recipe.teacher
    assert teacher is not None
    assert recipe.data is not None
    frames = []
    for source in teacher.unlabelled:
        split = None if corpora.names_file(source) else recipe.data.split
        frame = corpora.read(source, split, root=data)
        # Labels of another set mean nothing here, and there need not be any.
        frame = frame.assign(**{_target(recipe): _nothing(recipe)})
        given = teacher.columns
        frames.append(renamed(frame, recipe.task, source, pair=recipe.pair, columns=given))
    joined = pd.concat(frames, ignore_index=True)
    joined = without(joined, recipe, recipe.data.without, data)
    if teacher.limit is not None and teacher.limit < len(joined):
        joined = joined.sample(n=teacher.limit, random_state=recipe.training.seed)
    return joined


def _changed(frame: pd.DataFrame, columns: list[str], recipe: Recipe) -> pd.DataFrame:
    teacher = recipe.teacher
    assert teacher is not None
    near = None
    if teacher.alike > 0:
        shared = backbone(recipe.backbone.name, sha256=recipe.backbone.sha256)
        near = near_words((text for column in columns for text in frame[column]), shared)
    seed = recipe.training.seed
    return changed_rows(frame, columns, teacher.changed, seed=seed, alike=teacher.alike, near=near)


def teacher_said(
    frame: pd.DataFrame,
    recipe: Recipe,
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    device: str = "auto",
    progress: bool = True,
) -> Said:
    """The teacher's logits of all rows, spans or sentences, and its states where they are wanted.

    Args:
        frame: the rows.
        recipe: the student's, with its `[teacher]`.
        tokenizer: the student's.
        max_tokens: the length of the student's windows.
        device: where the teacher computes.
        progress: show a bar.

    Raises:
        TrainingError: when the teacher cannot be opened, is for another task or other labels, or
            its states or spans are wanted and it reads other tokens than the student.
        DataError: when a question is too long for the student's windows.
    """
    assert recipe.teacher is not None
    if recipe.head.kind == "span":
        answering = _open(recipe, device)
        assert isinstance(answering, QuestionAnswering)
        found = teacher_spans(
            frame, recipe, answering, tokenizer, max_tokens=max_tokens, progress=progress
        )
        return Said(spans=found)
    if recipe.task == "summarization":
        summarizing = _open(recipe, device)
        assert isinstance(summarizing, Summarization)
        return Said(sentences=teacher_sentences(frame, summarizing, progress=progress))
    if recipe.teacher.states == 0:
        return Said(teacher_logits(frame, recipe, device=device, progress=progress))
    teacher = _open(recipe, device, runtime="torch")
    assert isinstance(teacher, Classification)
    return teacher_states(
        frame, recipe, teacher, tokenizer, max_tokens=max_tokens, progress=progress
    )


def teacher_logits(
    frame: pd.DataFrame, recipe: Recipe, *, device: str = "auto", progress: bool = True
) -> NDArray[np.float32]:
    """The teacher's logits of all rows `(rows, labels)`, in the order of the recipe's labels.

    They are kept in the cache folder (`nlpkit.training.teacher_answers`), so that only rows are
    computed of which this teacher has not been asked before. For regression they are values in 0
    to 1.

    Raises:
        TrainingError: when the teacher cannot be opened, or is for another task or other labels.
    """
    from tqdm.auto import tqdm

    teacher = _open(recipe, device)
    columns = _columns(recipe)
    head = recipe.head
    assert isinstance(teacher, Classification)
    assert teacher.recipe.weights is not None
    answers = Answers([teacher.recipe.weights.sha256, list(head.labels), head.kind, head.range])
    rows = list(frame[columns].itertuples(index=False, name=None))
    missing = answers.missing(rows)
    bar = tqdm(total=len(missing), desc="asking the teacher", disable=None if progress else True)
    with bar:
        for start in range(0, len(missing), _CHUNK):
            asked = [rows[place] for place in missing[start : start + _CHUNK]]
            inputs: list[Any] = asked if recipe.pair else [text for (text,) in asked]
            said = [_logits(label, recipe, teacher) for label in teacher(inputs)]
            answers.add(asked, np.array(said, np.float32))
            bar.update(len(asked))
    return np.stack(answers.of(rows))


def _logits(label: Any, recipe: Recipe, teacher: Classification) -> list[float]:
    if recipe.head.kind == "regression":
        low, high = recipe.head.range or (0.0, 1.0)
        return [(label.score - low) / (high - low)]
    chances = np.array([label.scores[name] for name in recipe.head.labels])
    # Probabilities at the teacher's temperature give its logits back, up to a constant.
    logits = np.log(np.maximum(chances, 1e-9)) * teacher.recipe.decoding.temperature
    return list(logits - logits.mean())


def _open(recipe: Recipe, device: str, *, runtime: str = "auto") -> Pipeline[Any, Any, Any]:
    assert recipe.teacher is not None
    name = recipe.teacher.pipeline
    try:
        teacher = load(name, runtime=runtime, device=device, dtype=_fastest(device))
    except NlpkitError as error:
        raise TrainingError(f"teacher.pipeline = {name!r} cannot be opened: {error}") from None
    same = (
        teacher.recipe.task == recipe.task
        and teacher.recipe.pair == recipe.pair
        # Both heads of summarization score sentences.
        and (teacher.recipe.head.kind == recipe.head.kind or recipe.task == "summarization")
        and set(teacher.recipe.head.labels) == set(recipe.head.labels)
        and teacher.recipe.head.range == recipe.head.range
    )
    if not same:
        raise TrainingError(
            f"teacher.pipeline = {name!r} cannot teach {recipe.name!r}: it must be for the same "
            "kind of input, head and labels"
        )
    return teacher


def _fastest(device: str) -> str:
    import torch

    from nlpkit.runtimes.torch import resolve_device
    from nlpkit.training.loop import precision

    chosen = precision("auto", resolve_device(device))
    return "bfloat16" if chosen == torch.bfloat16 else "float32"
