"""The manifest of approved models (models.toml, local.toml): parsing, strict checks, and writing an entry."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar, cast

from pincite.errors import ConfigError, DigestMismatch
from pincite.llm.templates import TEMPLATES

__all__ = ["HubSource", "ModelEntry", "ModelFile", "Part", "Use", "WheelSource"]
__all__ += ["listing_digest", "read", "shipped", "to_toml"]

Use = Literal["llm", "embedder"]
_Value = TypeVar("_Value", str, int, bool)

SHIPPED_SHA256 = "911766c08445ecdbf900125834737f8b6143738d37fd8c83f22fea10cbbcf6e2"
"""Of the manifest that ships: whoever changes it changes this line too, so that nobody changes it unnoticed."""

_OWN = (Path(__file__).with_name("models.toml"), Path(__file__).resolve().parents[3] / "models" / "models.toml")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MODEL_KEYS = {
    "name", "use", "title", "file", "directory", "size", "sha256", "licence", "upstream", "template", "default",
    "files", "source", "adapter", "trained_on",
}  # fmt: skip
_WHEEL_KEYS = {"kind", "package", "version", "member", "parts", "folder"}
_HUB_KEYS = {"kind", "repo", "revision", "file"}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file: `path` relative to the models or the model's directory, size in bytes, hex SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """One wheel of pip's index and the member to take; without a member the wheel itself is the archive."""

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Wheels whose members, joined in order, are the model file, or an archive with the model in `folder`."""

    parts: tuple[Part, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of a model hub; `file` is the model file's name there, empty for directories."""

    repo: str
    revision: str
    file: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """An approved model.

    Attributes:
        name: how settings and the command line call it.
        use: "llm" or "embedder".
        title: for the status line.
        target: name of its file or directory inside the models directory.
        is_directory: whether `target` is a directory of `files`.
        size: bytes, all files together.
        sha256: of the file, or of the directory's listing (see `listing_digest`).
        template: the chat template of a language model, empty for embedders.
        default: whether `pincite models fetch` takes it without being asked.
        files: every file; the file itself for a single-file model.
        local: whether a steward added it here, so that it has no source to fetch from.
        adapter: the question adapter of an embedder, a file that ships beside the manifest; None if it has none.
        trained_on: names of the data sets that it was trained on, as far as they are known; adapter_trained_on: those
            that its adapter was.
    """

    name: str
    use: Use
    title: str
    target: str
    is_directory: bool
    size: int
    sha256: str
    licence: str
    upstream: str
    template: str
    default: bool
    files: tuple[ModelFile, ...]
    sources: tuple[WheelSource | HubSource, ...] = ()
    local: bool = False
    adapter: ModelFile | None = None
    trained_on: tuple[str, ...] = ()
    adapter_trained_on: tuple[str, ...] = ()


def shipped() -> Path:
    """Return the manifest that came with this program: package data when installed, else the checkout's."""
    packaged, checkout = _OWN
    return packaged if packaged.is_file() else checkout


def listing_digest(files: Iterable[ModelFile]) -> str:
    """Return the digest of a directory: SHA-256 over its listing.

    The listing has one line per file, ``<sha256><two spaces><path><line feed>``, in the byte order of the
    paths. It is what coreutils print, so that anyone can check it without this program::

        find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum
    """
    lines = sorted((file.path.encode(), file.sha256) for file in files)
    return hashlib.sha256(b"".join(b"%s  %s\n" % (digest.encode(), path) for path, digest in lines)).hexdigest()


def read(path: Path, *, local: bool = False) -> tuple[ModelEntry, ...]:
    """Read one manifest, in file order; the one that ships is compared with its digest first.

    Raises:
        DigestMismatch: if the manifest that ships was changed.
        ConfigError: if it cannot be read, or on an unknown, missing or wrong key; names file, model and key.
    """
    try:
        data = path.read_bytes()
        if path in _OWN and (sha256 := hashlib.sha256(data).hexdigest()) != SHIPPED_SHA256:
            raise DigestMismatch(
                f"{path}: SHA-256 is {sha256}, that of this program's manifest is {SHIPPED_SHA256}",
                hint="Restore the file; models of your own are added with `pincite models add`.",
            )
        values = tomllib.loads(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}", hint="Mend or restore the model manifest.") from error
    top = _Table(str(path), values)
    top.only({"model"})
    entries = tuple(_model(table, local) for table in top.tables("model"))
    for what, found in (("name", [entry.name for entry in entries]), ("file", [entry.target for entry in entries])):
        for value in found:
            if found.count(value) > 1:
                raise ConfigError(f"{path}: two models have the {what} {value!r}")
    return entries


