"""Whose law a question is about, and that it comes first."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pincite.library import Library
from pincite.search import Searcher
from pincite.search.territory import Territories, document_territories, question_territories
from tests.conftest import build
from tests.fakes import FakeEmbedder

STATE = "# {name} Fruit Scan Act\n\n## 1. Consent\n\n1.1 Nobody may scan apples without written consent.\n"
WIDE = "# Regulation (EU) 2031/9 on fruit\n\n" + "\n\n".join(
    f"{n}.1 Apples may be scanned with written consent in case {n}." for n in range(1, 30)
)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("A customer from Los Angeles wants his data deleted.", {"California": 1.0, "United States": 0.5}),
        ("how long do we keep scans in illinois?", {"Illinois": 1.0, "United States": 0.5}),
        ("residents of West Virginia", {"West Virginia": 1.0, "United States": 0.5}),
        ("Our Berlin office and the EU", {"Germany": 1.0, "European Union": 1.0}),
        ("Is a British user's consent enough?", {"United Kingdom": 1.0}),
        ("Can they sue us, and who tells us?", {}),
        ("May we send it to the US or into India?", {}),  # where data goes
        ("Is sending it to the US as a backup allowed?", {}),
        ("Data sent to India is read there. Does that count?", {}),
        ("Must we write to Illinois residents?", {"Illinois": 1.0, "United States": 0.5}),
        ("A court outside the EU wants our data.", {"European Union": 1.0}),
        ("What about Texas's law?", {"Texas": 1.0, "United States": 0.5}),
        ("Californication, Parisian, Romesh", {}),
    ],
)
def test_where_a_question_plays(question: str, found: dict[str, float]) -> None:
    assert question_territories(question) == found


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("CONTACT US", set()),
        ("UK GDPR", {"United Kingdom"}),
        ("TEXAS DATA ACT", {"Texas"}),
        ("US federal rules", {"United States"}),
    ],
)
def test_what_a_document_is_named_for(searcher: Searcher, title: str, found: set[str]) -> None:
    document = replace(searcher.library.documents[0], title=title, short=title, aliases=())
    assert document_territories(document) == found


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("Illinois", "Virginia"):
        (corpus / f"{name.lower()}.md").write_text(STATE.format(name=name))
    (corpus / "eu.md").write_text(WIDE)
    (corpus / "apples.md").write_text("# Apple Policy\n\n1.1 Apples are scanned with written consent.\n")
    build(tmp_path / "library", corpus)
    library = Library(tmp_path / "library")
    yield Searcher(library, FakeEmbedder())
    library.close()


def first(searcher: Searcher, question: str) -> str:
    return searcher.library.documents[searcher.search(question).hits[0].passage.document].slug


def test_the_law_of_the_place_comes_first(searcher: Searcher) -> None:
    asked = "May we scan apples in {} without written consent?"
    assert first(searcher, asked.format("Chicago")) == "illinois"
    assert first(searcher, asked.format("Virginia Beach")) == "virginia"


def test_a_place_makes_no_answer_likelier(searcher: Searcher) -> None:
    def raw(question: str) -> dict[int, float]:
        return {hit.passage.id: hit.raw for hit in searcher.search(question, 50).hits}

    with_place = raw("May we scan apples in Chicago?")
    searcher._territories = Territories(searcher.library)
    searcher._territories._of = {}
    without = raw("May we scan apples in Chicago?")
    assert with_place == pytest.approx({number: without[number] for number in with_place})


def test_what_most_of_the_library_is_tells_little(searcher: Searcher) -> None:
    numbers = {info.slug: info.number for info in searcher.library.documents}
    asked = Territories(searcher.library).asked("May we scan apples in our Illinois and EU shops?")
    assert set(asked) == {numbers["illinois"], numbers["eu"]}
    assert asked[numbers["illinois"]] > 1.5 * asked[numbers["eu"]]
    assert Territories(searcher.library).asked("May we scan apples in Ohio?") == {}


def test_the_law_of_another_state_is_left_out_unless_it_is_named(searcher: Searcher) -> None:
    def documents(question: str) -> set[str]:
        hits = searcher.search(question, 50).hits
        return {searcher.library.documents[hit.passage.document].slug for hit in hits}

    assert documents("May we scan apples in Chicago?") == {"illinois", "eu", "apples"}
    assert documents("May we scan apples in Texas?") == {"eu", "apples"}
    assert documents("May we scan apples?") == {"illinois", "virginia", "eu", "apples"}
    assert documents("May we scan apples in Chicago under the Virginia Fruit Scan Act?") >= {"illinois", "virginia"}


def test_no_reference_brings_the_law_of_another_state_back(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(question: str) -> list[str]:
        return [searcher.library.documents[hit.passage.document].slug for hit in searcher.search(question, 50).hits]

    virginia = next(info.number for info in searcher.library.documents if info.slug == "virginia")
    (target, _), *_ = searcher.library.passages_of(virginia)
    monkeypatch.setattr(searcher, "_referred", lambda passage: iter([(target, -10.0)]))
    assert "virginia" in found("How are pears scanned?")
    assert "virginia" not in found("How are pears scanned in Chicago?")


@pytest.mark.parametrize(
    ("question", "lacking"),
    [
        ("May we scan apples in Texas or in Chicago?", ("Texas",)),
        ("May we scan apples of European customers?", ()),
        ("May we scan apples in Spain and Japan?", ("Spain", "Japan")),
        ("May we send apples to Japan?", ()),
        ("Does the Apple Policy hold in Texas?", ()),
    ],
)
def test_whose_law_is_lacking_is_told(searcher: Searcher, question: str, lacking: tuple[str, ...]) -> None:
    result = searcher.search(question)
    assert result.lacking == lacking
    assert all(name in result.caveats for name in lacking)
    assert bool(result.caveats) == bool(lacking)


def test_of_the_documents_searched(searcher: Searcher) -> None:
    question = "May we scan apples in Chicago?"
    assert searcher.search(question).lacking == ()
    assert searcher.search(question, documents=frozenset({"eu", "apples"})).lacking == ("Illinois",)


def test_what_holds_in_a_place_need_not_name_it(searcher: Searcher) -> None:
    numbers = {info.slug: info.number for info in searcher.library.documents}
    places = searcher.search("Who scans apples in Chicago, in Virginia Beach and in our Ohio shop?").places
    assert places == {
        "Chicago": {numbers["illinois"]},
        "Virginia Beach": {numbers["virginia"]},
        "Ohio": set(),
    }
    assert searcher.places("Who scans apples?") == {}
