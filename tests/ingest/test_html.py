"""HTML of intranets and exports: numbers of lists, tables, definitions, notes, what is hidden or no text."""

import pytest

from pincite.errors import DocumentError
from pincite.ingest.structure import build_tree
from tests.ingest.helpers import read


def page(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def texts(body: str) -> list[str]:
    return [block.text for block in read(page(body)).blocks]


def labels(body: str) -> list[str]:
    return [node.label for node in build_tree(read(page(body)).blocks, "T")[1][1:]]


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ("", ["1.", "2.", "3."]),
        ('start="4"', ["4.", "5.", "6."]),
        ('type="a"', ["a.", "b.", "c."]),
        ('type="A" start="26"', ["Z.", "AA.", "AB."]),
        ('type="i"', ["i.", "ii.", "iii."]),
        ('type="I" start="9"', ["IX.", "X.", "XI."]),
        ("reversed", ["3.", "2.", "1."]),
        ('reversed start="10"', ["10.", "9.", "8."]),
        ('start="-1"', ["-1.", "0.", "1."]),
        ('start="x" type="?"', ["1.", "2.", "3."]),
        ('style="list-style-type: lower-alpha"', ["a.", "b.", "c."]),
    ],
)
def test_ordered_lists_show_the_numbers_of_a_browser(attributes: str, shown: list[str]) -> None:
    assert texts(f"<ol {attributes}><li>w<li><p>w</p><li>w</ol>") == [f"{number} w" for number in shown]


def test_a_value_goes_on_from_there() -> None:
    assert texts('<ol><li>w<li value="7">w<li>w</ol>') == ["1. w", "7. w", "8. w"]


def test_nested_lists_nest_in_the_pin_cite() -> None:
    body = (
        "<h2>4. Care</h2><p>4.1 Keepers:</p><ol><li>prune:<ol type=a><li>apples;<li>pears;</ol></li>"
        "<li>burn.</li></ol><p>4.2 Others:</p><ol><li>watch.</ol>"
    )
    assert labels(body) == ["4", "4.1", "4.1(1)", "4.1(1)(a)", "4.1(1)(b)", "4.1(2)", "4.2", "4.2(1)"]


def test_one_entry_below_an_entry_does_not_take_the_next_one_for_its_own() -> None:
    assert labels("<h2>1. A</h2><ol><li>x<ol><li>only</ol><li>y</ol>") == ["1", "1(1)", "1(1)(1)", "1(2)"]


def test_sections_numbered_by_a_list() -> None:
    body = (
        "<ol><li><h2>Purpose</h2><p>Keep trees.</p><ol type=a><li>apples;</ol></li>"
        "<li><h2>Scope</h2><p>All.</p></li></ol>"
    )
    assert labels(body) == ["1", "1(a)", "2"]


def test_an_entry_that_only_holds_a_list_keeps_its_number() -> None:
    assert texts("<ol><li><ul><li>x</ul><li>y</ol>") == ["1.", "x", "2. y"]


def test_bullets_are_items() -> None:
    assert [(b.text, b.item) for b in read(page("<ul><li>x<li>y</ul>z")).blocks] == [
        ("x", True),
        ("y", True),
        ("z", False),
    ]


def test_markers_in_their_own_element_join_their_words() -> None:
    assert texts("<div><span>(a)</span></div><div>mark it;</div><p>-</p><p>dash</p>") == ["(a) mark it;", "dash"]


def test_tables() -> None:
    body = (
        "<table><caption>Care</caption><thead><tr><th rowspan=2>Tree<th colspan=2>Work</tr>"
        "<tr><th>Who<th>When</tr></thead>"
        "<tr><td rowspan=2>Apple<td>Ada<td>March<tr><td>Bea<td><ul><li>May<li>June</ul></td></tr></table>"
    )
    assert texts(body) == [
        "Care", "Tree | Work", "Tree | Who | When", "Tree: Apple; Work Who: Ada; Work When: March",
        "Tree: Apple; Work Who: Bea; Work When: May June",
    ]  # fmt: skip
    bold = "<table><tr><td><b>Tree</b><td><p><strong>Who</strong></p><tr><td>Apple<td>Ada</table>"
    assert texts(bold) == ["Tree | Who", "Tree: Apple; Who: Ada"]


