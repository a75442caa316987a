"""The package index that pip is set up to use: its addresses and certificates, and where a wheel's file is."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
from pypi_simple import PYPI_SIMPLE_ENDPOINT, DistributionPackage, NoSuchProjectError, PyPISimple
from pypi_simple import UnsupportedContentTypeError as UnsupportedContentType
from pypi_simple import UnsupportedRepoVersionError as UnsupportedVersion
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError, ReadTimeoutError
from urllib3.util import Retry

from pincite.errors import DownloadError

__all__ = ["IndexSettings", "Session", "Wheel", "find_wheel", "open_session", "shown"]

TIMEOUT = (15.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What pip's configuration says: http(s) index addresses in order, CA bundle ("" for the default)."""

    urls: tuple[str, ...]
    ca_bundle: str

    @classmethod
    @cache
    def of_pip(cls) -> IndexSettings:
        """Read environment variables and pip's configuration files the way pip does; cached for the process."""
        settings = _pip_config()

        def get(key: str) -> str:
            # pip's own order: environment, then the command's section, then [global]
            found = (settings.get(f"{part}.{key}", "") for part in (":env:", "download", "install", "global"))
            return next(filter(None, found), "")

        urls = [get("index-url") or PYPI_SIMPLE_ENDPOINT, *get("extra-index-url").split()]
        if get("no-index").lower() in ("1", "true", "yes", "on"):
            urls = []
        # a file:// index is pip's local add-on and has none of the models
        usable = tuple(url for url in urls if urlsplit(url).scheme in ("http", "https"))
        variables = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
        bundles = [*(os.environ.get(name, "") for name in variables), get("cert")]
        return cls(usable, next(filter(None, bundles), ""))


OFFLINE_HINT = "Set PIP_INDEX_URL to an index, or bring the file by hand: `pincite models add --help`."


def _pip_config() -> dict[str, str]:
    """Return ``pip config list`` as a mapping; empty where there is no pip, so that the defaults hold."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        names = {"index-url": "PIP_INDEX_URL", "extra-index-url": "PIP_EXTRA_INDEX_URL", "no-index": "PIP_NO_INDEX"}
        return {f":env:.{key}": os.environ.get(name, "") for key, name in names.items()}
    settings = {}
    for line in result.stdout.splitlines():
        key, _, value = line.partition("=")
        try:
            settings[key.strip()] = str(ast.literal_eval(value.strip()))
        except (ValueError, SyntaxError):
            continue  # not a setting but something pip said
    return settings


def shown(url: str) -> str:
    """Return `url` fit for a message: without user name, password, query and fragment."""
    parts = urlsplit(url)
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return f"{parts.scheme}://{host}{parts.path}"


class Session(requests.Session):
    """A session whose own CA bundle counts, whatever the environment says."""

    def merge_environment_settings(self, *args: Any) -> Any:
        """Return what `requests` makes of the environment, with this session's own bundle first."""
        url, proxies, stream, verify, cert = args
        # requests lets REQUESTS_CA_BUNDLE win over the session's own bundle; pip's setting must win here
        return super().merge_environment_settings(url, proxies, stream, self.verify if verify is None else verify, cert)


def open_session(ca_bundle: str = "", *, backoff: float = 0.5) -> requests.Session:
    """Return a session that tries again, with growing pauses (`backoff` seconds first), when a server is busy."""
    session = Session()
    if ca_bundle:
        session.verify = ca_bundle
    retry = Retry(total=4, backoff_factor=backoff, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel's file as the index describes it: size in bytes (0 if the index does not say) and SHA-256."""

    filename: str
    url: str
    size: int
    sha256: str


def find_wheel(session: requests.Session, urls: tuple[str, ...], package: str, version: str) -> Wheel:
    """Return the wheel of exactly this version, from the first index that has it.

    Raises:
        DownloadError: if no index has it, an index cannot be reached, or it gives no SHA-256.
    """
    if not urls:
        raise DownloadError(f"{package}: pip is set up to use no http(s) package index", hint=OFFLINE_HINT)
    for url in urls:
        try:
            page = PyPISimple(url, session=session).get_project_page(package, timeout=TIMEOUT)
        except NoSuchProjectError:
            continue
        except (requests.RequestException, UnsupportedContentType, UnsupportedVersion, ValueError) as error:
            raise DownloadError(
                f"{package}: the index {shown(url)} cannot be read: {reason(error)}", hint=OFFLINE_HINT
            ) from error
        for found in page.packages:
            if _is_wanted(found, package, version):
                if "sha256" not in found.digests:
                    raise DownloadError(f"{found.filename}: the index {shown(url)} gives no SHA-256 for it")
                return Wheel(found.filename, found.url, found.size or 0, found.digests["sha256"].lower())
    where = ", ".join(shown(url) for url in urls)
    raise DownloadError(f"{package} {version}: no wheel on {where}", hint=OFFLINE_HINT)


def _is_wanted(found: DistributionPackage, package: str, version: str) -> bool:
    same = _normal(found.project or "") == _normal(package) and found.version == version
    return same and found.package_type == "wheel"


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def reason(error: Exception) -> str:
    """Return the innermost cause of a request's failure in few words, without addresses that may hold a password."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate could not be verified (set PIP_CERT to your CA bundle)"
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return "it did not answer in time"
    if isinstance(error, requests.ConnectionError | ProtocolError):
        return "the connection failed"
    return type(error).__name__
