"""Features that can be read, weights that ship, the thesaurus, and searching some documents only."""

import dataclasses

import numpy as np
import pytest

from pincite.domain.documents import DocumentKind
from pincite.search import Searcher
from pincite.search.features import FEATURES, Asked, Candidates, features
from pincite.search.figures import gives_figure
from pincite.search.pool import rarity
from pincite.search.ranking import Ranker
from pincite.search.terms import content_words, governed_words, stem
from tests.fakes import FakeEmbedder

SIMILARITIES = (
    "passage",
    "sentence",
    "plain_passage",
    "plain_sentence",
    "lexical",
    "thesaurus",
    "document",
    "provision",
)


def table(
    question: str, *bodies: str, label: str = "1.1", heading: str = "", kind: DocumentKind
) -> dict[str, list[float]]:
    zeros = np.zeros(len(bodies), np.float32)
    asked = Asked.of(question, dict.fromkeys(content_words(question), 2.0))
    count = len(bodies)
    found = features(
        asked,
        Candidates(
            dict.fromkeys(SIMILARITIES, zeros), [label] * count, [heading] * count, bodies, [""] * count, [kind] * count
        ),
    )
    assert found.shape == (count, len(FEATURES))
    return {name: found[:, at].tolist() for at, name in enumerate(FEATURES)}


def test_what_is_asked_meets_what_is_said() -> None:
    rows = table(
        "How long do we keep badges?",
        "Badges are kept for six months.",
        "Badges are kept by the steward.",
        kind=DocumentKind.POLICY,
    )
    assert rows["time"] == [1, 0]
    assert rows["ours_policy"] == [1, 1]
    assert rows["coverage"] == pytest.approx([2 / 3, 2 / 3])  # "badges" and "kept", not "long"
    who = table("Who approves a badge?", "The security manager does.", "Badges are blue.", kind=DocumentKind.LAW)
    assert who["role"] == [1, 0]
    assert who["time"] == who["ours_policy"] == [0, 0]
    means = table("What is a badge?", "“Badge” means a card.", "A badge is worn.", kind=DocumentKind.LAW)
    assert means["meaning"] == means["defines"] == [1, 0]


def test_headings_labels_and_length() -> None:
    rows = table("visitor badges", "Text.", "Text " * 40, label="Recital 4", heading="Badges", kind=DocumentKind.LAW)
    assert rows["headings"] == [0.5, 0.5]
    assert rows["recital"] == [1, 1]
    assert rows["length"][0] < rows["length"][1]


def test_rare_words_weigh_more(tiny_searcher: Searcher) -> None:
    library = tiny_searcher.library
    found = rarity(library, ["the", "blight", "unheard-of-word"])
    assert found["unheard-of-word"] > found["blight"] > found["the"] > 0


def test_the_weights_that_ship_order_the_hits(tiny_searcher: Searcher) -> None:
    ranker = Ranker.load()
    assert ranker.weights.shape == (len(FEATURES),)
    question = "Must ladders be inspected?"
    turned = Searcher(
        tiny_searcher.library, FakeEmbedder(), ranker=dataclasses.replace(ranker, weights=-ranker.weights)
    )
    hits, others = tiny_searcher.search(question, 50).hits, turned.search(question, 50).hits
    assert hits[0].passage.id == max(others, key=lambda hit: -hit.raw).passage.id
    assert [hit.raw for hit in hits] == sorted((hit.raw for hit in hits), reverse=True)
    pool = tiny_searcher.pool(tiny_searcher.query(question))
    assert hits[0].raw == pytest.approx(float(ranker.scores(pool.features).max()), abs=1e-4)


