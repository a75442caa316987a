"""Which passages and sentences the model is given."""

from __future__ import annotations

import pytest

from pincite.answer.evidence import quote_with_lead_in, rough_tokens, select_evidence
from pincite.domain.documents import DocumentKind, Span
from pincite.search import Searcher

BOTH = "Within how many hours must the keeper notify the authority of fire blight and report a fall from a ladder?"
QUESTIONS = [BOTH, "What must not be carried on a ladder?", "What does Article 3 say?", "records"]


def test_law_stands_beside_policy(tiny_searcher: Searcher) -> None:
    evidence = select_evidence(tiny_searcher, tiny_searcher.search(BOTH), 2000, rough_tokens)
    assert {one.item.kind for one in evidence[:2]} == {DocumentKind.LAW, DocumentKind.POLICY}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("budget", [1, 60, 120, 2000])
def test_budget_numbers_and_verbatim_quotes(tiny_searcher: Searcher, question: str, budget: int) -> None:
    evidence = select_evidence(tiny_searcher, tiny_searcher.search(question), budget, rough_tokens)
    assert evidence  # the best passage is always given
    assert [one.item.n for one in evidence] == list(range(1, len(evidence) + 1))
    assert len(evidence) <= 4
    assert len({one.hit.passage.id for one in evidence}) == len(evidence)
    taken = sum(rough_tokens(one.prompt_text) + rough_tokens(one.item.cite) + 8 for one in evidence)
    assert len(evidence) == 1 or taken <= budget
    for one in evidence:
        text = tiny_searcher.library.document(one.item.document).text
        assert one.item.quotes
        for quote in one.item.quotes:
            assert one.item.passage.contains(quote)
            assert one.item.quote_text(quote) == quote.of(text)
            assert quote.of(text) in one.prompt_text
        assert list(one.item.quotes) == sorted(one.item.quotes, key=lambda quote: quote.start)


def test_a_larger_budget_gives_more(tiny_searcher: Searcher) -> None:
    result = tiny_searcher.search(BOTH)
    sizes = [len(select_evidence(tiny_searcher, result, budget, rough_tokens)) for budget in (1, 2000)]
    assert sizes[0] == 1 < sizes[1]


def test_gaps_are_marked(tiny_searcher: Searcher) -> None:
    evidence = select_evidence(tiny_searcher, tiny_searcher.search(BOTH), 2000, rough_tokens)
    for one in evidence:
        gaps = sum(b.start - a.end > 8 for a, b in zip(one.item.quotes, one.item.quotes[1:], strict=False))
        assert one.prompt_text.count("…") == gaps


def test_nothing_found_gives_nothing(tiny_searcher: Searcher) -> None:
    from dataclasses import replace

    assert select_evidence(tiny_searcher, replace(tiny_searcher.search(BOTH), hits=()), 400, rough_tokens) == ()


def test_a_quotation_begins_with_its_lead_in_where_that_is_near(tiny_searcher: Searcher) -> None:
    document = tiny_searcher.library.document("ladder")
    lead = document.text.index("The following must not")
    point = document.text.index("more than 20 kg")
    lead_in, quote = Span(lead, lead + 30), Span(point, point + 20)
    widened = quote_with_lead_in(document, lead_in, quote)
    assert widened == Span(lead, quote.end)
    assert widened.of(document.text).startswith("The following must not")
    assert quote_with_lead_in(document, lead_in, quote, limit=10) == quote
    assert quote_with_lead_in(document, None, quote) == quote
    assert quote_with_lead_in(document, Span(quote.end, quote.end + 5), quote) == quote
