"""How equal the metrics are to the programs that define them, on published systems' outputs.

Prints a Markdown table, one check a row: what was compared, on how many examples, the largest
difference where the numbers must be equal, the mean difference where another program is only to
be near, and the figures that came out. `--only` picks checks by name.

Needs the reference sets (`--data` or NLPKIT_DATA). METEOR is compared with NLTK's reader on
WordNet's own files where `--wordnet` names their folder (`dict` of Princeton's WordNet 3.0, or
/usr/share/wordnet of Debian's `wordnet-base`); without it, NLTK's program reads our table.
"""

from __future__ import annotations

import argparse
import atexit
import os
import re
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from nlpkit.evaluation.meteor import meteor_examples
from nlpkit.evaluation.rouge import Triple, rouge_triples
from nlpkit.evaluation.wordnet import synonyms

Pair = tuple[list[str], list[str]]


class Row(NamedTuple):
    """One line of the table."""

    check: str
    against: str
    examples: int
    difference: str
    figures: str


class Options(NamedTuple):
    """What the checks need to know."""

    data: str | None
    wordnet: Path | None
    rows: int | None


def folder(data: str | None) -> Path:
    """The folder of the reference sets."""
    where = data or os.environ.get("NLPKIT_DATA")
    if not where:
        raise SystemExit("no data: give --data or set NLPKIT_DATA")
    return Path(where)


@cache
def simcls(data: str | None) -> list[Pair]:
    """SimCLS's summaries of CNN/DailyMail test and the references, as lists of sentences.

    The file has one line a summary, tokenised, so a sentence ends after a stop that stands alone.
    """
    import pandas as pd

    frame = pd.read_parquet(folder(data) / "summarization" / "parity" / "simcls_cnndm_test.parquet")
    split = re.compile(r"(?<= [.?!]) ").split
    return [(split(a), split(b)) for a, b in zip(frame.candidate, frame.reference, strict=True)]


