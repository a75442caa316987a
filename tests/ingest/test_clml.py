"""UK legislation: every provision where the file states it, and only the words in force."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pincite.domain.documents import Document, DocumentKind, ProvisionKind
from pincite.domain.references import POINT
from pincite.domain.references import Path as Path_
from pincite.domain.text import normalise
from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.places import Places
from tests.ingest.helpers import parse_file, read

K = ProvisionKind
NS = "http://www.legislation.gov.uk/namespaces/legislation"

HEAD = f"""<Legislation xmlns="{NS}" xmlns:ukm="http://www.legislation.gov.uk/namespaces/metadata"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dct="http://purl.org/dc/terms/"
 DocumentURI="http://www.legislation.gov.uk/ukpga/2031/4">
<ukm:Metadata><dc:title>Orchards Act 2031</dc:title><dct:valid>2033-05-01</dct:valid>
<ukm:PrimaryMetadata><ukm:DocumentClassification><ukm:DocumentMainType Value="UnitedKingdomPublicGeneralAct"/>
</ukm:DocumentClassification><ukm:Year Value="2031"/><ukm:Number Value="4"/></ukm:PrimaryMetadata>
<ukm:UnappliedEffects>
<ukm:UnappliedEffect AffectedProvisions="s. 1(2)"><ukm:InForceDates><ukm:InForce Applied="false" Date="2033-09-01"/>
</ukm:InForceDates></ukm:UnappliedEffect>
<ukm:UnappliedEffect AffectedProvisions="s. 9"><ukm:InForceDates><ukm:InForce Applied="false" Prospective="true"/>
</ukm:InForceDates></ukm:UnappliedEffect>
</ukm:UnappliedEffects></ukm:Metadata>
<Contents><ContentsTitle>Contents</ContentsTitle></Contents>"""

ACT = (
    HEAD
    + """<Primary><PrimaryPrelims><Title>Orchards Act 2031</Title><Number>2031 CHAPTER 4</Number>
<LongTitle>An Act to make provision about orchards.</LongTitle></PrimaryPrelims>
<Body>
<Part><Number>Part 1</Number><Title>Keepers</Title>
<Pblock><Title>Duties</Title>
<P1group><Title>Notice of blight</Title><P1 id="section-1"><Pnumber>1</Pnumber><P1para>
 <P2 id="section-1-1"><Pnumber>1</Pnumber><P2para><Text>A keeper must—</Text>
  <P3 id="section-1-1-a"><Pnumber>a</Pnumber><P3para><Text>mark the tree,</Text></P3para></P3>
  <P3 id="section-1-1-b"><Pnumber>b</Pnumber><P3para><P4><Pnumber>i</Pnumber><P4para><Text>burn it, or</Text></P4para>
  </P4><P4><Pnumber>ii</Pnumber><P4para><Text>bury it,</Text></P4para></P4></P3para></P3>
  <Text>within <Substitution ChangeId="c2" CommentaryRef="k1">48</Substitution><Repeal ChangeId="c1"
  SubstitutionRef="c2">72</Repeal> hours<Repeal ChangeId="c3"> and a day</Repeal>.</Text></P2para></P2>
 <P2 id="section-1-2"><Pnumber><CommentaryRef Ref="k1"/>2</Pnumber><P2para><Text>. . . . . . .</Text></P2para></P2>
 <P2 id="section-1-3"><Pnumber><Addition ChangeId="c4">3</Addition></Pnumber><P2para><Text>In this section—</Text>
  <UnorderedList Class="Definition" Decoration="none"><ListItem><Para><Text>“<Term>blight</Term>” means—</Text>
   <OrderedList Type="alpha" Decoration="parens"><ListItem><Para><Text>fire blight,</Text></Para></ListItem>
   <ListItem><Para><Text>scab;</Text></Para></ListItem></OrderedList></Para></ListItem>
  <ListItem><Para><Text>“<Term>keeper</Term>” means a person.</Text></Para></ListItem></UnorderedList></P2para></P2>
</P1para></P1></P1group>
<P1group Status="Prospective"><Title>Ladders</Title><P1 id="section-2A"><Pnumber>2A</Pnumber><P1para>
 <Text>After section 9 of the Ladders Act 1999 insert—</Text><BlockAmendment><P1group><Title>Rungs</Title>
 <P1><Pnumber>9A</Pnumber><P1para><P2><Pnumber>1</Pnumber><P2para><Text>A ladder must have rungs.</Text></P2para></P2>
 </P1para></P1></P1group></BlockAmendment></P1para></P1></P1group>