def test_page_properties_are_metadata_and_later_tables_are_not() -> None:
    first = "<table><tr><th>Owner</th><td>Ada</td></tr><tr><th>Version</th><td>3</td></tr></table>"
    body = f"<h1>Ladders</h1>{first}<h2>1. Use</h2><table><tr><th>Owner<td>Bea</table>"
    raw = read(page(body, '<meta name="classification" content="Internal">'))
    assert raw.metadata == {"owner": "Ada", "version": "3", "classification": "Internal"}
    assert [b.text for b in raw.blocks][1:3] == ["Owner | Ada", "Version | 3"]


def test_a_table_within_a_table_is_read_once() -> None:
    body = "<table><tr><td>Left<td><table><tr><th>A<th>B<tr><td>1<td>2</table></table>"
    assert texts(body) == ["Left", "A | B", "A: 1; B: 2"]


def test_definitions_stand_with_their_terms() -> None:
    body = (
        "<dl><dt>Keeper<dd>who prunes;<dd>who waters</dd><dt>Tree</dt><dt>Plant:</dt>"
        "<dd><p>what grows</p></dd><dt>Last</dt></dl>"
    )
    assert texts(body) == ["Keeper: who prunes;", "who waters", "Tree / Plant: what grows", "Last"]


def test_lines_of_preformatted_text_and_breaks() -> None:
    assert texts("<pre>1.1 One\n1.2 Two\n</pre><p>a<br>b</p><details><summary>More</summary>Words</details>") == [
        "1.1 One", "1.2 Two", "a", "b", "More", "Words"
    ]  # fmt: skip


def test_notes_are_read_and_their_marks_are_set_off() -> None:
    body = (
        '<p>within 72 hours<sup><a href="#fn1">1</a></sup> of it</p><section class="footnotes"><ol>'
        '<li id="fn1"><p>Of working days.<a role="doc-backlink" href="#r1">↩</a></p></li></ol></section>'
    )
    assert texts(body) == ["within 72 hours[1] of it", "[1] Of working days."]


def test_a_list_of_notes_opens_no_provisions() -> None:
    assert labels('<h2>1. A</h2><p>w</p><ol class="footnotes"><li>note</li></ol><ol><li>x</ol>') == ["1", "1(1)"]


def test_what_is_hidden_struck_out_or_beside_the_text() -> None:
    body = (
        "<header>Intranet</header><nav>Menu</nav><main><article><header><h1>Ladders</h1></header>"
        "<p>Keep <del>ten</del><ins>six</ins> years<s> or so</s>.</p>"
        "<p hidden>h1</p><div style='display: none'>h2</div>"
        "<span aria-hidden=true>h3</span><aside>See also</aside></article></main>"
        "<footer>Imprint</footer><script>x</script>"
    )
    raw = read(page(body))
    assert [b.text for b in raw.blocks] == ["Ladders", "Keep six years."]
    assert raw.left_out == {
        "page header": 8, "navigation": 4, "deletions": 8, "hidden text": 6, "asides": 8, "page footer": 7
    }  # fmt: skip
    assert raw.warnings == ("hidden text not read: 6 characters", "struck-out text not read: 8 characters")


def test_words_after_a_hidden_element_are_kept() -> None:
    assert texts("<p>One <span hidden>x</span>two <nav>y</nav>three</p>four") == ["One two three", "four"]


@pytest.mark.parametrize(
    ("headings", "title", "expected"),
    [
        ("<h1>Ladders</h1>", "Ladders - Intranet", "Ladders"),
        ("<h1>Orchard Ltd</h1>", "Ladders", "Ladders"),
        ("<h1>One</h1><h1>Two</h1>", "Ladders", "Ladders"),
        ("<h1>Ladders</h1>", "", "Ladders"),
    ],
)
def test_the_title_is_the_heading_that_it_contains(headings: str, title: str, expected: str) -> None:
    assert read(page(f"{headings}<p>x", f"<title>{title}</title>")).title == expected


def test_a_hundred_thousand_deep_ends_as_an_error() -> None:
    for tag in ("div", "ol><li", "dl><dd", "blockquote"):
        with pytest.raises(DocumentError, match=r"given\.bin: .*deep"):
            read(page(f"<{tag}>" * 100_000 + "Deep."))


def test_tables_as_deep_as_the_parser_goes_are_read() -> None:
    assert texts("<table><tr><th>h<td>" * 60 + "x" + "</table>" * 60)[-1].endswith("x")


def test_xml_that_is_not_html_is_read_by_its_elements() -> None:
    raw = read('<?xml version="1.0"?><policy><P>One</P><P>Two <em>x</em></P></policy>')
    assert [b.text for b in raw.blocks] == ["One", "Two x"]
