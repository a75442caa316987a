"""Laws that a question names and the library does not hold."""

from pathlib import Path

import pytest

from pincite.library import Library
from pincite.search import Searcher
from pincite.search.acts import absent_laws, laws_in, speaks_of
from pincite.search.lookup import resolve
from tests.conftest import build, write_corpus
from tests.fakes import FakeEmbedder

LAW = """# Regulation (EU) 2016/679 on data

CHAPTER I

General

Article 5

Principles

1. Data shall be accurate.

Article 6

Other acts

1. This Regulation adds no duty to those of Directive 2002/58/EC on the same matter.

Article 7

Cookies

1. A statement of the WXYZ on cookies and tracking is no consent under the GDPR.
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    corpus: Path = write_corpus(tmp_path_factory.mktemp("acts") / "corpus")
    (corpus / "gdpr.md").write_text(LAW, encoding="utf-8")
    build(corpus.parent / "library", corpus)
    return Library(corpus.parent / "library")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("What does Art. 5 LGPD say?", ["LGPD"]),
        ("What does article 6(1)(a) of the DMA say?", ["DMA"]),
        ("How soon under the KVKK?", ["KVKK"]),
        ("Does it comply with FADP, and is that compliance with KVKK?", ["FADP", "KVKK"]),
        ("Under section 7 DPO and HR decide under MFA.", []),
        ("Under US law an EU firm may.", []),
        ("Under Ladders, section 5 is read.", []),
        ("Must NATO be told?", []),
    ],
)
def test_laws_are_told_by_name_or_place(text: str, names: list[str]) -> None:
    assert list(laws_in(text)) == names


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("Does the GDPR apply, or the General Data Protection Regulation?", {}),
        ("What does the ePrivacy Directive say?", {"ePrivacy Directive": "Directive 2002/58/EC"}),
        ("How soon under PIPEDA?", {"PIPEDA": "Personal Information Protection and Electronic Documents Act"}),
        ("How soon under the KVKK?", {"KVKK": ""}),
        ("Is that consent under the WXYZ?", {}),
    ],
)
def test_what_no_document_goes_by_is_absent(library: Library, question: str, absent: dict[str, str]) -> None:
    assert absent_laws(question, library) == absent


@pytest.mark.parametrize(
    ("question", "found", "missing"),
    [
        ("What does Art. 5 of the LGPD say?", [], ["The corpus holds no document called LGPD."]),
        ("What does Article 5 DMA say?", [], ["The corpus holds no document called DMA."]),
        ("Is Art. 5 of the ePrivacy Directive stricter than Art. 5 GDPR?",
         ["Art. 5"], ["The corpus holds no document called ePrivacy Directive."]),
        ("Does Art. 5 GDPR bind under the LGPD?", ["Art. 5"], []),
        ("What does Article 5 say?", ["Art. 5"], []),
    ],
)  # fmt: skip
def test_an_article_of_another_law_is_not_looked_up_in_this_one(
    library: Library, question: str, found: list[str], missing: list[str]
) -> None:
    lookup = resolve(question, library)
    assert [place.label for place in lookup.found] == found
    assert [message for _, message in lookup.missing] == missing


def test_a_law_that_is_absent_is_searched_by_its_number(library: Library) -> None:
    searcher = Searcher(library, FakeEmbedder())
    result = searcher.search("How do cookies fare with the ePrivacy Directive?")
    assert {"2002", "58"} <= set(result.words)
    assert "eprivacy" not in result.words
    assert result.caveats == "Not in the corpus: ePrivacy Directive (Directive 2002/58/EC)."
    assert searcher.search("How do cookies fare with the GDPR?").caveats == ""
    assert searcher.search("What does Art. 5 DMA say?").caveats == ""  # that it is not there is why it is refused


def test_a_law_is_spoken_of_by_any_of_its_names() -> None:
    law = laws_in("PSD2")["PSD2"]
    assert speaks_of("as in Directive (EU) 2015/2366, point 3", "PSD2", law)
    assert speaks_of("the Payment Services Directive", "PSD2", law)
    assert not speaks_of("the PSD21 and services", "PSD2", law)
    assert speaks_of("of the KVKK.", "KVKK", None)
    assert not speaks_of("of the PKVKK.", "KVKK", None)


def test_a_text_without_numbers_so_fine_says_so(tiny_library: Library) -> None:
    lookup = resolve("What does Art. 3(1) of Regulation (EU) 2031/7 say?", tiny_library)
    assert [place.label for place in lookup.found] == ["Art. 3"]
    assert lookup.coarse == (
        "The text of Regulation (EU) 2031/7 in the corpus numbers no paragraphs of Art. 3: Art. 3(1) is a part of it.",
    )
    assert resolve("What does Art. 3 of Regulation (EU) 2031/7 say?", tiny_library).coarse == ()
