"""Two versions of a policy, one law that comes and one that has gone: which of them answer on which day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Event as Flag

import numpy as np
import pytest

from pincite.answer.engine import Engine
from pincite.answer.report import to_markdown, to_text
from pincite.config import Settings
from pincite.domain.answers import Answer, Reason, Status
from pincite.domain.events import Finished, Refused
from pincite.ingest.build import build_library
from pincite.ingest.sources import load_corpus_file
from pincite.library import Library
from pincite.search import Searcher
from tests.fakes import FakeEmbedder, FakeModel

TODAY = date(2031, 6, 15)
POLICY = """# Beehive Policy

## 1. Honey

1.1 Beekeepers must harvest the honey of every beehive {when}.

1.2 Beekeepers must wear a veil near a beehive.
"""
LAW = "# {name} Act\n\n## 1. Duties\n\n1.1 A beekeeper shall register each beehive {when}.\n"
CORPUS = """
[[source]]
slug = "beehive@2029-01-01"
path = "old.md"
effective = 2029-01-01
superseded_by = "beehive"
version = "1"
[[source]]
slug = "beehive"
path = "new.md"
effective = 2031-01-01
version = "2"
[[source]]
slug = "coming"
path = "coming.md"
kind = "law"
effective = 2032-01-01
[[source]]
slug = "gone"
path = "gone.md"
kind = "law"
until = 2030-12-31
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    corpus = tmp_path_factory.mktemp("bees")
    (corpus / "old.md").write_text(POLICY.format(when="in August"), encoding="utf-8")
    (corpus / "new.md").write_text(POLICY.format(when="in September"), encoding="utf-8")
    (corpus / "coming.md").write_text(LAW.format(name="Pollinator", when="within 30 days"), encoding="utf-8")
    (corpus / "gone.md").write_text(LAW.format(name="Apiary", when="within 90 days"), encoding="utf-8")
    (corpus / "corpus.toml").write_text(CORPUS, encoding="utf-8")
    embedder = FakeEmbedder()
    build_library(
        corpus / "library",
        load_corpus_file(corpus / "corpus.toml", corpus),
        embedder={"name": embedder.name, "sha256": embedder.sha256},
        load_embedder=lambda: embedder,
    )
    return corpus / "library"


@pytest.fixture
def searcher(directory: Path) -> Iterator[Searcher]:
    library = Library(directory)
    yield Searcher(library, FakeEmbedder(), today=lambda: TODAY)
    library.close()


def found(searcher: Searcher, question: str, as_of: date | None = None) -> set[str]:
    result = searcher.search(question, 50, as_of=as_of)
    return {searcher.library.documents[hit.passage.document].slug for hit in result.hits}


@pytest.mark.parametrize(
    ("as_of", "slugs"),
    [
        (None, {"beehive", "coming", "gone"}),
        (date(2028, 12, 31), {"gone"}),
        (date(2029, 1, 1), {"beehive@2029-01-01", "gone"}),
        (date(2030, 12, 31), {"beehive@2029-01-01", "gone"}),
        (date(2031, 1, 1), {"beehive"}),
        (date(2032, 1, 1), {"beehive", "coming"}),
    ],
)
@pytest.mark.parametrize(
    "question", ["When is the honey of a beehive harvested?", "section 1.1: register each beehive"]
)
def test_the_texts_of_the_day_answer(searcher: Searcher, question: str, as_of: date | None, slugs: set[str]) -> None:
    assert found(searcher, question, as_of) == slugs


def test_an_exact_lookup_does_not_reach_a_superseded_text(searcher: Searcher) -> None:
    for as_of, slug in ((None, "beehive"), (date(2030, 1, 1), "beehive@2029-01-01")):
        result = searcher.search("Beehive Policy section 1.1", as_of=as_of)
        assert {searcher.library.documents[hit.passage.document].slug for hit in result.hits if hit.exact} == {slug}
        assert result.lookup.withheld == ()


@pytest.mark.parametrize(
    ("question", "as_of", "words"),
    [
        (
            "What does beehive@2029-01-01 say of honey?",
            None,
            "beehive@2029-01-01 is superseded by version 2 since 2031-01-01 and answers only questions as of a day "
            "when it was in force.",
        ),
        (
            "What does the Apiary Act say?",
            TODAY,
            "Apiary Act (gone) was not in force on 2031-06-15: expired: in force until 2030-12-31.",
        ),
        (
            "Pollinator Act, section 1.1",
            TODAY,
            "Pollinator Act (coming) was not in force on 2031-06-15: not yet in force: effective from 2032-01-01.",
        ),
    ],
)
def test_naming_a_text_that_does_not_answer_says_why(
    searcher: Searcher, question: str, as_of: date | None, words: str
) -> None:
    assert searcher.search(question, as_of=as_of).lookup.withheld == (words,)
    engine = Engine(searcher, lambda: FakeModel(), Settings(), seal="test")
    (*_, last) = engine.ask(question, as_of=as_of, stop=Flag())
    assert isinstance(last, Refused)
    assert (last.answer.status, last.answer.reason) == (Status.REFUSED, Reason.NOT_IN_FORCE)
    assert words in last.answer.message


