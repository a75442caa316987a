"""Named provisions: every form that lawyers and staff write, looked up and never guessed."""

from pathlib import Path

import pytest

from pincite.library import Library
from pincite.search.lookup import find_named, resolve
from tests.conftest import build, write_corpus
from tests.ingest.eu_acts import FORMEX
from tests.ingest.test_clml import ACT

LAW = """# Regulation (EU) 2016/679 on data

Whereas:

(1) Data matter.

(2) People matter more.

CHAPTER I

General

Article 6

Lawfulness

1. Processing shall be lawful only if:

(a) there is consent;

(b) there is a contract.

2. States may say more.

Article 17

Erasure

1. The controller shall erase.

3. Paragraph 1 shall not apply.

Article 18

Restriction

1. The controller shall restrict.
"""

CODE = """# 45 CFR 164 Breach rules

§ 164.404 Notification to individuals.

(a) Standard. Individuals are told.

(b) Timeliness. Within 60 calendar days.

§ 164.408 Notification to the Secretary.

(b) Breaches of 500 or more. At once.

§ 164.410 Notification by a business associate.

(a) Standard. The associate tells the entity.
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    corpus: Path = write_corpus(tmp_path_factory.mktemp("lookup") / "corpus")
    (corpus / "gdpr.md").write_text(LAW, encoding="utf-8")
    (corpus / "hipaa.md").write_text(CODE, encoding="utf-8")
    (corpus / "act.xml").write_text(ACT, encoding="utf-8")
    build(corpus.parent / "library", corpus)
    return Library(corpus.parent / "library")


@pytest.mark.parametrize(
    ("question", "labels"),
    [
        ("What does Art. 17(3) say?", ["Art. 17(3)"]),
        ("article 17 (3)", ["Art. 17(3)"]),
        ("Article 33, paragraph 1", ["Art. 33(1)"]),
        ("Article 33 para. 1, point (a)", ["Art. 33(1)(a)"]),
        ("paragraph 2 of Article 6", ["Art. 6(2)"]),
        ("point (h) of Article 6(1)", ["Art. 6(1)(h)"]),
        ("Article 6(1), point f", ["Art. 6(1)(f)"]),
        ("Recital 85", ["Recital 85"]),
        ("recital (85)", ["Recital 85"]),
        ("Annex iii", ["Annex III"]),
        ("Annex III(5)(a)", ["Annex III(5)(a)"]),
        ("annex III, point (5)(a)", ["Annex III(5)(a)"]),
        ("Annex I, Section B(13)", ["Annex I SECTION B(13)"]),
        ("Annex I is part of the Act", ["Annex I"]),
        ("§ 164.408(b)", ["§ 164.408(b)"]),
        ("§164.408.", ["§ 164.408"]),
        ("section 164.408(b)", ["164.408(b)"]),
        ("policy 4.2", ["4.2"]),
        ("section 6 of the Ladder Policy", ["6"]),
        ("Compare Art. 6 with Recital 2 and § 5", ["Art. 6", "Recital 2", "§ 5"]),
        ("An article about 17 apples in 3 parts", []),
        ("section 12A(3)", ["12A(3)"]),
        ("s. 12(3)(a)", ["s. 12(3)(a)"]),
        ("regulation 4(1), reg. 5", ["reg. 4(1)", "reg. 5"]),
        ("Regulation (EU) 2016/679, regulation 2016/679", []),
        ("Sch. 2 para. 3(1)", ["Sch. 2 para. 3(1)"]),
        ("paragraph 3(1)(a) of Schedule 2", ["Sch. 2 para. 3(1)(a)"]),
        ("Schedule 2, paragraph 3", ["Sch. 2 para. 3"]),
        ("Schedule 2 to the Act", ["Sch. 2"]),
        ("on a schedule 2 weeks long", []),
    ],
)
def test_forms(question: str, labels: list[str]) -> None:
    assert [named.label for named in find_named(question)] == labels


@pytest.mark.parametrize(
    ("question", "document", "label"),
    [
        ("What does Art. 17(3) say?", "gdpr", "Art. 17(3)"),
        ("point (b) of Article 6(1) GDPR", "gdpr", "Art. 6(1)(b)"),
        ("Article 6, paragraph 2", "gdpr", "Art. 6(2)"),
        ("Recital 2 of the GDPR", "gdpr", "Recital 2"),
        ("§ 164.408(b)", "hipaa", "§ 164.408(b)"),
        ("section 164.408(b) of HIPAA", "hipaa", "§ 164.408(b)"),
        ("section 2.2(b) of the Ladder Policy", "ladder", "2.2(b)"),
        ("the Ladder Policy's 2.1? policy 2.1", "ladder", "2.1"),
        ("ORCH-01, section 3", "ladder", "3"),
        ("section 1(1)(a) of the Orchards Act 2031", "act", "s. 1(1)(a)"),
        ("section 2A of the Orchards Act 2031", "act", "s. 2A"),
        ("paragraph 3(1) of Schedule 2 to the Orchards Act 2031", "act", "Sch. 2 para. 3(1)"),
    ],
)
def test_provisions_that_exist(library: Library, question: str, document: str, label: str) -> None:
    lookup = resolve(question, library)
    assert [(library.documents[place.document].slug, place.label) for place in lookup.found] == [(document, label)]
    assert lookup.missing == ()
    place = lookup.found[0]
    node = library.document(document).deepest_at(place.span)
    assert node.label == label


def test_a_source_without_paragraph_numbers_gives_the_article(library: Library) -> None:
    lookup = resolve("Art. 3(1) of Regulation (EU) 2031/7", library)
    assert [(library.documents[p.document].slug, p.label) for p in lookup.found] == [("orchard", "Art. 3")]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("Art. 99 GDPR", "GDPR has no Art. 99; its articles run from Art. 6 to Art. 18."),
        ("Recital 400 of the GDPR", "GDPR has no Recital 400; its recitals run from Recital 1 to Recital 2."),
        ("Art. 6(9) GDPR", "GDPR has Art. 6, but no Art. 6(9)."),
        ("§ 164.999 HIPAA", "HIPAA has no § 164.999; its articles run from § 164.404 to § 164.410."),
        ("section 9 of the Ladder Policy", "Ladder Policy has no 9; its sections run from 1 to 3."),
        ("Annex I of the GDPR", "GDPR has no Annex I."),
        ("Art. 99", "There is no Art. 99 in the corpus."),
    ],
)
def test_what_does_not_exist_is_said_with_what_does(library: Library, question: str, message: str) -> None:
    lookup = resolve(question, library)
    assert lookup.found == ()
    assert [text for _, text in lookup.missing] == [message]


def test_a_document_that_is_not_there(library: Library) -> None:
    lookup = resolve("What does section 2 of the Holiday Policy say?", library)
    assert lookup.unknown_document == "Holiday Policy"
    assert [text for _, text in lookup.missing] == ["The corpus holds no document called Holiday Policy."]
    assert lookup.found == ()


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What does the GDPR say about erasure?", ["gdpr"]),
        ("the General Data Protection Regulation", ["gdpr"]),
        ("under 2016/679", ["gdpr"]),
        ("tractor policy", ["tractor"]),
        ("Compare GDPR and the Ladder Policy", ["gdpr", "ladder"]),
        ("Is there a regulation on apples?", []),
        ("gdprs and ladders", []),
        ("May one stand on a ladder?", []),  # the file's name is no name of the document
    ],
)
def test_named_documents(library: Library, question: str, named: list[str]) -> None:
    lookup = resolve(question, library)
    assert [document.slug for document in lookup.documents if lookup.named] == named
    assert lookup.named == bool(named)
    assert len(lookup.documents) == (len(named) or len(library.documents))


def test_points_of_annexes(tmp_path: Path) -> None:
    (tmp_path / "orchard.xml").write_text(FORMEX, encoding="utf-8")
    build(tmp_path / "library", tmp_path / "orchard.xml")
    library = Library(tmp_path / "library")
    for question in ("Annex I section a(1)(a)", "Annex I(1)(a)"):  # the annex counts anew in each of its sections
        (place,) = resolve(question, library).found
        assert place.span.of(library.document("orchard").text) == "(a) red ones;"
    assert not resolve("Annex I(9)", library).found
    library.close()
