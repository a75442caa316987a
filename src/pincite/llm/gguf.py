"""The metadata of a GGUF file, read within limits and without llama.cpp: what a model says of its vocabulary.

Everything before the weights is walked through, so that llama.cpp is never the first to read a count or a length.
Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pincite.errors import ModelError
from pincite.llm.tensors import stored_size

__all__ = ["Header", "header_of", "read_header"]

# Far above what models have (about 50 keys, 300 000 tokens, 600 000 merges); a file beyond them is not a model.
_MOST_KEYS = 1 << 14
_MOST_TENSORS = 1 << 20
_MOST_ITEMS = 1 << 22
_LONGEST_KEY = (1 << 16) - 1  # the specification's own limit
_LONGEST_STRING = 1 << 20  # of the strings that are kept; others are stepped over
_MOST_KEPT = 1 << 26  # bytes of all of them together
_MOST_METADATA = 1 << 28  # bytes before the weights; what of it is read lies in memory meanwhile
_CHUNK = 1 << 20
_LONGEST_TENSOR_NAME = 63  # llama.cpp's buffer less its closing zero
_ALIGNMENT = 32  # where general.alignment says nothing else
_MOST_ALIGNMENT = 1 << 16
_LENGTH = struct.Struct("<Q")

_STRING, _ARRAY = 8, 9
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_KEPT = {
    "general.architecture", "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens",
    "tokenizer.ggml.token_type", "tokenizer.chat_template", "split.count", "general.alignment",
}  # fmt: skip
_CONTROL, _USER_DEFINED = 3, 4  # llama.cpp's token types for words that the tokenizer never cuts

_Scalar = int | float | bytes


@dataclass(frozen=True, slots=True)
class Header:
    """What the metadata says of a model's vocabulary.

    Attributes:
        architecture: ``general.architecture``, such as ``qwen2``.
        tokenizer: ``tokenizer.ggml.model``: ``gpt2`` (byte-pair), ``llama`` (SentencePiece) or another.
        pre: ``tokenizer.ggml.pre``, the name of the pre-tokenizer; empty if not given.
        special: texts of the control and user-defined tokens, which the tokenizer keeps whole.
        tokens: how many tokens the vocabulary has.
        chat_template: the file's own template. It is only ever searched for words, never run.
    """

    architecture: str
    tokenizer: str
    pre: str
    special: frozenset[str]
    tokens: int
    chat_template: str


def read_header(path: Path) -> Header:
    """Read the metadata of a GGUF file; the weights are not touched.

    Raises:
        ModelError: if it is no GGUF file, is cut off, breaks a limit, has no vocabulary, or has tensors that do not
            lie one after the other within it; names the byte offset.
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return header_of(path, file)


def header_of(path: Path, file: BinaryIO) -> Header:
    """Do as `read_header` with an open file, from its beginning; `path` is what errors name."""
    file.seek(0)
    reader = _Reader(path, file)
    values, tensors = _metadata(path, reader)
    _check_tensors(reader, tensors, values.get("general.alignment", _ALIGNMENT))
    parts = values.get("split.count", 0)
    if isinstance(parts, int) and parts > 1:
        raise ModelError(f"{path}: one of {parts} parts of a model", hint="Join them with llama-gguf-split --merge.")
    tokens, types = values.get("tokenizer.ggml.tokens"), values.get("tokenizer.ggml.token_type")
    if not isinstance(tokens, list) or not isinstance(types, list):
        raise ModelError(f"{path}: has no vocabulary (tokenizer.ggml.tokens and token_type)")
    if len(tokens) != len(types):
        raise ModelError(f"{path}: {len(tokens)} tokens have {len(types)} types")
    special = {
        token.decode("utf-8", "replace")
        for token, kind in zip(tokens, types, strict=True)
        if kind in (_CONTROL, _USER_DEFINED) and isinstance(token, bytes)
    }
    return Header(
        architecture=_text(path, values, "general.architecture"),
        tokenizer=_text(path, values, "tokenizer.ggml.model"),
        pre=_text(path, values, "tokenizer.ggml.pre", ""),
        special=frozenset(special),
        tokens=len(tokens),
        chat_template=_text(path, values, "tokenizer.chat_template", ""),
    )


