"""What all pipelines share: one to one, list to list, stream to stream, failures in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlpkit.errors import InputError, InputTypeError
from nlpkit.results import Failure
from nlpkit.tasks.loading import load
from nlpkit.tasks.pipeline import Pipeline, positive, share

AnyPipeline = Pipeline[Any, Any, Any]

GOOD: dict[str, list[Any]] = {
    "summarization": [
        "One fell. Two rose. Three stayed where they were.",
        "",
        "Rain. " * 40,
        "A headline\n\nThe text below it is longer. It has two sentences.",
    ],
    "pair_scorer": ["One fell. Two rose.", "", "Rain. Snow. Hail. " * 8],
    "question_answering": [
        ("who fell?", "Anna fell. Bert rose."),
        {"question": "when?", "passages": ["In 1990.", "", "Not in 1991, but " * 9]},
        ("why?", ""),
        {"question": "what?", "context": "This and that. " * 12},
    ],
    "classification": ["good", "a longer text " * 20, "\u200b", "bad!"],
    "pair": [("one", "two"), ("a longer text " * 9, "b"), ("b", "another one " * 12)],
    "regression": ["good", "a longer text " * 20, "bad!"],
    "multi_label": ["good", "a longer text " * 20, "bad!"],
}
BAD: dict[str, list[tuple[Any, type[Exception]]]] = {
    "summarization": [
        (3, InputTypeError),
        (None, InputTypeError),
        (b"bytes", InputTypeError),
        ({"a": 1}, InputTypeError),
    ],
    "pair_scorer": [(3, InputTypeError)],
    "question_answering": [
        (("", "text"), InputError),
        (("  \n", "text"), InputError),
        (("why?", 5), InputTypeError),
        (("why?", ["text", 5]), InputTypeError),
        ((5, "text"), InputTypeError),
        (("why?", "text", "more"), InputTypeError),
        ({"question": "why?"}, InputError),
        ({"passages": "text"}, InputError),
        (7, InputTypeError),
        (("why? " * 30, "text"), InputError),
    ],
    "classification": [
        ("", InputError),
        (" \t\n", InputError),
        (("a", "b"), InputError),
        (3.5, InputTypeError),
        (None, InputTypeError),
    ],
    "pair": [
        ("single", InputError),
        (("a", ""), InputError),
        (("a", "b", "c"), InputTypeError),
        (("a", 3), InputTypeError),
        (3, InputTypeError),
    ],
    "regression": [("", InputError), (3, InputTypeError)],
    "multi_label": [("", InputError), (3, InputTypeError)],
}
OPTIONS: dict[str, dict[str, Any]] = {"question_answering": {"threshold": 0, "top_k": 3}}


@pytest.fixture(scope="module", params=list(GOOD))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pipeline(name: str, tiny_pipelines: dict[str, Path]) -> AnyPipeline:
    return load(tiny_pipelines[name], device="cpu")


def plain(value: Any) -> tuple[Any, list[float]]:
    """A result's text and its numbers apart, so that numbers can be compared to rounding."""
    numbers: list[float] = []

    def walk(part: Any) -> Any:
        if isinstance(part, float):
            numbers.append(part)
            return "number"
        if isinstance(part, dict):
            return {key: walk(inner) for key, inner in part.items()}
        if isinstance(part, list | tuple):
            return [walk(inner) for inner in part]
        return part

    return walk(value.to_dict()), numbers


def assert_same(one: Any, other: Any) -> None:
    texts, numbers = plain(one)
    other_texts, other_numbers = plain(other)
    assert texts == other_texts
    np.testing.assert_allclose(numbers, other_numbers, atol=1e-4)


def test_one_gives_one_and_a_list_gives_a_list_in_order(name: str, pipeline: AnyPipeline) -> None:
    options = OPTIONS.get(name, {})
    inputs = GOOD[name] * 2
    results = pipeline(inputs, **options)
    assert isinstance(results, list)
    assert len(results) == len(inputs)
    for item, result in zip(inputs, results, strict=True):
        assert_same(pipeline(item, **options), result)
    assert pipeline([]) == []


def test_batches_do_not_change_results(
    name: str, pipeline: AnyPipeline, tiny_pipelines: dict[str, Path]
) -> None:
    options = OPTIONS.get(name, {})
    expected = pipeline(GOOD[name], **options)
    for batch_tokens in (1, 150, 100_000):
        other = load(tiny_pipelines[name], device="cpu", batch_tokens=batch_tokens)
        for one, two in zip(expected, other(GOOD[name][::-1], **options)[::-1], strict=True):
            assert_same(one, two)


def test_a_stream_gives_an_iterator_of_the_same_results(name: str, pipeline: AnyPipeline) -> None:
    options = OPTIONS.get(name, {})
    results = pipeline((item for item in GOOD[name]), **options)
    assert isinstance(results, Iterator)
    for one, two in zip(pipeline(GOOD[name], **options), results, strict=True):
        assert_same(one, two)


