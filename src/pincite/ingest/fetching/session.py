"""The connection to a publisher: where redirects may lead, and who we say we are."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit, urlunsplit

import requests

from pincite import __version__
from pincite.errors import DownloadError
from pincite.ingest.fetching.publishers import Publisher
from pincite.models.index import Session, shown

__all__ = ["PublisherSession"]


class PublisherSession(Session):
    """A session that follows redirects to the publisher's own hosts only, and never from https down to http."""

    def __init__(self, publisher: Publisher, ca_bundle: str = "") -> None:
        super().__init__()
        self._publisher = publisher
        self.max_redirects = 5
        self.headers["User-Agent"] = f"pincite/{__version__} (corpus fetch)"
        if ca_bundle:
            self.verify = ca_bundle

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where to go on, or None.

        Raises:
            DownloadError: if that is no place of the publisher.
        """
        location = super().get_redirect_target(resp)
        if location is None:
            return None
        target = urljoin(resp.url, location)
        if not self._publisher.allows(target):
            raise DownloadError(
                f"{shown(resp.url)}: redirected to {shown(target)}, which is no place of {self._publisher.name}",
                hint="Nothing was taken from there. If the publisher has moved, give its new address with --from.",
            )
        if resp.url.startswith("https:") and target.startswith("http:"):
            target = urlunsplit(urlsplit(target)._replace(scheme="https"))  # Cellar still names http in its redirects
        return target
