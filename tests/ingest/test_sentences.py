"""Sentences: every word in exactly one, cut where lawyers would cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.ingest.sentences import split_sentences

WORDS = st.sampled_from(
    [
        "Art.",
        "No.",
        "e.g.",
        "The",
        "keeper",
        "1.",
        "33(1)",
        "5.2",
        "shall.",
        "prune!",
        "Why?",
        "(a)",
        "“Quote.”",
        "\n",
        "…",
        "U.S.",
        "$1.5",
        "i.e.",
        "§ 4",
        ";",
    ]
)
PROSE = st.lists(WORDS, max_size=25).map(" ".join)


@given(PROSE | st.text(max_size=80), st.integers(0, 20), st.integers(0, 20))
def test_every_visible_character_is_in_exactly_one_sentence(text: str, before: int, after: int) -> None:
    start = min(before, len(text))
    end = max(start, len(text) - after)
    spans = split_sentences(text, start, end)
    at = start
    for span in spans:
        assert at <= span.start < span.end <= end
        assert not text[at : span.start].strip()  # only white space between sentences
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        assert "\n" not in text[span.start : span.end]
        at = span.end
    assert not text[at:end].strip()


@pytest.mark.parametrize(
    "sentences",
    [
        ["The controller shall act.", "It shall do so at once."],
        ["See Art. 33 and No. 4 of the list.", "It applies."],
        ["Some measures, e.g. Encryption, i.e. Ciphers, cf. Annex A, help.", "Others do not."],
        ["It costs 1.5 million euros under section 5.2 of the policy.", "Pay."],
        ["Mr. Smith of Acme Ltd. Sells apples.", "He does."],
        ["Is it so?", "Yes!", "(It is.)", "“Quoted.”", "§ 4 says more."],
        ["1. The processor shall not engage another one.", "2. It shall ask."],
        ["He must act pursuant to Article 12.", "The controller shall record it."],
        ["Sector: 1. Energy; Subsector: 2. Oil.", "Sector: 3. Health"],
        ["Keep it for 30.", "Then destroy it."],
        ["The U.S. Code and the C.F.R. Title apply.", "So does 15 U.S.C. Section 45."],
        ["“It is closed.”", "The gate opens at six."],
        ["no capital follows. so it is one sentence", "Next line."],
    ],
)
def test_where_sentences_end(sentences: list[str]) -> None:
    text = " ".join(sentences).replace("sentence Next", "sentence\nNext")
    assert [span.of(text) for span in split_sentences(text)] == sentences