def test_what_is_there_twice_is_computed_once(name: str, tiny_pipelines: dict[str, Path]) -> None:
    options = OPTIONS.get(name, {})
    pipeline = load(tiny_pipelines[name], device="cpu")
    inner = pipeline.runtime
    seen: list[int] = []

    class Counting:
        def __getattr__(self, attribute: str) -> Any:
            return getattr(inner, attribute)

        def __call__(self, windows: Any) -> Any:
            seen.append(len(windows))
            return inner(windows)

    pipeline.runtime = Counting()
    once = pipeline(GOOD[name], **options)
    assert pipeline([*GOOD[name], *GOOD[name][::-1]], **options) == [*once, *once[::-1]]
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_a_stream_is_read_a_group_at_a_time(pipeline: AnyPipeline, name: str) -> None:
    item = GOOD[name][0]
    taken = 0

    def endless() -> Iterator[Any]:
        nonlocal taken
        while True:
            taken += 1
            yield item

    results = pipeline(endless())
    assert taken == 0
    next(results)
    assert 1 <= taken <= 256
    read = taken
    for _ in range(read - 1):
        next(results)
    assert taken == read


def test_a_stream_of_long_documents_is_not_held_in_memory(tiny_pipelines: dict[str, Path]) -> None:
    pipeline = load(tiny_pipelines["summarization"], device="cpu")
    taken = 0

    def long() -> Iterator[str]:
        nonlocal taken
        for _ in range(8):
            taken += 1
            yield " " * 400_000

    results = pipeline(long())
    assert not next(results)
    assert taken == 3
    assert len(list(results)) == 7


def test_a_bad_input_is_reported_in_its_place(name: str, pipeline: AnyPipeline) -> None:
    options = OPTIONS.get(name, {})
    expected = [pipeline(item, **options) for item in GOOD[name]]
    inputs: list[Any] = []
    for (bad, _), good in zip(BAD[name], GOOD[name] * 3, strict=False):
        inputs += [bad, good]
    results = pipeline(inputs, errors="return", **options)
    assert len(results) == len(inputs)
    for index, (_, kind) in enumerate(BAD[name]):
        failure = results[2 * index]
        assert isinstance(failure, Failure)
        assert not failure
        assert isinstance(failure.error, kind)
        assert failure.to_dict() == {"error": str(failure.error)}
        assert_same(results[2 * index + 1], expected[index % len(expected)])
    stream = list(pipeline(iter(inputs), errors="return", **options))
    assert [isinstance(r, Failure) for r in stream] == [isinstance(r, Failure) for r in results]


def test_a_bad_input_alone_raises(name: str, pipeline: AnyPipeline) -> None:
    for bad, kind in BAD[name]:
        with pytest.raises(kind):
            pipeline(bad)
        with pytest.raises(kind):
            pipeline([GOOD[name][0], bad])
        with pytest.raises(kind):
            list(pipeline(iter([GOOD[name][0], bad])))
        if isinstance(bad, str | tuple | dict):
            assert isinstance(pipeline(bad, errors="return"), Failure)


@pytest.mark.parametrize("bad", [{"a": 1}, b"bytes", bytearray(b"bytes"), 3.5, None])
def test_what_can_be_iterated_over_but_is_no_input(
    tiny_pipelines: dict[str, Path], bad: object
) -> None:
    for name in ("summarization", "classification"):
        with pytest.raises(InputTypeError, match=type(bad).__name__):
            load(tiny_pipelines[name], device="cpu")(bad)


def test_a_list_is_checked_before_any_work(
    name: str, pipeline: AnyPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_work(*_: object) -> Any:
        raise AssertionError("the encoder was run")

    monkeypatch.setattr(pipeline, "runtime", no_work)
    inputs = [*[GOOD[name][0]] * 300, 42]
    with pytest.raises(InputTypeError, match=r"300.*int"):
        pipeline(inputs)


def test_unknown_errors_mode(pipeline: AnyPipeline, name: str) -> None:
    with pytest.raises(InputError, match=r"'ignore'.*'raise', 'return'"):
        pipeline(GOOD[name][0], errors="ignore")


def test_info_and_repr(name: str, pipeline: AnyPipeline, tiny_pipelines: dict[str, Path]) -> None:
    info = pipeline.info
    assert info["name"] == name
    assert (info["device"], info["dtype"]) == ("cpu", "float32")
    assert info["max_tokens"] == 64
    assert info["tuned_parameters"] > 0
    assert info["folder"] == str(tiny_pipelines[name])
    assert name in repr(pipeline)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(0, InputError), (-1, InputError), (1.0, InputTypeError), (True, InputTypeError)],
)
def test_positive_says_what_is_allowed(value: object, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="top_k"):
        positive(value, "top_k")
    assert positive(np.int64(3), "top_k") == 3


@pytest.mark.parametrize(
    ("value", "kind"),
    [(-0.1, InputError), (1.5, InputError), (float("nan"), InputError), ("1", InputTypeError)],
)
def test_share_says_what_is_allowed(value: object, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="threshold"):
        share(value, "threshold")
    assert share(np.float32(0.5), "threshold") == 0.5


@pytest.mark.parametrize("name", [name for name in GOOD if name != "regression"])  # cut at 0
def test_the_stride_of_use_takes_the_place_of_that_of_training(
    name: str, tiny_pipelines: dict[str, Path]
) -> None:
    pipeline: AnyPipeline = load(tiny_pipelines[name], device="cpu")
    recipe = pipeline.recipe

    def results(trained: int | None, used: int | None) -> list[Any]:
        pipeline.recipe = recipe.model_copy(
            update={
                "backbone": recipe.backbone.model_copy(update={"stride": trained}),
                "decoding": recipe.decoding.model_copy(update={"stride": used}),
            }
        )
        return [result.to_dict() for result in pipeline(GOOD[name])]

    usual = results(None, None)
    assert results(5, None) == results(5, 5) == results(None, 5) == results(31, 5) != usual
    assert results(None, 1000) == results(1000, None)  # more than the room is all of it
