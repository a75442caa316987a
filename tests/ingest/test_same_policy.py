"""The same policy in every form: labels, headings and words of a random sample found again, and no word lost."""

import io
import random
from collections import Counter
from dataclasses import dataclass
from functools import cache
from html import escape

import openpyxl
import pytest

from pincite.domain.documents import Document, DocumentKind
from pincite.ingest.readers import read_bytes
from pincite.ingest.structure import build_tree
from tests.ingest.office import abstract, docx_of, list_style, num, odt_of, p, style

SIZE = 200
WORDS = (
    "keeper orchard ladder pear apple blight gate shed tractor record notice licence owner visitor harvest branch "
    "pesticide cabinet inspector register Züchter naïve & <fence> “mark” — must may shall not within hours days years"
).split()


@dataclass(frozen=True)
class Made:
    """A provision as it was generated: its depth 0 to 3, pin-cite, headings above it and words."""

    depth: int
    label: str
    path: tuple[str, ...]
    words: str


def sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(4, 25))) + "."


@cache
def policy() -> tuple[Made, ...]:
    """Return sections "1", paragraphs "1.1", points "(a)" and sub-points "(i)" of a policy made of random words."""
    chance = random.Random(2031)
    made = []
    for section in range(1, 26):
        heading = " ".join(chance.choices(WORDS[:16], k=3)).capitalize()
        path = (f"{section} {heading}",)
        made.append(Made(0, str(section), path, heading))
        for paragraph in range(1, chance.randint(3, 8)):
            label = f"{section}.{paragraph}"
            made.append(Made(1, label, path, sentence(chance)))
            for letter in "abcdefghijk"[: chance.choice((0, 0, 2, 3, 11))]:
                made.append(Made(2, f"{label}({letter})", path, sentence(chance)))
                romans = ("i", "ii", "iii", "iv", "v", "vi")[: chance.choice((0, 0, 0, 1, 2, 6))]
                made += [Made(3, f"{label}({letter})({roman})", path, sentence(chance)) for roman in romans]
    return tuple(made)


LEVELS = abstract(1, ("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"), ("lowerRoman", "(%4)"))


def as_docx() -> bytes:
    """Return it with automatic numbering, sections as headings whose style carries the number."""
    heading = style("H", "heading 1", "", '<w:numPr><w:numId w:val="1"/></w:numPr>')
    body = "".join(
        p(escape(one.words), style="H") if one.depth == 0 else p(escape(one.words), 1, one.depth) for one in policy()
    )
    return docx_of(body, LEVELS + num(1, 1), heading)


def as_odt() -> bytes:
    """Return it as LibreOffice writes it: each paragraph in a list of its own that continues the first one."""
    levels = list_style(
        "L", ("1", 'style:num-suffix="."'), ("1", 'text:display-levels="2"'),
        ("a", 'style:num-prefix="(" style:num-suffix=")"'), ("i", 'style:num-prefix="(" style:num-suffix=")"'),
    )  # fmt: skip
    body = ""
    for at, one in enumerate(policy()):
        key = 'xml:id="first"' if at == 0 else 'text:continue-list="first"'
        words = escape(one.words)
        inner = f'<text:h text:outline-level="1">{words}</text:h>' if one.depth == 0 else f"<text:p>{words}</text:p>"
        inner = f"<text:list-item>{inner}</text:list-item>"
        for _ in range(one.depth):
            inner = f"<text:list-item><text:list>{inner}</text:list></text:list-item>"
        body += f'<text:list {key} text:style-name="L">{inner}</text:list>'
    return odt_of(body, levels)


def as_html() -> bytes:
    """Return it with sections and paragraphs numbered in words, points as nested lists."""
    body, depth = "", 1
    for one in policy():
        while depth > max(one.depth, 1):
            body += "</li></ol>"
            depth -= 1
        if one.depth == 0:
            body += f"<h2>{one.label}. {escape(one.words)}</h2>"
        elif one.depth == 1:
            body += f"<p>{one.label} {escape(one.words)}</p>"
        else:
            body += "</li>" if depth == one.depth else f'<ol type="{"a" if one.depth == 2 else "i"}">'
            body += f"<li>{escape(one.words)}"
        depth = max(one.depth, 1)
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{body}</body></html>'.encode()