def to_toml(entry: ModelEntry) -> str:
    """Return `entry` as the TOML of a manifest, without sources; `read` gives the same entry back."""
    values: dict[str, str | int] = {"name": entry.name, "use": entry.use, "title": entry.title}
    values["directory" if entry.is_directory else "file"] = entry.target
    values |= {"size": entry.size, "sha256": entry.sha256, "licence": entry.licence, "upstream": entry.upstream}
    if entry.template:
        values["template"] = entry.template
    lines = ["[[model]]", *(f"{key} = {_quote(value)}" for key, value in values.items()), "default = false"]
    if entry.trained_on:
        lines.append(f"trained_on = [{', '.join(map(_quote, entry.trained_on))}]")
    if entry.is_directory:
        lines += ["", "[model.files]"]
        lines += [
            f"{_quote(file.path)} = {{ size = {file.size}, sha256 = {_quote(file.sha256)} }}" for file in entry.files
        ]
    return "\n".join(lines) + "\n"


def _quote(value: str | int) -> str:
    # JSON strings are TOML basic strings, but for DEL, which TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass(frozen=True, slots=True)
class _Table:
    """A TOML table that knows where it stands, so that every complaint names file and key."""

    where: str
    values: Mapping[str, Any]

    def wrong(self, key: str, why: str) -> ConfigError:
        return ConfigError(f"{self.where}: {key}: {why}", hint="Mend or restore the model manifest.")

    def only(self, known: set[str]) -> None:
        for key in self.values:
            if key not in known:
                raise self.wrong(key, f"unknown key; known are {', '.join(sorted(known))}")

    def get(self, key: str, kind: type[_Value], default: _Value | None = None) -> _Value:
        value = self.values.get(key, default)
        if value is None:
            raise self.wrong(key, "missing")
        if type(value) is not kind:
            raise self.wrong(key, f"must be of type {kind.__name__}, not {type(value).__name__}")
        return value

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        value = self.get(key, str)
        if not pattern.fullmatch(value):
            raise self.wrong(key, f"{value!r} is not of the form {pattern.pattern}")
        return value

    def count(self, key: str, default: int | None = None) -> int:
        value = self.get(key, int, default)
        if value < 1:
            raise self.wrong(key, "must be at least 1")
        return value

    def relative(self, key: str, value: str, depth: int = 8) -> str:
        parts = PurePosixPath(value).parts
        plain = value == "/".join(parts) and not any(part.startswith(".") for part in parts)
        if not parts or not plain or value.startswith("/") or "\\" in value or len(parts) > depth:
            raise self.wrong(key, f"{value!r} is not a plain relative path")
        return value

    def tables(self, key: str) -> list[_Table]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "must be an array of tables")
        return [_Table(f"{self.where}: {key} {item.get('name', number)}", item) for number, item in enumerate(value, 1)]


