"""Readers: each form to blocks; files that are damaged, hostile or something else to a DocumentError."""

import io
import json
import random
import zipfile
from pathlib import Path

import pytest

from pincite.errors import DocumentError
from pincite.ingest.readers import read_bytes
from tests.conftest import REGULATION, write_docx, write_pdf
from tests.ingest.helpers import parse_file, read, words


@pytest.fixture
def docx_bytes(tmp_path: Path) -> bytes:
    write_docx(tmp_path / "a.docx")
    return (tmp_path / "a.docx").read_bytes()


@pytest.fixture
def pdf_bytes(tmp_path: Path) -> bytes:
    write_pdf(tmp_path / "a.pdf")
    return (tmp_path / "a.pdf").read_bytes()


def with_part(archive: bytes, name: str, content: bytes | None) -> bytes:
    """Return a ZIP with one part replaced, or left out."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
            elif content is not None:
                new.writestr(entry, content)
    return made.getvalue()


# -- Markdown and text -------------------------------------------------------------------------------------


def test_markdown_front_matter_tables_and_lists() -> None:
    raw = read(
        "---\ntitle: Pruning\nOwner: Head\nempty:\n---\n# Pruning\n\nFirst\nline.\n\n- **bold** bullet\n- other\n\n"
        "3. three\n4. four\n\n| Tree | When |\n|---|---|\n| Apple | March |\n| | April |\n\n"
        "```\n1.1 kept\n```\n<b>Raw</b> <!-- no -->\n"
    )
    assert raw.metadata == {"title": "Pruning", "owner": "Head"}
    assert raw.title == "Pruning"
    assert [(b.text.strip(), b.level, b.item, b.row) for b in raw.blocks] == [
        ("Pruning", 1, False, False),
        ("First line.", 0, False, False),
        ("bold bullet", 0, True, False),
        ("other", 0, True, False),
        ("3. three", 0, False, False),
        ("4. four", 0, False, False),
        ("Tree | When", 0, False, True),
        ("Tree: Apple; When: March", 0, False, True),
        ("When: April", 0, False, True),
        ("1.1 kept", 0, False, False),
        ("Raw", 0, False, False),
    ]


def test_markdown_lists_keep_the_number_they_start_with() -> None:
    assert words("# T\n\n0. zero\n1. one\n\ntext\n\n7) seven\n") == ["T", "0. zero", "1. one", "text", "7. seven"]


def test_a_gap_in_a_numbered_list_is_kept_and_lazy_numbers_count_up() -> None:
    assert words("# T\n\n1. one\n3. three\n4. four\n") == ["T", "1. one", "3. three", "4. four"]
    assert words("# T\n\n2. two\n2. three\n2. four\n") == ["T", "2. two", "3. three", "4. four"]


def test_lines_of_a_paragraph_are_joined_but_not_over_their_own_numbers() -> None:
    assert words("# T\n\nKeep:\n(a) one;\n(b) two, within\n72 hours;\n") == [
        "T",
        "Keep:",
        "(a) one;",
        "(b) two, within 72 hours;",
    ]


def test_front_matter_that_is_no_yaml_is_reported() -> None:
    raw = read("---\nowner: [\n---\n# Title\n\nWords.\n")
    assert raw.metadata == {}
    assert raw.warnings == ("front matter line 2 is not YAML and was passed over",)
    assert [b.text for b in raw.blocks] == ["Title", "Words."]


def test_yaml_runs_no_code() -> None:
    raw = read("---\na: !!python/object/apply:os.getcwd []\n---\n# Title\n\nWords.\n")
    assert raw.metadata == {}
    assert raw.warnings


def test_plain_text_without_headings() -> None:
    assert words("One line\nand its end.\n\n1.1 A rule.\n1.2 Another.\n") == [
        "One line and its end.",
        "1.1 A rule.",
        "1.2 Another.",
    ]


# -- encodings ---------------------------------------------------------------------------------------------


def test_windows_1252_is_read_with_a_warning() -> None:
    raw = read("The keeper’s trees – all of them – cost € 5.".encode("cp1252"))
    assert [b.text for b in raw.blocks] == ["The keeper’s trees – all of them – cost € 5."]
    assert raw.warnings == ("not UTF-8 at byte 10; read as Windows-1252",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-8-sig"])
def test_unicode_is_read_without_a_warning(encoding: str) -> None:
    raw = read("Der Züchter prüft – jährlich.".encode(encoding))
    assert [b.text for b in raw.blocks] == ["Der Züchter prüft – jährlich."]
    assert raw.warnings == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_html_without_a_declared_encoding(encoding: str) -> None:
    assert words("<html><body><p>Züchter</p></body></html>".encode(encoding)) == ["Züchter"]


def test_html_and_xml_that_declare_utf_16() -> None:
    assert words('<html><head><meta charset="utf-16"></head><body><p>Züchter</p></body></html>'.encode("utf-16")) == [
        "Züchter"
    ]
    assert words('<?xml version="1.0" encoding="UTF-16"?><a><b>Züchter</b></a>'.encode("utf-16")) == ["Züchter"]


# -- HTML and XML ------------------------------------------------------------------------------------------


def test_html_headings_lists_tables_and_what_is_skipped() -> None:
    raw = read(
        "<!doctype html><html><head><title>Rules</title><script>alert(1)</script></head>"
        "<body><nav>Menu</nav><h1>Rules</h1>"
        "<p>First <b>bold</b> word<br>new line</p><ul><li>item</li></ul>"
        "<table><tr><th>Tree</th><th>Month</th></tr><tr><td>Apple</td><td>March</td></tr></table>"
        "<!-- hidden -->After</body></html>"
    )
    assert raw.title == "Rules"
    assert [(b.text, b.level, b.item, b.row) for b in raw.blocks] == [
        ("Rules", 1, False, False),
        ("First bold word", 0, False, False),
        ("new line", 0, False, False),
        ("item", 0, True, False),
        ("Tree | Month", 0, False, True),
        ("Tree: Apple; Month: March", 0, False, True),
        ("After", 0, False, False),
    ]


def test_layout_tables_of_official_texts_join_marker_and_words() -> None:
    point = "<table><tr><td><p>{}</p></td><td><p>{}</p></td></tr></table>"
    source = (
        "<html><body><p>Article 5</p><p>1. All:</p>"
        + point.format("(a)", "mark the tree;")
        + point.format("—", "a dash;")
        + "</body></html>"
    )
    assert [(b.text, b.item, b.row) for b in read(source).blocks] == [
        ("Article 5", False, False),
        ("1. All:", False, False),
        ("(a) mark the tree;", False, False),
        ("a dash;", True, False),
    ]


@pytest.mark.parametrize("tag", ["div", "span", "x", "table><tr><td"])
@pytest.mark.parametrize("depth", [300, 20_000])
def test_deep_nesting_is_refused_and_never_loses_words_in_silence(tag: str, depth: int) -> None:
    closing = "".join(f"</{name}>" for name in reversed(tag.split("><")))
    source = "<html><body><p>First.</p>" + f"<{tag}>" * depth + "Deep." + closing * depth + "<p>Last.</p></body></html>"
    with pytest.raises(DocumentError, match=r"given\.bin: .*deep"):
        read(source)
    shallow = source.replace(f"<{tag}>" * depth, f"<{tag}>" * 40).replace(closing * depth, closing * 40)
    assert words(shallow) == ["First.", "Deep.", "Last."]


def test_entity_bomb_is_refused_quickly() -> None:
    entities = '<!ENTITY e0 "lol">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    with pytest.raises(DocumentError):
        read(f'<?xml version="1.0"?><!DOCTYPE l [{entities}]><l><t>Before &e11; after.</t></l>')


def test_external_entities_are_not_read_and_the_words_after_them_are_kept(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("PASSWORD")
    raw = read(
        f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
        "<l><t>Before &x; after <i>it</i>.</t><t>&x; End</t></l>"
    )
    assert [b.text for b in raw.blocks] == ["Before &x; after it.", "&x; End"]
    assert raw.warnings == ("2 entity reference(s) not expanded",)


def test_markup_without_words() -> None:
    with pytest.raises(DocumentError, match="no text found"):
        read("<html><body><script>x</script></body></html>")


# -- Word --------------------------------------------------------------------------------------------------


def test_docx_headings_tables_and_metadata(docx_bytes: bytes) -> None:
    raw = read(docx_bytes)
    assert raw.title == "Tractor Policy"
    assert raw.metadata == {"owner": "Fleet Manager", "version": "1.4"}
    assert [(b.text, b.level, b.row) for b in raw.blocks] == [
        ("Tractor Policy", 1, False),
        ("Owner | Fleet Manager", 0, True),
        ("Version | 1.4", 0, True),
        ("1. Driving", 1, False),
        ("1.1 Only staff with a licence may drive a tractor.", 0, False),
        ("1.2 A tractor must not leave the farm after 22:00.", 0, False),
        ("2. Refuelling", 1, False),
        ("2.1 Diesel must be stored at least 15 metres from any building.", 0, False),
        ("Tank | Litres | Check", 0, True),
        ("Tank: North; Litres: 900; Check: Weekly, by the mechanic", 0, True),
    ]


def test_docx_table_in_the_middle_is_no_metadata(tmp_path: Path) -> None:
    import docx

    document = docx.Document()
    document.add_heading("Form Policy", 0)
    document.add_heading("1. Forms", 1)
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("Title", "Owner"), ("Form A", "Head of Forms")), strict=True):
        row.cells[0].text, row.cells[1].text = cells
    document.save(str(tmp_path / "form.docx"))
    made = parse_file(tmp_path / "form.docx").document
    assert (made.title, made.provenance.owner) == ("Form Policy", "")
    assert made.text.endswith("Title: Form A; Owner: Head of Forms")


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("word/document.xml", b"<w:document><broken"),
        ("word/document.xml", b""),
        ("word/document.xml", None),
        ("docProps/core.xml", b"<x"),
        ("_rels/.rels", b"<"),
        ("[Content_Types].xml", None),
    ],
)
def test_docx_with_a_broken_part(docx_bytes: bytes, part: str, content: bytes | None) -> None:
    with pytest.raises(DocumentError, match=r"given\.bin"):
        read(with_part(docx_bytes, part, content))


def test_zip_that_is_no_docx(docx_bytes: bytes) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DocumentError, match="a ZIP archive, but no known document"):
        read(made.getvalue())
    with pytest.raises(DocumentError, match=r"given\.bin"):
        read(with_part(docx_bytes, "[Content_Types].xml", b"<Types/>"))


def test_zip_bomb_is_refused_before_it_is_unpacked(docx_bytes: bytes) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("word/x", b"")
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(260):
                part.write(bytes(1024 * 1024))
    with pytest.raises(DocumentError, match="the limit is"):
        read(made.getvalue())


# -- PDF ---------------------------------------------------------------------------------------------------


def test_pdf_without_running_heads_and_with_pages(tmp_path: Path, pdf_bytes: bytes) -> None:
    raw = read(pdf_bytes)
    assert raw.title == "Pesticide Policy"
    assert [(b.text, b.level, b.page) for b in raw.blocks] == [
        ("1. Storage", 2, 1),
        ("1.1 Pesticides must be locked away in the red cabinet and may be taken out by the chemist only.", 0, 1),
        ("2. Spraying", 2, 2),
        ("2.1 Spraying must stop when the wind exceeds 5 metres per second, measured at the gate.", 0, 2),
        ("3. Disposal", 2, 3),
        ("3.1 Empty drums must be rinsed three times and returned to the supplier within 14 days.", 0, 3),
    ]
    made = parse_file(tmp_path / "a.pdf").document
    assert [(n.label, n.page) for n in made.provisions[1:]] == [
        ("1", 1),
        ("1.1", 1),
        ("2", 2),
        ("2.1", 2),
        ("3", 3),
        ("3.1", 3),
    ]


def test_pdf_pages_without_text_are_reported(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    for name, texts in (("part.pdf", ["Words on the first page.", ""]), ("scan.pdf", ["", ""])):
        canvas = Canvas(str(tmp_path / name))
        for text in texts:
            canvas.rect(10, 10, 50, 50)
            canvas.drawString(60, 700, text) if text else None
            canvas.showPage()
        canvas.save()
    assert read((tmp_path / "part.pdf").read_bytes()).warnings == ("no text on page(s) 2 (1 of 2)",)
    with pytest.raises(DocumentError, match="no page has a text layer"):
        read((tmp_path / "scan.pdf").read_bytes())


# -- articles JSON -----------------------------------------------------------------------------------------


def test_articles_json() -> None:
    raw = read(json.dumps(REGULATION))
    assert raw.title == "Regulation (EU) 2031/7 on the care of orchards (Orchard Regulation)"
    texts = [block.text for block in raw.blocks]
    assert texts[:3] == [
        "Orchards feed people. Blight destroys them within weeks.",
        "Keepers see blight first.",
        "CHAPTER I General provisions",
    ]
    assert [block.recital for block in raw.blocks[:3]] == [1, 2, 0]
    at = texts.index("The keeper shall do the following:")
    assert texts[at + 1 : at + 4] == ["mark the tree;", "burn the wood;", "disinfect the tools."]
    assert all(block.item for block in raw.blocks[at + 1 : at + 4])


def test_articles_json_with_a_missing_article_or_recital() -> None:
    for path, what in ((("chapters", 1, "articles"), "article 3 is missing"), (("recitals",), "recital 1 is missing")):
        content = json.loads(json.dumps(REGULATION))
        rows = content
        for key in path:
            rows = rows[key]
        del rows[0]
        with pytest.raises(DocumentError, match=what):
            read(json.dumps(content))


@pytest.mark.parametrize(
    "source",
    [
        '{"chapters": 3, "articles": 1}',
        '{"chapters": [{"articles": [{"number": "x"}]}]}',
        '{"chapters": [{"articles":',
        '{"chapters":' + "[" * 100_000 + '"articles"',
    ],
    ids=["number", "no-number", "cut-off", "deep"],
)
def test_articles_json_of_another_form(source: str) -> None:
    with pytest.raises(DocumentError, match=r"given\.bin"):
        read(source)


# -- what cannot be read -----------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n"])
def test_empty_file(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"given\.bin: the file is empty"):
        read(data)


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\x7fELF\x00\x00", b"text with a NUL \x00 inside"])
def test_binary_file(data: bytes) -> None:
    with pytest.raises(DocumentError, match="not a text"):
        read(data)


@pytest.mark.parametrize("content", ["# Title\n", "# Title\n\n## 1. One\n\n## 2. Two\n", "\ufeff", "\u200b\u00ad"])
def test_files_without_a_provision(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hollow.md"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DocumentError, match=r"hollow\.md: (nothing but headings|no text) found"):
        parse_file(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.98])
def test_truncated_files(docx_bytes: bytes, pdf_bytes: bytes, share: float) -> None:
    for data in (docx_bytes, pdf_bytes):
        with pytest.raises(DocumentError, match=r"given\.bin"):
            read(data[: int(len(data) * share)])


@pytest.mark.parametrize("form", ["docx_bytes", "pdf_bytes"])
def test_damaged_bytes_never_raise_anything_else(form: str, request: pytest.FixtureRequest) -> None:
    data = request.getfixturevalue(form)
    chance = random.Random(7)
    refused = 0
    for _ in range(120):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            refused += bool(read(bytes(damaged)).warnings)
        except DocumentError:
            refused += 1
    assert refused > 10  # or the damage would prove nothing


def test_lost_cross_reference_numbers_are_counted_and_ordinary_words_are_not() -> None:
    lost = "The basics pursuant to Articles 5,, and; the rights pursuant to Articles 12 to; the rest."
    whole = (
        "See Article 22 (1) and (4) and, at least in those cases, Articles 12 to 14; access to, and erasure of, data."
    )
    chapters = [{"number": 1, "title": "C", "articles": [{"number": 1, "title": "A", "text": ""}]}]

    def warnings(text: str) -> tuple[str, ...]:
        chapters[0]["articles"] = [{"number": 1, "title": "A", "text": text}]
        return read_bytes(json.dumps({"chapters": chapters, "recitals": []}).encode(), "law.json").warnings

    assert warnings(whole) == ()
    assert [warning.partition(" lack")[0] for warning in warnings(lost)] == ["at least 2 cross-reference(s)"]


# -- lines, encodings, figures -----------------------------------------------------------------------------


def test_plain_paragraphs_are_cited_by_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "notice.txt"
    path.write_text("One word\nand more.\n\nTwo.\n", encoding="utf-8")
    assert [n.label for n in parse_file(path).document.provisions[1:]] == ["l. 1–2", "l. 4"]
    path.write_text("---\nowner: Me\n---\n\nOne.\n", encoding="utf-8")
    assert [n.label for n in parse_file(path).document.provisions[1:]] == ["l. 5"]


def test_form_feeds_divide_pages_and_running_heads_are_left_out() -> None:
    raw = read("\f".join(f"Orchard Act\n\nText {'x' * n} here.\n\nPage {n}" for n in range(1, 5)))
    assert [(b.page, b.text) for b in raw.blocks] == [(n, f"Text {'x' * n} here.") for n in range(1, 5)]
    assert raw.left_out == {"running heads": 4 * len("Orchard ActPage 1")}


def test_words_divided_at_a_line_end_are_mended_where_the_text_has_them_whole() -> None:
    assert words("The insurance of trees.\n\nEach insur-\nance is well-\nknown here.") == [
        "The insurance of trees.",
        "Each insurance is well-known here.",
    ]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Für Größe und Höhe der Bäume gilt § 5 – „sofort“ und überall."),
        ("cp1250", "Każdy pracownik jest zobowiązany zgłosić naruszenie. Źródło błędów, żółw i gęś."),
        ("cp1251", "Каждый сотрудник обязан сообщить о нарушении безопасности данных немедленно."),
        ("cp932", "従業員は個人データの漏えいを直ちに報告しなければならない。保存期間は六年とする。"),
        ("utf-16-le", "The keeper shall tell the owner."),
        ("utf-16-be", "The keeper shall tell the owner."),
    ],
)
def test_text_of_any_encoding_is_read_and_what_was_assumed_is_said(encoding: str, text: str) -> None:
    raw = read(text.encode(encoding))
    assert [block.text for block in raw.blocks] == [text]
    assert any("read as" in warning for warning in raw.warnings)


def test_formulas_of_text_recognition_are_plain_signs_and_real_ones_stay() -> None:
    raw = read(r"""# T

