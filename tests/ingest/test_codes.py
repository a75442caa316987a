"""Codes of an invented state: sections, nested paragraphs, definitions, tables of contents."""

import pytest

from pincite.domain.documents import Document, DocumentKind
from pincite.ingest.codes import state_code
from pincite.ingest.parse import parse
from pincite.ingest.readers import read_bytes
from pincite.ingest.sources import Source
from tests.ingest.helpers import Path

RULE = """# Title 71 — Orchards

**§ 912.1** [Scope.](#p1)

**§ 912.2** [Definitions.](#p2)

**§ 912.3** [Duties of keepers.](#p3)

# PART 912—CARE OF TREES

**Authority:** 7 U.S.C. 1.

## Subpart A—General

## § 912.1 Scope.

This part applies to keepers of trees.

## § 912.2 Definitions.

As used in this part, the following terms have these meanings:

*Blight* means a disease that:

- (1) Kills wood; or
- (2) Spots leaves.

*Keeper:* (1) A person who owns a tree.
(2) A person who:
(i) Rents one; or
(ii) Prunes one.

### § 912.3 Duties of keepers.

(a) *Standard—*(1) *General rule.* The keeper must burn blighted wood, as paragraph
(b) of this section says.
(2) *Exception.* Wood that is dry may be kept.
(b) *Time.* The keeper must act:
(1)(i) In summer, within two days; or
(ii) In winter, within ten days;
(2) In spring, at once.

That time is not extended by feast days.

(c)-(e) [Reserved]
(f) The keeper must record:

---

(1) The tree;
(2) the day and the

---

hour of the fire; and
(3) The witness.
[91 FR 7, Jan. 2, 2026]

## Appendix A to Part 912—Model Record

I. Tree. II. Fire.
"""


def document(text: str, name: str, tmp_path: Path) -> Document:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return parse(Source(path, path.stem, None, {}, (), {})).document


def words(document: Document) -> dict[str, str]:
    return {n.label: document.text[n.body_start : n.end].strip() for n in document.provisions if n.label}


def test_a_federal_rule(tmp_path: Path) -> None:
    rule = document(RULE, "rule.md", tmp_path)
    found = words(rule)
    assert [label for label in found if label.startswith("§ 912.3")] == [
        "§ 912.3", "§ 912.3(a)", "§ 912.3(a)(1)", "§ 912.3(a)(2)", "§ 912.3(b)", "§ 912.3(b)(1)", "§ 912.3(b)(1)(i)",
        "§ 912.3(b)(1)(ii)", "§ 912.3(b)(2)", "§ 912.3(c)–(e)", "§ 912.3(f)", "§ 912.3(f)(1)", "§ 912.3(f)(2)",
        "§ 912.3(f)(3)",
    ]  # fmt: skip
    assert found["§ 912.3(f)(2)"] == "the day and the hour of the fire; and"
    assert found["§ 912.3(f)(3)"] == "The witness."
    assert found["§ 912.3(b)(2)"] == "In spring, at once."
    assert found["§ 912.3(b)"].endswith("That time is not extended by feast days.")
    assert "(b) of this section says" in found["§ 912.3(a)(1)"]
    assert found["§ 912.2 “Keeper”(2)(ii)"] == "Prunes one."
    assert found["§ 912.2 “Blight”(1)"] == "Kills wood; or"
    assert "Appendix A to Part 912" in found
    assert (rule.kind, rule.short) == (DocumentKind.LAW, "71 CFR")
    assert "71 CFR Part 912" in rule.aliases
    heading = next(n for n in rule.provisions if n.label == "§ 912.3(a)(1)")
    assert rule.path(heading) == (
        "Title 71 Orchards", "Part 912 CARE OF TREES", "Subpart A General", "§ 912.3 Duties of keepers",
        "§ 912.3(a) Standard", "§ 912.3(a)(1) General rule",
    )  # fmt: skip


def test_the_table_of_contents_makes_no_second_section(tmp_path: Path) -> None:
    rule = document(RULE, "rule.md", tmp_path)
    assert [n.label for n in rule.provisions if n.kind.value == "article"] == ["§ 912.1", "§ 912.2", "§ 912.3"]


STATUTE = """# Title 7— FARMS
### CHAPTER 3— TREES
#### § 88. Fees for trees
##### (a) Collection

(1) In general

(A) Tax on trees

The collector shall levy

(i) a fee on pears; and

(ii) a fee on apples,

unless the tree is dead.

##### (a) Collection
######## (B) Tax on shrubs

The same applies.

(2) Waiver

The collector may waive it.

##### (b) Report

Each year.
"""


