"""Finds the words by which a document refers to provisions, its own and others', and to whole documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pincite.domain.documents import Document, ProvisionKind, Span
from pincite.domain.references import POINT, Mention, Named, NameKind, Path
from pincite.ingest.citations import Chain, conjoined, find_chains, styles
from pincite.ingest.names import find_names, own_act
from pincite.ingest.places import Places

__all__ = ["find_mentions"]

K = ProvisionKind

# what may stand between "Article 6" and "Regulation (EU) 2016/679"
_BEFORE_NAME = re.compile(
    r"(?:, respectively|, inclusive)?(?: of (?:Division|Title|Part|Chapter) [\w.]+)*,? "
    r"(?:of|to|in|under|from|by|laid down in|set out in) (?:the |an? )?(?:[Cc]ompany’s |our )?"
)
_AFTER_NAME = re.compile(r"(?:’s|'s)?(?:,| –|:)? ?\(?(?:in )?")
_AMENDS = re.compile(r"\b(?:is|are) (?:hereby )?amended\b|^Amendments? (?:to|of) ")
_OF_ANOTHER = re.compile(r",? (?:of|in) (?:(?:such|that|the said) \w+|(?:the|this|that) definition)")
# "(Amended by Stats. 2024, Ch. 121, Sec. 2. Effective …)", "[78 FR 4008, Jan. 17, 2013]": where the text comes from
_HISTORY = re.compile(r"\((?:Added|Amended|Repealed|Renumbered|Heading|Title)\b.*\b(?:Stats|Proposition)\b|\[\d+ FR ")


def find_mentions(document: Document) -> Iterator[Mention]:
    """Yield what a document refers to, in the order of its words."""
    return _Finder(document).run()


class _Finder:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._places = Places(document)
        self._has_articles = "Art." in self._places.kinds
        self._own_act = own_act(document)
        self._recent: list[Named] = []  # what the provision around has named so far, for "that Regulation"
        self._amended: tuple[Named, int] | None = None  # the act that an article amends, and where that ends

    def run(self) -> Iterator[Mention]:
        at, around = 0, -1
        for line in self._document.text.split("\n"):
            node = self._places.deepest(Span(at, at + len(line)))
            scope = self._scope(node.index)
            if scope != around:
                around, self._recent = scope, []
            if line:
                yield from self._line(line, at)
            at += len(line) + 1

    def _scope(self, index: int) -> int:
        """Return the paragraph or article that a line belongs to: what its points say about "that Act" it says too."""
        provisions = self._document.provisions
        while index > 0 and provisions[index].kind in (K.POINT, K.BLOCK, K.TABLE):
            index = provisions[index].parent
        return index

    def _line(self, line: str, offset: int) -> Iterator[Mention]:
        if _HISTORY.match(line):
            return
        chains = find_chains(line)
        groups = find_names(line)
        chains = [c for c in chains if not _inside(c, groups) and not self._opens(c, offset)]
        if not chains and not groups:
            return
        used: set[int] = set()
        self._begin_amendment(line, offset, groups)
        owners = self._owners(line, offset, chains, groups, used)
        found: list[Mention] = []
        told = 0
        for chain, named in zip(chains, owners, strict=True):
            # acts named before this citation are what its "that Regulation" may mean
            while told < len(groups) and groups[told][0].start < chain.end + 1:
                self._remember(groups[told])
                told += 1
            for one in self._targets(named, line, chain.start):
                found += self._mentions(chain, one, offset)
        for number, group in enumerate(groups):
            if number >= told:
                self._remember(group)
            if number not in used:
                found += self._whole(group, offset)
        yield from sorted(found, key=lambda mention: (mention.span.start, mention.span.end))

    def _opens(self, chain: Chain, offset: int) -> bool:
        """Tell whether words are the number of the provision that begins there ("Article 5", "§ 164.404 Notice")."""
        node = self._places.deepest(Span(offset + chain.start, offset + chain.end))
        provisions = self._document.provisions
        while node.index > 0:
            if node.start == offset + chain.start and offset + chain.end <= node.body_start:
                return True
            node = provisions[node.parent]
        return False

    # -- whose provision it is -------------------------------------------------------------------------------

    def _owners(
        self, line: str, offset: int, chains: Sequence[Chain], groups: Sequence[list[Named]], used: set[int]
    ) -> list[list[Named] | None]:
        """Return for each citation the documents that the words beside it name, None for none; notes the names used."""
        owners: list[list[Named] | None] = []
        for chain in chains:
            owner = None
            after = (n for n, group in enumerate(groups) if _follows(line, chain, group[0]))
            before = (n for n, group in enumerate(groups) if _precedes(line, chain, group[-1]))
            number = next(after, next(before, -1))
            if number >= 0:
                owner = groups[number]
                used.add(number)
            owners.append(owner)
            if owner is None and any(kind == "Clause" for kind, _ in chain.levels.values()):
                owners[-1] = self._standard(groups, chain, offset)
        at = 0
        for run in conjoined(line, chains):
            here = slice(at, at + len(run))
            owners[here] = _shared(run, owners[here])
            at += len(run)
        return owners

    def _standard(self, groups: Sequence[list[Named]], chain: Chain, offset: int) -> list[Named] | None:
        """Return the standard whose clauses a line cites: named before in the line, or in the headings above."""
        before = [group for group in groups if group[0].noun == "standard" and group[0].end <= chain.start]
        if before:
            return before[-1]
        node = self._places.deepest(Span(offset + chain.start, offset + chain.end))
        for above in (node, *self._document.ancestors(node)):
            named = [group for group in find_names(above.heading) if group[0].noun == "standard"]
            if named:
                return [replace(named[0][0], start=-1, end=-1)]  # its words stand elsewhere
        return None

    def _targets(self, group: list[Named] | None, line: str, at: int) -> list[Named | None]:
        """Return the documents that a citation is of: "that Regulation" replaced by the one it means."""
        if group is None:
            amended = self._amended
            return [amended[0]] if amended else [None]
        targets: list[Named | None] = []
        for named in group:
            if named.kind is NameKind.BACK:
                meant = self._meant(named)
                beside = meant or replace(named, kind=NameKind.INSTRUMENT, key=named.words)
                targets.append(replace(beside, start=named.start, end=named.end))
            elif named.kind is NameKind.OWN:
                quoted = named.noun in ("regulation", "directive")  # the words that an amending article puts in
                targets.append(self._amended[0] if self._amended and quoted else named)
            elif named.kind is NameKind.ACT and named.key == self._own_act:
                targets.append(None)
            else:
                targets.append(named)
        return targets

    def _meant(self, back: Named) -> Named | None:
        for named in reversed(self._recent):
            if back.noun in ("thereof", named.noun, ""):
                return named
        return None

    def _remember(self, group: Sequence[Named]) -> None:
        self._recent += [n for n in group if n.kind not in (NameKind.BACK, NameKind.OWN)]

    def _begin_amendment(self, line: str, offset: int, groups: Sequence[list[Named]]) -> None:
        """In "Regulation X is amended as follows", what is cited without an act is the amended act's."""
        if self._amended and offset >= self._amended[1]:
            self._amended = None
        match = _AMENDS.search(line)
        acts = [group[0] for group in groups if group[0].kind is NameKind.ACT]
        if match and acts and len(line) < 400:
            before = [act for act in acts if act.start < match.end() + 40]
            node = self._places.deepest(Span(offset, offset + len(line)))
            provisions = self._document.provisions
            while node.parent > 0 and node.kind is not K.ARTICLE:
                node = provisions[node.parent]
            if before and node.kind is K.ARTICLE:
                self._amended = before[-1], node.end

    # -- what is cited ---------------------------------------------------------------------------------------

    def _mentions(self, chain: Chain, named: Named | None, offset: int) -> Iterator[Mention]:
        span = Span(offset + chain.start, offset + chain.end)
        at = self._places.deepest(span).index
        foreign = named is not None and named.kind is not NameKind.OWN
        if foreign and named is not None and named.end > chain.end and 0 <= named.start - chain.end < 40:
            span = Span(span.start, offset + named.end)
        if foreign and named is not None and named.end > 0 and 0 <= chain.start - named.end < 6:
            span = Span(offset + named.start, span.end)
        if not self._stands(chain, named) or (chain.relative and _OF_ANOTHER.match(self._document.text, span.end)):
            return
        for first, last in _ways(chain):
            paths = [first] if not chain.relative or foreign else self._relative(chain, first, at)
            if chain.relative and foreign:
                return  # "paragraph 2 of that Directive" cites nothing that could be found
            if not paths:
                return
            paths += [plain for path in paths if (plain := _without_ordinal(path)) not in paths and plain]
            ends = () if not last else (*paths[0][: len(paths[0]) - len(first)], *last) if chain.relative else last
            yield Mention(span, at, tuple(paths), ends, named)

    def _stands(self, chain: Chain, named: Named | None) -> bool:
        """Tell whether a citation without the name of a document can be one of this document's own provisions."""
        if named is not None or chain.relative:
            return True
        kinds = {kind for kind, _ in chain.levels.values()}
        if "Art." in kinds:
            return self._has_articles
        if kinds & {"Section", "§", "Clause"}:
            number = next(items for kind, items in chain.levels.values() if kind in ("Section", "§", "Clause"))[0][0][0]
            if number[0].isalpha():  # "Section X" of a template
                return "Section" in self._places.kinds
            # a section of a code ("§ 164.404") may be another document's; "section 4" only of a document with such
            return bool(self._places.kinds & {"num", "§", "Section"}) or "." in number
        return not kinds or bool(kinds & (self._places.kinds | {""}))

    def _relative(self, chain: Chain, steps: Path, at: int) -> list[Path]:
        """Return what "paragraph 2" or "point (b)" can mean where it stands, likeliest first."""
        here = self._places.here(at)
        if not here or here[0][0] == "Recital" or not steps:
            return []
        depth = next((at for at, (kind, _) in enumerate(here) if kind == POINT), len(here))
        base, points = here[:depth], here[depth:]
        if chain.this and chain.this <= 5:
            return [(*base, *steps)]
        number = steps[0][1]
        if min(chain.levels) == 6:  # a subsection stands right below its section
            return [(*base, *steps)]
        alike = [k for k in range(len(points)) if styles(points[k][1]) & styles(number)]
        depths = [*reversed(alike), *(k for k in range(len(points), -1, -1) if k not in alike)]
        paths: list[Path] = [(*base, *points[:depth], *steps) for depth in depths]
        if base[0][0] == "num" and number[0].isdigit():  # "paragraph 3.1", or "paragraph 2" in section 4
            paths = [(("num", number), *steps[1:]), *paths]
            top = base[0][1].rpartition(".")[0] or base[0][1]
            paths.insert(1, (("num", f"{top}.{number}"), *steps[1:]))
        return paths

    def _whole(self, group: Sequence[Named], offset: int) -> Iterator[Mention]:
        """Yield a mention of a document as such."""
        for named in group:
            if named.kind in (NameKind.OWN, NameKind.BACK, NameKind.INSTRUMENT, NameKind.CODE):
                continue
            if named.kind is NameKind.ACT and named.key == self._own_act:
                continue
            if named.kind is NameKind.KNOWN and len(named.words) <= 3:
                continue  # "CRA" alone is also a rating agency
            span = Span(offset + named.start, offset + named.end)
            yield Mention(span, self._places.deepest(span).index, (), (), named, sure=named.kind is NameKind.ACT)


