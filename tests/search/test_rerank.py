"""The second stage: which candidates it reads, what it changes, what it keeps in memory, and when it is not there."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pytest

from pincite.embed.protocol import Vectors
from pincite.library import Library
from pincite.search import Searcher
from pincite.search import rerank as rerank_module
from pincite.search.ranking import Ranker
from pincite.search.rerank import Reranker
from tests.fakes import FakeEmbedder

QUESTION = "Must ladders be inspected?"


class Fond(FakeEmbedder):
    """Finds a text the nearer to every question, the more often it says a word."""

    def __init__(self, word: str) -> None:
        super().__init__(dimension=2, sha256="f" * 64)
        self.word = word

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        angles = np.array([1 / (1 + text.lower().count(self.word)) for text in texts], np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return np.array([[1.0, 0.0]] * len(questions), np.float32)


def texts(searcher: Searcher, question: str = QUESTION) -> list[str]:
    ids = [hit.passage.id for hit in searcher.search(question, 50).hits]
    return searcher.library.passage_texts(ids)


def test_a_second_embedder_orders_what_the_first_found(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerank_module, "READ", 4)
    assert all(weight > 0 for weight in Ranker.load().second)
    before = texts(tiny_searcher)
    wanted = before[3].split()[0].lower()
    fond = Fond(wanted)
    heavy = dataclasses.replace(Ranker.load(), second=(1000.0, 0.0))
    after = texts(Searcher(tiny_searcher.library, FakeEmbedder(), ranker=heavy, second=fond))
    liked = max(fond.texts, key=lambda text: text.lower().count(wanted))
    assert sorted(after[:4]) == sorted(before[:4])  # the same four, and none from below
    assert after[4:] == before[4:]
    assert liked.endswith(after[0])
    assert after != before
    assert len(fond.texts) == 4


def test_the_ranker_and_the_reranker_are_added(tiny_library: Library) -> None:
    passages = tiny_library.passages(range(3))
    bodies = tiny_library.passage_texts([0, 1, 2])
    word = max(bodies[2].lower().split(), key=len)
    reranker = Reranker(tiny_library, Fond(word), 2.0, 3.0)
    near = reranker.similarities([QUESTION], passages)
    assert near.shape == (3, 2)
    assert near[:, 0].argmax() == 2
    gained = reranker.gains([QUESTION], passages, np.array([3.0, 2.0, 1.0], np.float32))
    assert gained == pytest.approx((near - near.min(axis=0)) @ [2.0, 3.0])
    assert reranker.gains([QUESTION], passages[:1], np.array([1.0], np.float32)).tolist() == [0.0]


def test_where_a_passage_stands_is_read_too(tiny_library: Library) -> None:
    fond = Fond("x")
    passage = next(p for p in tiny_library.passages(range(8)) if p.path)
    Reranker(tiny_library, fond, 1.0, 1.0).similarities([QUESTION], [passage])
    (text,) = fond.texts
    assert text.startswith(f"{tiny_library.documents[passage.document].short} {passage.path[0]}")
    assert text.endswith(tiny_library.passage_texts([passage.id])[0])


def test_a_passage_is_read_once(tiny_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerank_module, "_REMEMBERED", 3)
    fond = Fond("ladder")
    reranker = Reranker(tiny_library, fond, 1.0, 1.0)
    passages = tiny_library.passages(range(5))
    first = reranker.similarities([QUESTION], passages[:3])
    again = reranker.similarities([QUESTION], passages[:3])
    assert len(fond.texts) == 3
    assert np.array_equal(first, again)
    reranker.similarities([QUESTION], passages[3:])  # puts the two that were used longest ago out
    reranker.similarities([QUESTION], passages[2:3])
    assert len(fond.texts) == 5
    reranker.similarities([QUESTION], passages[:1])
    assert len(fond.texts) == 6


def test_what_is_new_in_a_follow_up_counts_as_much(tiny_library: Library) -> None:
    embedder = FakeEmbedder()
    reranker = Reranker(tiny_library, embedder, 1.0, 1.0)
    passages = tiny_library.passages(range(4))
    both = reranker.similarities(["What of ladders?", "And tractors?"], passages)
    vectors = embedder.encode(["What of ladders?", "And tractors?"]).sum(axis=0)
    bodies = embedder.encode(reranker.texts(passages))
    assert both[:, 0] == pytest.approx(bodies @ vectors / np.linalg.norm(vectors), abs=1e-6)
    alone = [reranker.similarities([question], passages) for question in ("What of ladders?", "And tractors?")]
    assert both[:, 1] == pytest.approx((alone[0][:, 1] + alone[1][:, 1]) / 2, abs=1e-6)


def test_late_interaction_finds_each_word_where_it_stands(tiny_library: Library) -> None:
    passages = tiny_library.passages(range(6))
    reranker = Reranker(tiny_library, FakeEmbedder(), 0.0, 1.0)
    words = re.findall(r"[^\W_]+", tiny_library.passage_texts([3])[0].lower())
    asked = f"{words[2]} {words[-1]}"  # far apart: together they are a small part of the passage
    near = reranker.similarities([asked], passages)[:, 1]
    assert near.argmax() == 3
    assert near[3] == pytest.approx(1.0, abs=2e-3)  # both are there; half-precision in memory
    assert reranker.similarities([f"{asked} zzz"], passages)[3, 1] < 0.9


def test_a_text_without_tokens_is_near_to_nothing(tiny_library: Library) -> None:
    class Silent(FakeEmbedder):
        def _tokens(self, text: str) -> Vectors:
            return np.zeros((0, self.dimension), np.float32)

    near = Reranker(tiny_library, Silent(), 0.0, 1.0).similarities([QUESTION], tiny_library.passages([0]))
    assert near[0, 1] == 0


def test_answers_say_what_reranked_them(tiny_searcher: Searcher) -> None:
    assert "reranker" not in tiny_searcher.digests
    fond = Fond("ladder")
    searcher = Searcher(tiny_searcher.library, FakeEmbedder(), second=fond)
    assert searcher.digests == tiny_searcher.digests | {"reranker": "f" * 64}
    fond.adapter_sha256 = "a" * 64
    assert searcher.digests["reranker_adapter"] == "a" * 64


def test_a_question_in_the_rules_own_words_is_not_read_again(tiny_searcher: Searcher) -> None:
    words = "keeper shall notify the orchard authority of fire blight without delay after having seen it"
    whole, half, none = (
        dataclasses.replace(Ranker.load(), own_words=Ranker.load().own_words | {"first": first, "all": all_})
        for first, all_ in ((0.0, 1.0), (0.0, 1000.0), (1000.0, 2000.0))
    )
    read = {}
    for name, ranker in (("whole", whole), ("half", half), ("none", none)):
        fond = Fond("ladder")
        Searcher(tiny_searcher.library, FakeEmbedder(), ranker=ranker, second=fond).search(f"Who is the {words}?")
        read[name] = len(fond.texts)
    assert read["whole"] == 0 < read["half"] == read["none"]
