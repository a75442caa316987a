"""The tree of a document whose reader states where provisions begin."""

from pincite.domain.documents import Provision, ProvisionKind
from pincite.ingest.blocks import Block, Opening
from pincite.ingest.structure import build_tree

K = ProvisionKind


def opens(text: str, kind: ProvisionKind, number: str, rank: int, marker: str = "", label: str = "") -> Block:
    return Block(text, opens=(Opening(kind, number, rank, marker, label),))


def stated(*blocks: Block) -> tuple[str, tuple[Provision, ...]]:
    return build_tree(blocks, "Title", stated=True)


ARTICLE = (
    opens("CHAPTER II", K.CHAPTER, "II", 10),
    Block("Duties", heads=True),
    opens("Article 5", K.ARTICLE, "5", 20, "Article 5"),
    Block("Notice", heads=True),
    opens("1. The keeper shall:", K.PARAGRAPH, "1", 30, "1."),
    opens("(a) tell;", K.POINT, "a", 40, "(a)"),
    opens("(b) burn.", K.POINT, "b", 40, "(b)"),
    Block("Point (b) does not apply to pears.", within=40),
    opens("2. At once.", K.PARAGRAPH, "2", 30, "2."),
)


def test_labels_headings_and_the_words_after_the_number() -> None:
    text, nodes = stated(*ARTICLE)
    assert [(n.kind, n.label, n.heading, text[n.body_start : n.end].split("\n")[0]) for n in nodes[1:]] == [
        (K.CHAPTER, "Chapter II", "Duties", ""),
        (K.ARTICLE, "Art. 5", "Notice", ""),
        (K.PARAGRAPH, "Art. 5(1)", "", "The keeper shall:"),
        (K.POINT, "Art. 5(1)(a)", "", "tell;"),
        (K.POINT, "Art. 5(1)(b)", "", "burn."),
        (K.PARAGRAPH, "Art. 5(2)", "", "At once."),
    ]


def test_words_after_the_points_belong_to_the_paragraph() -> None:
    text, nodes = stated(*ARTICLE)
    paragraph, point = nodes[3], nodes[5]
    assert text[paragraph.start : paragraph.end].endswith("Point (b) does not apply to pears.")
    assert text[point.start : point.end] == "(b) burn."


def test_a_block_may_open_several() -> None:
    two = (Opening(K.PARAGRAPH, "b", 30, "(b)"), Opening(K.POINT, "1", 40, "(1)"))
    text, nodes = stated(
        opens("§ 1.2 Scope.", K.ARTICLE, "1.2", 20, "§ 1.2", "§ 1.2"), Block("(b)(1) Words", opens=two)
    )
    assert [node.label for node in nodes[1:]] == ["§ 1.2", "§ 1.2(b)", "§ 1.2(b)(1)"]
    assert nodes[2].start == nodes[3].start
    assert text[nodes[3].body_start :] == "Words"


def test_a_heading_on_the_line_of_its_number() -> None:
    block = Block("§ 1.2 Scope.", opens=(Opening(K.ARTICLE, "1.2", 20, "§ 1.2", "§ 1.2"),), heads=True)
    _, nodes = stated(block, Block("Words of the section."))
    assert (nodes[1].label, nodes[1].heading, len(nodes)) == ("§ 1.2", "Scope", 2)


def test_words_alone_open_nothing() -> None:
    _, nodes = stated(opens("Article 1", K.ARTICLE, "1", 20), Block("Article 9 is repealed"), Block("(a) not a point"))
    assert [node.label for node in nodes[1:]] == ["Art. 1"]


def test_text_above_the_first_provision_can_be_cited() -> None:
    _, nodes = stated(Block("First."), Block("Second.", page=3))
    assert [node.label for node in nodes[1:]] == ["¶ 1", "p. 3 ¶ 1"]