def test_no_text_in_force_at_all(searcher: Searcher) -> None:
    day = date(2033, 1, 1)
    library = searcher.library
    assert library.versions.searched(day, TODAY)
    empty = Searcher(library, FakeEmbedder(), today=lambda: TODAY)
    empty._scope = lambda *_: type(searcher._scope(day, TODAY)).of(library, [])  # type: ignore[method-assign]
    assert empty.search("honey", as_of=day).hits == ()


def test_what_is_left_out_takes_no_place_in_the_pools(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pools of one passage, a restricted search finds what a search of the restricted texts alone would."""
    monkeypatch.setattr("pincite.search.pool._NEAR", 1)
    library = searcher.library
    for as_of, slug in ((date(2030, 1, 1), "beehive@2029-01-01"), (date(2031, 1, 1), "beehive")):
        number = library.info(slug).number
        own = np.flatnonzero(library.passage_documents == number)
        result = searcher.search("harvest the honey of every beehive in August or September", 5, as_of=as_of)
        nearest = own[np.argmax(library.vectors[own] @ result.vector)]
        assert int(nearest) in {hit.passage.id for hit in result.hits}
        assert all(hit.lexical > 0 for hit in result.hits[:1])
        words = '"september"' if slug == "beehive@2029-01-01" else '"august"'
        assert library.match(words, 5, (1, 1, 1, 1), [number]) == []
        assert library.match(words, 5, (1, 1, 1, 1)) != []


def ask(searcher: Searcher, question: str, draft: str, as_of: date | None = None) -> Answer:
    engine = Engine(searcher, lambda: FakeModel(draft), Settings(), seal="test")
    (*_, last) = engine.ask(question, as_of=as_of)
    assert isinstance(last, Finished), last
    return last.answer


def test_answers_say_of_which_day_they_are(searcher: Searcher) -> None:
    question = "When must beekeepers harvest the honey of every beehive?"
    today = ask(searcher, question, "Beekeepers must harvest the honey of every beehive in September. [1]\n")
    assert {c.document for c in today.citations} == {"beehive"}
    assert today.citations[0].status == ""
    assert today.citations[0].to_json()["status"] == "in force"
    assert (today.to_json()["as_of"], today.to_json()["day"]) == (None, "2031-06-15")
    then = ask(
        searcher, question, "Beekeepers must harvest the honey of every beehive in August. [1]\n", date(2030, 1, 1)
    )
    assert {c.document for c in then.citations} == {"beehive@2029-01-01"}
    words = "in force on 2030-01-01; superseded by version 2 since 2031-01-01"
    assert then.citations[0].to_json()["status"] == words
    assert then.to_json()["as_of"] == "2030-01-01"
    for report in (to_text(then, width=200), to_markdown([then])):
        assert words in report
        assert "As of 2030-01-01: only texts in force on that day were searched." in report


def test_a_law_that_comes_or_has_gone_says_so_wherever_it_is_cited(searcher: Searcher) -> None:
    question = "Within how many days shall a beekeeper register each beehive under the Pollinator Act?"
    answer = ask(searcher, question, "A beekeeper shall register each beehive within 30 days. [1]\n")
    words = "not yet in force: effective from 2032-01-01"
    assert [c.status for c in answer.citations if c.document == "coming"] == [words]
    assert f"Pollinator Act 1.1 · law · {words}" in to_text(answer, width=200)
    assert words in to_markdown([answer])
    gone = ask(
        searcher,
        "Within how many days shall a beekeeper register each beehive under the Apiary Act?",
        "A beekeeper shall register each beehive within 90 days. [1]\n",
    )
    assert [c.status for c in gone.citations] == ["expired: in force until 2030-12-31"]


def test_references_are_not_followed_into_a_text_that_does_not_answer(tmp_path: Path) -> None:
    """The hint names a section of a superseded policy that no question word leads to."""
    (tmp_path / "hive.md").write_text(
        "# Hive Policy\n\n## 1. Honey\n\n1.1 Honey jars are filled as section 7.1 of the Jar Policy says.\n"
    )
    (tmp_path / "jar.md").write_text("# Jar Policy\n\n## 7. Jars\n\n7.1 Honey jars are filled to the brim.\n")
    found = []
    for until, extra in (("", ""), ("superseded", 'superseded_by = "Pot Policy"\n')):
        corpus = f'[[source]]\nslug = "hive"\npath = "hive.md"\n[[source]]\nslug = "jar"\npath = "jar.md"\n{extra}'
        (tmp_path / "corpus.toml").write_text(corpus)
        embedder = FakeEmbedder()
        directory = tmp_path / f"library{until}"
        build_library(
            directory,
            load_corpus_file(tmp_path / "corpus.toml", tmp_path),
            embedder={"name": embedder.name, "sha256": embedder.sha256},
            load_embedder=lambda embedder=embedder: embedder,
        )
        library = Library(directory)
        assert library.references_within(0, library.passages([0])[0].span) != []
        result = Searcher(library, embedder, today=lambda: TODAY).search("How are honey jars filled?")
        found.append({library.documents[hit.passage.document].slug for hit in result.hits})
        library.close()
    assert found == [{"hive", "jar"}, {"hive"}]