</Pblock></Part>
<Part><Number>Part 2</Number><Title>General</Title>
<P1group><Title>Orders</Title>
<P1 id="section-3"><Pnumber>3</Pnumber><P1para>
 <Text>The Minister<FootnoteRef Ref="f1"/> may make orders.</Text></P1para></P1>
<P1 id="section-4"><Pnumber>4</Pnumber><P1para><Text>An order may <Repeal RetainText="true" Extent="S"
 ChangeId="c9">in Scotland</Repeal> be revoked.</Text></P1para></P1></P1group></Part>
</Body>
<Schedules><Schedule id="schedule-2"><Number>Schedule 2</Number><TitleBlock><Title>Fees</Title></TitleBlock>
<ScheduleBody><Part id="schedule-2-part-1"><Number>Part 1</Number><Title>Trees</Title>
<P1group><Title>Fees for trees</Title><P1 id="schedule-2-part-1-paragraph-3"><Pnumber>3</Pnumber><P1para>
<P2><Pnumber>1</Pnumber><P2para><Text>The fees are—</Text><Tabular><table xmlns="http://www.w3.org/1999/xhtml">
<thead><tr><th>Tree</th><th>Fee</th></tr></thead><tbody><tr><td>Apple</td><td>£4</td></tr></tbody></table></Tabular>
</P2para></P2></P1para></P1></P1group></Part></ScheduleBody></Schedule></Schedules></Primary>
<Footnotes><Footnote id="f1"><FootnoteText><Para><Text>See the Ministers Act.</Text></Para></FootnoteText></Footnote>
</Footnotes>
<Commentaries><Commentary id="k1" Type="F"><Para><Text>S. 1(2) omitted by the Orchards Act 2032.</Text></Para>
</Commentary></Commentaries></Legislation>"""
)


@pytest.fixture
def act(tmp_path: Path) -> Document:
    path = tmp_path / "act.xml"
    path.write_text(ACT, encoding="utf-8")
    return parse_file(path).document


def words(document: Document, label: str) -> str:
    (node,) = [node for node in document.provisions if node.label == label]
    return document.text[node.body_start : node.end].strip()


def test_pin_cites_of_an_act(act: Document) -> None:
    assert [(n.kind, n.label, n.heading) for n in act.provisions[4:]] == [
        (K.PART, "Part 1", "Keepers"),
        (K.HEADING, "", "Duties"),
        (K.SECTION, "s. 1", "Notice of blight"),
        (K.PARAGRAPH, "s. 1(1)", ""),
        (K.POINT, "s. 1(1)(a)", ""),
        (K.POINT, "s. 1(1)(b)", ""),
        (K.POINT, "s. 1(1)(b)(i)", ""),
        (K.POINT, "s. 1(1)(b)(ii)", ""),
        (K.PARAGRAPH, "s. 1(2)", ""),
        (K.PARAGRAPH, "s. 1(3)", ""),
        (K.POINT, "s. 1(3) “blight”", ""),
        (K.POINT, "s. 1(3) “blight”(a)", ""),
        (K.POINT, "s. 1(3) “blight”(b)", ""),
        (K.POINT, "s. 1(3) “keeper”", ""),
        (K.SECTION, "s. 2A", "Ladders [not yet in force]"),
        (K.PART, "Part 2", "General"),
        (K.HEADING, "", "Orders"),
        (K.SECTION, "s. 3", ""),
        (K.SECTION, "s. 4", ""),
        (K.ANNEX, "Sch. 2", "Fees"),
        (K.PART, "Sch. 2 Part 1", "Trees"),
        (K.PARAGRAPH, "Sch. 2 para. 3", "Fees for trees"),
        (K.PARAGRAPH, "Sch. 2 para. 3(1)", ""),
        (K.NOTE, "Footnote 1", ""),
    ]


def test_numbers_words_and_headings_as_the_publisher_shows_them(act: Document) -> None:
    text = act.text
    assert "\n1 Notice of blight\n(1) A keeper must—\n(a) mark the tree,\n(b) (i) burn it, or\n(ii) bury it,\n" in text
    assert words(act, "s. 1(1)(b)(i)") == "burn it, or"
    assert words(act, "Sch. 2 para. 3(1)") == "The fees are—\nTree | Fee\nApple | £4"
    node = next(node for node in act.provisions if node.label == "Sch. 2 para. 3(1)")
    assert act.path(node) == ("Sch. 2 Fees", "Sch. 2 Part 1 Trees", "Sch. 2 para. 3 Fees for trees")


def test_only_the_words_in_force_are_read(act: Document) -> None:
    assert words(act, "s. 1(1)").endswith("\nwithin 48 hours....")
    assert "72" not in act.text
    assert "a day" not in act.text
    assert words(act, "s. 1(2)") == ". . . . . . ."
    raw = read(ACT)
    assert raw.left_out == {"table of contents": 8, "repealed words": 11, "amendment notes": 41}


def test_words_repealed_for_a_part_of_the_territory_stay_and_are_told(act: Document) -> None:
    assert words(act, "s. 4") == "An order may in Scotland be revoked."
    assert any("repealed for a part of the United Kingdom" in warning for warning in act.warnings)


def test_words_after_the_points_belong_to_the_subsection(act: Document) -> None:
    assert words(act, "s. 1(1)(b)(ii)") == "bury it,"
    assert "within 48" in words(act, "s. 1(1)")


def test_quoted_amendments_open_nothing(act: Document) -> None:
    assert words(act, "s. 2A").split("\n") == [
        "After section 9 of the Ladders Act 1999 insert—", "Rungs", "9A", "1", "A ladder must have rungs.",
    ]  # fmt: skip
    assert not any("9A" in node.label for node in act.provisions)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ((("Section", "1"), (POINT, "1"), (POINT, "a")), "s. 1(1)(a)"),
        ((("Section", "2A"),), "s. 2A"),
        ((("Schedule", "2"),), "Sch. 2"),
        ((("Schedule", "2"), (POINT, "3"), (POINT, "1")), "Sch. 2 para. 3(1)"),
    ],
)
def test_cross_references_find_their_provisions(act: Document, path: Path_, label: str) -> None:
    assert act.provisions[Places(act).find(path)].label == label


def test_what_a_reader_must_know_is_told(act: Document) -> None:
    assert any("take effect on 2033-09-01 to s. 1(2)" in warning for warning in act.warnings)
    assert not any("s. 9" in warning for warning in act.warnings)  # prospective: not in force, nothing is missing
    assert "not yet in force, as the publisher says: s. 2A" in act.warnings


def test_metadata(act: Document) -> None:
    provenance = act.provenance
    assert (act.title, act.short, act.kind) == ("Orchards Act 2031", "Orchards Act 2031", DocumentKind.LAW)
    assert "2031 c. 4" in act.aliases
    assert (provenance.version, provenance.effective) == ("2033-05-01", "2033-05-01")
    assert provenance.source == "http://www.legislation.gov.uk/ukpga/2031/4"


def labels(data: str) -> list[str]:
    return [opening.label for block in read(data).blocks for opening in block.opens]


def test_divisions_of_annexes_stand_in_one_another(tmp_path: Path) -> None:
    inner = "<Division><Number>2.</Number><P><Text>Below.</Text></P></Division>"
    division = f"<Division><Number>1.</Number><Title>Fees</Title><P><Text>Above.</Text></P>{inner}</Division>"
    both = division + division.replace("1.", "3.")
    annex = f"<Schedule><Number>ANNEX I</Number><ScheduleBody>{both}</ScheduleBody></Schedule>"
    path = tmp_path / "annex.xml"
    path.write_text(HEAD + f"<EURetained><Schedules>{annex}</Schedules></EURetained></Legislation>")
    document = parse_file(path).document
    assert [(n.label, document.provisions[n.parent].label) for n in document.provisions[1:]] == [
        ("Annex I", ""), ("Annex I(1)", "Annex I"), ("Annex I(1)(2)", "Annex I(1)"),
        ("Annex I(3)", "Annex I"), ("Annex I(3)(2)", "Annex I(3)"),
    ]  # fmt: skip


def test_tables_with_words_around_them_and_tables_in_cells() -> None:
    xhtml = 'xmlns="http://www.w3.org/1999/xhtml"'
    nested = f"<table {xhtml}><tr><td>Red</td><td>Green</td></tr></table>"
    table = f"<table {xhtml}><caption>Kinds</caption><tr><td>Apple</td><td>{nested}</td></tr></table>"
    tabular = f"<Tabular><TableText><Para><Text>Before.</Text></Para></TableText>{table}</Tabular>"
    body = f"<P1><Pnumber>1</Pnumber><P1para>{tabular}</P1para></P1>"
    raw = read(HEAD + f"<Primary><Body>{body}</Body></Primary></Legislation>")
    assert [(block.text, block.row) for block in raw.blocks] == [
        ("1 Before.", False), ("Kinds", False), ("Apple | Red Green", True),
    ]  # fmt: skip


def test_words_without_a_number_take_no_label_of_others() -> None:
    body = '<P1 id="section-1"><Pnumber>1</Pnumber><P1para><P2><P2para><Text>Words.</Text></P2para></P2></P1para></P1>'
    assert labels(HEAD + f"<Primary><Body>{body}</Body></Primary></Legislation>") == ["s. 1", " "]


def test_an_act_is_not_taken_for_one_that_it_mentions(tmp_path: Path) -> None:
    path = tmp_path / "act.xml"
    path.write_text(ACT.replace("A keeper must—", "Under the UK GDPR, Regulation (EU) 2016/679, a keeper must—"))
    assert parse_file(path).document.short == "Orchards Act 2031"


def test_instruments_and_retained_law_are_cited_by_their_own_words() -> None:
    body = '<P1 id="regulation-3"><Pnumber>3</Pnumber><P1para><Text>Words.</Text></P1para></P1>'
    assert labels(HEAD + f"<Secondary><Body>{body}</Body></Secondary></Legislation>") == ["reg. 3"]
    body = body.replace(' id="regulation-3"', "").replace(">3<", ">Article 3<")
    assert labels(HEAD + f"<EURetained><EUBody>{body}</EUBody></EURetained></Legislation>") == ["Art. 3"]


def test_elements_that_nobody_knows_lose_no_words() -> None:
    raw = read(
        HEAD + "<Primary><Body><Novel>Loose <b>words</b><New><Text>Others.</Text></New></Novel></Body></Primary>"
        "</Legislation>"
    )
    assert [block.text for block in raw.blocks] == ["Loose words Others."]


def test_hostile_files_end_in_words() -> None:
    deep = f"<Primary>{'<Part>' * 252}<Text>x</Text>{'</Part>' * 252}</Primary></Legislation>"
    with pytest.raises(DocumentError, match="nested too deeply"):
        read(HEAD + deep)
    entities = '<!DOCTYPE L [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    raw = read(entities + HEAD + "<Primary><Body><Text>&a;</Text></Body></Primary></Legislation>")
    assert [block.text for block in raw.blocks] == ["&a;"]


# -- the official text ---------------------------------------------------------------------------------------


Official = tuple[Document, RawDocument, ElementTree.Element]


@pytest.fixture(scope="module")
def official(regulations: Path) -> Official:
    path = regulations / "uk-gdpr.clml.xml"
    data = path.read_bytes()
    return parse_file(path).document, read(data), ElementTree.fromstring(data)


def q(name: str) -> str:
    return f"{{{NS}}}{name}"


def squash(text: str) -> str:
    """Letters and digits only: what is left does not depend on spaces or on how numbers are bracketed."""
    return re.sub(r"[\W_]+", "", normalise(text))


def label_of(identifier: str) -> str | None:
    kind, _, numbers = identifier.partition("-")
    if kind == "division":
        return f"Recital {numbers}"
    first, *points = (number.strip(".") for number in numbers.split("-"))  # the file has "article-12A.-1"
    if not all(points):
        return None  # and "article-10-", which says no number
    form = {"article": "Art. {}", "annex": "Annex {}"}.get(kind)
    return form.format(first) + "".join(f"({point})" for point in points) if form else None


def test_counts_are_those_of_the_file(official: Official) -> None:
    document, _, root = official
    body = root.find(f".//{q('EUBody')}")
    assert body is not None
    found = Counter(node.kind for node in document.provisions)
    assert found[K.ARTICLE] == len(body.findall(f".//{q('P1')}")) == 119
    assert found[K.RECITAL] == len(root.findall(f".//{q('Division')}")) == 173
    assert found[K.CHAPTER] == len(root.findall(f".//{q('EUChapter')}"))
    assert found[K.SECTION] == len(root.findall(f".//{q('EUSection')}"))
    assert found[K.ANNEX] == len(root.findall(f".//{q('Schedule')}"))
    assert found[K.NOTE] == len(root.findall(f".//{q('Footnote')}"))
    annex_paragraphs = len(root.findall(f".//{q('Schedules')}//{q('P1')}"))
    assert found[K.PARAGRAPH] == len(root.findall(f".//{q('P2')}")) + annex_paragraphs
    numbered = [item for item in root.iter(q("ListItem")) if item.find(f".//{q('Term')}") is not None]
    ordered = sum(len(items) for items in root.iter(q("OrderedList")))
    points = len(root.findall(f".//{q('P3')}")) + len(root.findall(f".//{q('P4')}"))
    assert found[K.POINT] == points + ordered + len(numbered)


def test_two_hundred_provisions_are_found_again(official: Official) -> None:
    document, _, root = official
    parents = {child: parent for parent in root.iter() for child in parent}
    stated = [element for element in root.iter() if label_of(element.get("id", ""))]
    assert len(stated) > 1000
    for element in random.Random(3).sample(stated, 200):
        label = label_of(element.get("id", ""))
        (node,) = [node for node in document.provisions if node.label == label]
        number = next((child for child in element if child.tag in (q("Pnumber"), q("Number"))), None)
        skipped = {number} | ({element.find(q("TitleBlock"))} if element.tag == q("Schedule") else set())
        expected = "".join("".join(text(child)) for child in element if child not in skipped)
        assert squash(document.text[node.body_start : node.end]) == squash(expected), label
        assert [squash(part).casefold() for part in document.path(node)] == [*headings(element, parents)], label


def headings(element: ElementTree.Element, parents: dict[ElementTree.Element, ElementTree.Element]) -> Iterator[str]:
    """The numbers and titles of what an element stands in, outermost first, without spaces."""
    above = [element]
    while above[-1] in parents:
        above.append(parents[above[-1]])
    for node in reversed(above):
        title = node.find(q("Title"))
        if node.tag in (q("EUChapter"), q("EUSection")) and title is not None:
            number = "".join(node.find(q("Number")).itertext())  # type: ignore[union-attr]
            yield squash(number + "".join(title.itertext())).casefold()
        elif node.tag == q("P1") and parents[node].tag == q("P1group"):
            label = label_of(node.get("id", ""))
            yield squash(f"{label}{''.join(parents[node].find(q('Title')).itertext())}").casefold()  # type: ignore[union-attr]
        elif node.tag == q("Schedule"):
            block = node.find(q("TitleBlock"))
            yield squash(f"{label_of(node.get('id', ''))}{''.join(block.itertext())}").casefold()  # type: ignore[union-attr]


def text(element: ElementTree.Element) -> Iterator[str]:
    """All words in order; the number of a titled article before its title, as it is read aloud."""
    group = element.findall(q("P1")) if element.tag == q("P1group") else []
    if len(group) == 1:
        yield from number_of(group[0])
    elif element.tag == q("Pnumber"):
        yield from number_of(element)
    yield element.text or "" if element.tag != q("Pnumber") else ""
    numbers = iter({"alpha": "abcdefgh", "roman": ("i", "ii", "iii", "iv")}.get(element.get("Type", ""), ()))
    for child in element:
        yield next(numbers, "") if child.tag == q("ListItem") else ""
        is_first_number = child.tag == q("Pnumber") and element.tag == q("P1") and element.get("titled")
        if not is_first_number:
            yield from text(child) if child.tag != q("Pnumber") else number_of(child)
        yield child.tail or ""


def number_of(element: ElementTree.Element) -> Iterator[str]:
    """A number with its brackets; of an article, that of its first child, which is then not read again."""
    if element.tag == q("P1"):
        element.set("titled", "yes")
        element = element.find(q("Pnumber"))  # type: ignore[assignment]
    yield element.get("PuncBefore", "")
    yield from element.itertext()
    yield element.get("PuncAfter", "")


def test_no_word_is_lost(official: Official) -> None:
    document, raw, root = official
    parts = {child.tag.rpartition("}")[2]: child for child in root}
    assert set(parts) == {"Metadata", "EURetained", "Footnotes", "Commentaries"}
    expected = "".join(text(parts["EURetained"])) + "".join(text(parts["Footnotes"]))
    assert squash(document.text) == squash(expected)
    notes = " ".join("".join(parts["Commentaries"].itertext()).split())
    assert raw.left_out == {"amendment notes": len(notes)}


def test_omitted_articles_keep_their_label_and_heading(official: Official) -> None:
    document, _, _ = official
    assert words(document, "Art. 60").strip(" .") == ""
    (node,) = [node for node in document.provisions if node.label == "Art. 60"]
    assert node.heading.startswith("Cooperation between")
    assert (document.short, document.provenance.version) == ("UK GDPR", "2026-03-31")