def _model(table: _Table, local: bool) -> ModelEntry:
    table.only(_MODEL_KEYS)
    name = table.matching("name", _NAME)
    use = table.get("use", str)
    if use not in ("llm", "embedder"):
        raise table.wrong("use", f"must be llm or embedder, not {use!r}")
    is_directory = use == "embedder"
    key, other = ("directory", "file") if is_directory else ("file", "directory")
    if other in table.values:
        raise table.wrong(other, f"a model of use {use} has a {key} instead")
    target = table.relative(key, table.get(key, str), depth=1)
    size, sha256 = table.count("size"), table.matching("sha256", _SHA256)
    template = "" if is_directory else table.get("template", str)
    if is_directory and "template" in table.values:
        raise table.wrong("template", "only language models have one")
    if not is_directory and template not in TEMPLATES:
        raise table.wrong("template", f"{template!r} is none of {', '.join(TEMPLATES)}")
    files = _files(table) if is_directory else (ModelFile(target, size, sha256),)
    if not is_directory and "files" in table.values:
        raise table.wrong("files", "a single-file model has none")
    if is_directory and listing_digest(files) != sha256:
        raise table.wrong("sha256", f"is not the digest of the files' listing ({listing_digest(files)})")
    if sum(file.size for file in files) != size:
        raise table.wrong("size", "is not the sum of the files' sizes")
    return ModelEntry(
        name=name,
        use=cast("Use", use),
        title=table.get("title", str),
        target=target,
        is_directory=is_directory,
        size=size,
        sha256=sha256,
        licence=table.get("licence", str),
        upstream=table.get("upstream", str),
        template=template,
        default=table.get("default", bool),
        files=files,
        sources=tuple(_source(source, is_directory) for source in table.tables("source")),
        local=local,
        adapter=_adapter(table, is_directory),
        trained_on=_names(table),
        adapter_trained_on=_names(_Table(f"{table.where}: adapter", table.values.get("adapter", {}))),
    )


def _adapter(table: _Table, is_directory: bool) -> ModelFile | None:
    values = table.values.get("adapter")
    if values is None:
        return None
    if not is_directory or not isinstance(values, dict):
        raise table.wrong("adapter", "must be a table with file, size and sha256, of an embedder")
    row = _Table(f"{table.where}: adapter", values)
    row.only({"file", "size", "sha256", "trained_on"})
    path = row.relative("file", row.get("file", str), depth=1)
    return ModelFile(path, row.count("size"), row.matching("sha256", _SHA256))


def _names(table: _Table) -> tuple[str, ...]:
    values = table.values.get("trained_on", [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise table.wrong("trained_on", "must be a list of names of data sets")
    return tuple(values)


def _files(table: _Table) -> tuple[ModelFile, ...]:
    listed = table.values.get("files")
    if not isinstance(listed, dict) or not listed:
        raise table.wrong("files", "missing: every file of a directory with size and sha256")
    files = []
    for path, values in listed.items():
        if not isinstance(values, dict):
            raise table.wrong(f"files.{path}", "must be a table with size and sha256")
        row = _Table(f"{table.where}: files.{path}", values)
        row.only({"size", "sha256"})
        files.append(
            ModelFile(table.relative("files", path, depth=3), row.count("size"), row.matching("sha256", _SHA256))
        )
    return tuple(sorted(files, key=lambda file: file.path.encode()))


def _source(table: _Table, is_directory: bool) -> WheelSource | HubSource:
    kind = table.get("kind", str)
    if kind == "hub":
        table.only(_HUB_KEYS)
        repo = table.relative("repo", table.get("repo", str))
        file = "" if is_directory else table.relative("file", table.get("file", str))
        if is_directory and "file" in table.values:
            raise table.wrong("file", "a directory's files are those of the manifest")
        return HubSource(repo, table.relative("revision", table.get("revision", str)), file)
    if kind != "wheel":
        raise table.wrong("kind", f"must be wheel or hub, not {kind!r}")
    table.only(_WHEEL_KEYS)
    count = table.count("parts", 1)
    folder = table.relative("folder", table.get("folder", str)) if is_directory else ""
    if not is_directory and "folder" in table.values:
        raise table.wrong("folder", "a single-file model has none")
    member = table.get("member", str, "")
    if not member and (not is_directory or count > 1):
        raise table.wrong("member", "missing")
    package, version = table.get("package", str), table.get("version", str)
    parts = tuple(Part(_number(package, n), version, _number(member, n)) for n in range(1, count + 1))
    if len({part.package for part in parts}) != count:
        raise table.wrong("package", "several parts need {n}, {nn} or {nnn} in the package name")
    return WheelSource(parts, folder)


def _number(pattern: str, n: int) -> str:
    return pattern.replace("{nnn}", f"{n:03}").replace("{nn}", f"{n:02}").replace("{n}", str(n))
