"""What a full stop means: the repairs on top of spaCy's sentencizer.

The sentencizer begins a new sentence at the first word after a stop, whatever the stop was for. The
functions here look at each stop with a bounded stretch of text on either side and say where
the sentence really ends, or that it does not; where they know nothing, the sentencizer is asked.

The rules are for English prose, raw or PTB-tokenised (`" the end . "`), cased or lower-cased, and
for the stops of other scripts, which are never used for abbreviations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator

from nlpkit.abbreviations import (
    AFTER_HOUR,
    BANG_NAMES,
    BEFORE_NUMBER,
    BEFORE_NUMERAL,
    COMMON_SHORT,
    LETTERED,
    MAY_END,
    NEVER,
    STARTERS,
    STATES,
    TITLES,
)
from nlpkit.quotes import QuoteState

# The sentencizer's own stops, as spaCy 3.8 lists them, without the three of ASCII.
OTHER_STOPS = (
    "։؟۔܀܁܂߹।॥၊။።፧፨᙮᜵᜶᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᰻᰼᱾᱿‼‽⁇⁈⁉⸮⸼꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫﹒﹖﹗！．？𐩖𐩗𑁇𑁈𑂾𑂿𑃀𑃁"
    "𑅁𑅂𑅃𑇅𑇆𑇍𑇞𑇟𑈸𑈹𑈻𑈼𑊩𑑋𑑌𑗂𑗃𑗉𑗊𑗋𑗌𑗍𑗎𑗏𑗐𑗑𑗒𑗓𑗔𑗕𑗖𑗗𑙁𑙂𑜼𑜽𑜾𑩂𑩃𑪛𑪜𑱁𑱂𖩮𖩯𖫵𖬷𖬸𖭄𛲟𝪈｡。"
)
# Characters that are seen only through their neighbours: joiners, direction marks, and such.
INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0"
)
_EMOJI = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\U000e0020-\U000e007f\u200d\ufe0f\u20e3"
_CLOSING = "\"'”’»›)\\]}」』】》〉）］｝〗〙〛｣⟩"
_STOP = f".!?…{OTHER_STOPS}"

# Stops in a row; with a space between them, the dots of `. . .` and the marks of `? !`.
STOPS = re.compile(f"\\.(?:[ \xa0]\\.)+(?![{_STOP}])|[{_STOP}]+(?:[ \xa0][!?]+)*")

# What belongs to the sentence that a stop ends, as long as no space comes between: closing marks,
# citations, raised numbers, and marks that modify the character before.
_ATTACHED = re.compile(
    f"(?:[{_CLOSING}{INVISIBLE}{MARKS}¹²³⁰⁴-⁹]|&quot;|"
    r"\[\d{1,3}(?:[,–-] ?\d{1,3}){0,9}\])*"
    f"(?: ?[{_EMOJI}]+(?=\\s|$))?"
)
# Closing marks that stand free, as tokenised text has them; straight quotes close by parity.
_FREE_CLOSER = re.compile(r"""[ \xa0]('{2}|-r[rsc]b-|-R[RSC]B-|[)\]}”»]|["'])(?=\s|$)""")
_OPENERS = re.compile(
    r"(?:\s|[\"'“‘«‹„‚(\[{¿¡「『（【《〈*_—–-]|`{1,2}|&quot;|-l[rsc]b-\s|-L[RSC]B-\s)*"
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NICKNAME = re.compile(r"""\s["“‘'][^"”’'.,!?]{1,30}["”’'] [A-Z]""")
_QUOTATION = re.compile(r"""\s["“][^"”]{1,300}[,.!?]["”]""")
_LETTER = re.compile(r"[^\W_]")
_SPEECH = re.compile(
    r"\s*(?:[\w.'’-]+\s+){0,3}?(?:said|says|say|asked|asks|wrote|writes|added|adds|told|tells|cried|"
    r"yelled|yells|shouted|shouts|screamed|screams|exclaimed|exclaims|recalled|recalls|replied|"
    r"replies|joked|jokes|wondered|wonders|tweeted|tweets|reads|read|declared|declares|continued|"
    r"demanded|demands|explained|explains|insisted|insists|laughed|laughs|quipped|quips)\b"
)