def test_a_section_of_the_us_code(tmp_path: Path) -> None:
    statute = document(STATUTE, "usc.md", tmp_path)
    found = words(statute)
    assert [label for label in found if label.startswith("§")] == [
        "§ 88", "§ 88(a)", "§ 88(a)(1)", "§ 88(a)(1)(A)", "§ 88(a)(1)(A)(i)", "§ 88(a)(1)(A)(ii)", "§ 88(a)(1)(B)",
        "§ 88(a)(2)", "§ 88(b)",
    ]  # fmt: skip
    assert found["§ 88(a)(1)(A)"].endswith("(ii) a fee on apples,\nunless the tree is dead.")
    assert [n.heading for n in statute.provisions if n.label == "§ 88(a)(2)"] == ["Waiver"]
    assert (statute.title, statute.short, statute.kind) == (
        "7 U.S.C. § 88. Fees for trees",
        "7 U.S.C.",
        DocumentKind.LAW,
    )
    assert "7 USC 88" in statute.aliases


PAGE = """<!doctype html><html><head><title>Laws</title></head><body><nav>Home News</nav><div id="page">
<ul><li>Menu</li></ul><article><h2>Chapter 9. Bees.</h2>
<b>§ 30.2-7. Hives.</b><section><p>A. 1. A hive shall stand in shade.</p><p>2. It shall:</p><p>a. Face south; and</p>
<p>b. Be dry.</p><p>B. Hives are counted each May.</p><p>2031, c. <a href="#">4</a>.</p></section>
<b>§ 30.2-8. Honey.</b><section><p>Honey is free.</p></section></article></div>
<footer>Copyright</footer></body></html>"""


def test_a_state_code_in_html(tmp_path: Path) -> None:
    found = words(document(PAGE, "page.html", tmp_path))
    assert [label for label in found if label.startswith("§")] == [
        "§ 30.2-7", "§ 30.2-7(A)", "§ 30.2-7(A)(1)", "§ 30.2-7(A)(2)", "§ 30.2-7(A)(2)(a)", "§ 30.2-7(A)(2)(b)",
        "§ 30.2-7(B)", "§ 30.2-8",
    ]  # fmt: skip
    assert found["§ 30.2-7(B)"] == "Hives are counted each May."
    assert found["§ 30.2-8"] == "Honey is free."
    raw = read_bytes(PAGE.encode(), "page.html")
    assert raw.left_out == {"navigation": len("HomeNewsMenuCopyright")}


COMPILED = """# 11 ILCS 5/ - Hedge Act

(11 ILCS 5/1)

Sec. 1. Short title. This Act may be cited as the Hedge Act.

(11 ILCS 5/2)

Sec. 2. Hedges.

(a) A hedge shall be cut. As subsection
(b) of Section 1 says.

  * (1) in May; and
  * (2) in July.

(Source: P.A. 9-9, eff. 1-1-31.)
"""


def test_compiled_statutes_with_a_citation_before_each_section(tmp_path: Path) -> None:
    act = document(COMPILED, "act.md", tmp_path)
    found = words(act)
    assert [label for label in found if label.startswith("§")] == ["§ 1", "§ 2", "§ 2(a)", "§ 2(a)(1)", "§ 2(a)(2)"]
    assert found["§ 1"].endswith("This Act may be cited as the Hedge Act.")
    assert found["§ 2(a)(2)"] == "in July."
    assert [n.heading for n in act.provisions if n.label in ("§ 1", "§ 2")] == ["Short title", "Hedges"]
    assert act.short == "11 ILCS 5"


@pytest.mark.parametrize(
    "text",
    ["# Policy\n\n## 4. Access\n\n4.1 Ask.\n\n## 5. Leave\n\n§ 5.1 Limits. Go.\n", "§ 5 Pflichten\n\n(1) Eins."],
)
def test_what_is_no_american_code_stays_as_it_is(text: str, tmp_path: Path) -> None:
    assert "Part" not in " ".join(words(document(text, "other.md", tmp_path)))
    assert not state_code(read_bytes(text.encode(), "other.md")).stated


ORCHARDS = """# Title 71 Orchards
## Part 913 PICKING

## § 913.1 Ladders.

(a) *Standard for ladders* —

(1) *Wooden ladder* means one of ash.
(2) *Height of a ladder.* A ladder ends below the crown (see § 913.2)
(3) The foot stands on grass.

(b) *Use.* A keeper climbs with:

(1) one hand on the

Ladder of the orchard; and

(2) a basket: (i) Of reed; or(ii) Of willow.

## § 913.2 Crowns.

A crown is the top.
"""


def test_headings_are_what_is_in_italics_and_divided_sentences_stay_together(tmp_path: Path) -> None:
    rule = document(ORCHARDS, "ladders.md", tmp_path)
    headings = {n.label: n.heading for n in rule.provisions if n.label.startswith("§ 913.1(")}
    assert headings == {
        "§ 913.1(a)": "Standard for ladders", "§ 913.1(a)(1)": "", "§ 913.1(a)(2)": "Height of a ladder",
        "§ 913.1(a)(3)": "", "§ 913.1(b)": "Use", "§ 913.1(b)(1)": "", "§ 913.1(b)(2)": "", "§ 913.1(b)(2)(i)": "",
        "§ 913.1(b)(2)(ii)": "",
    }  # fmt: skip
    assert words(rule)["§ 913.1(b)(1)"] == "one hand on the\nLadder of the orchard; and"