def _text(path: Path, values: dict[str, _Scalar | list[_Scalar]], key: str, default: str | None = None) -> str:
    value = values.get(key, default)
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        raise ModelError(f"{path}: {key} is {'missing' if value is None else 'not a string'}")
    return value.decode("utf-8", "replace")


def _metadata(path: Path, reader: _Reader) -> tuple[dict[str, _Scalar | list[_Scalar]], int]:
    if reader.size < 8 or reader.take(4, "the magic word") != b"GGUF":
        raise ModelError(f"{path}: not a GGUF file (it does not begin with GGUF)")
    version = reader.number("I", "the version")
    if version not in (2, 3):
        raise ModelError(f"{path}: GGUF version {version} is not supported, only 2 and 3")
    tensors = reader.count("tensors", _MOST_TENSORS)
    values: dict[str, _Scalar | list[_Scalar]] = {}
    seen = set()
    for _ in range(reader.count("metadata keys", _MOST_KEYS)):
        start = reader.at
        key = reader.string("a key", _LONGEST_KEY).decode("utf-8", "replace")
        if key in seen:
            raise reader.wrong(f"the key {key!r} comes twice", start)
        seen.add(key)
        kind = reader.number("I", f"the type of {key!r}")
        if key in _KEPT:
            values[key] = reader.array(key) if kind == _ARRAY else reader.scalar(kind, key)
        else:
            reader.skip(kind, key)
    return values, tensors


def _check_tensors(reader: _Reader, tensors: int, alignment: object) -> None:
    """Check that the tensors lie one after the other, as llama.cpp wants them, and end within the file."""
    sound = isinstance(alignment, int) and 0 < alignment <= _MOST_ALIGNMENT and alignment & (alignment - 1) == 0
    if not isinstance(alignment, int) or not sound:
        raise reader.wrong(f"general.alignment is {alignment!r}, no power of two up to {_MOST_ALIGNMENT}")
    seen: set[bytes] = set()
    last = 0  # where the tensor before ends
    for _ in range(tensors):
        start = reader.at
        name = reader.string("a tensor's name", _LONGEST_TENSOR_NAME)
        shown = repr(name.decode("utf-8", "replace"))
        if name in seen:
            raise reader.wrong(f"the tensor {shown} comes twice", start)
        seen.add(name)
        axes = reader.number("I", f"the axes of {shown}")
        if not 1 <= axes <= 4:
            raise reader.wrong(f"the tensor {shown} has {axes} axes, not 1 to 4", start)
        shape = [reader.number("Q", f"the shape of {shown}") for _ in range(axes)]
        kind = reader.number("I", f"the type of {shown}")
        offset = reader.number("Q", f"the place of {shown}")
        size = stored_size(kind, shape)
        if size is None:
            raise reader.wrong(f"the tensor {shown} of shape {shape} and type {kind} cannot be", start)
        if offset != _aligned(last, alignment):
            raise reader.wrong(f"the tensor {shown} begins at {offset}, the one before it ends at {last}", start)
        last = offset + size
        if last > reader.size:
            raise reader.wrong(f"the file ends within the tensor {shown} ({size} bytes)", start)
    if tensors and _aligned(reader.at, alignment) + last > reader.size:
        raise reader.wrong(f"the file ends within its tensors ({last} bytes)")


