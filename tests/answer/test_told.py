"""A question that tells what a policy says, and asks whether the law allows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pincite.answer.drafting import DraftSentence, without_verdicts
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.told import find_told, sentences_that_tell
from pincite.domain.documents import DocumentKind
from pincite.search import Searcher
from tests.answer.test_beside import LAW, ask, searcher_of

RIPENING = """# Ripening Policy

## 1. Windows

1.1 The windows of the ripening room are opened at dawn.

1.2 Whoever complains about apples gets an answer 45 days after receipt.

1.3 Complaints about apples from our policy are read aloud.
"""
TELLING = "Our ripening policy has complaints about apples answered 45 days after receipt."
QUESTION = f"{TELLING} Does the Apple Act let us take that long to answer complaints about apples?"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (QUESTION, TELLING),
        ("By our picking procedure nobody climbs alone. Is that enough under the law?", True),
        ("Our notes page says that crates are kept for a year. May we?", True),
        ("The orchard handbook is silent on ladders. We have two. Is that lawful?", True),
        ("Does our ripening policy allow 45 days?", False),
        ("A keeper lost a crate. What does our policy say?", False),
        ("The page was torn out. Must we keep it?", False),
        ("Our policy is strict.", False),
        ("", False),
    ],
)
def test_what_tells_and_asks_nothing(question: str, told: str | bool) -> None:
    found = sentences_that_tell(question)
    assert found == told if isinstance(told, str) else bool(found) is told


@pytest.fixture
def searcher(tmp_path: Path) -> Searcher:
    """Return a searcher over a policy, another policy that shares more words with the question, and a law."""
    keeping = (
        "# Apple Act Policy\n\n## 1. Acts\n\n1.1 Whether the Apple Act lets us take that long is told by the board.\n"
    )
    return searcher_of(tmp_path, act=LAW, keeping=keeping, ripening=RIPENING)


def test_the_policy_told_of_is_found_by_the_sentence_that_tells(searcher: Searcher) -> None:
    result = searcher.search(QUESTION)
    told = find_told(searcher, result)
    assert told is not None
    assert told.selected.item.document == "ripening"
    assert (
        told.selected.item.quote_text(told.span)
        == "Whoever complains about apples gets an answer 45 days after receipt."
    )
    evidence = told.among(select_evidence(searcher, result, 2000, rough_tokens))
    assert [one.item.n for one in evidence] == list(range(1, len(evidence) + 1))
    assert evidence[0].item.kind is DocumentKind.LAW
    assert [one.item.document for one in evidence if one.item.kind is DocumentKind.POLICY] == ["ripening"]


@pytest.mark.parametrize(
    "question", ["May complaints about apples be answered after 45 days?", f"{TELLING} Who opens the windows at dawn?"]
)
def test_nothing_is_looked_for_where_nothing_is_told_or_no_law_is_asked_about(
    searcher: Searcher, question: str
) -> None:
    assert find_told(searcher, searcher.search(question)) is None


def test_documents_that_are_shut_out_are_not_looked_in(searcher: Searcher) -> None:
    result = searcher.search(QUESTION, documents=frozenset({"act", "keeping"}))
    told = find_told(searcher, result)
    assert told is None or told.selected.item.document == "keeping"
    assert find_told(searcher, searcher.search(QUESTION, documents=frozenset({"act"}))) is None


def test_policy_and_law_are_quoted_and_compared_without_a_verdict(searcher: Searcher) -> None:
    answer = ask(
        searcher, "Yes, complaints about apples shall be answered within one month of receipt. [1]\n", QUESTION
    )
    assert answer.claims[0].text == "Complaints about apples shall be answered within one month of receipt."
    quotes = [(citation.document, citation.quote) for citation in answer.citations]
    assert ("ripening", "Whoever complains about apples gets an answer 45 days after receipt.") in quotes
    assert "keeping" not in {document for document, _ in quotes}
    assert quotes[0][0] == "act"


def test_a_verdict_alone_is_no_sentence() -> None:
    drafted = [DraftSentence("Yes, it is.", (1,)), DraftSentence("No: crates are kept for a year.", (2,))]
    assert without_verdicts(drafted) == [DraftSentence("Crates are kept for a year.", (2,))]
    plain = [DraftSentence("Nobody may climb alone at night.", (1,))]
    assert without_verdicts(plain) == plain