def as_rtf() -> bytes:
    """Return it as Word writes it: the number in words before each paragraph, beside the table of lists."""
    forms = (r"\levelnfc0{\leveltext\'02\'00.;}", r"\levelnfc0{\leveltext\'03\'00.\'01;}",
             r"\levelnfc4{\leveltext\'03(\'02);}", r"\levelnfc2{\leveltext\'03(\'03);}")  # fmt: skip
    levels = "".join(f"{{\\listlevel{form}}}" for form in forms)
    head = (
        r"{\rtf1\ansi\ansicpg1252\uc1{\stylesheet{\s1 heading 1;}}{\*\listtable{\list" + levels + r"\listid7}}"
        r"{\*\listoverridetable{\listoverride\listid7\ls1}}"
    )
    body = ""
    for one in policy():
        marker = one.label + "." if one.depth == 0 else one.label if one.depth == 1 else f"({one.label.split('(')[-1]}"
        words = "".join(c if c.isascii() else f"\\u{ord(c)}?" for c in one.words)
        body += f"\\pard\\s{int(one.depth == 0)}\\ls1\\ilvl{one.depth}{{\\listtext {marker}\\tab}}{words}\\par\n"
    return (head + body + "}").encode("ascii")


FORMS = {"docx": as_docx, "odt": as_odt, "html": as_html, "rtf": as_rtf}


@cache
def document(form: str) -> Document:
    raw = read_bytes(FORMS[form](), f"policy.{form}")
    assert raw.warnings == ()
    text, provisions = build_tree(raw.blocks, raw.title, stated=raw.stated)
    return Document("p", "P", "P", (), DocumentKind.POLICY, text, provisions)


@pytest.mark.parametrize("form", FORMS)
def test_a_sample_is_found_again(form: str) -> None:
    made = document(form)
    by_label = {node.label: node for node in made.provisions}
    assert len(policy()) > SIZE
    for one in random.Random(form).sample(policy(), SIZE):
        node = by_label[one.label]
        first = made.text[node.start : node.end].split("\n")[0]
        assert first.endswith(f" {one.words}"), one
        assert first == f"{first.split(' ', 1)[0]} {one.words}"  # nothing but its number stands before it
        assert made.path(node) == one.path


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_have_the_same_labels(form: str) -> None:
    assert [node.label for node in document(form).provisions[1:]] == [one.label for one in policy()]


@pytest.mark.parametrize("form", FORMS)
def test_no_word_is_lost_or_added(form: str) -> None:
    numbers = len(policy())  # each provision's number is one word of the text
    given = Counter(word for one in policy() for word in one.words.split())
    found = Counter(document(form).text.split())
    assert given - found == Counter()
    assert (found - given).total() == numbers


# -- registers ---------------------------------------------------------------------------------------------


@cache
def register() -> dict[str, list[tuple[str, ...]]]:
    chance = random.Random(2032)
    return {
        sheet: [
            (f"{sheet[0]}{n}" if n % 3 else f"see {n}", *(sentence(chance) for _ in range(3)))
            for n in range(1, 101)
        ]
        for sheet in ("Access", "Backup", "Crisis")
    }  # fmt: skip


def test_a_sample_of_a_register_is_found_again() -> None:
    heads = ("Code", "Rule", "Owner", "Remark")
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for sheet, rows in register().items():
        made = workbook.create_sheet(sheet)
        made.append((f"Register of {sheet}",))
        made.append(heads)
        for row in rows:
            made.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    raw = read_bytes(stream.getvalue(), "register.xlsx")
    text, provisions = build_tree(raw.blocks, raw.title, stated=raw.stated)
    read = Document("r", "R", "R", (), DocumentKind.POLICY, text, provisions)
    by_label = {node.label: node for node in provisions}
    rows = [(sheet, at, row) for sheet, rows in register().items() for at, row in enumerate(rows, 3)]
    for sheet, at, row in random.Random(5).sample(rows, SIZE):
        node = by_label[row[0] if row[0][0] == sheet[0] and row[0][1:].isdigit() else f"{sheet} row {at}"]
        expected = "; ".join(f"{head}: {cell}" for head, cell in zip(heads, row, strict=True))
        assert text[node.start : node.end] == expected
        assert read.path(node) == (sheet,)
    given = Counter(word for _, _, row in rows for cell in row for word in cell.split())
    found = Counter(text.replace(";", "").split())
    assert given - found == Counter()
    added = Counter({f"{head}:": len(rows) for head in heads}) + Counter(heads * 3) + Counter(list(register()))
    added += Counter(word for sheet in register() for word in ("Register", "of", sheet)) + Counter({"|": 9})
    assert found - given == added