def _ways(chain: Chain) -> Iterator[tuple[Path, Path]]:
    """Yield the steps that a citation names, and the end of a range or ()."""
    levels = sorted(chain.levels)
    if 5 in levels and 1 not in levels:
        levels = [level for level in levels if level >= 5]  # "Article 5 of Chapter II": the number is enough
    kinds = [chain.levels[level][0] for level in levels]
    lists = [chain.levels[level][1] for level in levels]
    if len(lists) > 1 and len(lists[0]) > 1 and levels[0] <= 5 and chain.levels:
        # "Articles 5 and 6(1), point (a)": the point is of the last one
        for item in lists[0][:-1]:
            yield _path(kinds[:1], [item[0]]), _path(kinds[:1], [item[1]]) if item[1] else ()
        lists = [lists[0][-1:], *lists[1:]]
    for at in range(len(lists)):
        if at == len(lists) - 1:
            break
        lists[at] = [(first, ()) for first, _ in lists[at]]
    ways: list[tuple[list[tuple[str, ...]], tuple[str, ...]]] = [([], ())]
    for items in lists:
        ways = [([*way, first], last) for way, _ in ways for first, last in items]
    for way, last in ways:
        yield _path(kinds, way), _path(kinds, [*way[:-1], last]) if last else ()


def _without_ordinal(path: Path) -> Path:
    return tuple(step for step in path if not step[1].startswith("subpara."))


