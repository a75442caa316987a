"""A second reading of American codes for the tests: a stack of levels over raw lines, with nothing of the readers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FEDERAL_RULES = "a1iA1i"
STATUTES = "a1AiI"
_SIGNS = {"\\mathrm": "", "\\S": "§", "~": "", "$": "", "{": "", "}": ""}
_OPENS = re.compile(r"\((\w{1,5})\)(?:(?:[–—-]| to | ?, )\((\w{1,5})\))?\s*")
_NEXT = r"(?=\(\w{1,5}\) ?(?:\(\w{1,5}\) ?)*(?:\*?[A-Z]))"
_INNER = re.compile(rf"(?<=[.;:—*-]) ?{_NEXT}|(?<=[;.] or) ?{_NEXT}|(?<=[;.] and) ?{_NEXT}")
_MEANS = (
    r"(?:means?|includes?|excludes|refers to|stands for|has the (?:same )?meaning|have the meaning|shall have the|"
    r"is defined)\b"
)
_TERM = re.compile(
    r"(?!(?:For|In|As|When|Any|The|If|It) )(?:“([^”]+)”|\"([^\"]+)\"|([A-Z][^.;:]{1,100}?)),? ?(?:\([^()]*\) ?)?"
    rf"(?:{_MEANS}|: ?\(1\)|:$)"
)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii",
          "xviii", "xix", "xx", "xxi", "xxii", "xxiii", "xxiv", "xxv")  # fmt: skip


@dataclass
class Found:
    """A provision as the raw file has it: pin-cite, headings above it and its own, words from its marker on."""

    label: str
    path: tuple[str, ...]
    words: str


def bare(text: str) -> str:
    """Letters and digits only: what no typesetting changes."""
    return re.sub(r"[\W_]+", "", text)


def plain(line: str) -> str:
    """A line of Markdown without links, tags and formulas; italics stay marked by one asterisk."""
    line = re.sub(r"<[^<>]*>", "", line)
    line = re.sub(r"\[((?:[^\[\]\\]|\\.)*)\]\((?:[^()\\]|\\.|\([^()]*\))*\)", r"\1", line)
    if "\\" in line:
        line = re.sub(
            r"\$[^$]*\\[^$]*\$", lambda m: re.sub("|".join(map(re.escape, _SIGNS)), lambda s: _SIGNS[s[0]], m[0]), line
        )
    return re.sub(r"\\(.)", r"\1", line).replace("**", "").strip()


def values(word: str, style: str) -> int:
    """The place of `word` in a list of `style`, 0 if it cannot stand in one."""
    if style == "1":
        return int(word) if word.isdigit() else 0
    if (style in "ai") != word.islower() or word.isdigit():
        return 0
    low = word.lower()
    if style in "aA":
        return (len(low) - 1) * 26 + ord(low[0]) - 96 if len(set(low)) == 1 else 0
    return _ROMAN.index(low) + 1 if low in _ROMAN else 0


@dataclass
class Levels:
    """The open levels of a section: which kind of list stands in which is fixed by the drafting tradition."""

    order: str
    open: list[tuple[int, int, str, str]] = field(default_factory=list)  # level, value, word, heading

    def place(self, word: str, coming: list[str], raised: bool) -> tuple[int, int] | None:
        """Level and value: the innermost list that goes on with `word`, else the first of a list further in."""
        goes_on = [
            (level, value + 1)
            for level, value, *_ in reversed(self.open)
            if values(word, self.order[level]) == value + 1
        ]
        top = self.open[-1][0] if self.open else -1
        begins = [(level, 1) for level in range(top + 1, len(self.order)) if values(word, self.order[level]) == 1][:1]
        if (
            goes_on and begins and begins[0][0] == top + 1 and not raised
        ):  # "(i)" after "(h)": a Roman one if "(ii)" comes before "(j)"
            second = {"i": "ii", "I": "II"}.get(word, "")
            following = chr(ord(word[0]) + 1)
            first = next((w for w in coming if w in (second, following)), following)
            return begins[0] if first == second else goes_on[0]
        return next(iter(goes_on or begins), None)

    def put(self, level: int, value: int, word: str, heading: str) -> None:
        self.open = [entry for entry in self.open if entry[0] < level] + [(level, value, word, heading)]


def heading_of(words: str, raised: bool) -> str:
    """The heading that the markup shows: italics up to a stop, or the words of a Markdown heading."""
    if match := re.match(r"\*([^*]+)\*(\.|:| ?—| ?–|$)?", words):
        stops = match[2] is not None or match[1].rstrip()[-1] in ".:—–"
        return match[1].strip(" .—–:") if stops else ""
    return words.strip(" .—:") if raised and len(words) < 300 else ""


def extract(paragraphs: list[tuple[str, bool]], section: str, above: tuple[str, ...], order: str) -> list[Found]:
    """The provisions of one section; a paragraph is its text and whether it is a Markdown heading."""
    pieces: list[tuple[str, bool]] = []
    for text, raised in paragraphs:
        pieces += [(part, raised) for part in _INNER.split(text)]
    firsts = [m[1] if (m := _OPENS.match(text)) else "" for text, _ in pieces]
    found: list[Found] = []
    outer: list[tuple[int, int, str, str]] = []
    levels, base = Levels(order), section
    # definitions that have letters are cited by these
    definitions = unlettered = "a" not in firsts and re.search("definition|as used", above[-1], re.I) is not None
    for at, (text, raised) in enumerate(pieces):
        rest, words = text, []
        if base != section and not unlettered and values(firsts[at] or "1", "a") > 1:  # "(b)" ends the terms of (a)
            base, levels = section, Levels(order, outer)
        while match := _OPENS.match(rest):
            place = levels.place(match[1], firsts[at + 1 :], raised)
            if place is None:
                break
            end = values(match[2], order[place[0]]) if match[2] else place[1]
            rest = rest[match.end() :]
            words.append(match[1])
            levels.put(
                place[0], end, f"({match[1]})" + (f"–({match[2]})" if match[2] else ""), heading_of(rest, raised)
            )
            label = base + "".join(word for _, _, word, _ in levels.open)
            path, so_far = list(above), base
            for _, _, word, heading in levels.open:
                so_far += word
                if heading:
                    path.append(f"{so_far} {heading}")
            found.append(Found(label, tuple(path), text))
        if words and len(levels.open) == 1 and not unlettered:
            definitions = unlettered or re.match(r"\*?Definitions", rest) is not None
        term = _TERM.match(text.replace("*", "")) if definitions and not words else None
        if term:
            name = next(filter(None, term.groups())).strip(" ,")
            outer = levels.open if base == section else outer
            base, levels = f"{section} “{name}”", Levels(order)
    return found


def sections(path: Path) -> list[Found]:
    """The provisions of all sections of a text or Markdown file, appendices left out."""
    raw = path.read_text(encoding="utf-8")
    recognised = path.suffix == ".txt"
    found: list[tuple[str, str, list[tuple[str, bool]]]] = []
    inside = False
    for line in raw.split("\n"):
        text = plain(line)
        if "](#page" in line and "§" in line and "**" in line:  # the table of contents
            continue
        raised = text.startswith("#")
        text = re.sub(r"^(?:#+|[-*]) +", "", text).strip()
        if not text or text == "---" or re.match(r"\{\d+\}-+$", text):
            continue
        head = re.match(r"§\s?([\w–-]+(?:\.\d+)?)\.? (?=[A-Z\[])(.*)", text)
        if head and (raised or "**" in line or (recognised and len(text) < 200)):
            inside = True
            found.append(("§ " + head[1].replace("–", "-"), head[2].strip(" ."), []))
        elif re.match(r"(?:Appendix|APPENDIX|PART \d|Subparts?|SUBPART)\b", text) and (raised or recognised):
            inside = False
        elif inside:
            paragraphs = found[-1][2]
            before, was_raised = paragraphs[-1] if paragraphs else ("", False)
            wrapped = before and (text[0].islower() or before[-1].isalnum() or before[-1] == ",")
            if wrapped and not (raised or was_raised or re.match(r"\(\w{1,5}\)", text)):
                paragraphs[-1] = (f"{before} {text}", False)
            else:
                paragraphs.append((text, raised))
    order = STATUTES if "####" in raw and path.parent.name == "us-code" else FEDERAL_RULES
    return [one for name, heading, body in found for one in extract(body, name, (f"{name} {heading}",), order)]
