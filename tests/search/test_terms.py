"""The words of a question: abbreviations written out, and what the products are that it names."""

import pytest

from pincite.answer.abstain import _missing_names
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.search import Searcher
from pincite.search.terms import expand, governed_words, products_in, stem


@pytest.mark.parametrize(
    ("question", "added"),
    [
        ("Do we need a DPIA?", "data protection impact assessment"),
        ("May I use ChatGPT?", "external AI tool, AI assistant, chatbot"),
        ("may i use chatgpt or a dpia", "external AI tool, AI assistant, chatbot"),
        ("Are Teams calls recorded?", "meeting, call, chat"),
        (
            "Is it on Google Drive or in google cloud?",
            "cloud storage, file sharing; cloud provider, hosting, processor",
        ),
        ("ChatGPT, Claude or Copilot?", "external AI tool, AI assistant, chatbot"),
    ],
)
def test_words_are_added(question: str, added: str) -> None:
    assert expand(question) == f"{question} ({added})"


@pytest.mark.parametrize(
    "question",
    [
        "Teams must lock their doors.",  # the product or the word: no telling
        "Which teams may see it?",
        "Who gives the signal?",
        "Is there slack?",
        "chatgpts, Zoomer, tinderbox",
        "Is a video call a meeting?",
    ],
)
def test_everyday_words_are_no_products(question: str) -> None:
    assert products_in(question) == {}
    assert expand(question) == question


def test_what_the_question_says_already_is_not_added() -> None:
    question = "Is ChatGPT an external AI tool, AI assistant, chatbot?"
    assert expand(question) == question


def test_a_product_that_no_document_names_is_no_word_that_answers_lack(tiny_searcher: Searcher) -> None:
    named = tiny_searcher.query("May the keeper send it by WhatsApp?")
    assert "whatsapp" not in named.rarity
    assert {"messages", "messaging", "app", "send"} <= set(named.rarity)
    assert "aldermoor" in tiny_searcher.query("May Aldermoor send it?").rarity

    def missing(question: str) -> list[str]:
        result = tiny_searcher.search(question)
        return _missing_names(result, select_evidence(tiny_searcher, result, 400, rough_tokens))

    assert missing("Must the keeper notify the authority of fire blight by Slack or in Kenya?") == ["Kenya"]


@pytest.mark.parametrize(
    ("form", "other"),
    [("told", "telling"), ("kept", "keeping"), ("withdrawn", "withdraw"), ("children", "child"), ("stolen", "steal")],
)
def test_irregular_forms_have_the_stem_of_their_verb(form: str, other: str) -> None:
    assert stem(form) == stem(other)


def test_the_thesaurus_knows_a_verb_in_every_form() -> None:
    assert governed_words("We sold it.") == governed_words("We sell it.") != []
