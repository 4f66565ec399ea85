"""Sentences such as grammar books have for examples, of which a teacher says which are acceptable.

What the Corpus of Linguistic Acceptability asks is what a verb may stand with, whom a pronoun may
mean, from where a word may be moved. Sentences of news and talk say little of that: nearly all are
acceptable. Here the gaps of frames (`example_sentences.toml`) are filled with words that mostly
belong there, so that many sentences come out right and many nearly right ("Anna filled the barrel
with water", "Anna poured the barrel with water"). Frames and words are of nobody's data set, and no
label is written: that is the teacher's. Writes a parquet file with the column `text`.
"""

from __future__ import annotations

import random
import re
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.sets import command

RESULT = Path(__file__).resolve().parent / "made" / "example_sentences.parquet"

_MADE_OF: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)


def _listed(section: str, separator: str | None = None) -> dict[str, list[str]]:
    return {key: text.strip().split(separator) for key, text in _MADE_OF[section].items()}


VERBS, NOUNS, NAMES = _listed("verbs"), _listed("nouns"), _listed("names")
WORDS, PARTS = _listed("words", "|"), _listed("parts", "\n")
FRAMES = [frame for frames in _listed("frames", "\n").values() for frame in frames]

_DOUBLED = frozenset(_MADE_OF["verb_forms"]["doubled"].split())
_IRREGULAR = {
    base: (past, participle)
    for base, past, participle in map(
        str.split, re.split(r"[|\n]", _MADE_OF["verb_forms"]["irregular"].strip())
    )
}

# How often a gap gets a verb of another class, and another form of a verb or a pronoun.
STRANGER = 0.15
OTHER_FORM = 0.02
OTHER_CASE = 0.05
# How often a verb does not agree with the subject, and a pronoun means somebody else.
DISAGREES = 0.06
SOMEBODY_ELSE = 0.12

# Of nouns for persons, how many are names and how many pronouns; of others, how many are plurals.
NAMED, PRONOUN, PLURAL = 0.45, 0.15, 0.25
WITH_ADJECTIVE = 0.15

# Who a subject is: subject, object, possessive and reflexive case.
CASES = ("they", "them", "their", "themselves")
PRONOUNS = {
    "she": ("she", "her", "her", "herself"),
    "he": ("he", "him", "his", "himself"),
    "it": ("it", "it", "its", "itself"),
    "they": ("they", "them", "their", "themselves"),
    "i": ("I", "me", "my", "myself"),
    "we": ("we", "us", "our", "ourselves"),
    "you": ("you", "you", "your", "yourself"),
}
# Of "I", of one other, and of more.
AGREEING = {
    "is": ("am", "is", "are"),
    "was": ("was", "was", "were"),
    "has": ("have", "has", "have"),
    "does": ("do", "does", "do"),
}

_CHOICE = re.compile(r"\(([^()]*)\)")
_GAP = re.compile(r"\{([a-z_.]+)\}")
_OWNERS = {case: own for mine, his, own, _ in PRONOUNS.values() for case in (mine, his)}
_OWNER = re.compile(rf"\b({'|'.join(_OWNERS)})'s\b")


