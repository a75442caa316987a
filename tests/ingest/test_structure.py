"""The provision tree: what a line announces, and which enumeration a marker continues."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.domain.documents import Provision, ProvisionKind
from pincite.ingest.blocks import Block
from pincite.ingest.structure import build_tree

K = ProvisionKind


def tree(*lines: str | Block) -> tuple[str, tuple[Provision, ...]]:
    return build_tree([line if isinstance(line, Block) else Block(line) for line in lines], "Title")


def labels(*lines: str | Block) -> list[str]:
    return [node.label for node in tree(*lines)[1][1:]]


def head(text: str, level: int = 2) -> Block:
    return Block(text, level=level)


def test_articles_take_the_next_line_as_heading() -> None:
    text, nodes = tree("CHAPTER II", "Duties", "Article 5", "Notice", "1. The keeper shall tell.", "2. At once.")
    assert [(n.kind, n.label, n.heading) for n in nodes[1:]] == [
        (K.CHAPTER, "", "Duties"),
        (K.ARTICLE, "Art. 5", "Notice"),
        (K.PARAGRAPH, "Art. 5(1)", ""),
        (K.PARAGRAPH, "Art. 5(2)", ""),
    ]
    assert [n.parent for n in nodes] == [-1, 0, 1, 2, 2]
    assert text[nodes[3].body_start : nodes[3].end] == "The keeper shall tell."


@pytest.mark.parametrize(
    ("line", "label", "heading"),
    [
        ("Article 5", "Art. 5", ""),
        ("Article 5a – Scope", "Art. 5a", "Scope"),
        ("§ 164.408 Notification to the Secretary.", "§ 164.408", "Notification to the Secretary"),
        ("Sec. 15. Retention; collection.", "§ 15", "Retention; collection"),
        ("ANNEX III", "Annex III", ""),
    ],
)
def test_lines_that_announce_a_provision(line: str, label: str, heading: str) -> None:
    _, nodes = tree(line, "The words of the provision stand here, and they end with a stop.")
    assert (nodes[1].label, nodes[1].heading) == (label, heading)


@pytest.mark.parametrize(
    "line",
    [
        "Article 5 of that Regulation applies to all keepers.",
        "Article 5(2) shall not apply.",
        "Section 4 sets the limits, and no keeper may exceed them;",
        "Annexes are listed below.",
    ],
)
def test_sentences_that_begin_alike_announce_nothing(line: str) -> None:
    assert labels(line) == ["¶ 1"]


def test_letter_i_after_h_is_a_letter() -> None:
    lines = ["Article 1", "Heading", *(f"({c}) point {c};" for c in "abcdefghijk")]
    assert labels(*lines)[1:] == [f"Art. 1({c})" for c in "abcdefghijk"]


def test_roman_numerals_below_letters_and_back() -> None:
    got = labels(
        "Article 1",
        "Scope",
        "1. All:",
        "(a) first:",
        "(i) x;",
        "(ii) y;",
        "(iii) z;",
        "(iv) w;",
        "(b) second;",
        "(c) third.",
    )
    assert got[1:] == [
        "Art. 1(1)", "Art. 1(1)(a)", "Art. 1(1)(a)(i)", "Art. 1(1)(a)(ii)", "Art. 1(1)(a)(iii)", "Art. 1(1)(a)(iv)",
        "Art. 1(1)(b)", "Art. 1(1)(c)",
    ]  # fmt: skip


def test_three_markers_on_one_line_open_three_nodes() -> None:
    text, nodes = tree(
        "§ 164.402 Definitions.", "(a) A breach is bad.", "(b)(1)(ii) A deep point.", "(2) The next one."
    )
    assert [n.label for n in nodes[2:]] == [
        "§ 164.402(a)", "§ 164.402(b)", "§ 164.402(b)(1)", "§ 164.402(b)(1)(ii)", "§ 164.402(b)(2)"
    ]  # fmt: skip
    deep = nodes[5]
    assert text[deep.body_start : deep.end] == "A deep point."


def test_dotted_numbers_nest_by_depth_and_only_below_their_section() -> None:
    got = labels(
        head("4. Access"), "4.1 Ask.", "4.1.1 In writing.", "4.2 Wait.", "3.5 million records were lost.", "(a) one;"
    )
    assert got == ["4", "4.1", "4.1.1", "4.2", "4.2(a)"]


def test_headings_with_and_without_full_stop() -> None:
    assert labels(head("4. Access"), head("5 Leaving"), head("5.1 At once", 3)) == ["4", "5", "5.1"]


def test_enumeration_starts_anew_in_the_next_article() -> None:
    got = labels("Article 1", "A", "(a) one;", "(b) two.", "Article 2", "B", "(a) other.")
    assert got == ["Art. 1", "Art. 1(a)", "Art. 1(b)", "Art. 2", "Art. 2(a)"]


def test_recitals_are_recognised_after_whereas_only() -> None:
    assert labels("Whereas:", "(1) Apples matter.", "(2) Pears too.")[-2:] == ["Recital 1", "Recital 2"]
    assert labels("Article 1", "Scope", "(1) Apples matter.") == ["Art. 1", "Art. 1(1)"]


def test_lines_before_any_heading_are_counted_by_page() -> None:
    _, nodes = tree(Block("One.", page=1), Block("Two.", page=1), Block("Three.", page=2))
    assert [n.label for n in nodes[1:]] == ["p. 1 ¶ 1", "p. 1 ¶ 2", "p. 2 ¶ 1"]
    assert [n.page for n in nodes[1:]] == [1, 1, 2]


LINES = st.lists(
    st.sampled_from(
        [
            head("1. Purpose"), head("2 Scope"), head("Guidance", 3), head("Title", 1), "CHAPTER I", "Article 7",
            "Article 8 Records",
            "§ 5.1 Limits.", "ANNEX I", "Whereas:", "(1) One.", "(2) Two:", "(a) alpha;", "(b) beta;", "(i) first;",
            "(ii) second;",
            "(a)(1)(i) deep.", "1.1 A rule.", "1.2 Another.", "2.1 More.", "1. Item.", "2. Item.", "(t)",
            "Plain words.",
            "Lead-in:",
            Block("Bullet;", item=True), Block("A: 1; B: 2", row=True), Block("Known.", recital=3), "x " * 700 + "end.",
            "A sentence of some length stands here. " * 20,
        ]
    ),
    max_size=25,
)  # fmt: skip


@given(LINES)
def test_every_block_becomes_one_line_and_the_tree_is_sound(lines: list[str | Block]) -> None:
    text, nodes = tree(*lines)
    words = [(line.text if isinstance(line, Block) else line).split() for line in lines]
    if any(" ".join(line).startswith("§ 5.1") for line in words):
        assert text.split() == [word for line in words for word in line]
    else:
        assert text.split("\n") == ([" ".join(line) for line in words] or [""])
    for at, node in enumerate(nodes):
        assert node.index == at
        assert 0 <= node.start <= node.body_start <= len(text)
        assert node.start <= node.end <= len(text)
        if at:
            parent = nodes[node.parent]
            assert node.parent < at
            assert parent.start <= node.start
            assert node.end <= parent.end or node.parent == 0
    for one, other in itertools.pairwise(nodes[1:]):
        assert one.start <= other.start  # pre-order is text order
        assert other.start >= one.end or one.end >= other.end  # nested or apart, never across
