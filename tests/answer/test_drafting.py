"""The prompt's trust marks, the grammar's text and the draft cut into sentences."""

from __future__ import annotations

import pytest

from pincite.answer.drafting import DraftSentence, build_prompt, grammar, parse_draft
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.followup import Standalone
from pincite.llm import TEMPLATES
from pincite.search import Searcher

QUESTION = "Within how many hours must the keeper notify the orchard authority of fire blight?"


@pytest.mark.parametrize(
    ("draft", "sentences"),
    [
        ("Keep it for 3 years. [1]\n", [DraftSentence("Keep it for 3 years.", (1,))]),
        ("Keep it for 3 years [2][1].", [DraftSentence("Keep it for 3 years.", (2, 1))]),
        ("Keep it for 3 years [1][1]", [DraftSentence("Keep it for 3 years.", (1,))]),
        ("The answer is: keep it for three years [1]", [DraftSentence("Keep it for three years.", (1,))]),
        ("According to the evidence, keep it three years [1]", [DraftSentence("Keep it three years.", (1,))]),
        ("Keep it three years, as stated in evidence. [1]", [DraftSentence("Keep it three years.", (1,))]),
        ("Keep it for years. [1]\nkeep it, for years [2]", [DraftSentence("Keep it for years.", (1,))]),
        ("Keep it for years. [1]\nThen burn all of it", [DraftSentence("Keep it for years.", (1,))]),
        ("Keep it\u202e for 3\u200b years. [1]", [DraftSentence("Keep it\ufffd for 3 years.", (1,))]),
        ("Keep it for years. [1", []),
        ("Keep it for years. [0]\nKeep it for days. [4]", []),
        ("Too few words [1]", []),
        ("", []),
    ],
)
def test_parse_draft(draft: str, sentences: list[DraftSentence]) -> None:
    assert parse_draft(draft, 3) == sentences


def test_the_grammar_allows_the_numbers_given_and_no_others() -> None:
    assert grammar(3).splitlines()[-1] == 'number ::= "1" | "2" | "3"'
    assert grammar(1).splitlines()[-1] == 'number ::= "1"'
    assert grammar(2).startswith("root ::= line line?\n")


def test_only_our_own_words_are_trusted(tiny_searcher: Searcher) -> None:
    result = tiny_searcher.search(QUESTION)
    evidence = select_evidence(tiny_searcher, result, 2000, rough_tokens)
    prompt = build_prompt(Standalone("both", "An earlier question?", QUESTION), evidence, TEMPLATES["chatml"])
    ours = "".join(part.text for part in prompt.segments if not part.foreign)
    foreign = [part.text for part in prompt.segments if part.foreign]
    assert len(evidence) >= 1
    assert len(foreign) == len(evidence) + 2
    assert foreign[-2:] == ["An earlier question?", QUESTION]
    for selected, words in zip(evidence, foreign, strict=False):
        assert words.endswith(selected.prompt_text)
        assert selected.item.short in words
        assert selected.item.short not in ours
        for quote in selected.item.quotes:
            assert selected.item.quote_text(quote) in words
            assert selected.item.quote_text(quote) not in ours
    assert "earlier question?" not in ours
    assert QUESTION not in ours
    assert ours.count("<|im_start|>") == 3
    assert not any("<|im" in words for words in foreign)
    for number in range(1, len(evidence) + 1):
        assert f"[{number}] " in ours


def test_without_an_earlier_question_none_is_mentioned(tiny_searcher: Searcher) -> None:
    evidence = select_evidence(tiny_searcher, tiny_searcher.search(QUESTION), 2000, rough_tokens)
    for template in TEMPLATES.values():
        assert "Earlier" not in build_prompt(Standalone(QUESTION, "", QUESTION), evidence, template).text
