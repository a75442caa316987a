"""The official American texts, where they lie beside the repository, against a second reading by other means."""

import random
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from lxml import html

from pincite.domain.documents import DocumentKind
from pincite.ingest.codes import state_code
from pincite.ingest.parse import Parsed
from pincite.ingest.readers import read_bytes
from tests.ingest.helpers import parse_file
from tests.ingest.us_extraction import Found, bare, sections


@cache
def parsed(path: Path) -> Parsed:
    return parse_file(path)


def plain(markdown: str) -> str:
    """Words of Markdown without its signs, by a few substitutions."""
    markdown = re.sub(r"<[^<>]*>", "", markdown)
    markdown = re.sub(r"\[((?:[^\[\]\\]|\\.)*)\]\((?:[^()\\]|\\.)*\)", r"\1", markdown)
    markdown = re.sub(
        r"\$((?:\\.|[^$\n])*?\\(?:[^$\n]|\\\$)*?)\$", lambda m: re.sub(r"\\mathrm|\\S|[{}~\\$ ]", "", m[1]), markdown
    )
    return bare(re.sub(r"\\(.)", r"\1", markdown).replace("\\", ""))


def sections_of(path: Path, pattern: str = "") -> list[str]:
    return [
        n.label for n in parsed(path).document.provisions if n.kind.value == "article" and n.label.startswith(pattern)
    ]


@pytest.mark.parametrize(("part", "count"), [("160", 61), ("162", 51), ("164", 39)])
def test_hipaa_has_all_sections(regulations: Path, part: str, count: int) -> None:
    found = sections_of(regulations / "hipaa-45cfr-160-162-164.txt", f"§ {part}.")
    assert len(found) == len(set(found)) == count


def test_sections_of_the_other_acts(regulations: Path) -> None:
    assert sections_of(regulations / "coppa-16cfr312.md") == [f"§ 312.{n}" for n in range(1, 14)]
    assert sections_of(regulations / "bipa-740-ilcs-14.md") == [f"§ {n}" for n in (1, 5, 10, 15, 20, 25, 30, 99)]
    assert len(set(sections_of(regulations / "ccpa.leginfo.html"))) == 46
    virginia = sections_of(regulations / "vcdpa.html")
    assert len(virginia) == 13  # § 59.1-575 in two versions
    assert set(virginia) == {f"§ 59.1-{n}" for n in (*range(575, 586), "577.1")}
    raw = (regulations / "sec-regsp-17cfr248.md").read_text(encoding="utf-8")
    printed = re.findall(r"^(?:#+ )?(?:<[^<>]*>)*\*\*§ (248\.\d+) ", raw, re.M)
    assert sections_of(regulations / "sec-regsp-17cfr248.md") == [f"§ {n}" for n in printed]


def test_every_file_of_the_us_code(regulations: Path) -> None:
    paths = sorted((regulations / "us-code").glob("*.md"))
    assert len(paths) > 30
    for path in paths:
        document = parsed(path).document
        raw = path.read_text(encoding="utf-8")
        number = re.search(r"^#### §\s([\w–]+)\.", raw, re.M)[1].replace("–", "-")  # type: ignore[index]
        title = re.match(r"# Title (\d+)", raw)[1]  # type: ignore[index]
        assert sections_of(path) == [f"§ {number}"], path.name
        assert document.kind is DocumentKind.LAW
        assert f"{title} U.S.C. § {number}" in document.aliases
        headed = dict.fromkeys(re.findall(r"^#{5,6} (\([a-z]{1,2}\))", raw, re.M))
        labels = {n.label for n in document.provisions}
        assert {f"§ {number}{mark}" for mark in headed} <= labels, path.name


def lists_are_whole(path: Path) -> list[str]:
    """Labels of points before which their list has a gap."""
    from pincite.ingest.enumeration import readings

    provisions = parsed(path).document.provisions
    before: dict[int, str] = {}
    gaps = []
    for node in provisions:
        marker = re.fullmatch(r".*?\(([^()]+)\)(?:–\(([^()]+)\))?", node.label)
        if node.kind.value not in ("paragraph", "point") or not marker:
            continue
        last = before.get(node.parent)
        now = readings(marker[1])
        wanted = [(s, v + 1) for s, v in readings(last)] if last else []
        if not any((s, v) in wanted if last else v == 1 for s, v in now):
            gaps.append(node.label)
        before[node.parent] = marker[2] or marker[1]
    return gaps


def test_no_list_has_a_gap_that_the_text_has_not(regulations: Path) -> None:
    for name in ("coppa-16cfr312.md", "ccpa.leginfo.html", "vcdpa.html", "bipa-740-ilcs-14.md"):
        assert lists_are_whole(regulations / name) == []
    assert [label for path in sorted((regulations / "us-code").glob("*.md")) for label in lists_are_whole(path)] == []
    # "E) Law enforcement" has lost its bracket in the recognised text
    assert lists_are_whole(regulations / "hipaa-45cfr-160-162-164.txt") == ["§ 164.512(k)(5)(i)(F)"]