def rouge_equal(options: Options) -> Iterable[Row]:
    """Precision, recall and F1 of every type, each pair, against rouge-score."""
    from rouge_score.rouge_scorer import RougeScorer

    pairs = simcls(options.data)[: options.rows]
    few = pairs[:: max(1, len(pairs) // 500)]
    main = ["rouge1", "rouge2", "rougeLsum"]
    every = [*(f"rouge{n}" for n in range(1, 10)), "rougeL", "rougeLsum"]
    for types, stem, these in ((main, True, pairs), (every, True, few), (every, False, few)):
        scorer = RougeScorer(types, use_stemmer=stem)
        ours = rouge_triples(
            [said for said, _ in these], [wanted for _, wanted in these], types=types, stem=stem
        )
        largest = 0.0
        for (said, wanted), example in zip(these, ours, strict=True):
            expected = scorer.score("\n".join(wanted), "\n".join(said))
            for kind in types:
                for a, b in zip(example[kind], expected[kind], strict=True):
                    largest = max(largest, abs(a - b))
        name = "ROUGE-1/2/Lsum" if types == main else "ROUGE-1 to 9, L, Lsum"
        yield Row(
            f"{name}, {'stems' if stem else 'words'}; precision, recall, F1",
            "rouge-score",
            len(these),
            f"largest {largest:.1g}",
            means(ours, main),
        )


def means(examples: Sequence[dict[str, Triple]], types: Sequence[str]) -> str:
    """Mean F1 in points, by type."""
    return " / ".join(f"{100 * statistics.fmean(e[t].f1 for e in examples):.2f}" for t in types)


def rouge_near_perl(options: Options) -> Iterable[Row]:
    """F1 of each summary against Perl ROUGE's, which the data set has."""
    import pandas as pd

    frame = pd.read_parquet(
        folder(options.data) / "summarization" / "parity" / "realsumm_scores.parquet"
    )
    marked = re.compile(r"<t>(.*?)</t>", re.DOTALL).findall
    types = ["rouge1", "rouge2", "rougeLsum"]
    ours = rouge_triples(
        [marked(text) for text in frame.candidate],
        [marked(text) for text in frame.reference],
        types=types,
    )
    columns = [f"score_rouge_{n}_f_score" for n in ("1", "2", "l")]
    gaps = [
        statistics.fmean(
            abs(example[kind].f1 - perl) for example, perl in zip(ours, frame[column], strict=True)
        )
        for kind, column in zip(types, columns, strict=True)
    ]
    theirs = " / ".join(f"{100 * frame[column].mean():.2f}" for column in columns)
    yield Row(
        "ROUGE-1/2/Lsum F1, stems",
        "Perl ROUGE-1.5.5 (REALSumm)",
        len(frame),
        "mean " + " / ".join(f"{gap:.4f}" for gap in gaps),
        f"{means(ours, types)}; Perl {theirs}",
    )


GUIDE = (
    "It is a guide to action which ensures that the military always obeys the commands of the party"
)
ACTION = "It is a guide to action that ensures that the military will forever heed Party commands"


def meteor_equal(options: Options) -> Iterable[Row]:
    """NLTK's documented example, SimCLS pairs, and the synonyms of all their words."""
    from nltk.translate.meteor_score import meteor_score

    wordnet = reference_wordnet(options.wordnet)
    against = "nltk" + (", WordNet's own files" if options.wordnet else ", our table")
    (documented,) = meteor_examples([GUIDE.split()], [ACTION.split()])
    yield Row(
        "METEOR, NLTK's documented example",
        "its documentation: 0.6944",
        1,
        f"{abs(round(documented, 4) - 0.6944):.1g}",
        f"{documented:.4f}",
    )
    pairs = [(" ".join(a).split(), " ".join(b).split()) for a, b in simcls(options.data)]
    some = pairs[: min(1_000, options.rows or 1_000)]
    ours = meteor_examples([said for said, _ in some], [wanted for _, wanted in some])
    theirs = [meteor_score([wanted], said, wordnet=wordnet) for said, wanted in some]
    largest = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    yield Row(
        "METEOR",
        against,
        len(some),
        f"largest {largest:.1g}",
        f"{statistics.fmean(ours):.4f}; nltk {statistics.fmean(theirs):.4f}",
    )
    if options.wordnet:
        yield synonyms_equal(pairs, wordnet, against)


def synonyms_equal(pairs: list[Pair], wordnet: Any, against: str) -> Row:
    """The synonyms of each word of the pairs and of its stem, as METEOR can match them."""
    from nltk.stem.porter import PorterStemmer

    words = {word.lower() for pair in pairs for side in pair for word in side}
    words |= set(map(PorterStemmer().stem, words))
    other = 0
    for word in words:
        names = {lemma.name() for synset in wordnet.synsets(word) for lemma in synset.lemmas()}
        # METEOR leaves out names of several words and compares in lower case.
        names = {name for name in names if "_" not in name and name == name.lower()}
        other += names | {word} != synonyms(word)
    return Row(
        "METEOR's synonyms of all words of SimCLS", against, len(words), f"{other} words", ""
    )


class _Name:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name


class _Synset:
    def __init__(self, names: Iterable[str]) -> None:
        self._names = names

    def lemmas(self) -> list[_Name]:
        return [_Name(name) for name in self._names]


class _Table:
    """Our table in the form that NLTK's METEOR asks for."""

    def synsets(self, word: str) -> list[_Synset]:
        return [_Synset(synonyms(word))]


@cache
def reference_wordnet(files: Path | None) -> Any:
    """NLTK's reader of WordNet's own files; without them, our table in its form.

    NLTK reads from its data path only and wants two files that Debian does not have: `lexnames`,
    of which METEOR uses nothing, and `index.sense`, which it does not open.
    """
    if files is None:
        return _Table()
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    root = Path(tempfile.mkdtemp(prefix="nltk-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    own = root / "corpora" / "wordnet"
    own.mkdir(parents=True)
    for file in files.iterdir():
        if file.suffix == ".exc" or file.name.startswith(("data.", "index.", "cntlist")):
            shutil.copy(file, own)
    (own / "lexnames").write_text("".join(f"{i:02} lexicographer.{i} 1\n" for i in range(45)))
    (own / "index.sense").touch()
    nltk.data.path.insert(0, str(root))
    return WordNetCorpusReader(nltk.data.find("corpora/wordnet"), None)


# A check takes the options and gives rows; further metrics add theirs here.
CHECKS: dict[str, Callable[[Options], Iterable[Row]]] = {
    "rouge": rouge_equal,
    "perl": rouge_near_perl,
    "meteor": meteor_equal,
}


def main() -> None:
    """Runs the checks and prints the table as it grows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder of the data sets; default: NLPKIT_DATA")
    parser.add_argument("--wordnet", type=Path, help="WordNet 3.0's dict folder, for NLTK")
    parser.add_argument("--rows", type=int, help="at most so many pairs; default: all")
    parser.add_argument("--only", nargs="+", metavar="CHECK", choices=sorted(CHECKS))
    args = parser.parse_args()
    print("| metric | against | examples | difference | figures |")
    print("|---|---|---|---|---|")
    for name, check in CHECKS.items():
        if args.only and name not in args.only:
            continue
        for row in check(Options(args.data, args.wordnet, args.rows)):
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main()
