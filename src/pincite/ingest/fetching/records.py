"""The record beside fetched files: a corpus.toml that says where each came from, kept whole whatever happens."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from pincite.errors import ConfigError
from pincite.ingest.sources import load_corpus_file
from pincite.models import files

__all__ = ["CORPUS", "check_record", "record", "recorded", "user_name"]

CORPUS = "corpus.toml"
_HEADER = (
    "Fetched by `pincite corpus fetch`. `pincite corpus add` with the path of this folder takes it into a library."
)


def user_name() -> str:
    """Return the login name of the user whom this process runs as, or the number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def check_record(directory: Path) -> None:
    """Make sure that the record can be added to, before anything is fetched.

    Raises:
        ConfigError: if there is one that cannot be read.
    """
    _load(directory / CORPUS)


def recorded(directory: Path, slug: str) -> dict[str, Any]:
    """Return the entry of `slug`, empty if there is none."""
    return next((dict(entry.unwrap()) for entry in _sources(directory) if entry.get("slug") == slug), {})


def record(directory: Path, slug: str, values: Mapping[str, str]) -> None:
    """Add the entry of `slug`, or replace what the fetch knows of it; a steward's own keys and comments stay.

    Raises:
        ConfigError: if the record cannot be written, or would not be one any more.
    """
    path = directory / CORPUS
    document = _load(path)
    sources = document.get("source")
    if not isinstance(sources, AoT):
        sources = tomlkit.aot()
        document["source"] = sources
    entry = next((entry for entry in sources if entry.get("slug") == slug), None)
    if entry is None:
        entry = tomlkit.table()
        entry["slug"] = slug
        sources.append(entry)
        entry = sources[-1]
    for key, value in values.items():
        if value:
            entry[key] = value
        elif key in entry:
            del entry[key]
    made = directory / f".{CORPUS}.new"
    with files.reading(path):
        made.write_text(tomlkit.dumps(document), encoding="utf-8")
        try:
            load_corpus_file(made, directory)
        except ConfigError:
            files.discard(made)
            raise
        files.place(made, path)


def _sources(directory: Path) -> list[Any]:
    sources = _load(directory / CORPUS).get("source")
    return list(sources) if isinstance(sources, AoT) else []


def _load(path: Path) -> tomlkit.TOMLDocument:
    with files.reading(path):
        try:
            document = tomlkit.parse(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            document = tomlkit.document()
            document.add(tomlkit.comment(_HEADER))
            return document
        except (UnicodeDecodeError, TOMLKitError) as error:
            raise ConfigError(f"{path}: {error}", hint="Mend it, or fetch to another folder with --to.") from error
    sources = document.get("source")
    if sources is not None and not isinstance(sources, AoT):
        raise ConfigError(f"{path}: no sources", hint="Each source is a table of its own: [[source]].")
    return document