SAMPLES = ("hipaa-45cfr-160-162-164.txt", "coppa-16cfr312.md", "sec-regsp-17cfr248.md", "bipa-740-ilcs-14.md")


# places where the source itself is not as its kind of law is
ODD = {"§ 45(m)(2)"}  # (1) and (2) stand below (B), where statutes have (i) and (ii)


def differences(path: Path, wanted: list[Found], headed: str = "") -> list[tuple[str, str]]:
    """What of `wanted` is not read with the same pin-cite, all its words and the headings above it and its own.

    `headed` is a pattern of those markers to which comparing headings is limited.
    """
    document = parsed(path).document
    nodes = {node.label: node for node in reversed(document.provisions) if node.label}
    found = []
    for one in wanted:
        node = nodes.get(one.label)
        if one.label in ODD:
            continue
        if node is None:
            found.append((one.label, "no such pin-cite"))
        elif not bare(document.text[node.start : node.end]).startswith(bare(one.words)):
            found.append((one.label, f"other words: {one.words[:60]}"))
        elif path.suffix == ".md":
            section, *above = [part for part in document.path(node) if part.startswith("§ ")]
            above, wanted_above = (
                [bare(part) for part in parts if re.match(rf"§ [\w.-]+{headed}", part)]
                for parts in (above, one.path[1:])
            )
            if not bare(section).startswith(bare(one.path[0])):
                found.append((one.label, f"below {section}, not {one.path[0]}"))
            elif above != wanted_above:
                found.append((one.label, f"below {above}, not {one.path[1:]}"))
    return found


@pytest.mark.parametrize(
    ("name", "count"),
    [("hipaa-45cfr-160-162-164.txt", 2000), ("coppa-16cfr312.md", 150), ("sec-regsp-17cfr248.md", 740)],
)
def test_federal_rules_are_read_as_a_stack_machine_reads_them(regulations: Path, name: str, count: int) -> None:
    wanted = sections(regulations / name)
    assert len(wanted) >= count
    assert differences(regulations / name, wanted) == []


def test_the_us_code_is_read_as_a_stack_machine_reads_it(regulations: Path) -> None:
    paths = sorted((regulations / "us-code").glob("*.md"))
    wanted = {path: sections(path) for path in paths}
    assert sum(map(len, wanted.values())) > 1200
    # the file marks only the headings of subsections; those below run into their words
    assert [(path.name, one) for path in paths for one in differences(path, wanted[path], r"\([a-z]\) ")] == []


SAMPLES = ("hipaa-45cfr-160-162-164.txt", "coppa-16cfr312.md", "sec-regsp-17cfr248.md", "bipa-740-ilcs-14.md")


def test_illinois_paragraphs_are_found_again(regulations: Path) -> None:
    path = regulations / "bipa-740-ilcs-14.md"
    raw = re.sub(r"(?<=\S)\n(?=\S)", " ", path.read_text(encoding="utf-8"))
    document = parsed(path).document
    nodes = {node.label: node for node in document.provisions}
    section = letter = number = ""
    checked = 0
    for paragraph in re.split(r"\n\n|\n(?= +\*)", raw):
        text = re.sub(r"^Sec\. \d+\. [^.]+\. (?=\(a\))", "", " ".join(paragraph.split()).lstrip("*- "))
        if head := re.match(r"\(740 ILCS 14/(\d+)\)$", text):
            section, letter, number = f"§ {head[1]}", "", ""
        elif mark := re.match(r"\((\w)\)", text):
            capital, digit = mark[1].isupper(), mark[1].isdigit()
            letter, number = (letter, mark[0] if digit else number) if digit or capital else (mark[0], "")
            label = section + letter + number + (mark[0] if capital else "")
            own = document.text[nodes[label].start : nodes[label].end]
            assert bare(own).startswith(bare(text)), label
            checked += 1
    assert checked >= 20


def test_californian_paragraphs_lie_as_deep_as_they_are_indented(regulations: Path) -> None:
    path = regulations / "ccpa.leginfo.html"
    tree = html.fromstring(path.read_bytes(), parser=html.HTMLParser(encoding="utf-8"))
    depth = {"1": 2, "2.5": 3, "4": 4, "5.5": 5}
    indented = []
    section = ""
    for element in tree.iter("h6", "p"):
        text = " ".join(element.text_content().split())
        if element.tag == "h6":
            section = f"§ {text.rstrip('.')}"
        margin = re.search(r"margin-left: ([\d.]+)em", element.get("style") or "")
        marks = re.match(r"(?:\(\w+\) )+", text)
        if section and marks and (margin or "inline" in (element.get("style") or "")):
            words = marks.group().split()
            indented.append((section, words, depth[margin[1]] if margin else 1, bare(text)))
    assert len(indented) > 300
    document = parsed(path).document
    nodes = {n.label: bare(document.text[n.start : n.end]) for n in document.provisions}
    for section, words, level, text in random.Random(3).sample(indented, 200):
        ending = re.escape("".join(words)) + "$"
        fits = [
            label
            for label, own in nodes.items()
            if label.startswith(f"{section}(")
            and re.search(ending, label)
            and own.startswith(text)
            and label.count("(") == level + len(words) - 1
        ]
        assert fits, (section, words, text[:60])


