"""Cross-references: what words cite, and where that is once all documents are known."""

from dataclasses import astuple
from json import dumps, loads
from pathlib import Path

import pytest

from pincite.domain.references import ReferenceState, mention_of
from pincite.ingest.citations import find_chains
from pincite.ingest.parse import Parsed
from pincite.ingest.resolve import resolve_references
from tests.ingest.helpers import parse_file

ORCHARDS = """# Regulation (EU) 2031/7 on orchards

Whereas:

(1) Trees are old. Article 3 follows from Directive 2030/41/EU (1).

CHAPTER I

General provisions

Article 1

Scope

1. The data referred to in Articles 2(1) and 3 shall be kept under point (b) of Article 3(2).

2. This does not touch Article 13 of Regulation (EU) 2031/9 or Article 3 of this Act, nor Article 4 of that Regulation.

3. Paragraphs 1 and 2 apply to Articles 1 to 4, to Chapter I, to recital 1 and to Article 88.

Article 2

Definitions

1. For the purposes of this Regulation:

(a) ‘orchard’ means land with trees;

(b) ‘keeper of bees’ shall mean a person, see point (a) and paragraph 2.

2. Article 5 and Article 6(1), point (c), of Regulation (EU) 2031/9, and Article 7 thereof, and Article 290 TFEU.

Article 3

Rest

1. Nothing.

2. Keepers shall:

(a) rest;

(b) sleep as paragraph 1 says.

Article 4

Amendments to Regulation (EU) 2031/9

Regulation (EU) 2031/9 is amended as follows:

(1) Article 5 is deleted;
"""

BEES = """# Regulation (EU) 2031/9 on bees

Article 4

Hives

1. A hive stands still.

Article 5

Queens

1. One queen.

Article 6

Drones

1. Drones are:

(a) fed;

(b) kept;

(c) counted.

Article 13

Honey

1. Honey keeps.
"""

LADDERS = """---
title: Ladder Policy
id: ORCH-LAD-1
---

# Ladder Policy

## 3. Use

3.1 See section 4.2(a) and section 6 of the Retention and Deletion Policy. Clause 3.2 says more, and section 9 nothing.

3.2 Under the Retention Schedule Policy, rows R1 to R3 of the Retention and Deletion Policy and ORCH-RET-2 apply.

## 4. Care

4.1 Care is taken under Art. 13 of Regulation (EU) 2031/9 and section 7 of the Parrot Policy.

4.2 The following are cared for:

(a) rungs;

(b) rails, in retention and in general.
"""

RETENTION = """---
title: Retention and Deletion Policy
id: ORCH-RET-2
---

# Retention and Deletion Policy

## 6. Periods

6.1 Periods are short, as the Ladder Policy, section 3.1, says.

| Row | Period |
|---|---|
| R1 Ladders | 1 year |
| R2 Rungs | 2 years |
| R3 Rails | 3 years |
"""

