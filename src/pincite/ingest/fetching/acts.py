"""What users ask for: references to acts ("eu:32016R0679", "us:45-164", "uk:ukpga/2018/12"), and in which form."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pincite.errors import ConfigError
from pincite.ingest.fetching.publishers import Publisher

__all__ = ["Act", "Wanted", "parse_act"]

_FORMS: dict[str, re.Pattern[str]] = {
    # sector, year, type, number; "(01)" of a corrigendum or annex; the date of a consolidated version
    "eu": re.compile(r"(?P<celex>[0-9CE]\d{4}[A-Z]{1,2}\d{4}(?:\(\d{2}\))?(?:R\(\d{2}\))?(?:-\d{8})?)", re.I),
    "us": re.compile(r"(?P<title>[1-9]\d?)-(?P<part>\d{1,5}[a-z]?)", re.I),
    # years of a reign stand for the year of old acts: "ukpga/Eliz2/3-4/19"
    "uk": re.compile(r"(?P<act>[a-z]{2,5}/(?:\d{4}|[A-Za-z0-9]+/\d{1,2}(?:-\d{1,2})*)/\d{1,5})"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """An act as a reference names it: its publisher, the named parts of the reference, and the reference as written."""

    publisher: Publisher
    parts: Mapping[str, str]
    written: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """In which form an act is wanted.

    Attributes:
        language: ISO 639-1 code.
        date: the day whose text is wanted (ISO form); empty for the latest.
        format: a format of the publisher; empty for the best that it has.
    """

    language: str = "en"
    date: str = ""
    format: str = ""

    def check(self) -> None:
        """Refuse values that no publisher can serve.

        Raises:
            ConfigError: if the date is none.
        """
        if not self.date:
            return
        try:
            known = re.fullmatch(r"\d{4}-\d\d-\d\d", self.date) and datetime.date.fromisoformat(self.date)
        except ValueError:
            known = None
        if not known:
            raise ConfigError(f"{self.date}: not a date of the form YYYY-MM-DD")


def parse_act(written: str, publishers: Mapping[str, Publisher]) -> Act:
    """Return the act that a reference names.

    Raises:
        ConfigError: if it names no publisher, or is not of that publisher's form.
    """
    key, colon, rest = written.strip().partition(":")
    publisher = publishers.get(key.lower())
    if not colon or publisher is None:
        examples = "; ".join(known.example for known in publishers.values())
        raise ConfigError(f"{written}: no reference to an act", hint=f"References look like this: {examples}.")
    match = _FORMS[publisher.key].fullmatch(rest.strip("/ "))
    if match is None:
        raise ConfigError(
            f"{written}: not of the form that {publisher.name} uses", hint=f"Such as {publisher.example}."
        )
    parts = match.groupdict()
    if "celex" in parts:
        parts["celex"] = parts["celex"].upper()
    return Act(publisher, parts, written.strip())
