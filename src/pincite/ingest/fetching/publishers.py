"""The publishers that `corpus fetch` knows: where they are, what they speak, under which terms they publish."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from urllib.parse import urlsplit

from pincite.errors import ConfigError

__all__ = ["Publisher", "load_publishers"]


@dataclass(frozen=True, slots=True)
class Publisher:
    """A publisher of law.

    Attributes:
        key: what stands before the colon of a reference.
        name: for messages.
        base: scheme and host (and path, for a mirror) that `path` is added to.
        hosts: hosts to which a redirect may lead, with the port where it is not the usual one.
        authority, licence: by what right and under which terms its texts are held.
        example: a reference as users write it.
        path, titles: of the text, and of the list of titles with their dates (empty if the publisher has none).
        formats: MIME type by format, the preferred format first.
        languages: the publisher's code by ISO 639-1 code.
    """

    key: str
    name: str
    base: str
    hosts: tuple[str, ...]
    authority: str
    licence: str
    example: str
    path: str
    formats: Mapping[str, str]
    languages: Mapping[str, str]
    titles: str = ""

    def at(self, base: str) -> Publisher:
        """Return the publisher with another server in its place.

        Raises:
            ConfigError: if `base` is no http or https address.
        """
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ConfigError(f"{base}: not the address of a server", hint="It looks like https://mirror.example/path.")
        return replace(self, base=base.rstrip("/"))

    def url(self, path: str) -> str:
        """Return the address of `path`."""
        return self.base + path

    def allows(self, url: str) -> bool:
        """Tell whether a text may come from `url`: over http(s), from one of the hosts or from `base`."""
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and _place(url) in {_place(self.base), *self.hosts}


def _place(url: str) -> str:
    """Return host and port, without the port that the scheme has anyway."""
    parts = urlsplit(url)
    port = parts.port if parts.port not in (None, {"http": 80, "https": 443}.get(parts.scheme)) else None
    return (parts.hostname or "") + (f":{port}" if port else "")


def load_publishers(places: Mapping[str, str] | None = None) -> dict[str, Publisher]:
    """Return the publishers by key; `places` gives other servers for some of them (empty: their own).

    Raises:
        ConfigError: if an address in `places` cannot be used.
    """
    text = resources.files("pincite.ingest.fetching").joinpath("publishers.toml").read_text(encoding="utf-8")
    known = {
        key: Publisher(key=key, **{**values, "hosts": tuple(values["hosts"])})
        for key, values in tomllib.loads(text).items()
    }
    for key, base in (places or {}).items():
        if base:
            known[key] = known[key].at(base)
    return known