def test_passages_with_the_figure_asked_for_gain(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "How often must ladders be inspected?"

    def shares(gain: float) -> float:
        monkeypatch.setattr("pincite.search.search._FIGURE", gain)
        hits = tiny_searcher.search(question, 50).hits
        texts = [tiny_searcher.library.document(tiny_searcher.library.documents[h.passage.document].slug) for h in hits]
        gives = [gives_figure(h.passage.span.of(d.text), "time") for h, d in zip(hits, texts, strict=True)]
        assert any(gives)
        assert not all(gives)
        return sum(rank for rank, one in enumerate(gives) if one) / sum(gives)

    assert shares(100.0) < shares(0.0)


def test_only_some_documents(tiny_searcher: Searcher) -> None:
    result = tiny_searcher.search("When must fire blight be notified?", 50, documents=frozenset({"ladder"}))
    names = {tiny_searcher.library.documents[hit.passage.document].slug for hit in result.hits}
    assert names == {"ladder"}
    assert tiny_searcher.search("fire blight", documents=frozenset()).hits == ()


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Can a customer make us wipe his photos?", {"erasure", "destruction", "image"}),
        ("we were HACKED, what now", {"breach", "incident"}),
        ("How long may we keep it?", {"period", "retention"}),
        ("Do we need permission from the kids?", {"consent", "child"}),
    ],
)
def test_plain_words_bring_governed_ones(question: str, words: set[str]) -> None:
    assert words <= set(governed_words(question))


def test_the_thesaurus_adds_nothing_that_was_said() -> None:
    assert "deletion" not in governed_words("Must we delete it? Is deletion due?")
    assert governed_words("Bananas are yellow.") == []
    assert governed_words("long how") == []  # the words of an entry follow one another


@pytest.mark.parametrize("words", ["delete deleting deleted deletion deletes", "notification notifications"])
def test_stems_join_forms(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


def row(**values: float) -> list[float]:
    return [values.get(name, 0.0) for name in FEATURES]


@pytest.mark.parametrize(
    ("coverage", "words", "own"),
    [(0.3, 10, 0.0), (0.4, 10, 0.0), (0.55, 10, 0.5), (0.7, 10, 1.0), (1.0, 20, 1.0), (1.0, 3, 0.0), (0.0, 0, 0.0)],
)
def test_a_question_uses_the_rules_own_words_if_many_stand_in_one_passage(
    coverage: float, words: int, own: float
) -> None:
    ranker = Ranker.load()
    assert (ranker.own_words["first"], ranker.own_words["all"]) == (4, 7)
    found = np.array([row(coverage=0.1), row(coverage=coverage)], np.float32)
    assert ranker.uses_own_words(found, words) == pytest.approx(own, abs=1e-6)
    assert ranker.uses_own_words(found[:0], words) == 0


def test_own_words_shift_weight_to_bm25_and_to_vectors_without_the_adapter() -> None:
    ranker = Ranker.load()
    found = np.array(
        [
            row(lexical=0.5, passage=0.2, plain_passage=0.9),
            row(lexical=0.1, passage=0.2, plain_passage=0.2),
            row(lexical=0.3, passage=0.9, plain_passage=0.2, sentence=0.4, plain_sentence=0.4),
        ],
        np.float32,
    )
    assert ranker.shift(found, 0.0).tolist() == [0, 0, 0]
    weight = dict(zip(FEATURES, ranker.weights.tolist(), strict=True))
    whole = [6 + 0.7 * weight["passage"], 0.0, 3 - 0.7 * weight["passage"]]
    assert ranker.shift(found, 1.0).tolist() == pytest.approx(whole, abs=1e-3)
    assert ranker.shift(found, 0.5).tolist() == pytest.approx([one / 2 for one in whole], abs=1e-3)
    same = np.array([row(lexical=0.3)] * 2, np.float32)
    assert ranker.shift(same, 1.0).tolist() == [0, 0]


def test_pairs_of_words_count_for_the_rules_own_words_alone() -> None:
    ranker = Ranker.load()
    found = np.array([row(pairs=0.5), row(pairs=0.1)], np.float32)
    assert ranker.scores(found).tolist() == [0, 0]
    assert ranker.shift(found, 0.0).tolist() == [0, 0]
    assert ranker.shift(found, 1.0).tolist() == pytest.approx([5, 1])


def test_pairs_are_neighbours_in_question_and_passage() -> None:
    rows = table(
        "Who inspects the extension ladders of the orchard?",
        "Extension ladders are inspected by the steward.",
        "Ladders with an extension are inspected.",
        "Inspections of an extension ladder in the orchards.",
        kind=DocumentKind.POLICY,
    )
    assert rows["pairs"] == pytest.approx([1 / 3, 0, 1], abs=1e-6)  # stems; words like "of the" between do not part
    assert table("Ladders?", "Ladders.", kind=DocumentKind.POLICY)["pairs"] == [0]
