"""PDFs made to exhaust or mislead: each is refused with its reason, or read with a warning."""

from __future__ import annotations

import zlib

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from pincite.errors import DocumentError
from tests.ingest.helpers import read
from tests.ingest.pdfs import bare, lines, one_page, pdf

WORDS = b"BT /F 12 Tf 72 700 Td (Staff must lock doors.) Tj ET"
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"


def encrypted(user: str, **rights: int) -> bytes:
    return pdf(lambda c: lines(c, ["Staff must lock doors."]), encrypt=StandardEncryption(user, "owner", **rights))


def test_a_password_is_asked_for_and_mere_restrictions_are_reported() -> None:
    with pytest.raises(DocumentError, match="password") as caught:
        read(encrypted("secret"))
    assert "without the password" in caught.value.hint
    raw = read(encrypted("", canCopy=0))
    assert [block.text for block in raw.blocks] == ["Staff must lock doors."]
    assert "encrypted" in raw.warnings[0]


def test_a_wrong_index_is_repaired_and_reported() -> None:
    data = one_page(WORDS)
    broken = data.replace(b"startxref\n%d" % data.rindex(b"xref\n0"), b"startxref\n7")
    assert broken != data
    raw = read(broken)
    assert raw.blocks[0].text == "Staff must lock doors."
    assert "damaged" in raw.warnings[0]
    assert read(data).warnings == ()


@pytest.mark.parametrize(
    "data",
    [
        bare(
            CATALOG, b"<</Type/Pages/Kids[" + b"3 0 R " * 100_000 + b"]/Count 100000>>", b"<</Type/Page/Parent 2 0 R>>"
        ),
        bare(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1000000>>", b"<</Type/Page/Parent 2 0 R>>"),
    ],
    ids=["real", "claimed"],
)
def test_too_many_pages(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"pages; the limit is 5,000"):
        read(data)


def test_a_page_tree_that_is_a_ring_ends() -> None:
    ring = b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>"
    with pytest.raises(DocumentError):
        read(bare(CATALOG, b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>", ring))


def test_streams_that_unfold_beyond_measure() -> None:
    with pytest.raises(DocumentError, match="unfolds to more than"):
        read(one_page(b" " * 100_000_000))
    twice = zlib.compress(zlib.compress(b" " * 100_000_000, 9), 9)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>"
    stream = b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>\nstream\n%b\nendstream" % (len(twice), twice)
    with pytest.raises(DocumentError, match="unfolds to more than"):
        read(bare(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream))


def test_too_much_on_a_page() -> None:
    with pytest.raises(DocumentError, match="page 1 is drawn with 200,001 objects"):
        read(one_page(b"0 0 m 9 9 l S\n" * 200_001))
    with pytest.raises(DocumentError, match=r"page 1 has .* characters; the limit is 200,000"):
        read(
            one_page(
                b"BT /F 9 Tf 72 700 Td "
                + b"("
                + b"ab cd " * 10
                + b") Tj " * 1
                + (b"(" + b"abcde " * 60 + b") Tj ") * 700
                + b"ET"
            )
        )


def test_a_page_larger_than_any_paper_is_read() -> None:
    assert read(one_page(WORDS, b"0 0 9000000 9000000")).blocks[0].text == "Staff must lock doors."


def test_an_image_larger_than_memory_is_not_unfolded() -> None:
    packed = zlib.compress(b"\0" * 1_000_000, 9)
    raw = read(
        bare(
            CATALOG,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
            b"/Resources<</Font<</F 5 0 R>>/XObject<</I 6 0 R>>>>>>",
            b"<</Length %d>>\nstream\nq 9 0 0 9 0 0 cm /I Do Q %b\nendstream" % (len(WORDS) + 26, WORDS),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            b"<</Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceGray/BitsPerComponent 8"
            b"/Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(packed), packed),
        )
    )
    assert raw.blocks[0].text == "Staff must lock doors."


def test_attachments_are_reported() -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.txt) 5 0 R]>>>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 7 0 R>>>>>>"
    raw = read(
        bare(
            catalog,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            page,
            b"<</Length %d>>\nstream\n%b\nendstream" % (len(WORDS), WORDS),
            b"<</Type/Filespec/F(a.txt)/EF<</F 6 0 R>>>>",
            b"<</Type/EmbeddedFile/Length 3>>\nstream\nabc\nendstream",
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        )
    )
    assert raw.warnings == ("1 attached file(s) not read",)
