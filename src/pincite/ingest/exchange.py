"""Between processes: records as JSON, and the checks that make what a parser sent safe to store.

The sender has read a foreign file and may be in an attacker's hands; the receiver believes nothing. JSON and not
pickle, so that nothing that is sent can run; every value is checked against the type of its field, every string is
made harmless, every range must lie inside the text.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import os
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pincite.domain.documents import Document
from pincite.domain.text import normalise
from pincite.ingest.parse import Parsed
from pincite.ingest.sources import Source

__all__ = ["BadOutput", "pack", "pack_source", "unpack_parsed", "unpack_source"]


class BadOutput(ValueError):
    """What was received is not what a parser sends; the message says what is wrong."""


def pack(record: Any) -> bytes:
    """Return a record (dataclasses of records, strings, numbers, tuples, mappings) as JSON."""
    return json.dumps(_plain(record), separators=(",", ":")).encode("ascii")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, name)) for name in _fields(type(value))]
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value.value if isinstance(value, enum.Enum) else value


@functools.cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def pack_source(source: Source) -> dict[str, Any]:
    """Return what a parser must know of a source, as JSON's own types; paths of any bytes survive."""
    values = {name: _plain(getattr(source, name)) for name in _fields(Source) if name not in ("path", "wheel")}
    return {**values, "path": os.fspath(source.path)}


def unpack_source(values: Mapping[str, Any]) -> Source:
    """Return the source that `pack_source` described; it comes from our own parent and is believed."""
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Source(**{**known, "path": Path(values["path"]), "wheel": None})


def unpack_parsed(data: bytes, source: Source, sha256: str) -> Parsed:
    """Return what a parser sent about `source`, whose bytes have the digest `sha256`.

    Raises:
        BadOutput: if it has another form, or if the document does not hold together.
    """
    try:
        parsed: Parsed = _reader(Parsed)(json.loads(data))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadOutput(f"no record of a document ({error})") from error
    _check(parsed, source, sha256)
    return parsed


@functools.cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return a function that turns JSON's types into `kind` or raises ValueError."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is str:
        return _harmless
    if kind in (int, bool, float, type(None)):
        return functools.partial(_exactly, kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        readers = tuple(_reader(hints[name]) for name in _fields(kind))
        return lambda value: kind(*(read(item) for read, item in zip(readers, _list(value), strict=True)))
    if origin is tuple and arguments[1:] == (Ellipsis,):
        item = _reader(arguments[0])
        return lambda value: tuple(map(item, _list(value)))
    if origin is tuple:
        items = tuple(map(_reader, arguments))
        return lambda value: tuple(read(item) for read, item in zip(items, _list(value), strict=True))
    if origin in (dict, Mapping):
        read = _reader(arguments[1])
        return lambda value: {_harmless(key): read(item) for key, item in _exactly(dict, value).items()}
    if origin in (types.UnionType, typing.Union) and len(arguments) == 2 and type(None) in arguments:
        some = _reader(next(argument for argument in arguments if argument is not type(None)))
        return lambda value: None if value is None else some(value)
    raise TypeError(f"records cannot hold {kind}")


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise ValueError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _list(value: Any) -> list[Any]:
    return typing.cast(list[Any], _exactly(list, value))


def _harmless(value: Any) -> str:
    text: str = _exactly(str, value)
    return text if text.replace("\n", " ").isprintable() else normalise(text)


def _check(parsed: Parsed, source: Source, sha256: str) -> None:
    document = parsed.document
    if document.slug != source.slug:
        raise BadOutput("a document of another name")
    if document.provenance.sha256 != sha256:
        raise BadOutput("the file was changed while it was being read")
    _check_tree(document)
    most, nodes = len(document.text), len(document.provisions)
    for ordinal, passage in enumerate(parsed.passages):
        inside = 0 <= passage.span.start < passage.span.end <= most
        lead = passage.lead_in is None or 0 <= passage.lead_in.start <= passage.lead_in.end <= most
        if passage.ordinal != ordinal or passage.document != document.slug or not inside or not lead:
            raise BadOutput(f"passage {ordinal} lies outside the text")
        if not 0 <= passage.provision < nodes:
            raise BadOutput(f"passage {ordinal} belongs to no provision")
        at = passage.span.start
        for sentence in passage.sentences:
            if not at <= sentence.start < sentence.end <= passage.span.end:
                raise BadOutput(f"a sentence of passage {ordinal} lies outside it")
            at = sentence.end
    if not parsed.passages:
        raise BadOutput("no passages")
    for span in (*(found.span for found in parsed.mentions), *(found.span for found in parsed.terms)):
        if not 0 <= span.start <= span.end <= most:
            raise BadOutput("a reference or a term lies outside the text")
    if not all(0 <= mention.at < nodes for mention in parsed.mentions):
        raise BadOutput("a reference stands in no provision")


def _check_tree(document: Document) -> None:
    nodes, most = document.provisions, len(document.text)
    if not nodes or nodes[0].parent != -1:
        raise BadOutput("a tree without a root")
    for index, node in enumerate(nodes):
        if node.index != index or (index and not 0 <= node.parent < index):
            raise BadOutput(f"provision {index} stands in the wrong place of the tree")
        if not (0 <= node.start <= node.end <= most and 0 <= node.body_start <= most and node.page >= 0):
            raise BadOutput(f"provision {index} lies outside the text")
