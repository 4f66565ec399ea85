from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.lang.en import English
from spacy.pipeline import Sentencizer

from nlpkit import text as text_module
from nlpkit.errors import InputTypeError
from nlpkit.sentence_lines import line_borders, paragraphs
from nlpkit.sentence_repairs import sentence_ends
from nlpkit.text import Span, split_sentences

# Each case is the list of its sentences; they are joined by one space, or by the separator given.
SENTENCES: dict[str, list[list[str]]] = {
    "abbreviations": [
        ["See Fig. 3 and Figs. 4 and 5.", "They agree."],
        ["Compare cf. Smith et al. 2009, p. 5.", "It is new."],
        ["Collins et al. (1999) parse it.", "The model is by Berger et al.", "The data is ours."],
        ["All costs incl. Heating were paid.", "Sammy Davis Sr. sang."],
        ["Use fruit, e.g. Apples, i.e. Something round.", "It took approx. 5 minutes."],
        ["It was No. 5 of Nos. 1 to 7.", "See Vol. II and Sec. B of it."],
        ["Mr. and Mrs. Smith met Dr. Jones, Prof. Lee and St. John.", "All left."],
        ["Sen. Ted Cruz, Rep. Ron Paul, Gov. Rick Perry and Lt. Gen. Carter Ham met.", "Why?"],
        ["Pfc. Bradley Manning saw Sgt. 1st Class Bo.", "Brig. Gen. Jay left."],
        ["Apple Inc. said so.", "Time Inc. and Ford Motor Co. Chief Bo did."],
        ["It is made by Apple Inc.", "The price is high."],
        ["The U.S. Army left.", "He is in the U.S.", "The rest stayed.", "U.S.-led troops came."],
        ["He lives in Washington, D.C.", "She does not.", "The D.C. Council met."],
        ["She spoke of Martin Luther King Jr. Day.", "He is Sammy Davis Jr.", "He sang."],
        ["On Jan. 5 and Sept. 11 it rained.", "It dried in Feb.", "The rest was snow."],
        ["Roe v. Wade and Us vs. Them.", "He has a Ph.D. in law.", "A Ph.D. Student came."],
        ["They sell cups, plates, etc.", "Police came.", "Rep. Nancy Pelosi (D-Calif.) said no."],
        ["He attended Mass.", "He sat.", "The sun.", "An ex.", "Modern Art.", "He said no."],
        ["Meet at 5 p.m. Monday or at 9 a.m. ET.", "It is 5 p.m.", "Police came at 3 a.m. today."],
        ["I saw Janelle Monae feat. Erykah Badu on Main St. in St. Louis.", "Great."],
    ],
    "initials": [
        [
            "J. R. R. Tolkien and J.R.R. Tolkien wrote.",
            "George W. Bush and Samuel L. Jackson read.",
        ],
        ["So to Plan B.", "A call was made.", "He had hepatitis A.", "State officials say so."],
        ["He is taller than I.", "Really.", "The value is n.", "We prove it."],
        ["The bill, S. 285, passed.", 'J.P. "The Big Bopper" Richardson sang.'],
    ],
    "numbers": [
        ["He is 6 ft. 2 in. tall.", "She is 6 ft.", "The other is 5 ft. too."],
        ["Pi is 3.14 and it costs $1.50.", "Use v2.0.1 or Python 3.11.", "It works."],
        [
            "It was in 2009.",
            "The next year was 2010.",
            "5 people came.",
            "It rose 3.5%.",
            "$5 went.",
        ],
    ],
    "ellipses": [
        ["Wait... what?", "Well… maybe.", "I ... I do."],
        ["He left...", "The end came."],
        ["They were [...] Swedish and (...) Danish."],
        ["We found that ... Liu was guilty.", "... I think so."],
        ["And so . . . he left.", "Then it stopped."],
    ],
    "quotes": [
        ["He left.", '"We go," she said.', "Then."],
        ['"I am here.', 'You are not."', "He left."],
        ['"Why?" he asked.', '"Stop!" John Smith said.', '"Why?"', "The answer came."],
        ["“We won.”", "“They lost.”", "‘It is so.’", "‘Is it?’"],
        ["It was a crash.", "'Our day,' he said.", "'It is.'", "'Was it?'"],
        ["He said: \"I said, 'Whose house?' \"", "She said nothing."],
        ["He works for the U.N.", '"Yes!" he said.', 'He left the U.N. "Agenda 21" Plan.'],
        ['He sang "Party in the U.S.A."', "The crowd sang.", 'Antonio "L.A." Reid came.'],
        ["She said &quot;it is so.&quot;", "&quot;Is it?&quot;", "Yes."],
        ["«Oui.»", "«Non.»", "„Ja.“"],
    ],
    "brackets": [
        ["(He left.)", "Then she did.", "[It is so.]", "(See Fig. 3.)", "It is (really!) big."],
        ["What (?) The thing.", "One (approx.) is left (pictured)."],
        ["It is known.[1]", "It is.[2, 3]", "Ten².", "Yes."],
    ],
    "list numbers": [
        ["1. First do this.", "2. Second do that.", "10. Tenth."],
        ["A. The first one.", "B. The second one."],
    ],
    "addresses": [
        ["Go to http://a.com/x.y?z=1&b=2!c.", "Or www.cnn.com.", "Mail a.b@c.de.", "Ok."],
        ["We use Node.js and Amazon.Com today.", "iReport.com: see it."],
        ["The Yahoo! News page and Jeopardy! host.", "The end."],
    ],
    "news": [
        ["(CNN) -- He came.", "WASHINGTON (AP) -- She left.", "-- The end."],
        [
            "By . Associated Press .",
            "PUBLISHED: . 14:11 EST, 25 October 2013 . | .",
            "The bishop .",
        ],
        ["We were taking off for . the island in May .", "Then it was over ."],
    ],
    "tokenised and lower-cased": [
        [
            "editor 's note : here it is .",
            "he is in the u.s. .",
            "mr. smith left at 5 p.m. today .",
        ],
        ['" i am here .', 'you are not . "', "he says so .", '" yes , " he said .', '" no . "'],
        ["where did they go ?", "nowhere .", "( cnn ) -- why ? !", "-lrb- he left . -rrb-", "so ."],
        ["`` it is so . ''", "`` is it ? ''", "it is by george w. bush .", "1 . first ."],
        ['" get me out of here ! " one man shouts at me .', "it ended ."],
        ["i like it.", "it is good.", "u.s. troops left.", "i see fig. 3 there."],
    ],
    "other scripts": [
        [
            "他来了。",
            "她走了！",
            "为什么？",
            "“好。”",
            "「はい。」と言った。",
            "値は３．１４です。",
        ],
        ["नमस्ते।", "आप कैसे हैं?", "እንዴት ነህ።", "Ողջույն։", "Այո։"],
        ["ماذا؟", "نعم.", "یہ ہے۔", "وہ ہے۔", "שלום.", "מה שלומך?"],
        ["C'est l'été.", "Ça va?", "Él vino.", "¿Por qué?", "¡Así!"],
        ["Cafe\u0301.", "E\u0301te\u0301.", "Die.\u0301", "Yes.\u200b", "\u200fNo."],
    ],
    "emoji": [
        ["I love it! 😀😀", "So good. 👍🏽", "Yes 😀.", "No 👩‍👩‍👧!", "Ok."],
    ],
    "glued": [
        ["All rights reserved.", "This is it."],
    ],
    "odd characters": [
        ["A lone \ud800 one.", "Two\udfff.", "Nul\x00 too.", "\ufeffMark."],
    ],
}
CASES = [
    pytest.param(case, id=f"{name}-{index}")
    for name, cases in SENTENCES.items()
    for index, case in enumerate(cases)
]


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


