"""A benchmark's library: ids map back to passages, the product's own search finds them, nothing else is replaced."""

import json
from pathlib import Path
from typing import Any

import pytest

from pincite.config import Settings
from pincite.errors import EvaluationError, LibraryError
from pincite.evaluate.bench import Benchmark, build_benchmark, load_benchmark
from pincite.evaluate.examine import Examiner
from pincite.evaluate.gold import Resolver
from pincite.library import Library
from pincite.search import Searcher
from tests.fakes import FakeEmbedder, Killed

CORPUS: list[dict[str, Any]] = [
    {"id": "a", "document_id": 1, "passage_id": "1.", "text": "KEEPERS"},
    {"id": "b", "document_id": 2, "passage_id": "7.(1)",
     "text": "Pears ripen in autumn. Then:\n(a)\tthey fall; or\n(b) rot."},
    {"id": "c", "document_id": 1, "passage_id": "1.1", "text": " \u200b"},
    {"id": "d", "document_id": 1, "passage_id": "1.2", "text": "A keeper prunes apple trees in winter."},
]  # fmt: skip
QUESTIONS = [
    {"id": "1", "question": "Who prunes apple trees in winter?", "gold": ["d"]},
    {"id": "2", "question": "When do pears ripen and then fall?", "gold": ["b", "a"], "method": "M", "persona": "P"},
    {"id": "3", "question": "What is blank?", "gold": ["c"]},
]


def write(directory: Path, corpus: list[Any] = CORPUS, questions: list[Any] = QUESTIONS) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus))
    (directory / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    return directory


def build(library: Path, benchmark: Benchmark, embedder: FakeEmbedder | None = None) -> FakeEmbedder:
    embedder = embedder or FakeEmbedder()
    build_benchmark(
        library,
        benchmark,
        embedder={"name": embedder.name, "sha256": embedder.sha256},
        load_embedder=lambda: embedder,
    )
    return embedder


def test_every_passage_with_text_is_one_passage(tmp_path: Path) -> None:
    benchmark = load_benchmark(write(tmp_path / "bench"))
    build(tmp_path / "library", benchmark)
    library = Library(tmp_path / "library")
    found = {}
    for identifier, row in benchmark.passages.items():
        (passage,) = library.passages([row])
        text = library.document(library.documents[passage.document].slug).text
        found[identifier] = (passage.label, passage.span.of(text))
        sentences = [span.of(text) for _, span in library.sentences(passage.id)]
        if identifier == "b":
            assert sentences == ["Pears ripen in autumn.", "Then:", "(a) they fall; or", "(b) rot."]
    assert found == {
        "a": ("1.", "KEEPERS"),
        "d": ("1.2", "A keeper prunes apple trees in winter."),
        "b": ("7.(1)", "Pears ripen in autumn. Then:\n(a) they fall; or\n(b) rot."),
    }
    assert len(library.vectors) == 3
    assert library.manifest["benchmark"] == "bench"


def test_the_product_s_search_is_measured(tmp_path: Path) -> None:
    benchmark = load_benchmark(write(tmp_path / "bench"))
    build(tmp_path / "library", benchmark)
    library = Library(tmp_path / "library")
    examiner = Examiner(Searcher(library, FakeEmbedder()), Resolver(library, passages=benchmark.passages), Settings())
    first, second, third = (examiner.examine(case) for case in benchmark.sets[0].cases)
    assert [row["id"] for row in (first, second, third)] == ["dev/1", "dev/2", "dev/3"]
    assert (first["measures"]["recall_1"], first["measures"]["map_10"]) == (1, 1)
    assert second["measures"]["recall_1"] == 0.5
    assert (second["kind"], second["source"], second["tags"]) == ("M", ["dev"], ["P"])
    assert [group["in_library"] for group in third["expected"]["gold"]] == [False]
    assert third["measures"]["recall_50"] == 0


def test_vectors_are_kept(tmp_path: Path) -> None:
    benchmark = load_benchmark(write(tmp_path / "bench"))
    dying = FakeEmbedder(die_after=0)
    with pytest.raises(Killed):
        build(tmp_path / "library", benchmark, dying)
    assert build(tmp_path / "library", benchmark).texts
    assert build(tmp_path / "library", benchmark).texts == []
    more = [*CORPUS, {"id": "e", "document_id": 1, "passage_id": "1.3", "text": "New words."}]
    embedder = build(tmp_path / "library", load_benchmark(write(tmp_path / "bench", more)))
    assert embedder.texts == ["New words."]
    assert len(Library(tmp_path / "library").vectors) == 4


def test_a_library_of_documents_is_not_replaced(tmp_path: Path, tiny_directory: Path) -> None:
    before = (tiny_directory / "CURRENT").read_text()
    with pytest.raises(LibraryError, match="does not replace") as caught:
        build(tiny_directory, load_benchmark(write(tmp_path / "bench")))
    assert "--home" in caught.value.hint
    assert (tiny_directory / "CURRENT").read_text() == before


def test_only_the_first_passages_and_their_questions(tmp_path: Path) -> None:
    benchmark = load_benchmark(write(tmp_path / "bench"), 2)
    assert set(benchmark.passages) == {"a", "b"}
    assert [case.id for case in benchmark.sets[0].cases] == ["dev/2"]
    assert benchmark.digest != load_benchmark(tmp_path / "bench").digest


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "x", "text": "words"}, "document_id a text or a whole number"),
        ({"id": 3, "text": "words", "document_id": 1}, "id and text must be texts"),
        ({"id": "x", "text": None, "document_id": 1}, "id and text must be texts"),
        ({"id": "a", "text": "words", "document_id": 1}, "'a' stands twice"),
        ([], "not a JSON object"),
    ],
)
def test_a_row_of_the_corpus_that_cannot_be_used_is_named(tmp_path: Path, row: Any, words: str) -> None:
    with pytest.raises(EvaluationError, match=r"corpus.jsonl, line 5: ") as caught:
        load_benchmark(write(tmp_path / "bench", [*CORPUS, row]))
    assert words in caught.value.message


def test_directories_that_are_no_benchmark(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"corpus.jsonl: No such file"):
        load_benchmark(tmp_path)
    with pytest.raises(EvaluationError, match="no passage has text"):
        load_benchmark(write(tmp_path / "bench", [CORPUS[2]]))
    with pytest.raises(EvaluationError, match="no question is left"):
        load_benchmark(write(tmp_path / "bench"), 1)
    with pytest.raises(EvaluationError, match=r"dev.jsonl, line 1: gold"):
        load_benchmark(write(tmp_path / "bench", questions=[{"id": "1", "question": "A?", "gold": []}]))
