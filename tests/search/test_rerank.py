"""The second stage: which candidates it reads, what it changes, what it keeps in memory, and when it is not there."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pytest

from pincite.embed.protocol import Encoded, Vectors
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
    near = np.array([(one.cosine, one.tokens) for one in reranker.compare([QUESTION], passages)])
    assert near[:, 0].argmax() == 2
    read = reranker.read([QUESTION], passages, np.array([3.0, 2.0, 1.0], np.float32))
    assert read.gained == pytest.approx((near - near.min(axis=0)) @ [2.0, 3.0], abs=1e-5)
    assert reranker.read([QUESTION], passages[:1], np.array([1.0], np.float32)).gained.tolist() == [0.0]


def test_where_a_passage_stands_is_read_too(tiny_library: Library) -> None:
    fond = Fond("x")
    passage = next(p for p in tiny_library.passages(range(8)) if p.path)
    Reranker(tiny_library, fond, 1.0, 1.0).compare([QUESTION], [passage])
    (text,) = fond.texts
    assert text.startswith(f"{tiny_library.documents[passage.document].short} {passage.path[0]}")
    assert text.endswith(tiny_library.passage_texts([passage.id])[0])


def test_a_passage_is_read_once(tiny_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerank_module, "_REMEMBERED", 3)
    fond = Fond("ladder")
    reranker = Reranker(tiny_library, fond, 1.0, 1.0)
    passages = tiny_library.passages(range(5))
    first = reranker.compare([QUESTION], passages[:3])
    again = reranker.compare([QUESTION], passages[:3])
    assert len(fond.texts) == 3
    assert first == again
    reranker.compare([QUESTION], passages[3:])  # puts the two that were used longest ago out
    reranker.compare([QUESTION], passages[2:3])
    assert len(fond.texts) == 5
    reranker.compare([QUESTION], passages[:1])
    assert len(fond.texts) == 6


def test_what_is_new_in_a_follow_up_counts_as_much(tiny_library: Library) -> None:
    embedder = FakeEmbedder()
    reranker = Reranker(tiny_library, embedder, 1.0, 1.0)
    passages = tiny_library.passages(range(4))
    both = reranker.compare(["What of ladders?", "And tractors?"], passages)
    vectors = embedder.encode(["What of ladders?", "And tractors?"]).sum(axis=0)
    bodies = embedder.encode(reranker.texts(passages))
    assert [one.cosine for one in both] == pytest.approx(bodies @ vectors / np.linalg.norm(vectors), abs=1e-6)
    alone = [reranker.compare([question], passages) for question in ("What of ladders?", "And tractors?")]
    for one, *each in zip(both, *alone, strict=True):
        assert one.tokens == pytest.approx((each[0].tokens + each[1].tokens) / 2, abs=1e-6)


def test_late_interaction_finds_each_word_where_it_stands(tiny_library: Library) -> None:
    passages = tiny_library.passages(range(6))
    reranker = Reranker(tiny_library, FakeEmbedder(), 0.0, 1.0)
    words = re.findall(r"[^\W_]+", tiny_library.passage_texts([3])[0].lower())
    asked = f"{words[2]} {words[-1]}"  # far apart: together they are a small part of the passage
    near = [one.tokens for one in reranker.compare([asked], passages)]
    assert max(near) == near[3] == pytest.approx(1.0, abs=2e-3)  # both are there; half-precision in memory
    assert reranker.compare([f"{asked} zzz"], passages)[3].tokens < 0.9


def test_a_text_without_tokens_is_near_to_nothing(tiny_library: Library) -> None:
    class Silent(FakeEmbedder):
        def _read(self, text: str, vector: Vectors) -> Encoded:
            return Encoded(vector, np.zeros((0, self.dimension), np.float32), np.zeros((0, 2), np.int32))

    (near,) = Reranker(tiny_library, Silent(), 0.0, 1.0).compare([QUESTION], tiny_library.passages([0]))
    assert (near.tokens, near.sentences) == (0.0, {})


def sentences(library: Library, passage: int) -> dict[int, str]:
    """Return the sentences of a passage by their row."""
    (row,) = library.passages([passage])
    text = library.document(library.documents[row.document].slug).text
    return {number: span.of(text) for number, span in library.sentences(passage)}


def test_each_sentence_is_compared_alone(tiny_library: Library) -> None:
    reranker = Reranker(tiny_library, FakeEmbedder(), 0.0, 1.0)
    several = [p for p in tiny_library.passages(range(8)) if len(sentences(tiny_library, p.id)) > 1]
    assert several
    for passage in several:
        said = sentences(tiny_library, passage.id)
        for number, words in said.items():
            (near,) = reranker.compare([words], [passage])
            assert set(near.sentences) == set(said)
            assert near.sentences[number] == pytest.approx(1.0, abs=2e-3)  # and nothing of what stands before it
            assert near.sentences[number] >= max(near.sentences.values())
            assert near.tokens >= near.sentences[number] - 1e-3
        (near,) = reranker.compare([" ".join(said.values())], [passage])
        assert all(one < 0.95 for one in near.sentences.values())  # each is only a part


def test_a_sentence_that_was_not_read_to_its_end_is_not_compared(tiny_library: Library) -> None:
    class Short(FakeEmbedder):
        def _read(self, text: str, vector: Vectors) -> Encoded:
            whole = super()._read(text, vector)
            return Encoded(vector, whole.tokens[:-1], whole.spans[:-1])

    passage = next(p for p in tiny_library.passages(range(8)) if len(sentences(tiny_library, p.id)) > 1)
    (near,) = Reranker(tiny_library, Short(), 0.0, 1.0).compare([QUESTION], [passage])
    assert set(near.sentences) == set(list(sentences(tiny_library, passage.id))[:-1])


def test_a_search_tells_how_near_the_sentences_are_that_were_read(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerank_module, "READ", 2)
    assert tiny_searcher.search(QUESTION).read == {}
    result = Searcher(tiny_searcher.library, FakeEmbedder(), second=FakeEmbedder(sha256="f" * 64)).search(QUESTION, 50)
    read = [
        hit.passage.id
        for hit in result.hits
        if set(sentences(tiny_searcher.library, hit.passage.id)) & set(result.read)
    ]
    assert len(read) == 2
    assert all(-1 <= near <= 1 for near in result.read.values())


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