def separator(left: str, right: str) -> str:
    """Nothing after the stops of scripts without spaces and where words are glued."""
    tight = left[-1] in "。！？”」" and right[0] in "他她为“「値"
    return "" if tight or left == "All rights reserved." else " "


@pytest.mark.parametrize("case", CASES)
def test_sentences_of_a_line(case: list[str]) -> None:
    text = case[0]
    for sentence in case[1:]:
        text += separator(text, sentence) + sentence
    assert sentences(text) == case


@pytest.mark.parametrize("case", CASES)
def test_paragraphs_keep_their_sentences(case: list[str]) -> None:
    assert sentences("\r\n \r\n".join(case)) == case


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "HEADLINE WITHOUT A STOP\n\nThe text\ngoes on.",
            ["HEADLINE WITHOUT A STOP", "The text\ngoes on."],
        ),
        ("One\n\u200b\n\nTwo\r\rThree\u2029Four", ["One", "Two", "Three", "Four"]),
        ("Mr.\n\nSmith", ["Mr.", "Smith"]),
        (
            "A line that is\nwrapped. At\r\nany width.",
            ["A line that is\nwrapped.", "At\r\nany width."],
        ),
        ("By then see Fig.\n3 of it.", ["By then see Fig.\n3 of it."]),
        ("Buy:\n- milk\n- eggs\n* Bread", ["Buy:", "- milk", "- eggs\n* Bread"]),
        ("Buy\n1. milk\n2. eggs", ["Buy", "1. milk", "2. eggs"]),
        ("Buy\n• milk\n• eggs", ["Buy", "• milk", "• eggs"]),
        ("I. Results\n(a) One here.\n(b) Two.", ["I. Results\n(a) One here.", "(b) Two."]),
        ("He was at the age of\n25. He left.", ["He was at the age of\n25.", "He left."]),
        ("It rose from 3\n- 5 to 8.", ["It rose from 3\n- 5 to 8."]),
        (
            "2 Related Work\nThere is much work on the subject.",
            ["2 Related Work", "There is much work on the subject."],
        ),
        (
            "Storm Hits Coast\nThe storm came at night and it went.",
            ["Storm Hits Coast", "The storm came at night and it went."],
        ),
        (
            "The man who came from\nParis was not seen again that night.",
            ["The man who came from\nParis was not seen again that night."],
        ),
        ("One. * * *", ["One. * * *"]),
        ("A page\n\x0cbreak.", ["A page\n\x0cbreak."]),
        ("One.\n\n* * *\n\nTwo.", ["One.", "* * *", "Two."]),
        ('He left."We go," he said."So we go."', ["He left.", '"We go," he said.', '"So we go."']),
        ("你好。Hello. 再见！Bye", ["你好。", "Hello.", "再见！", "Bye"]),
        ("  \t Tab.\t\tSo.\x0c", ["Tab.", "So."]),
        ("...", ["..."]),
        ("?!", ["?!"]),
        ("😀", ["😀"]),
        ("no stop at all", ["no stop at all"]),
    ],
)
def test_lines_and_mixed_text(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text", ["", " ", "\n\r\n\t\x0c\u2028\u2029\xa0", "\u200b", "\n\u200b\n\ufeff\n"]
)
def test_blank_text_has_no_sentences(text: str) -> None:
    assert split_sentences(text) == []