CODE = """# 45 CFR Part 904 - Tree Rules

## § 904.404 Notice to keepers.

(a) Standard. A keeper shall, following § 904.408, notify under paragraph (b)(1)(ii) of this section.

(b)(1) Timing. Without delay:

(i) at once;

(ii) in any case within 45 CFR 904.408(a) and 29 CFR 7.1, and paragraphs (a) and (b)(1)(i) through (ii) of this section.

## § 904.406 Second notice.

(a) See §§ 904.404 through 904.408 and section 12 of the Tree Act.

## § 904.408 Third notice.

(a) See § 905.3.
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Parsed, list[tuple[str, ...]]]]:
    """Return the documents by slug, each with its edges: (words, document, label, state)."""
    directory = tmp_path_factory.mktemp("library")
    parsed = []
    for name, text in (
        ("orchards", ORCHARDS), ("bees", BEES), ("ladders", LADDERS), ("deletion", RETENTION), ("code", CODE)
    ):  # fmt: skip
        (directory / f"{name}.md").write_text(text, encoding="utf-8")
        parsed.append(parse_file(directory / f"{name}.md"))
    found = resolve_references([one.document for one in parsed], [one.mentions for one in parsed])
    return {
        one.document.slug: (
            one,
            [(r.span.of(one.document.text), r.document, r.label, r.state.value) for r in references],
        )
        for one, references in zip(parsed, found, strict=True)
    }


def edges(library, slug: str, words: str) -> list[tuple[str, str, str]]:
    found = [edge[1:] for edge in library[slug][1] if edge[0] == words]
    assert found, f"no edge for {words!r} among {sorted({edge[0] for edge in library[slug][1]})}"
    return found


def own(*labels: str, slug: str = "orchards") -> list[tuple[str, str, str]]:
    return [(slug, label, "resolved") for label in labels]


def test_lists_ranges_and_points(library) -> None:
    assert edges(library, "orchards", "Articles 2(1) and 3") == own("Art. 2(1)", "Art. 3")
    assert edges(library, "orchards", "point (b) of Article 3(2)") == own("Art. 3(2)(b)")
    assert edges(library, "orchards", "Articles 1 to 4") == own("Art. 1", "Art. 2", "Art. 3", "Art. 4")
    assert edges(library, "orchards", "Chapter I") == own("Chapter I")
    assert edges(library, "orchards", "recital 1") == own("Recital 1")


def test_relative_references_are_of_the_place_they_stand_in(library) -> None:
    assert edges(library, "orchards", "Paragraphs 1 and 2") == own("Art. 1(1)", "Art. 1(2)")
    assert edges(library, "orchards", "point (a)") == own("Art. 2(1)(a)")
    assert edges(library, "orchards", "paragraph 2") == own("Art. 2(2)")
    assert edges(library, "orchards", "paragraph 1") == own("Art. 3(1)")


def test_other_acts_by_number(library) -> None:
    assert edges(library, "orchards", "Article 13 of Regulation (EU) 2031/9") == own("Art. 13", slug="bees")
    assert edges(library, "orchards", "Article 4 of that Regulation") == own("Art. 4", slug="bees")
    # the act at the end of a list is that of its first article too
    both = "Article 5 and Article 6(1), point (c), of Regulation (EU) 2031/9"
    assert edges(library, "orchards", both) == own("Art. 5", slug="bees")
    assert edges(library, "orchards", both.partition("and ")[2]) == own("Art. 6(1)(c)", slug="bees")
    assert edges(library, "orchards", "Article 7 thereof") == [("bees", "Art. 7", "unresolved")]
    assert edges(library, "orchards", "Article 290 TFEU") == [("TFEU", "Art. 290", "external")]
    assert edges(library, "orchards", "Directive 2030/41/EU") == [("Directive 2030/41/EU", "", "external")]


def test_an_article_that_amends_cites_the_amended_act(library) -> None:
    text = library["orchards"][0].document.text
    found = resolve_references(
        [library[slug][0].document for slug in library], [library[slug][0].mentions for slug in library]
    )[0]
    amended = [r for r in found if r.span.start > text.index("is amended as follows")]
    assert [(r.span.of(text), r.document, r.label) for r in amended] == [("Article 5", "bees", "Art. 5")]


def test_what_does_not_exist_is_kept_as_unresolved(library) -> None:
    assert edges(library, "orchards", "Article 88") == [("orchards", "Art. 88", "unresolved")]
    assert edges(library, "ladders", "section 9") == [("ladders", "9", "unresolved")]


def test_policies_by_title_section_row_and_number(library) -> None:
    assert edges(library, "ladders", "section 4.2(a)") == own("4.2(a)", slug="ladders")
    assert edges(library, "ladders", "section 6 of the Retention and Deletion Policy") == own("6", slug="deletion")
    rows = edges(library, "ladders", "rows R1 to R3 of the Retention and Deletion Policy")
    assert rows == own("R1", "R2", "R3", slug="deletion")
    assert edges(library, "ladders", "ORCH-RET-2") == own("", slug="deletion")
    assert edges(library, "ladders", "Clause 3.2") == own("3.2", slug="ladders")
    assert edges(library, "ladders", "Art. 13 of Regulation (EU) 2031/9") == own("Art. 13", slug="bees")
    assert edges(library, "ladders", "section 7 of the Parrot Policy") == [("Parrot Policy", "Section 7", "external")]
    assert edges(library, "deletion", "Ladder Policy, section 3.1") == own("3.1", slug="ladders")


def test_everyday_words_name_no_document(library) -> None:
    text = library["ladders"][0].document.text
    spans = [m.span for m in library["ladders"][0].mentions]
    assert not any(text.index("in retention and in general") <= span.start for span in spans)


def test_sections_of_a_code(library) -> None:
    assert edges(library, "code", "§ 904.408") == own("§ 904.408", slug="code")
    assert edges(library, "code", "paragraph (b)(1)(ii) of this section") == own("§ 904.404(b)(1)(ii)", slug="code")
    assert edges(library, "code", "45 CFR 904.408(a)") == own("§ 904.408(a)", slug="code")
    assert edges(library, "code", "29 CFR 7.1") == [("29 CFR", "§ 7.1", "external")]
    assert edges(library, "code", "paragraphs (a) and (b)(1)(i) through (ii) of this section") == own(
        "§ 904.404(a)", "§ 904.404(b)(1)(i)", "§ 904.404(b)(1)(ii)", slug="code"
    )
    through = edges(library, "code", "§§ 904.404 through 904.408")
    assert through == own("§ 904.404", "§ 904.406", "§ 904.408", slug="code")
    assert edges(library, "code", "section 12 of the Tree Act")[0][2] == "external"
    assert edges(library, "code", "§ 905.3")[0][2] == "external"


def test_headings_do_not_refer_to_themselves(library) -> None:
    for slug in library:
        parsed = library[slug][0]
        starts = {node.start for node in parsed.document.provisions if node.body_start > node.start}
        assert not any(mention.span.start in starts and mention.named is None for mention in parsed.mentions)


def test_mentions_survive_json(library) -> None:
    for slug in library:
        mentions = library[slug][0].mentions
        assert tuple(mention_of(values) for values in loads(dumps([astuple(m) for m in mentions]))) == mentions


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        ("Article 5(1)(a) and (b)", {5: [("5", "1", "a"), ("5", "1", "b")]}),
        ("Articles 13(1), (2) and 14", {5: [("13", "1"), ("13", "2"), ("14",)]}),
        ("Article 4, point (16)", {5: [("4",)], 9: [("16",)]}),
        ("points 1, 2 and 3 of Annex VII", {1: [("VII",)], 9: [("1",), ("2",), ("3",)]}),
        ("subparagraph (A) of paragraph (2) of subdivision (a) of Section 1798.105",
         {5: [("1798.105",)], 6: [("a",)], 7: [("2",)], 8: [("A",)]}),
        ("Article 6 of which 3 years", {5: [("6",)]}),
        ("within 5 years, see Article 6, 3 months later", {5: [("6",)]}),
        ("the article is on page 5", {}),
    ],
)  # fmt: skip
def test_citations_as_written(words: str, levels: dict[int, list[tuple[str, ...]]]) -> None:
    chains = find_chains(words)
    found = {level: [first for first, _ in items] for chain in chains for level, (_, items) in chain.levels.items()}
    assert found == levels


def test_states_are_what_they_say(library) -> None:
    documents = [library[slug][0].document for slug in library]
    found = resolve_references(documents, [library[slug][0].mentions for slug in library])
    by_slug = {document.slug: document for document in documents}
    for references in found:
        for one in references:
            if one.state is ReferenceState.RESOLVED:
                target = by_slug[one.document].provisions[one.provision]
                assert one.label in ("", target.label) or not target.label
            else:
                assert one.provision == -1
                assert (one.document in by_slug) == (one.state is ReferenceState.UNRESOLVED)


def test_a_source_without_paragraphs_gives_its_article(tmp_path: Path) -> None:
    (tmp_path / "whole.md").write_text(
        "# Regulation (EU) 2031/11\n\nArticle 1\n\nOne\n\nSee Article 2(1)(b).\n\nArticle 2\n\nTwo\n\nAll in one.\n\n"
        "Article 3\n\nThree\n\nNo more.\n",
        encoding="utf-8",
    )
    parsed = parse_file(tmp_path / "whole.md")
    ((one,),) = resolve_references([parsed.document], [parsed.mentions])
    assert (one.label, one.state) == ("Art. 2(1)(b)", ReferenceState.RESOLVED)
    assert parsed.document.provisions[one.provision].label == "Art. 2"