_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_NUMERAL = re.compile(r"\d|[B-HJ-Z]$|[IVXLC]{2,}$")
_GLUED = re.compile(
    r"[\"'“‘(\[]*[^\W\d_]{2,}[.!?]+[\"”’')\]]*[\"“‘(\[]?"
    r"(?P<next>[A-Z][a-z'’]*)[,;:.!?…\"”’)]*(?:\s|$)"
)
_TOP_LEVEL = frozenset({"Com", "Net", "Org", "Gov", "Edu", "Js", "Py", "Io", "Ai", "Uk", "Tv"})
_DASHES_AND_OPENERS = re.compile(r"[-‐‑–—/\"'“‘«(\[{「（&]+")
_KANA = re.compile("[\u3041-\u309f]")


def sentence_ends(
    text: str,
    start: int,
    end: int,
    begins: Callable[[int, int, int], bool],
    labels: Container[int] = (),
) -> Iterator[int]:
    """Offsets in `text[start:end]`, one paragraph, at which a stop ends a sentence.

    An offset yielded comes after the stop and what closes with it, before the space.

    Args:
        text: the whole text.
        start: of the paragraph.
        end: of the paragraph.
        begins: whether a new sentence begins after a stop that no rule is for; gets where the stop
            begins, where it ends and where the next word begins.
        labels: offsets of stops that belong to the label of a list item.

    >>> text = 'Mr. X left. "We won." Dr. Lee did.'
    >>> list(sentence_ends(text, 0, len(text), lambda stop, end, word: True))
    [11, 21]
    """
    quotes = QuoteState(text, start, end)
    sentence = start
    for match in STOPS.finditer(text, start, end):
        if match.start() in labels:
            continue
        found = _Stop(text, match.start(), match.end(), (start, end), sentence, quotes)
        if found.after >= end or not found.may_end():
            continue
        verdict = found.verdict()
        if verdict is None:
            verdict = begins(found.start, found.end, found.next_letter())
        if verdict:
            yield found.after
            sentence = found.after