class Sentence:
    """Fills frames, and knows who the last subject was, for what has to agree with it.

    >>> Sentence(random.Random(1))("(|please, ){np.person} {vt.ed} {themselves}")
    'You met yourself.'
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.subject = "it"

    def __call__(self, frame: str) -> str:
        """A sentence of a frame."""
        text = " ".join(self.filled(frame).split())
        text = _OWNER.sub(lambda found: _OWNERS[found[1]], text)
        text = re.sub(r" (?=[,.?!])", "", text)
        text = re.sub(r"\ba(?= (?:[aeio]|uncle))", "an", text)
        return text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else ".")

    def filled(self, frame: str) -> str:
        """A frame with one of each `(choice|of|some)`, and words in its gaps."""
        while found := _CHOICE.search(frame):
            chosen = self.rng.choice(found[1].split("|"))
            frame = frame[: found.start()] + chosen + frame[found.end() :]
        return _GAP.sub(lambda gap: self._word(*gap[1].partition(".")[::2]), frame)

    def _word(self, kind: str, form: str) -> str:
        if kind in VERBS:
            return self._verb(kind, form)
        if kind in CASES:
            return self._pronoun(CASES.index(kind))
        if kind in AGREEING:
            return AGREEING[kind][self._number()]
        if kind in ("n", "ns"):
            noun = self.rng.choice(NOUNS[form])
            return noun if kind == "n" else plural(noun)
        if kind == "np":
            self.subject, text = self._phrase(form or self._one_of(person=3, thing=1), case=0)
            return text
        if kind == "obj":
            return self._phrase(form or self._one_of(person=2, thing=3), case=1)[1]
        if kind in PARTS:
            return self._part(kind)
        return self.rng.choice(WORDS[kind])

    def _part(self, kind: str) -> str:
        outer = self.subject
        text = self.filled(self.rng.choice(PARTS[kind]))
        self.subject = outer  # a clause within has a subject of its own
        return text

    def _phrase(self, kind: str, case: int) -> tuple[str, str]:
        """A noun phrase, and the pronoun that goes with it."""
        named = self.rng.random() if kind == "person" else 1.0
        if named < NAMED:
            who = self.rng.choice(list(NAMES))
            return who, self.rng.choice(NAMES[who])
        if named < NAMED + PRONOUN:
            who = self.rng.choice(list(PRONOUNS))
            return who, PRONOUNS[who][1 - case if self._now(OTHER_CASE) else case]
        noun = self.rng.choice(NOUNS[kind])
        if self._now(WITH_ADJECTIVE):
            adjectives = WORDS["adj" if kind == "person" else "adj_thing"]
            noun = f"{self.rng.choice(adjectives)} {noun}"
        if kind == "mass":
            return "it", f"{self.rng.choice(WORDS['det_mass'])} {noun}"
        if self._now(PLURAL):
            return "they", f"{self.rng.choice(WORDS['det_many'])} {plural(noun)}"
        who = self.rng.choice(["she", "he"]) if kind == "person" else "it"
        return who, f"{self.rng.choice(WORDS['det_one'])} {noun}"

    def _pronoun(self, case: int) -> str:
        who = self.rng.choice(list(PRONOUNS)) if self._now(SOMEBODY_ELSE) else self.subject
        return PRONOUNS[who][case]

    def _number(self) -> int:
        """Which of the forms of `AGREEING` goes with the subject."""
        number = {"i": 0, "she": 1, "he": 1, "it": 1}.get(self.subject, 2)
        return self.rng.randrange(3) if self._now(DISAGREES) else number

    def _verb(self, kind: str, form: str) -> str:
        kind = self.rng.choice(list(VERBS)) if self._now(STRANGER) else kind
        inflected = forms(self.rng.choice(VERBS[kind]))
        if self._now(OTHER_FORM):
            form = self.rng.choice(list(inflected))
        if form == "s" and self._number() != 1:
            form = "base"
        return inflected[form]

    def _one_of(self, **weights: int) -> str:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def _now(self, chance: float) -> bool:
        return self.rng.random() < chance


def forms(verb: str) -> dict[str, str]:
    """The forms of a verb.

    >>> forms("carry")
    {'base': 'carry', 's': 'carries', 'ed': 'carried', 'en': 'carried', 'ing': 'carrying'}
    >>> list(forms("write").values()), list(forms("stop").values())[2:]
    (['write', 'writes', 'wrote', 'written', 'writing'], ['stopped', 'stopped', 'stopping'])
    """
    third = "has" if verb == "have" else with_s(verb)
    stem = verb + verb[-1] if verb in _DOUBLED else verb
    past = re.sub(r"(?<=[^aeiou])y$", "i", stem).removesuffix("e") + "ed"
    ing = stem[:-2] + "y" if stem.endswith("ie") else re.sub(r"(?<=[^eoy])e$", "", stem)
    past, participle = _IRREGULAR.get(verb, (past, past))
    return {"base": verb, "s": third, "ed": past, "en": participle, "ing": ing + "ing"}


def with_s(word: str) -> str:
    """A verb's third person, or a regular plural.

    >>> with_s("story"), with_s("box"), with_s("play"), with_s("stare")
    ('stories', 'boxes', 'plays', 'stares')
    """
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(s|x|z|ch|sh|[^o]o)$", word) else "s")


def plural(noun: str) -> str:
    """The plural of a noun.

    >>> plural("lamp"), plural("old woman"), plural("child"), plural("wife"), plural("mouse")
    ('lamps', 'old women', 'children', 'wives', 'mice')
    """
    for end, other in (("man", "men"), ("child", "children"), ("mouse", "mice"), ("fe", "ves")):
        if noun.endswith(end):
            return noun.removesuffix(end) + other
    return noun[:-1] + "ves" if noun.endswith(("thief", "wolf")) else with_s(noun)


def sentences(data: Path | None, rows: int, seed: int) -> pd.DataFrame:
    """Sentences of all frames, each once; fewer than `rows` where some came twice."""
    rng = random.Random(seed)
    made = [Sentence(rng)(rng.choice(FRAMES)) for _ in range(rows)]
    return pd.DataFrame({"text": made}).drop_duplicates("text", ignore_index=True)


if __name__ == "__main__":
    command.run(sentences, RESULT, rows=61_000, description=__doc__)