See $\S 1.4(\mathrm{f})$, pay $\$ 100$, keep $\frac{1}{2}$ and $5 or $6.
""")
    assert raw.blocks[1].text == r"See § 1.4(f), pay $100, keep $\frac{1}{2}$ and $5 or $6."
    assert raw.warnings == ("2 formula(s) in LaTeX read as plain signs",)


def test_figures_and_comments_are_counted_and_placeholders_kept() -> None:
    raw = read("<!-- secret -->\n\n# T\n\n![A tree](tree.png)\n\nAsk {{.Owner}} and {{name}}.\n")
    assert [block.text for block in raw.blocks if block.text.strip()] == ["T", "A tree", "Ask {{.Owner}} and {{name}}."]
    assert raw.warnings == ("1 figure(s) not read",)
    assert raw.left_out == {"comments": len("<!-- secret -->")}


def test_catalogue_codes_in_table_rows_can_be_cited(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.md"
    path.write_text("| Control | Text |\n|---|---|\n| GUARD 1.1: Watch. | GU-1.1-001 Look. GU-1.1-002 Tell. |\n")
    document = parse_file(path).document
    assert [n.label for n in document.provisions if n.kind.value == "table" and n.label.startswith("G")] == [
        "GUARD 1.1", "GU-1.1-001", "GU-1.1-002",
    ]  # fmt: skip
