"""Finds in a line of text what names a document: an act by its number, a code, a title, "that Regulation"."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from pincite.domain.documents import Document, DocumentKind
from pincite.domain.laws import known_laws
from pincite.domain.references import Named, NameKind

__all__ = ["find_names", "own_act", "well_known"]


_BRACKET = r"\((?:EU|EC|EEC|ECSC|Euratom)(?:, ?(?:EU|EC|EEC|Euratom))*\)"
_ACT_NUMBER = rf"(?:{_BRACKET} ?)?(?:No\.? ?)?(\d{{2,4}}/\d{{1,4}})(?:/[A-Z]\w{{1,6}})?(?![\d/])"
_ACT = re.compile(
    r"\b(?:(?:Commission|Council|Implementing|Delegated|Framework) )*"
    rf"(Regulation|Directive|Decision|Recommendation)s? {_ACT_NUMBER}",
    re.I,
)
_ACT_MORE = re.compile(rf"(?:,? and|,? or|,) ((?:(?:Regulation|Directive|Decision)s? )?{_ACT_NUMBER})", re.I)

_FULL_TITLE = re.compile(rf"{_ACT.pattern} of [^;]{{10,900}}?\(OJ [LC]\b", re.I)

_CODE = re.compile(r"\b(\d{1,2}) (U\. ?S\. ?C\.?|USC|C\. ?F\. ?R\.?|CFR)(?![\w])")
_TITLE_OF_CODE = re.compile(
    r"\b[Tt]itle (\d{1,2}[A-Z]?)(?:(?:,| of the) (United States Code|U\.S\.C\.|U\.S\. Code|Code of Federal Regulations|"
    r"[A-Z]\w+ (?:Code of Regulations|Code)))?(?!\w)"
)

_OWN_NOUNS = (
    "Regulation|Directive|Decision|Act|Law|Code|Policy|Standard|Plan|Procedure|Charter|Framework|Agreement|Notice|"
    "part|subpart|title|chapter|subchapter|division|document|Rule|Addendum|Guideline|Programme|Program"
)
_OWN = re.compile(rf"\b[Tt]his ({_OWN_NOUNS}|{_OWN_NOUNS.lower()})\b")
_BACK_NOUNS = (
    "Regulation|Directive|Decision|Act|Treaty|Convention|Charter|Protocol|Policy|Standard|Plan|Agreement|Law|Code"
)
_BACK = re.compile(rf"\b(?:[Tt]hat|[Ss]uch|the said|the same|the latter|those) ({_BACK_NOUNS})s?\b")
_THEREOF = re.compile(r"\b(thereof)\b")

_INSTRUMENT = re.compile(
    r"\b(?:TFEU|TEU|EEA Agreement|ECHR|the Treat(?:y|ies)(?! (?:on|of|establishing) )"
    r"|(?:the )?Charter of Fundamental Rights(?: of the European Union)?|the ‘?Charter’?(?! of)"
    r"|(?:the )?Treaty (?:on|establishing) (?:the )?[A-Z][\w ]{3,50}(?:Union|Community)(?: \(TFEU\)| \(TEU\))?"
    r"|Protocol (?:No|\(No)\.? \d+\)?|(?:Pub\.|Public) L(?:\.|aw) (?:No\. )?\d{2,3}[-–—]\d{1,4}"
    r"|the \d{4} Act|the Act(?! of)|the Regulations|(?:the )?[A-Z]\w+(?: and [A-Z]\w+)? Code(?! of)"
    r"|the Constitution|the Statute)\b"
)
_STANDARD = re.compile(
    r"\b(?:ISO(?:/IEC)?|IEC|EN|NIST SP|PCI DSS|IEEE|SB|AB|HB)[ -]?\d[\d.-]*\d(?::\d{4})?(?: \([A-Z][\w &-]{2,50}\))?"
)
_NOUNS = (
    "Policy|Plan|Standard|Standards|Procedure|Procedures|Guidelines?|Charter|Handbook|Register|Notice|Statement|"
    "Framework|Schedule|Manual|Agreement|Playbook|Runbook|Inventory|Template|Terms|Glossary|Act|Law|Code|Rules?|"
    "Regulations?|Directive|Convention|Treaty|Protocol|Statute|Constitution|Ordinance|Order|Covenant|Assessment|"
    "Matrix|Process|Program|Workbook|Guide|Specification"
)
# "Annex A of the Care Policy" and "R1 of the Care Policy" cite a part of it, and are no titles
_NO_TITLE = (
    r"(?!(?:Article|Section|Annex|Appendix|Part|Chapter|Clause|Row|Schedule|Title|Recital|Paragraph|Point)(?:s|es)?\b"
    r"|[IVX]+\b)"
)
_TITLE_WORD = rf"{_NO_TITLE}(?:\([A-Z][\w ]{{1,30}}\)|[A-Z][\w’'&/-]*|of|and|for|on|the|to|in|or|with|from|by|&)"
_TITLE = re.compile(
    rf"\b{_NO_TITLE}[A-Z][a-zA-Z][\w’'&/-]*(?: {_TITLE_WORD}){{0,9}}? (?:{_NOUNS})\b"
    r"(?: \([A-Z][\w ]{1,30}\))?(?: of \d{4}|,? \d{4})?"
)
_IDENTIFIER = re.compile(r"\b(?=[A-Z\d._-]*\d)[A-Z]{2,8}(?:[-_.][A-Z\d]{1,8}){1,3}\b")


def own_act(document: Document) -> str:
    """Return the key of the act that a document is ("regulation 2016/679"), "" for anything else."""
    if document.kind is not DocumentKind.LAW:
        return ""
    numbers = [alias for alias in document.aliases if re.fullmatch(r"\d{2,4}/\d{1,4}", alias)]
    head = document.text[:3000]
    lines = [line for line in head.split("\n") if _ACT.match(line)]
    cited = [f"{match.group(1).lower()} {match.group(2)}" for match in _ACT.finditer(head) if match.group(2) in numbers]
    return act_key(document.title) or act_key("\n".join(lines)) or next(iter(cited), "")


def act_key(text: str) -> str:
    """Return the key of the first act of the EU that `text` names ("regulation 2016/679"), or ""."""
    match = _ACT.search(text)
    return f"{match.group(1).lower()} {match.group(2)}" if match else ""


@functools.cache
def well_known() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern for the names of well-known laws, and each name's short form; acts' numbers are left out."""
    short = {name: law.short or name for law in known_laws() for name in law.names if len(name) >= 3}
    names = "|".join(re.escape(name) for name in sorted(short, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{names})(?![\w-])"), short


def find_names(line: str) -> list[list[Named]]:
    """Return the documents named in a line, in order; acts listed together ("Regulations A, B and C") in one group."""
    acts = list(_acts(line))  # a number is surer than words: "In Regulation (EU) 2031/7" is no title "In Regulation"
    others = [name for name in _others(line) if not any(a[0].start < name.end and name.start < a[-1].end for a in acts)]
    groups = [*acts, *([name] for name in others)]
    groups.sort(key=lambda group: (group[0].start, -group[-1].end))
    kept: list[list[Named]] = []
    titles = [match.span() for match in _FULL_TITLE.finditer(line)] if "(OJ " in line else []
    for group in groups:  # what is found first and is longest covers what lies inside it
        if kept and group[0].start < kept[-1][-1].end:
            continue
        if any(start < group[0].start < end for start, end in titles):
            continue  # "Regulation X of … amending Regulation Y (OJ L 1, p. 1)" cites X only
        kept.append(group)
    return kept


def _acts(line: str) -> Iterator[list[Named]]:
    at = 0 if "/" in line else len(line)
    while match := _ACT.search(line, at):
        noun = match.group(1).lower()
        words = re.sub(r"(?<=[a-z])s (?=\()|(?<=[a-z])s (?=No|\d)", " ", match.group())
        group = [Named(match.start(), match.end(), NameKind.ACT, f"{noun} {match.group(2)}", words, noun)]
        at = match.end()
        while more := _ACT_MORE.match(line, at):
            words = more.group(1)
            stated = re.match(r"Regulation|Directive|Decision", words, re.I)
            if stated and not line[match.start() : at].lower().count(f"{noun}s "):
                break  # "Regulation A and Directive B" are two names, "Regulations A and B" one list
            noun = stated.group().lower() if stated else noun
            full = words if stated else f"{noun.capitalize()} {words}"
            group.append(Named(more.start(1), more.end(1), NameKind.ACT, f"{noun} {more.group(2)}", full, noun))
            at = more.end()
        yield group


def _others(line: str) -> Iterator[Named]:
    for match in _CODE.finditer(line) if "C" in line else ():
        code = "USC" if "U" in match.group(2) else "CFR"
        key = f"{match.group(1)} {code}"
        yield Named(*match.span(), NameKind.CODE, key, match.group().rstrip(" §"), code)
    for match in _TITLE_OF_CODE.finditer(line) if "itle " in line else ():
        code = match.group(2) or ("U.S.C." if match.group()[0] == "t" else "")  # "title 15" is how the US Code says it
        kind = NameKind.CODE if code.startswith(("U", "Code of F")) else NameKind.INSTRUMENT
        key = f"{match.group(1)} {'USC' if code.startswith('U') else 'CFR'}"
        yield Named(*match.span(), kind, key if kind is NameKind.CODE else match.group(), match.group(), "title")
    for hint, pattern, kind in (
        ("his ", _OWN, NameKind.OWN),
        ("", _BACK, NameKind.BACK),
        ("thereof", _THEREOF, NameKind.BACK),
    ):
        for match in pattern.finditer(line) if hint in line else ():
            yield Named(*match.span(), kind, "", match.group(), match.group(1).lower())
    pattern, short = well_known()
    for match in pattern.finditer(line):
        yield Named(*match.span(), NameKind.KNOWN, short[match.group()], match.group())
    for match in _STANDARD.finditer(line):
        words = match.group().partition(" (")[0]
        yield Named(*match.span(), NameKind.INSTRUMENT, words, words, "standard")
    for match in _INSTRUMENT.finditer(line):
        words = match.group().removeprefix("the ")
        yield Named(*match.span(), NameKind.INSTRUMENT, words, words, words.rpartition(" ")[2].lower())
    for pattern in (_TITLE, _IDENTIFIER):
        for match in pattern.finditer(line):
            noun = re.sub(r"[\d() ]+$|of$", "", match.group()).rpartition(" ")[2].lower()
            yield Named(*match.span(), NameKind.TITLE, match.group(), match.group(), noun)