def _path(kinds: Sequence[str], numbers: Sequence[tuple[str, ...]]) -> Path:
    steps: list[tuple[str, str]] = []
    for kind, number in zip(kinds, numbers, strict=True):
        if kind and kind != "ordinal":
            steps.append((kind, number[0].upper() if kind in ("Annex", "Chapter") else number[0]))
            number = number[1:]
        steps += [(POINT, one) for one in number]
    return tuple(steps)


def _inside(chain: Chain, groups: Sequence[list[Named]]) -> bool:
    """Tell whether a citation is part of a name ("Part 2" of a title, "Title 18 of the United States Code")."""
    return any(named.start <= chain.start and chain.end <= named.end for group in groups for named in group)


def _follows(line: str, chain: Chain, named: Named) -> bool:
    between = line[chain.end : named.start]
    if named.start < chain.end or len(between) > 60:
        return False
    if named.kind is NameKind.BACK and named.noun == "thereof":
        return between == " "
    if re.fullmatch(r",? ", between):  # "Article 30 GDPR", "Article 290 TFEU"
        bare = named.kind is NameKind.KNOWN or (named.kind is NameKind.INSTRUMENT and named.words.isupper())
        return bare and between == " "
    return _BEFORE_NAME.fullmatch(between) is not None


def _precedes(line: str, chain: Chain, named: Named) -> bool:
    """Tell whether a name right before a citation says whose it is: "GDPR Article 30", "45 CFR 164.408"."""
    between = line[named.end : chain.start]
    if not 0 <= chain.start - named.end <= 8 or chain.relative:
        return False
    if between == ": ":  # a table's column: "Directive 2016/1148: Article 1; This Directive: Article 2"
        return named.kind in (NameKind.ACT, NameKind.OWN, NameKind.KNOWN) or named.noun == "standard"
    if named.noun == "standard":
        return _AFTER_NAME.fullmatch(between) is not None
    if named.kind not in (NameKind.KNOWN, NameKind.CODE, NameKind.TITLE) or named.noun == "title":
        return False
    return _AFTER_NAME.fullmatch(between) is not None


def _shared(run: Sequence[Chain], owners: Sequence[list[Named] | None]) -> list[list[Named] | None]:
    """Give "Article 5 and Article 6 of Regulation X" to X both; "paragraph 1 and Article 6 of …" only the second."""
    shared = list(owners)
    for at in range(len(run) - 2, -1, -1):
        after = run[at + 1]
        level = min(run[at].levels)
        same = level <= 5 and level == min(after.levels) and run[at].levels[level][0] == after.levels[level][0]
        if shared[at] is None and run[at].this == 0 and same:
            shared[at] = shared[at + 1]
    for at in range(len(run) - 2, -1, -1):  # "point (a) of paragraph 1 and point (b) of paragraph 2 of Article 6"
        outer = {level: items for level, items in run[at + 1].levels.items() if level <= 5}
        inner = set(run[at].levels)
        own = set(run[at + 1].levels) - set(outer)
        if run[at].relative and run[at].this == 0 and outer and own and min(inner) == min(own):
            run[at].levels.update(outer)
            shared[at] = shared[at + 1]
        elif run[at].relative and run[at].this == 0 and run[at + 1].this and run[at + 1].relative:
            run[at].this = run[at + 1].this
    return shared
