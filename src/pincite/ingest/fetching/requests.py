"""What to ask a publisher for an act: addresses and headers, the best form first, and how the answer is recognised."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pincite.errors import DownloadError
from pincite.ingest.fetching import contents
from pincite.ingest.fetching.acts import Act, Wanted

__all__ = ["Request", "name_of", "requests_for"]


@dataclass(frozen=True, slots=True)
class Request:
    """One way to get an act.

    Attributes:
        url: where to ask.
        headers: what to say.
        take: makes the text to keep out of the answer's bytes; raises `DownloadError` if it is not the act.
        version: the version that the answer is, as far as it is known beforehand.
        optional: with the publisher's "there is none", the next request may still succeed.
    """

    url: str
    take: Callable[[bytes], contents.Content]
    headers: dict[str, str] = field(default_factory=dict)
    version: str = ""
    optional: bool = False


def name_of(act: Act, wanted: Wanted) -> str:
    """Return the act's slug: the same for every later fetch of the same text in the same language."""
    name = f"{act.publisher.key}-{'-'.join(act.parts.values())}"
    name += f"-{wanted.date}" if wanted.date else ""
    name += f"-{wanted.language}" if wanted.language != "en" else ""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")


def requests_for(act: Act, wanted: Wanted, read: Callable[[str, dict[str, str]], bytes]) -> Iterator[Request]:
    """Yield the requests for an act, to be tried in turn; `read` fetches a small file that is needed to know them.

    Raises:
        DownloadError: if the publisher does not have it in that language, format or as of that date.
    """
    publisher = act.publisher
    if wanted.language not in publisher.languages:
        known = ", ".join(sorted(publisher.languages))
        raise DownloadError(
            f"{act.written}: {publisher.name} does not publish in {wanted.language!r}", hint=f"In: {known}."
        )
    if wanted.format and wanted.format not in publisher.formats:
        known = ", ".join(publisher.formats)
        raise DownloadError(
            f"{act.written}: {publisher.name} has no format {wanted.format!r}", hint=f"It has: {known}."
        )
    yield from _BY_PUBLISHER[publisher.key](act, wanted, read)


Reading = Callable[[str, dict[str, str]], bytes]


def _eu(act: Act, wanted: Wanted, read: Reading) -> Iterator[Request]:
    publisher, celex = act.publisher, act.parts["celex"]
    if wanted.date:
        raise DownloadError(
            f"{act.written}: {publisher.name} names each consolidated version by a number of its own",
            hint=f"Ask for that number: eu:0{celex[1:].partition('-')[0]}-{wanted.date.replace('-', '')}, "
            "as EUR-Lex gives it under “consolidated versions”.",
        )
    consolidated = re.search(r"-(\d{4})(\d\d)(\d\d)$", celex)
    version = "-".join(consolidated.groups()) if consolidated else ""
    formats = [wanted.format] if wanted.format else list(publisher.formats)
    takes = {"formex": contents.formex, "xhtml": contents.xhtml}
    for name in formats:
        headers = {"Accept": publisher.formats[name], "Accept-Language": publisher.languages[wanted.language]}
        url = publisher.url(publisher.path.format(celex=celex))
        yield Request(url, takes[name], headers, version, optional=name != formats[-1])


def _uk(act: Act, wanted: Wanted, read: Reading) -> Iterator[Request]:
    publisher = act.publisher
    date = f"/{wanted.date}" if wanted.date else ""
    path = publisher.path.format(act=act.parts["act"], date=date, language=publisher.languages[wanted.language])
    yield Request(publisher.url(path), contents.clml, {"Accept": publisher.formats["xml"]}, wanted.date)


def _us(act: Act, wanted: Wanted, read: Reading) -> Iterator[Request]:
    publisher, title, part = act.publisher, act.parts["title"], act.parts["part"].lower()
    date = wanted.date or _latest(act, read)
    path = publisher.path.format(date=date, title=title, part=part)
    take = contents.ecfr(part)
    yield Request(publisher.url(path), take, {"Accept": publisher.formats["xml"]}, date)


def _latest(act: Act, read: Reading) -> str:
    """Return the last day for which the publisher has the title's text."""
    publisher, title = act.publisher, act.parts["title"]
    try:
        answer: Any = json.loads(read(publisher.url(publisher.titles), {"Accept": "application/json"}))
        found = next((entry for entry in answer["titles"] if str(entry["number"]) == title), None)
        date = str(found.get("up_to_date_as_of") or found.get("latest_issue_date") or "") if found else ""
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DownloadError(f"{act.written}: {publisher.name} sent no list of titles") from error
    if found is not None and not found.get("reserved") and not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise DownloadError(f"{act.written}: {publisher.name} gives no date for title {title}")
    if found is None or found.get("reserved"):
        raise DownloadError(f"{act.written}: no such act: {publisher.name} has no title {title}")
    return date


_BY_PUBLISHER = {"eu": _eu, "us": _us, "uk": _uk}
