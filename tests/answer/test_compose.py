"""Sentences get their quotations: cut from the stored text, each once, the same words under one number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pincite.answer.compose import Composer
from pincite.answer.drafting import DraftSentence
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.lists import lists_of
from pincite.domain.documents import Span
from pincite.search import Searcher

BLIGHT = "Within how many hours must the keeper notify the orchard authority of fire blight?"
NOTIFY = "The keeper must notify the orchard authority of fire blight within 72 hours."


def composer(searcher: Searcher, question: str) -> Composer:
    result = searcher.search(question)
    return Composer(searcher, select_evidence(searcher, result, 2000, rough_tokens), question)


def verbatim(made: Composer, searcher: Searcher) -> None:
    assert [citation.n for citation in made.citations] == list(range(1, len(made.citations) + 1))
    for citation in made.citations:
        assert searcher.library.document(citation.document).text[citation.start : citation.end] == citation.quote


def test_a_supported_sentence_is_kept_with_its_words(tiny_searcher: Searcher) -> None:
    made = composer(tiny_searcher, BLIGHT)
    assert made.add(DraftSentence(NOTIFY, (1,))) == ""
    assert [(claim.text, claim.citations, claim.quoted) for claim in made.claims] == [(NOTIFY, (1,), False)]
    assert "not later than 72 hours" in made.citations[0].quote
    assert made.citations[0].cite.endswith("Art. 3")
    verbatim(made, tiny_searcher)


def test_a_sentence_about_a_provision_shows_words_of_it(tiny_searcher: Searcher) -> None:
    made = composer(tiny_searcher, "What does section 3 of the Ladder Policy say of a fall from a ladder?")
    said = "of the Ladder Policy says that a fall must be reported to the Head of Orchards within 24 hours."
    assert made.add(DraftSentence(f"Section 1 {said}", (1,))) == "provisions"
    assert made.add(DraftSentence(f"Section 3 {said}", (1,))) == ""
    referred = "A fall must be reported within 24 hours, and the Ladder Policy refers to section 2.2."
    assert composer(tiny_searcher, "How soon is a fall reported?").add(DraftSentence(referred, (1,))) == ""


def test_what_this_policy_says_of_itself_is_said_of_no_other(tiny_searcher: Searcher) -> None:
    made = composer(tiny_searcher, "What does the policy keep people from?")
    said = "policy keeps people from falling off ladders."
    assert made.add(DraftSentence(f"The pest control {said}", (1,))) == "attribution"
    assert made.add(DraftSentence(f"The ladder {said}", (1,))) == ""


@pytest.mark.parametrize(
    ("sentence", "failed"),
    [
        ("The keeper must notify the orchard authority of fire blight within 48 hours.", "numbers"),
        ("The keeper must not notify the orchard authority of fire blight.", "polarity"),
        ("The evidence does not say anything about that matter.", "relevance"),
        ("The keeper must ask the Orchard Regulation to determine when to notify of fire blight.", "relevance"),
        ("You should consult the authority's rules on fire blight to find out the hours.", "relevance"),
        # a duty of that kind is no advice on where to look: it is judged by what the evidence says
        ("The keeper must review the law on fire blight to determine the orchard authority.", "words"),
    ],
)
def test_an_unsupported_sentence_leaves_nothing_behind(tiny_searcher: Searcher, sentence: str, failed: str) -> None:
    made = composer(tiny_searcher, BLIGHT)
    assert made.add(DraftSentence(sentence, (1,))) == failed
    assert made.claims == []
    assert made.citations == []
    assert made.cited() == []


def test_a_repetition_is_left_out(tiny_searcher: Searcher) -> None:
    made = composer(tiny_searcher, BLIGHT)
    made.add(DraftSentence(NOTIFY, (1,)))
    again = "Within 72 hours the keeper must notify the orchard authority of fire blight."
    assert made.add(DraftSentence(again, (1,))) == "repetition"
    assert len(made.claims) == 1


def test_the_wrong_number_is_put_right(tiny_searcher: Searcher) -> None:
    question = f"{BLIGHT} Report a fall from a ladder?"
    made = composer(tiny_searcher, question)
    ladder = next(one for one in made.uncited() if one.item.document != "orchard")
    assert made.add(DraftSentence(NOTIFY, (ladder.item.n,))) == ""
    assert [citation.document for citation in made.citations] == ["orchard"]


def test_the_same_words_are_cited_once(tiny_searcher: Searcher) -> None:
    made = composer(tiny_searcher, BLIGHT)
    first = next(iter(made.uncited()))
    made.add_quotation(first)
    made.add_quotation(first)
    inside = Span(made.citations[0].start + 4, made.citations[0].end - 4)
    made.add_quotation(first, inside)
    assert len(made.citations) == 1
    assert [claim.citations for claim in made.claims] == [(1,), (1,), (1,)]
    assert list(made.uncited()) == [one for one in made.uncited() if one.item.n != first.item.n]


def test_a_quotation_says_that_it_is_one_and_whose(tiny_searcher: Searcher) -> None:
    made = composer(tiny_searcher, "What must not be carried on a ladder?")
    made.add_quotation(next(iter(made.uncited())))
    claim, citation = made.claims[0], made.citations[0]
    assert claim.quoted
    assert claim.text == f"{citation.cite} (policy) says: “{citation.quote}”"
    verbatim(made, tiny_searcher)


def test_an_enumeration_is_quoted_with_the_words_that_introduce_it(tiny_searcher: Searcher) -> None:
    made = composer(tiny_searcher, "What must not be carried on a ladder?")
    ladder = next(one for one in made.uncited() if one.item.document == "ladder" and "following" in one.item.text)
    (points,) = lists_of(tiny_searcher.library.document("ladder"), ladder)
    made.add_quotation(ladder, points.span, points=len(points.points))
    assert made.claims[0].text.startswith(f"{made.citations[0].cite} (policy) says in 2 points: “The following")
    assert made.citations[0].quote.count("The following must not be carried on a ladder:") == 1
    assert "(a) chain saws that are running;" in made.citations[0].quote
    assert "more than 20 kg of apples" in made.citations[0].quote
    verbatim(made, tiny_searcher)


def test_what_is_shown_beside_a_claim_does_not_deny_it(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the sentence that the checks looked at allows it, the one that would be quoted forbids it
    made = composer(tiny_searcher, "What must not be carried on a ladder?")
    ladder = next(one for one in made.uncited() if one.item.document == "ladder" and "following" in one.item.text)
    support, allowed = made._support, "Chain saws that are running may be carried on a ladder."
    monkeypatch.setattr(
        made, "_support", lambda *given: replace(support(*given), text=allowed, best=allowed, similarity=0.9)
    )
    assert made.add(DraftSentence(allowed, (ladder.item.n,))) == "polarity"
    assert made.citations == []


def test_what_has_nothing_to_do_with_the_question_is_beside_the_point(tiny_searcher: Searcher) -> None:
    ladder = "What must not be carried on a ladder?"
    assert composer(tiny_searcher, ladder).add(DraftSentence(NOTIFY, (1,))) == "relevance"
    named = composer(tiny_searcher, "What does Article 3 of the Orchard Regulation say?")
    assert named.add(DraftSentence(NOTIFY, (1,))) == ""


def test_the_governing_sentence_is_missing_until_it_is_quoted(tiny_searcher: Searcher) -> None:
    made = composer(tiny_searcher, BLIGHT)
    first = next(iter(made.uncited()))
    assert not made.shows_governing(first)
    made.add_quotation(first)
    assert made.shows_governing(first)