def test_virginian_paragraphs(regulations: Path) -> None:
    path = regulations / "vcdpa.html"
    tree = html.fromstring(path.read_bytes(), parser=html.HTMLParser(encoding="utf-8"))
    document = parsed(path).document
    nodes = [(n.label, bare(document.text[n.start : n.end])) for n in document.provisions if n.label]
    checked = 0
    for line in tree.iter("b"):
        section = re.match(r"(§ [\d.-]+\d)\.", line.text_content())
        letter = number = ""
        for paragraph in line.getnext().iter("p") if section and line.getnext() is not None else ():
            text = " ".join(paragraph.text_content().split())
            marks = re.match(r"(?:(?:[A-Z]|\d{1,2}|[a-z])\. )+", text)
            if not marks or section[1] == "§ 59.1-575":  # type: ignore[index]
                continue
            for one in marks.group().replace(".", "").split():
                letter, number = (one, "") if one.isupper() else (letter, one if one.isdigit() else number)
            label = section[1] + "".join(f"({part})" for part in (letter, number, one if one.islower() else "") if part)  # type: ignore[index]
            assert any(known.startswith(label) and own.startswith(bare(text)) for known, own in nodes), (
                label,
                text[:60],
            )
            checked += 1
    assert checked > 80


@pytest.mark.parametrize("name", [*SAMPLES, "us-code/usc_5_552a.md", "us-code/usc_42_17935.md"])
def test_every_word_of_the_file_is_read_or_counted(regulations: Path, name: str) -> None:
    data = (regulations / name).read_bytes()
    document = parsed(regulations / name).document
    source = re.sub(r"^\{\d+\}-+$", "", data.decode(), flags=re.M)
    want, have = Counter(plain(source)), Counter(bare(document.text))
    left_out = sum(state_code(read_bytes(data, name)).left_out.values())
    missing = sum((want - have).values())
    assert missing <= left_out, want - have


def test_policies_are_all_read_without_losing_words(regulations: Path) -> None:
    policies = regulations.parent / "policies"
    paths = sorted(p for p in policies.rglob("*") if p.name.endswith((".md", ".tmpl")))
    assert len(paths) > 300
    for path in paths:
        data = path.read_bytes()
        if not data.strip():
            continue
        raw = read_bytes(data, path.name)
        body = re.sub(
            r"\A---\n.*?\n---\n|<!--.*?-->", "", data.decode("utf-8", "replace").replace("\r\n", "\n"), flags=re.S
        )
        source = Counter(
            re.findall(
                r"[A-Za-z]{3,}",
                re.sub(
                    r"<[^<>]*>|\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|^\s*\[[^\]]+\]: .*$|^\s*(?:```|~~~).*$",
                    " ",
                    body,
                    flags=re.M,
                ),
            )
        )
        read = Counter(
            re.findall(
                r"[A-Za-z]{3,}",
                " ".join([*(block.text for block in raw.blocks), *raw.metadata, *raw.metadata.values()]),
            )
        )
        lost = source - read
        assert sum(lost.values()) <= 0.01 * sum(source.values()) + 3, (path.name, lost.most_common(5))
        unfenced = re.sub(r"^\s*(```|~~~).*?^\s*\1", "", body, flags=re.M | re.S)
        for number, title in re.findall(r"^#{1,6} (\d+(?:\.\d+)*)\.? +(\S.*)$", unfenced, re.M)[:20]:
            assert any(b.text.startswith(number if b.level else "#") for b in raw.blocks if number in b.text), (
                path.name,
                number,
                title,
            )
        for placeholder in re.findall(r"\{\{[\w.]+\}\}", re.sub(r"\]\([^()]*\)", "", body))[:5]:
            assert any(placeholder in block.text for block in raw.blocks), (path.name, placeholder)


@pytest.mark.parametrize(
    ("name", "code", "count", "alone"),
    [
        # "MS-2.3-004" stands in a line by itself, divided from its words by the conversion
        ("nist-ai-600-1.md", r"\b[A-Z]{2}-\d\.\d{1,2}-\d{3}\b", 211, {"MS-2.3-004"}),
        ("nist_privacy_framework.md", r"\b[A-Z]{2}\.[A-Z]{2}-P\d{1,2}\b", 100, set()),
    ],
)
def test_every_code_of_a_catalogue_is_a_pin_cite(
    regulations: Path, name: str, code: str, count: int, alone: set[str]
) -> None:
    codes = set(re.findall(code, (regulations / name).read_text(encoding="utf-8")))
    assert len(codes) == count
    document = parsed(regulations / name).document
    labels = Counter(node.label for node in document.provisions)
    assert {one for one in codes if labels[one] != 1} == alone
    for node in document.provisions:
        if node.label in codes:
            own = document.text[node.start : node.end]
            assert re.findall(code, own) == [node.label], own[:80]
            assert len(own) > len(node.label) + 15 or node.label in alone, own
