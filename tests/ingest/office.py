"""Office files made part by part, so that tests decide every byte of them."""

import io
import zipfile
from collections.abc import Sequence

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
DECLARED = "application/vnd.openxmlformats-officedocument"


def packed(parts: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in parts.items():
            # the same bytes whenever they are made: they name tests, which two processes must call alike
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return made.getvalue()


def docx_parts(body: str, numbering: str = "", styles: str = "", **more: str) -> dict[str, str | bytes]:
    """Return the parts of a Word document; `more` are parts such as footnotes="…" with their inner XML."""
    inner = {"document": f"<w:body>{body}</w:body>", "numbering": numbering, "styles": styles} | more
    roots = {"header1": "hdr", "footer1": "ftr"}
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Override PartName="/word/document.xml" '
        f'ContentType="{DECLARED}.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" Type="{R}/officeDocument" '
        'Target="word/document.xml"/></Relationships>',
    }
    relations = ""
    for name, content in inner.items():
        root = roots.get(name, name)
        parts[f"word/{name}.xml"] = (
            f'<w:{root} xmlns:w="{W}" xmlns:r="{R}" xmlns:v="urn:schemas-microsoft-com:vml" '
            'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
            'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
            'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
            f"{content}</w:{root}>"
        )
        kind = name.rstrip("1") if name in roots else name
        relations += f'<Relationship Id="{name}" Type="{R}/{kind}" Target="{name}.xml"/>'
    parts["word/_rels/document.xml.rels"] = f'<Relationships xmlns="{RELATIONS}">{relations}</Relationships>'
    return parts


def docx_of(body: str, numbering: str = "", styles: str = "", **more: str) -> bytes:
    return packed(docx_parts(body, numbering, styles, **more))


def p(text: str = "", num: int | None = None, level: int | None = 0, style: str = "", properties: str = "") -> str:
    """Return a paragraph; `text` may be runs ("<w:r>…")."""
    numbered = "" if num is None else f'<w:numId w:val="{num}"/>'
    numbered = ("" if level is None else f'<w:ilvl w:val="{level}"/>') + numbered if numbered else ""
    numbered = f"<w:numPr>{numbered}</w:numPr>" if numbered else ""
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    runs = text if text.startswith("<") else run(text) if text else ""
    return f"<w:p><w:pPr>{styled}{numbered}{properties}</w:pPr>{runs}</w:p>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def style(key: str, name: str, based: str = "", paragraph: str = "", run: str = "", default: bool = False) -> str:
    mark = ' w:default="1"' if default else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{key}"{mark}><w:name w:val="{name}"/>'
        + (f'<w:basedOn w:val="{based}"/>' if based else "")
        + f"<w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
    )


def abstract(key: int, *levels: tuple[str, str] | tuple[str, str, str], head: str = "") -> str:
    """Return a list definition; a level is (format, text) or (format, text, more XML)."""
    made = ""
    for at, (form, text, *more) in enumerate(levels):
        start = "" if any("w:start " in extra for extra in more) else '<w:start w:val="1"/>'
        made += (
            f'<w:lvl w:ilvl="{at}">{start}<w:numFmt w:val="{form}"/>{"".join(more)}<w:lvlText w:val="{text}"/></w:lvl>'
        )
    return f'<w:abstractNum w:abstractNumId="{key}">{head}{made}</w:abstractNum>'


def num(key: int, of: int, overrides: str = "") -> str:
    return f'<w:num w:numId="{key}"><w:abstractNumId w:val="{of}"/>{overrides}</w:num>'


def table(*rows: Sequence[str]) -> str:
    """Return a table; a cell that begins with "<w:tcPr" brings its own properties."""
    made = ""
    for row in rows:
        cells = ""
        for cell in row:
            properties, _, text = cell.rpartition("</w:tcPr>")
            properties += "</w:tcPr>" if properties else ""
            cells += f"<w:tc>{properties}{text if text.startswith('<w:p>') else p(text)}</w:tc>"
        made += f"<w:tr>{cells}</w:tr>"
    return f"<w:tbl>{made}</w:tbl>"


ODF = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"), ("draw", "drawing"),
        ("meta", "meta"),
    )
)  # fmt: skip


def odt_of(body: str, automatic: str = "", styles: str = "", **parts: str) -> bytes:
    """Return an OpenDocument text; `styles` are list styles and the like, `parts` further parts such as meta="…"."""
    made: dict[str, str | bytes] = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"<office:document-content {ODF}><office:automatic-styles>{automatic}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
        "styles.xml": f"<office:document-styles {ODF}>{styles}</office:document-styles>",
    }
    return packed(made | {f"{name}.xml": content for name, content in parts.items()}, zipfile.ZIP_STORED)


def list_style(name: str, *levels: tuple[str, str]) -> str:
    """Return a list style; a level is (num-format, attributes), without a format a bullet."""
    made = ""
    for at, (form, attributes) in enumerate(levels, 1):
        kind = "number" if form else "bullet"
        counts = f'style:num-format="{form}" ' if form else ""
        made += f'<text:list-level-style-{kind} text:level="{at}" {counts}{attributes}/>'
    return f'<text:list-style style:name="{name}">{made}</text:list-style>'
