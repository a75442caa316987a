"""Provisions of the official EU texts, extracted with plain lxml and none of the readers' own code."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from pincite.domain.text import collapse
from tests.conftest import SHARED

ROOT = SHARED / "corpora" / "regulations"
FORMEX = "gdpr-2016-679.formex.xml"
PLAIN = "eprivacy-2002-58.eurlex.html"
LAYOUT = (
    "gdpr-2016-679.eurlex.html",
    "ai-act-2024-1689.eurlex.html",
    "nis2-2022-2555.eurlex.html",
    "dora-2022-2554.eurlex.html",
    "data-act-2023-2854.eurlex.html",
    "dsa-2022-2065.eurlex.html",
    "cra-2024-2847.eurlex.html",
)

Found = dict[str, tuple[str, tuple[str, ...], str]]  # label -> heading, path, words


@functools.cache
def page(name: str) -> Any:
    root = html.document_fromstring((ROOT / name).read_bytes(), parser=html.HTMLParser(encoding="utf-8"))
    for mark in root.xpath("//a[contains(@href, '#ntr')]|//script|//style"):
        mark.drop_tree()
    return root


def said(element: Any) -> str:
    return collapse(" ".join(element.itertext()))


def first(element: Any, path: str) -> str:
    found = element.xpath(path)
    return said(found[0]) if found else ""


def cells(row: Any) -> list[Any]:
    return [cell for cell in row.xpath("./td") if said(cell)]


def number_of(row: Any) -> str:
    """Return the number or letter of a point that a table row is."""
    filled = cells(row)
    match = re.fullmatch(r"\(?([a-z]{1,5}|\d[\d.]*?)(?:\)|\.)", said(filled[0])) if len(filled) == 2 else None
    return match.group(1) if match else ""


def chain(row: Any) -> list[str]:
    """Return the numbers of a point and of those around it, innermost last; a dotted one takes its parent's place."""
    numbers = [number for above in row.xpath("ancestor-or-self::tr") if (number := number_of(above))]
    return [n for n, after in zip(numbers, [*numbers[1:], ""], strict=True) if not after.startswith(f"{n}.")]


def paragraph_number(element: Any) -> str:
    match = re.fullmatch(r"\d{3}\.0*(\d+)", element.get("id"))
    return match.group(1) if match else ""


def chapter_path(article: Any) -> tuple[str, ...]:
    path = []
    for division in article.xpath("ancestor::div[starts-with(@id, 'cpt_')]"):
        name = first(division, "./p[contains(@class, 'ti-section-1')]").capitalize()
        heading = first(division, "./div/p[contains(@class, 'ti-section-2')]")
        kind, _, number = name.partition(" ")
        path += [f"{kind} {number.upper()} {heading}"] if heading else []
    return tuple(path)


def of_layout(name: str) -> Found:
    """Return recitals, articles, paragraphs, points and annexes of a page in the newer layout, by ids and cells."""
    found: Found = {}
    root = page(name)
    for recital in root.xpath("//div[starts-with(@id, 'rct_')]"):
        for row in recital.xpath("./table/tbody/tr"):
            number, body = cells(row)
            found[f"Recital {said(number).strip('()')}"] = ("", (), said(body))
    for article in root.xpath("//div[@class='eli-subdivision' and starts-with(@id, 'art_')]"):
        label = f"Art. {article.get('id')[4:]}"
        heading = first(article, ".//p[@class='oj-sti-art']")
        path = (*chapter_path(article), f"{label} {heading}")
        whole = [
            part
            for part in article.xpath("./*")
            if "ti-art" not in (part.get("class") or "") and part.get("class") != "eli-title"
        ]
        found[label] = (heading, path, without_notes(whole))
        if heading.startswith("Amendment"):
            continue  # what it quotes has numbers of its own
        for paragraph in article.xpath("./div[@id]"):
            number = paragraph_number(paragraph)
            if not number:
                continue
            found[f"{label}({number})"] = ("", path, re.sub(r"^\d+\.\s*", "", without_notes([paragraph])))
        begun_anew = set()  # lists whose letters an earlier list of the same paragraph has used
        for row in article.xpath(".//tr[td]"):
            if number_of(row):
                above = next(filter(None, map(paragraph_number, row.xpath("ancestor::div[@id]"))), "")
                base = f"{label}({above})" if above else label
                outer = row.xpath("ancestor::table")[0]
                listed = (base, len(outer.xpath("preceding-sibling::p")))
                if f"{base}({chain(row)[0]})" in found and len(chain(row)) == 1:
                    begun_anew.add(listed)
                if listed in begun_anew:
                    base = f"{base} subpara. {listed[1]}"
                found[base + "".join(f"({n})" for n in chain(row))] = ("", path, without_notes([cells(row)[1]]))
    for annex in root.xpath("//div[starts-with(@id, 'anx_')]"):
        found.update(of_annex(annex))
    return found


