"""What a document is called and whether it is law or policy: by its metadata, its words, its structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from pincite.domain.documents import DocumentKind, Provision, ProvisionKind
from pincite.domain.laws import Law, known_laws
from pincite.domain.text import collapse, normalise
from pincite.ingest.blocks import RawDocument

__all__ = ["Identity", "identify", "slug_of"]

_ACT = re.compile(
    r"\b(?:Regulation|Directive|Decision|Act|Law|Code|Statute|Rule)\b.{0,40}\b(?:\d{2,4}/\d{2,4}|"
    r"of \d{4}|\d+ (?:U\.S\.C|CFR|ILCS))"
    r"|\b(?:U\.S\.C|C\.F\.R|CFR|USC|ILCS|Stat)\b",
)
_CALLED = re.compile(r"\((?:the )?([A-Z][\w’' -]{2,60}(?:Act|Code|Directive|Law|Regulation))\)\W*(?:\(Text with EEA|$)")
"""The name that an act gives itself at the end of its title: "… (Cyber Resilience Act)"."""

# "Commission Implementing Regulation (EU) No", "Verordening (EU)": what stands before an EU act's number
_TYPED = r"(?:[^\W\d]+ ){1,5}(?:\((?:EU|EC|EEC|UE|CE|EG|Euratom)(?:, Euratom)?\) )?(?:[Nn][or]\.? )?"


@dataclass(frozen=True, slots=True)
class Identity:
    """Title, short name, aliases and kind of a document."""

    title: str
    short: str
    aliases: tuple[str, ...]
    kind: DocumentKind


def slug_of(name: str) -> str:
    """Return a short name fit for the command line, made of a file name's stem."""
    stem = PurePath(normalise(name)).name
    stem = re.sub(r"\.(?:md\.tmpl|[A-Za-z0-9]{1,8})$", "", stem)
    slug = re.sub(r"[^\w.]+", "-", stem, flags=re.ASCII).strip("-.").lower()
    return slug or "document"


def identify(raw: RawDocument, text: str, provisions: tuple[Provision, ...], name: str) -> Identity:
    """Return the identity of a document read from the file `name`."""
    metadata = raw.metadata
    title = collapse(normalise(metadata.get("title") or raw.title))
    official = "" if raw.stated else _official_title(text)
    if official and not metadata.get("title") and not re.search(r"\d{2,4}/\d{2,4}", title):
        title = official
    citation = metadata.get("citation", "")  # a section of a code is known by where it stands, not by what it mentions
    uri = metadata.get("uri", "")
    # an act that says by which address or number it goes is no other one that its title or first sections mention
    number = re.match(rf"{_TYPED} ?\d{{2,4}}/\d{{1,4}}(?:/[A-Z]{{2,3}})?", title)
    known = _known(uri) or _known(title or slug_of(name), number.end() if number else None)
    if known is None and not (uri or (number and raw.stated)):
        known = _known(title) or _known(citation or text[:3000])
    articles = sum(node.kind is ProvisionKind.ARTICLE for node in provisions)
    stated = metadata.get("kind", "").lower()
    is_policy_by_metadata = any(key in metadata for key in ("owner", "policy owner", "approved_by", "approved by"))
    # A policy that names a law in its scope is no law: only structure or the title makes one.
    is_law = stated == "law" or (
        stated != "policy"
        and not is_policy_by_metadata
        and (
            (known is not None and (articles >= 3 or known.match.search(title or slug_of(name)) is not None))
            or articles >= 3
            or bool(_ACT.search(title))
        )
    )
    celex = metadata.get("celex", "")
    if is_law and known:
        short = known.short or metadata.get("short", "")
        names = dict.fromkeys(filter(None, (short, citation, _without_signs(citation), *known.aliases, celex)))
        return Identity(title or short, short, tuple(names), DocumentKind.LAW)
    title = title or slug_of(name)
    short = metadata.get("short") or _shorten(title)
    identifier = metadata.get("id") or metadata.get("document id") or ""
    slug = slug_of(name)
    if re.fullmatch(r"[^\W\d_]+", slug):  # a file "retention.md" must not make every question on retention name it
        slug = ""
    number = re.search(r"\d{2,4}/\d{1,4}(?:/[A-Z]{2,3})?$", short) if is_law else None
    called = _CALLED.search(title) if is_law else None
    every = (
        *(short, title, citation, _without_signs(citation), identifier, celex, slug),
        number and number.group(),
        called and called.group(1),
    )
    aliases = tuple(dict.fromkeys(filter(None, every)))
    return Identity(title, short, aliases, DocumentKind.LAW if is_law else DocumentKind.POLICY)


def _without_signs(citation: str) -> str:
    """Return "15 USC 6501" for "15 U.S.C. § 6501", as people type it."""
    return re.sub(r"\s*(?:§+|\bParts?\b)\s*", " ", citation.replace(".C.", "C").replace("U.S", "US")).strip()


def _known(text: str, before: int | None = None) -> Law | None:
    """Return the known law that `text` names first, `before` that place."""
    found = [(match.start(), law) for law in known_laws() if (match := law.match.search(text))]
    found = [pair for pair in found if before is None or pair[0] < before]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _official_title(text: str) -> str:
    """Return an EU act's title ("Regulation (EU) 2016/679 of … on …") from the lines that open it."""
    lines = text[:2500].split("\n")
    for at, line in enumerate(lines):
        if re.match(r"(?:REGULATION|DIRECTIVE|DECISION)\b.*\d{2,4}/\d{2,4}", line, re.I):
            parts = [line]
            for following in lines[at + 1 : at + 4]:
                if not re.match(r"of \d|on |laying down|concerning|amending", following):
                    break
                parts.append(following)
            title = " ".join(parts)
            return title if len(title) <= 400 else line
    return ""


def _shorten(title: str) -> str:
    """Return a title fit for a pin-cite: an act's number, or what stands before a dash, bracket or colon."""
    act = re.match(
        r"(?:Commission )?(?:(?:Implementing|Delegated) )?(?:Regulation|Directive|"
        r"Decision) (?:\(\w+\) )?(?:No )?\d{2,4}/\d{1,4}(?:/[A-Z]{2,3})?",
        title,
        re.I,
    ) or re.match(r"(?:[^\W\d]+ ){1,4}\((?:EU|UE|EG|CE|EC|EEC)\) (?:\w{1,2}\.? )?\d{2,4}/\d{1,4}", title)
    if act:
        return act.group()
    short = re.split(r"\s+[–—|(\[]|:\s", title)[0].strip()
    short = short if len(short) >= 6 else title
    return short if len(short) <= 60 else short[:57].rsplit(" ", 1)[0] + "…"