@pytest.mark.parametrize("value", [None, b"A text.", 3, ["A text."]])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(InputTypeError, match=type(value).__name__):
        split_sentences(value)  # type: ignore[arg-type]


def test_spans_are_tuples_of_offsets() -> None:
    assert split_sentences(" One. Two") == [Span(1, 5), Span(6, 9)]
    assert split_sentences("One.")[0].end == 4


_PARTS = (
    ' |  |\t|\n|\n\n|\r\n|\r|.|. |...|…| . . . |!|? |?!|。|！|،|؟ |।|"| "|" |\x27|'
    " \x27|\x27\x27|``|“|”|’|(|) |[|]|[1]|「|」|-|--|, |: |; |&quot;|-lrb- |-rrb-|"
    "Mr.|Fig.|et al.|U.S.|p.m.|Inc.|No. |J. |e.g.|1. |2. |3|2009|3.14|The |He|"
    "she |said |a|word |Name |McX|iPhone |http://a.b/c?d=e. |a@b.c |\u200b|"
    "\u200f|\u0301|é|\ufeff|\ud800|\x00|😀|👍🏽|\ufe0f|他|が|עם |هل |हाँ|• |- |* |•|"
    "$5 |@x |#y |\xa0|\u2028|\u2029|\x1c|\x85"
)
PARTS = st.sampled_from(_PARTS.split("|"))
TEXTS = st.one_of(st.lists(PARTS, max_size=60).map("".join), st.text(max_size=200))


def is_left_out(stretch: str) -> bool:
    return not stretch.strip().strip("\u200b\u200f\ufeff\ufe0f").strip() or not any(
        char.isprintable() and not char.isspace() for char in stretch
    )


