"""How much a runtime or a number type changes a pipeline's scores, on inputs written for that."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from nlpkit.results import Failure
from nlpkit.tasks.classification import Classification
from nlpkit.tasks.pipeline import Pipeline
from nlpkit.tasks.question_answering import QuestionAnswering
from nlpkit.tasks.spans import distinct, probabilities

Scores = dict[Any, float]

# Passages with two questions each; every second question has no answer in its passage.
PASSAGES: tuple[tuple[str, str, str], ...] = (
    (
        "The ferry to Holm runs four times a day in winter and every hour from May on. It takes "
        "cars only with a booking. In a storm it stays in port, and the mail goes by helicopter. "
        "Islanders have asked for a bridge since 1974, but a bridge would cost more than the "
        "island earns in ten years.",
        "How often does the ferry run in winter?",
        "Who is the captain of the ferry?",
    ),
    (
        "Dr. Amina Yusuf found the comet on the night of 3 March, with a telescope that she had "
        "ground herself. Two observatories confirmed it within a week. The comet will pass the "
        "sun in October and should be visible without glasses. It will not come back for 9,000 "
        "years.",
        "Who found the comet?",
        "What is the comet made of?",
    ),
    (
        "Sales of bread rose by 4 percent last year, the guild of bakers said on Tuesday. Small "
        "bakeries gained nothing from it. Supermarkets now sell two loaves of three, and they bake "
        'most of them from frozen dough. "We sell time," said the guild\'s chair, Otto Brandt. '
        '"Nobody else does."',
        "What do supermarkets bake most of their loaves from?",
        "How many bakeries closed last year?",
    ),
    (
        "The old theatre burned down in 1902 during a rehearsal; nobody was hurt. Its stones went "
        "into the quay. For forty years the square stood empty, and the town held its market "
        "there. The new theatre was built by public subscription and opened with a comedy that "
        "everybody hated.",
        "When did the old theatre burn down?",
        "Who wrote the comedy?",
    ),
    (
        "A bee visits up to a hundred flowers before it returns to the hive. There it dances: the "
        "angle of the dance gives the direction, its length the distance. Bees that were kept from "
        "dancing found food half as often. How they read the dance in the dark is still disputed.",
        "What does the angle of the dance give?",
        "How long does a bee live?",
    ),
    (
        "The court ruled on Friday that the city must pay the tenants. Their flats had no heating "
        "for two winters. The city had argued that the pipes belonged to the contractor. Judge "
        'Weller called that argument "as cold as the flats". The sum will be set next month.',
        "Why must the city pay the tenants?",
        "How much will the city pay?",
    ),
    (
        "To make the dye, the leaves are soaked for a day, then beaten until the water foams. A "
        "little lime is added. What sinks to the ground is dried and cut in cakes. Wool comes out "
        "of the vat green and turns blue in the air, which children never tire of seeing.",
        "What is added to the water?",
        "Where does the plant grow?",
    ),
    (
        "United won the final 2-1 after extra time. Marta Reyes scored both goals, the second with "
        "her left foot from thirty metres. The keeper had been injured in the tenth minute and "
        "played on. About 41,000 watched in the rain. The cup had not been in the town since 1988.",
        "Who scored both goals?",
        "What will the winners be paid?",
    ),
)

# Single texts: opinions and facts, well formed and not.
TEXTS: tuple[str, ...] = (
    "A warm, funny and quietly moving film.",
    "The plot makes no sense, and the jokes are older than the actors.",
    "It is neither good nor bad, only long.",
    "I expected little and was given less.",
    "Not a moment is wasted in this small masterpiece.",
    "The first half is dull, but the ending makes up for it.",
    "Him and me was went to the station yesterday.",
    "The more you read, the less you know.",
    "Which book did you say that she thinks he wrote?",
    "The child seems sleeping in the garden.",
    "Nobody ever has any money on them here.",
    "They gave to the museum the letters of their grandmother.",
)

# Pairs: the same said otherwise, the opposite, something else, a question with and without answer.
PAIRS: tuple[tuple[str, str], ...] = (
    ("A man is playing a guitar on the stage.", "Someone plays an instrument."),
    ("A man is playing a guitar on the stage.", "The stage is empty and nobody plays."),
    ("Two dogs run along the beach.", "Dogs are running by the sea."),
    ("Two dogs run along the beach.", "The bank lowered its rates on Friday."),
    ("How can I learn to cook quickly?", "What is the fastest way to learn cooking?"),
    ("How can I learn to cook quickly?", "How can I cook quickly?"),
    ("The company said profits rose 4 percent.", "Profits fell by 4 percent, the company said."),
    ("The company said profits rose 4 percent.", "Profits were up 4 percent, it said."),
)


def scores(pipeline: Pipeline[Any, Any, Any]) -> list[Scores]:
    """All scores that a pipeline gives to the probe set, as probabilities.

    Of summaries one a sentence, of answers one a span and one for "no answer", of labels one a
    label; a regression's value as its share of the range.
    """
    if isinstance(pipeline, QuestionAnswering):
        asked = [(q, text) for text, *questions in PASSAGES for q in questions]
        found = pipeline.candidates(asked, errors="return")
        # An encoder with very short windows may have no room for a question.
        return [_spans(pipeline, spans) for spans in found if not isinstance(spans, Failure)]
    if isinstance(pipeline, Classification):
        if not pipeline.recipe.pair:
            sentences = [*TEXTS, *(text for text, _, _ in PASSAGES[:4])]
            return [_labels(pipeline, result) for result in pipeline(sentences)]
        pairs = [*PAIRS, *((q, text) for text, q, _ in PASSAGES)]
        return [_labels(pipeline, result) for result in pipeline(pairs)]
    texts = [text for text, _, _ in PASSAGES]
    # Longer documents as well: two passages, four, and all of them.
    texts += [" ".join(texts[i : i + n]) for n in (2, 4, 8) for i in range(0, len(texts), n)]
    return [dict(enumerate(summary.scores)) for summary in pipeline(texts)]


def change(exact: Pipeline[Any, Any, Any], other: Pipeline[Any, Any, Any]) -> float:
    """The greatest difference between the scores of two pipelines; 1 where there are none."""
    pairs = list(zip(scores(exact), scores(other), strict=True))
    greatest = 0.0 if pairs else 1.0
    for one, two in pairs:
        for key in one.keys() | two.keys():
            difference = abs(one.get(key, 0.0) - two.get(key, 0.0))
            greatest = max(greatest, difference if np.isfinite(difference) else 1.0)
    return greatest


def _spans(pipeline: QuestionAnswering, found: Any) -> Scores:
    decoding = pipeline.recipe.decoding
    settings = {"temperature": decoding.temperature, "null_bias": decoding.null_bias}
    none, _ = probabilities(distinct(found), **settings)
    # Spans one by one: which of two that overlap stands for both may turn on next to nothing.
    _, spans = probabilities(found, **settings)
    return {None: none, **{span[:3]: span.score for span in spans}}


def _labels(pipeline: Classification, result: Any) -> Scores:
    head = pipeline.recipe.head
    if head.kind != "regression":
        return cast("Scores", dict(result.scores))
    low, high = head.range or (0.0, 1.0)
    return {None: (result.score - low) / (high - low)}