class _Stop:
    """One stop, or a run of them, with what stands around it."""

    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        paragraph: tuple[int, int],
        sentence: int,
        quotes: QuoteState,
    ) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.first, self.last = paragraph
        self.sentence = sentence
        self.quotes = quotes
        attached = _ATTACHED.match(text, end, self.last)
        self.after = attached.end() if attached else end

    def may_end(self) -> bool:
        """Sort out stops inside a word, a number or an address; settle where the end would be."""
        text, after = self.text, self.after
        if text[after].isspace():
            self._take_free_closers()
            return self.after < self.last
        if text[self.end - 1] in OTHER_STOPS:
            return self._may_end_unspaced()
        return self._is_glued()

    def verdict(self) -> bool | None:
        """Whether a sentence ends here; None leaves it to spaCy."""
        text = self.text
        if not text[self.after].isspace():
            return True
        openers = _OPENERS.match(text, self.after, self.last)
        place = openers.end() if openers else self.after
        word = _WORD.match(text, place, self.last)
        self.next_word = word[0] if word else ""
        self.next_end = word.end() if word else place
        if not word and (place >= self.last or text[place] in ",;:"):
            return False
        self.lower = self.next_word[:1].islower()
        self.upper = self.next_word[:1].isupper()
        self.closers = text[self.end : self.after]
        self.quoted = any(mark in self.closers for mark in "\"”’'»")
        before = text[self.start - 1] if self.start > self.first else " "
        if before in "([" and self.closers[:1] in (")", "]"):
            return False
        stop = text[self.start : self.end].replace(" ", "").replace("\xa0", "")
        if before.isspace() and not (stop.strip(".…") == "" and len(stop) != 1):
            return self._free_standing(stop)
        if stop == ".." and " " in text[self.start : self.end]:
            return True  # `u.s. .`: the abbreviation's stop and the sentence's own
        if stop != "." and not stop.strip(".…"):
            return self._ellipsis()
        if stop != ".":
            return self._mark(stop)
        return self._full_stop()

    def next_letter(self) -> int:
        """Where the word after the stop begins, or at least where the stop's reach ends."""
        letter = _LETTER.search(self.text, self.after, min(self.last, self.after + 40))
        return letter.start() if letter else self.after + 40

    def _take_free_closers(self) -> None:
        while True:
            closer = _FREE_CLOSER.match(self.text, self.after, self.last)
            if closer is None:
                return
            place = closer.start(1)
            if closer[1] == '"' and not self.quotes.is_open(place):
                return
            if closer[1] == "'" and not self._single_is_open(place):
                return
            self.after = closer.end()

    def _single_is_open(self, place: int) -> bool:
        window = self.text[max(self.first, place - 300) : place]
        return window.count(" ' ") % 2 == 1

    def _may_end_unspaced(self) -> bool:
        text = self.text
        before, follow = text[max(self.first, self.start - 1) : self.start], text[self.after]
        if before.isdigit() and follow.isdigit():
            return False
        if self.after > self.end and _KANA.match(follow):
            return False  # 「行く。」と言った
        return follow not in "、，,;；:：)）」』”’\"'…·"

    def _is_glued(self) -> bool:
        """`reserved.This`: two words with no space, where it is no name of a site or a file."""
        text = self.text
        left = text[max(self.first, self.start - 40) : self.start]
        token = left.split()[-1] if left and not left[-1].isspace() else ""
        glued = _GLUED.match(text, self.start - len(token), min(self.last, self.after + 60))
        if glued is None or glued["next"] in _TOP_LEVEL or not token.strip("\"'“‘([").islower():
            return False
        if text[self.after - 1] == '"' and not self.quotes.is_open(self.after - 1):
            self.after -= 1
        return True

    def _is_lower_cased(self) -> bool:
        window = self.text[max(0, self.start - 150) : self.start + 150]
        return window == window.lower()

    def _left_word(self) -> tuple[str, str]:
        """The word that the stop is attached to and the one before it."""
        left = self.text[max(self.first, self.start - 60) : self.start]
        words = left.split()
        if not words:
            return "", ""
        return _DASHES_AND_OPENERS.split(words[-1])[-1], words[-2] if len(words) > 1 else ""

    def _begins_sentence(self) -> bool:
        """Whether the next word is a capitalised one that seldom is part of a name."""
        if not self.upper or self.next_word.lower().replace("’", "'") not in STARTERS:
            return False
        if _NICKNAME.match(self.text, self.after):
            return False  # `J. P. "The Big Bopper" Richardson`
        follow = self.text[self.next_end : self.next_end + 3]
        return follow[:1] != "-" and not (self.next_word == "No" and follow[:1] == ".")

    def _is_attribution(self) -> bool:
        """`"Why?" Smith asked`: the sentence goes on after the quotation."""
        if not self.quoted or self._begins_sentence():
            return False
        return _SPEECH.match(self.text, self.after, self.last) is not None

    def _free_standing(self, stop: str) -> bool:
        if stop != ".":
            if self._is_attribution():
                return False
            return not (self.lower and self.quoted and not self._is_lower_cased())
        left = self.text[max(self.sentence, self.start - 20) : self.start].strip()
        if left.endswith(":") or left == "By":
            return False  # a line break of the original that became a stop: `By . Jane Doe .`
        if self.lower and self.next_word.islower() and not self._is_lower_cased():
            return False
        if left.isdigit() and len(left) <= 3 and self.start - self.sentence < 20:
            return False  # a label
        return not (self.upper and left.lower().split(" ")[-1] in TITLES)

    def _ellipsis(self) -> bool | None:
        before = self.text[self.start - 1] if self.start > self.first else " "
        if self.lower or (before in "\"'“‘([" and not self.closers):
            return False
        if before.isspace() and not self.quoted:
            return self._begins_sentence() and self.next_word[0] != "I"  # words left out: ` ... `
        if self.upper:
            return self.quoted or not re.match(r"I(?!\w)", self.next_word)
        return None

    def _mark(self, stop: str) -> bool | None:
        if self._is_attribution():
            return False
        if self.lower:
            if self.closers and not self._is_lower_cased():
                return False
            word = self._left_word()[0].lower()
            return False if word in BANG_NAMES and stop == "!" else None
        if stop == "!" and self.upper and not self._begins_sentence():
            return self._left_word()[0].lower() not in BANG_NAMES
        return True

    def _full_stop(self) -> bool | None:
        word, before = self._left_word()
        known = self._abbreviation(word, before)
        if known is not None:
            return known
        if len(word) <= 3 and word.isdigit() and self._begins_here(word):
            return False  # a label: `1. First. 2. Second.`
        if self.lower:
            return self._before_lower_case(word)
        return True if self.closers or self._begins_sentence() else None

    def _abbreviation(self, word: str, before: str) -> bool | None:
        """The verdict after an abbreviation or initial; None where `word` is neither."""
        lowered = word.lower()
        after_number = before[-1:].isdigit()
        if lowered in NEVER or (lowered in TITLES and not after_number):
            return False
        if len(word) == 1 and word.isalpha():
            return self._initial(word, before)
        if lowered == "in" and after_number and self.lower:
            return False  # `6 ft. 2 in. tall`
        number = self.next_word[:1].isdigit()
        if lowered in BEFORE_NUMBER and number and not (after_number and lowered == "no"):
            return False
        if lowered in BEFORE_NUMERAL and _NUMERAL.match(self.next_word):
            return False
        state = word in STATES and (before.endswith((",", ")")) or not before)
        dotted = _DOTTED.fullmatch(word) is not None
        if not (dotted or state or lowered in MAY_END or lowered == "etc" or lowered in TITLES):
            return None
        if self.lower or number:
            return False
        if lowered in ("a.m", "p.m") and after_number:
            return self.next_word.lower() not in AFTER_HOUR
        if lowered == "etc" or self._begins_sentence():
            return True
        if self.upper and _QUOTATION.match(self.text, self.after, self.last):
            return True  # `in the U.S. "Yes," he said.`
        alone = self.text[self.start - len(word) - 1 : self.start - len(word)] in (
            '"',
            "“",
            "'",
            "‘",
        )
        return self.upper and self.quoted and not alone

    def _initial(self, word: str, before: str) -> bool | None:
        number = self.next_word[:1].isdigit()
        if self._begins_here(word):
            return False
        if word.islower():
            if self.lower or word == "v":
                return False
            return not (number and word in BEFORE_NUMBER)
        if self.lower:
            return False
        plain = before.strip("\"'“‘([").lower()
        if plain in LETTERED or (word == "I" and plain in ("than", "as", "and", "do", "am")):
            return True
        return self._begins_sentence()

    def _begins_here(self, word: str) -> bool:
        """Whether `word`, which the stop is attached to, is the first of its sentence."""
        begin = self.start - len(word)
        return begin - self.sentence < 8 and not self.text[self.sentence : begin].strip()

    def _before_lower_case(self, word: str) -> bool | None:
        if self.closers and not self._is_lower_cased():
            return False
        if self.next_word != self.next_word.lower():
            return None  # iPhone, eBay
        if re.match(r"\.\w", self.text[self.next_end : self.next_end + 2]):
            return None  # example.com
        if self._is_lower_cased():
            return True
        regular = len(word) > 3 or word.lower() in COMMON_SHORT
        return None if regular or not word else False