@settings(max_examples=400)
@given(TEXTS)
def test_spans_hold_everything_but_white_space(text: str) -> None:
    spans = split_sentences(text)
    end = 0
    for span in spans:
        assert end <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        assert is_left_out(text[end : span.start])
        end = span.end
    assert is_left_out(text[end:])


class WholeText(text_module._Sentencizer):
    """spaCy's own English tokenizer and sentencizer, which read all of the text."""

    spacy = English()
    sentencizer = Sentencizer()

    def begins(self, stop: int, end: int, last: int) -> bool:
        document = self.sentencizer(self.spacy.tokenizer("a " + self._shadow))
        starts = [sentence.start_char - len("a ") for sentence in document.sents]
        return any(end <= start <= last for start in starts)


@settings(max_examples=400)
@given(TEXTS)
def test_the_sentencizer_says_the_same_of_the_whole_text(text: str) -> None:
    spans = split_sentences(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "_Sentencizer", WholeText)
        assert split_sentences(text) == spans


@given(st.lists(TEXTS, max_size=4))
def test_paragraphs_do_not_influence_each_other(texts: list[str]) -> None:
    """The words around them keep the white space at their ends out of the blank line."""
    texts = [f"The start {text} The end" for text in texts]
    joined = ("\n\n" + "x" * 300 + " Z\n\n").join(texts)
    separate = [s for text in texts for s in sentences(text)]
    assert [s for s in sentences(joined) if not s.startswith("xxx")] == separate


@given(TEXTS, TEXTS)
def test_a_blank_line_always_ends_a_sentence(left: str, right: str) -> None:
    text = left + "a\n\nb" + right
    border = len(left) + 1
    assert all(span.end <= border or span.start > border for span in split_sentences(text))


@given(
    st.lists(
        st.sampled_from([case for cases in SENTENCES["numbers"] for case in cases]), max_size=9
    )
)
def test_splitting_a_sentence_again_gives_it_back(chosen: list[str]) -> None:
    for sentence in sentences(" ".join(chosen)):
        assert sentences(sentence) == [sentence]


LONG = {
    "prose": ('Dr. Lee left. He said: "We won." It rained. ', 3),
    "no stops": ("word ", 0),
    "one word": ("a", 0),
    "brackets": (")", 0),
    "stops": (".", 0),
    "chinese": ("这是一句话。", 1),
    "emoji": ("😀", 0),
    "lines": ("a line\n", 0),
    "blank lines": ("a\n\n", 1),
    "quotes": ('" ', 0),
    "stops and quotes": (' ."', 0),
    "white space": (" ", 0),
}


@pytest.mark.parametrize("name", LONG)
def test_long_text(name: str) -> None:
    """spaCy itself refuses texts over a million characters."""
    unit, count = LONG[name]
    times = (
        1_050_000 // len(unit)
        if name in ("prose", "no stops", "one word")
        else 200_000 // len(unit)
    )
    spans = split_sentences("The start " + unit * times + "z")
    assert abs(len(spans) - count * times) <= 2
    assert spans[0].start == 0
    assert spans[-1].end == len("The start ") + len(unit) * times + 1


def test_vocabulary_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "_VOCABULARY_LIMIT", 2_000)
    for start in range(0, 6_000, 1_000):
        text = " ".join(
            f"It is Word{number}. Xavier left." for number in range(start, start + 1_000)
        )
        assert len(split_sentences(text)) == 2_000
        language, _ = text_module._splitter()
        assert len(language.vocab.strings) <= 2_000 + 2_200


def test_the_sentencizer_decides_where_no_rule_does() -> None:
    text = "It stopped. Xavier left."
    asked = []

    def begins(stop: int, end: int, word: int) -> bool:
        asked.append((stop, end, word))
        return answer

    for answer in (True, False):
        assert list(sentence_ends(text, 0, len(text), begins)) == [11] * answer
    assert asked == [(10, 11, 12)] * 2


def test_paragraphs_and_lines() -> None:
    assert list(paragraphs("\n\nA\n \nB\n\n")) == [(2, 3), (6, 7)]
    assert line_borders("- A\n- B", 0, 7) == ([0, 4], set())
    assert line_borders("No list here", 0, 12) == ([], set())