def of_annex(annex: Any) -> Iterator[tuple[str, tuple[str, tuple[str, ...], str]]]:
    label = f"Annex {annex.get('id')[4:]}"
    titles = [said(line) for line in annex.xpath("./p[@class='oj-doc-ti']")]
    top = f"{label} {titles[1]}"
    if not annex.xpath(".//table[@class='oj-table']"):  # rows of data repeat headings
        yield label, (titles[1], (top,), without_notes(annex.xpath("./*[not(@class='oj-doc-ti')]")))
    for item in annex.xpath("./div[@class='oj-enumeration-spacing']"):
        number, words = item.xpath("./p")
        yield f"{label}({said(number).rstrip('.')})", ("", (top,), said(words))
    for row in annex.xpath(".//tr[td]"):
        if not number_of(row) or row.xpath("ancestor::table[@class='oj-table']"):
            continue
        lines = [said(line) for line in row.xpath("ancestor::*/preceding-sibling::p[contains(@class, 'oj-ti-grseq')]")]
        base, path, rest = label, [top], ""
        for line in lines:  # the last of each kind counts
            if part := re.match(r"(Section|Part) ([A-Z]+|\d)\b[\s.—]*", line):
                base, path, rest = f"{label} {part.group(1)} {part.group(2)}", [top], line[part.end() :]
                path += [f"{base} {rest}"] if rest else []
            elif point := re.match(r"(\d+)\. ", line):
                base = (
                    label
                    if number_of(row).startswith(f"{point.group(1)}.") or is_dotted(row)
                    else f"{label}({point.group(1)})"
                )
                path = [top, f"{label}({point.group(1)}) {line[point.end() :].rstrip('.')}"]
            elif re.fullmatch(r"[A-Z][a-z]+ [IVX]+", line):
                base, path = f"{label} {line}", [top, line]
            else:
                path = [top, f"{base} {line}"]
        yield base + "".join(f"({n})" for n in chain(row)), ("", tuple(path), without_notes([cells(row)[1]]))


def is_dotted(row: Any) -> bool:
    return any("." in number for number in chain(row))


def without_notes(parts: list[Any]) -> str:
    shown = "descendant-or-self::text()[not(ancestor::p[@class='oj-note'])]"
    return collapse(" ".join(" ".join(part.xpath(shown)) for part in parts))


def of_formex() -> Found:
    root = etree.parse(ROOT / FORMEX).getroot()
    for mark in root.iter("QUOT.START", "QUOT.END"):
        mark.text = chr(int(mark.get("CODE"), 16))
    found: Found = {}

    def spoken(element: Any) -> str:
        return collapse(" ".join(element.xpath(".//text()[not(ancestor::NOTE)]")))

    for recital in root.iter("CONSID"):
        number = recital.findtext("NP/NO.P").strip("()")
        found[f"Recital {number}"] = ("", (), spoken(recital).split(")", 1)[1])
    for article in root.iter("ARTICLE"):
        label = article.findtext("TI.ART").replace("Article", "Art.").replace("\u00a0", " ")
        heading = spoken(article.find("STI.ART"))
        path = []
        for division in article.xpath("ancestor::DIVISION"):
            kind, number = spoken(division.find("TITLE/TI")).split()
            path.append(f"{kind.capitalize()} {number} {spoken(division.find('TITLE/STI'))}")
        path.append(f"{label} {heading}")
        whole = " ".join(spoken(part) for part in article if part.tag in ("PARAG", "ALINEA"))
        found[label] = (heading, tuple(path), whole)
        for paragraph in article.iter("PARAG"):
            number = paragraph.findtext("NO.PARAG")
            found[f"{label}({number.rstrip('.')})"] = ("", tuple(path), spoken(paragraph).removeprefix(number))
        for point in article.iter("NP"):
            numbers = [above.findtext("NO.P").strip("()") for above in point.xpath("ancestor-or-self::NP")]
            paragraph_number = point.xpath("string(ancestor::PARAG/NO.PARAG)").rstrip(".")
            base = f"{label}({paragraph_number})" if paragraph_number else label
            own = point.findtext("NO.P")
            found[base + "".join(f"({n})" for n in numbers)] = ("", tuple(path), spoken(point).removeprefix(own))
    return found


def of_plain() -> Found:
    lines = [said(line) for line in page(PLAIN).xpath("//div[@id='TexteOnly']/p")]
    lines = [re.sub(r"(?<=[A-Za-z)])\(\d{1,2}\)", "", line) for line in lines if line]
    found: Found = {}
    begins = [i for i, line in enumerate(lines) if re.fullmatch(r"Article \d+", line)]
    ends = next(i for i, line in enumerate(lines) if line.startswith("Done at"))
    for line in lines[: begins[0]]:
        if match := re.match(r"\((\d+)\) ", line):
            found[f"Recital {match.group(1)}"] = ("", (), line[match.end() :])
    for begin, end in zip(begins, [*begins[1:], ends], strict=True):
        label = lines[begin].replace("Article", "Art.")
        path = (f"{label} {lines[begin + 1]}",)
        body = lines[begin + 2 : end]
        found[label] = (lines[begin + 1], path, " ".join(body))
        at = [i for i, line in enumerate(body) if re.match(r"\d+\. ", line)]
        for i, j in zip(at, [*at[1:], len(body)], strict=False):
            number, _, words = " ".join(body[i:j]).partition(". ")
            found[f"{label}({number})"] = ("", path, words)
        for line in body:
            if match := re.match(r"\(([a-z])\) ", line):
                found[f"{label}({match.group(1)})"] = ("", path, line[match.end() :])
    return found


def expected_of(name: str) -> Found:
    return of_formex() if name == FORMEX else of_plain() if name == PLAIN else of_layout(name)