def _aligned(place: int, alignment: int) -> int:
    return -(-place // alignment) * alignment


class _Reader:
    """Reads values one after the other and says at which byte one is wrong."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._data = bytearray()  # what was read so far; not mapped, for a file that shrinks would end the process
        self.size = os.fstat(file.fileno()).st_size
        self.at = 0
        self._kept = 0

    def wrong(self, why: str, at: int | None = None) -> ModelError:
        return ModelError(
            f"{self._path}: byte {self.at if at is None else at}: {why}",
            hint="The file is damaged or was not downloaded whole; compare its digest with the publisher's.",
        )

    def _reach(self, length: int, what: str) -> None:
        """Have the next `length` bytes in memory."""
        end = self.at + length
        if end > self.size:
            raise self.wrong(f"the file ends within {what} ({length} bytes wanted, {self.size - self.at} are left)")
        if end > _MOST_METADATA:
            raise self.wrong(f"more than {_MOST_METADATA} bytes of metadata up to {what}")
        while len(self._data) < end:
            more = self._file.read(_CHUNK)
            if not more:
                raise self.wrong(f"the file ends within {what}")
            self._data += more

    def take(self, length: int, what: str) -> bytes:
        self._reach(length, what)
        self.at += length
        return bytes(self._data[self.at - length : self.at])

    def step(self, length: int, what: str) -> None:
        self._reach(length, what)
        self.at += length

    def number(self, form: str, what: str) -> int:
        return int(struct.unpack(f"<{form}", self.take(struct.calcsize(form), what))[0])

    def count(self, what: str, most: int) -> int:
        start = self.at
        count = self.number("Q", f"the number of {what}")
        if count > most:
            raise self.wrong(f"{count} {what}, more than the {most} that are read", start)
        return count

    def string(self, what: str, longest: int = _LONGEST_STRING) -> bytes:
        start = self.at
        length = self.number("Q", f"the length of {what}")
        if length > longest:
            raise self.wrong(f"{what} is {length} bytes long, more than the {longest} that are read", start)
        self._kept += length
        if self._kept > _MOST_KEPT:
            raise self.wrong(f"more than {_MOST_KEPT} bytes of text up to {what}", start)
        return self.take(length, what)

    def scalar(self, kind: int, key: str) -> _Scalar:
        if kind == _STRING:
            return self.string(repr(key))
        form = self._form(kind, key)
        value: int | float = struct.unpack(f"<{form}", self.take(struct.calcsize(form), repr(key)))[0]
        return value

    def array(self, key: str) -> list[_Scalar]:
        kind, count = self._array_head(key)
        if kind == _STRING:
            return self._strings(count, key)
        form = self._form(kind, key)
        return list(struct.unpack(f"<{count}{form}", self.take(struct.calcsize(form) * count, repr(key))))

    def skip(self, kind: int, key: str) -> None:
        count = 1
        if kind == _ARRAY:
            kind, count = self._array_head(key)
        if kind == _STRING:
            for _ in range(count):
                if self.at + 8 > len(self._data):
                    self._reach(8, f"the length of {key!r}")
                (length,) = _LENGTH.unpack_from(self._data, self.at)
                self.at += 8
                if self.at + length > len(self._data):
                    self._reach(length, repr(key))
                self.at += length
        else:
            self.step(struct.calcsize(self._form(kind, key)) * count, repr(key))

    def _strings(self, count: int, key: str) -> list[_Scalar]:
        """Read the strings of an array as `string` does, without its cost for each of a whole vocabulary."""
        found: list[_Scalar] = []
        for _ in range(count):
            start = self.at
            if start + 8 > len(self._data):
                self._reach(8, f"the length of an item of {key!r}")
            (length,) = _LENGTH.unpack_from(self._data, start)
            self._kept += length
            if length > _LONGEST_STRING or self._kept > _MOST_KEPT or start + 8 + length > len(self._data):
                self._kept -= length
                found.append(self.string(f"an item of {key!r}"))
                continue
            self.at = start + 8 + length
            found.append(bytes(self._data[start + 8 : self.at]))
        return found

    def _array_head(self, key: str) -> tuple[int, int]:
        return self.number("I", f"the item type of {key!r}"), self.count(f"items of {key!r}", _MOST_ITEMS)

    def _form(self, kind: int, key: str) -> str:
        if kind not in _FORMATS:  # arrays of arrays end here too: neither models nor llama.cpp have them
            raise self.wrong(f"the value of {key!r} has the unknown type {kind}")
        return _FORMATS[kind]
