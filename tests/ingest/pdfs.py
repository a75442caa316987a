"""PDFs of invented documents for tests, drawn with reportlab, and bare ones put together byte by byte."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

Draw = Callable[[Canvas], None]


def pdf(*pages: Draw, title: str = "", **options: object) -> bytes:
    """Return a PDF with one page for each function that draws one."""
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4, invariant=1, **options)
    canvas.setTitle(title)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def lines(
    canvas: Canvas,
    texts: Sequence[str],
    *,
    x: float = 60,
    y: float = 760,
    step: float = 13,
    font: str = "Times-Roman",
    size: float = 11,
) -> float:
    """Draw lines downwards and return where the next one would stand."""
    canvas.setFont(font, size)
    for text in texts:
        if text:
            canvas.drawString(x, y, text)
        y -= step
    return y


def bare(*objects: bytes) -> bytes:
    """Return a PDF of these objects, the first of them the catalog."""
    made = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return made + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        table,
        size,
        len(made),
    )


def one_page(content: bytes, box: bytes = b"0 0 612 792") -> bytes:
    """Return a PDF of one page with this packed content."""
    packed = zlib.compress(content, 9)
    return bare(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%b]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>" % box,
        b"<</Length %d/Filter/FlateDecode>>\nstream\n%b\nendstream" % (len(packed), packed),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
