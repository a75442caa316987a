"""What a CLML file says of itself: title, address, date of its text, and changes that its text does not have yet."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

__all__ = ["read_metadata"]

_MOST = 6  # days whose changes are told one by one


def read_metadata(root: Any) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the metadata, keys in lower case, and warnings on how current the text is."""
    valid = _first(root, "valid")
    values = {
        "kind": "law",
        "title": _first(root, "title"),
        "uri": str(root.get("DocumentURI") or _first(root, "identifier")),
        "source": str(root.get("DocumentURI") or _first(root, "identifier")),
        "version": valid,
        "effective": valid or str(root.get("RestrictStartDate") or ""),
        "authority": _first(root, "publisher"),
        "id": _cited_as(root),
    }
    return {key: value for key, value in values.items() if value}, tuple(_not_made(root, valid))


def _first(root: Any, name: str) -> str:
    metadata = next((child for child in root if _name(child) == "Metadata"), None)
    if metadata is None:
        return ""
    return next((" ".join("".join(child.itertext()).split()) for child in metadata if _name(child) == name), "")


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _cited_as(root: Any) -> str:
    """Return an act's or instrument's number: "2031 c. 4", "S.I. 2031/506"."""

    def value(name: str) -> str:
        found = next(root.iter(f"{{http://www.legislation.gov.uk/namespaces/metadata}}{name}"), None)
        return str(found.get("Value") or "") if found is not None else ""

    kind, year, number = value("DocumentMainType"), value("Year"), value("Number")
    if not year or not number:
        return ""
    if kind == "UnitedKingdomPublicGeneralAct":
        return f"{year} c. {number}"
    return f"S.I. {year}/{number}" if kind == "UnitedKingdomStatutoryInstrument" else f"{year}/{number}"


def _not_made(root: Any, valid: str) -> list[str]:
    """Say which changes with a date the publisher has not made in this text."""
    changes: dict[str, list[str]] = defaultdict(list)
    for effect in root.iter("{*}UnappliedEffect"):
        dates = {
            date
            for force in effect.iter("{*}InForce")
            if (date := force.get("Date")) and force.get("Applied") != "true"
        }
        provision = effect.get("AffectedProvisions") or "the whole act"
        for date in sorted(dates):
            if provision not in changes[date]:
                changes[date].append(provision)
    lines = [
        f"this text{f', valid on {valid},' if valid else ''} does not have the changes that take effect on {date} to "
        f"{', '.join(sorted(provisions)[:12])}{' and others' if len(provisions) > 12 else ''}"
        for date, provisions in sorted(changes.items())
    ]
    more = len(lines) - _MOST
    return lines if more <= 0 else [*lines[:_MOST], f"nor those that take effect on {more} later day(s)"]
