"""How good what a system gave in the timed run is, where the inputs have references."""

from __future__ import annotations

from .measure import Measured


def quality(measured: Measured) -> dict[str, str]:
    """By system: ROUGE of summaries, exact match and F1 of answers; empty without references."""
    if not measured.rows or "reference" not in measured.rows[0]:
        return {}
    score = {"summarization": _summaries, "question_answering": _answers}.get(measured.job.task)
    return score(measured) if score else {}


def _summaries(measured: Measured) -> dict[str, str]:
    from nlpkit.evaluation.rouge import rouge
    from nlpkit.evaluation.scoring.summarization import lines
    from nlpkit.text import split_sentences

    references = [lines(row["reference"]) for row in measured.rows]
    documents = [row["document"] for row in measured.rows]
    lead = [[text[a:b] for a, b in split_sentences(text)[:3]] for text in documents]
    systems = {state.label: state.outputs for state in measured.states if state.outputs}
    said = {}
    for label, summaries in (systems | {"LEAD-3": lead}).items():
        scores = rouge(summaries, references, types=("rouge1", "rouge2", "rougeLsum"))
        points = (f"{scores[kind].points:.2f}" for kind in ("rouge1", "rouge2", "rougeLsum"))
        said[label] = f"ROUGE-1/2/Lsum {' / '.join(points)}"
    return said


def _answers(measured: Measured) -> dict[str, str]:
    from nlpkit.evaluation.squad import squad_v1

    golds = {str(number): row["reference"] for number, row in enumerate(measured.rows)}
    said = {}
    for state in measured.states:
        if state.outputs:
            scores = squad_v1({str(i): text for i, text in enumerate(state.outputs)}, golds)
            exact, f1 = scores["exact_match"].points, scores["f1"].points
            said[state.label] = f"EM {exact:.1f}, F1 {f1:.1f}"
    return said
