"""Which sentence-transformers directories are safe to load: data only, classes from an allow-list, no code."""

from __future__ import annotations

import json
from pathlib import Path

from pincite.errors import ModelError

__all__ = ["check_directory"]

_SUFFIXES = {".safetensors", ".json", ".txt"}
_CLASSES = frozenset(
    f"{package}.{name}"
    for package, names in {
        "sentence_transformers.models": ("Transformer", "Pooling", "Normalize"),
        # where versions 5.x and 6 keep, and write, the same three classes
        "sentence_transformers.models.Transformer": ("Transformer",),
        "sentence_transformers.models.Pooling": ("Pooling",),
        "sentence_transformers.models.Normalize": ("Normalize",),
        "sentence_transformers.base.modules.transformer": ("Transformer",),
        "sentence_transformers.base.modules.normalize": ("Normalize",),
        "sentence_transformers.sentence_transformer.modules.pooling": ("Pooling",),
    }.items()
    for name in names
)
_VOCABULARIES = {"tokenizer.json", "vocab.json"}  # their keys are words of a language, not settings
_CODE_KEYS = {"auto_map", "trust_remote_code", "custom_pipelines"}
_HINT = "Use a copy that has only the safetensors weights and the JSON and text files (no README.md, no code)."


def check_directory(directory: Path) -> tuple[str, ...]:
    """Check a directory against the rules and return its files' relative paths in byte order.

    Only .safetensors, .json and .txt files; no links, no hidden files; every class in modules.json from the
    allow-list; no setting anywhere that makes the loader run code from the directory.

    Raises:
        ModelError: naming the file and the rule it breaks.
    """
    if directory.is_symlink() or not directory.is_dir():
        raise ModelError(f"{directory}: not a directory", hint=_HINT)
    paths = sorted(directory.rglob("*"), key=lambda path: path.relative_to(directory).as_posix().encode())
    files = [path for path in paths if not _is_plain_folder(path)]
    for path in files:
        _check_file(path)
    names = tuple(path.relative_to(directory).as_posix() for path in files)
    if "modules.json" not in names:
        raise ModelError(f"{directory}: modules.json is missing, not a sentence-transformers model", hint=_HINT)
    _check_modules(directory / "modules.json")
    for path in files:
        if path.suffix == ".json" and path.name not in _VOCABULARIES and (key := _code_key(_load(path))):
            raise ModelError(f"{path}: {key!r} would run code from the model", hint=_HINT)
    return names


def _is_plain_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not path.name.startswith(".")


def _check_file(path: Path) -> None:
    if path.is_symlink():
        raise ModelError(f"{path}: is a symbolic link", hint=_HINT)
    if not path.is_file() or path.suffix not in _SUFFIXES or path.name.startswith("."):
        raise ModelError(f"{path}: not a safetensors, JSON or text file", hint=_HINT)


def _load(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not readable as JSON: {error}", hint=_HINT) from error


def _check_modules(path: Path) -> None:
    modules = _load(path)
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise ModelError(f"{path}: not a list of modules", hint=_HINT)
    for module in modules:
        if str(module.get("type")) not in _CLASSES:
            raise ModelError(f"{path}: class {module.get('type')!r} is not on the allow-list", hint=_HINT)
        folder = module.get("path")
        if not isinstance(folder, str) or folder.startswith(("/", ".")) or ".." in folder or "\\" in folder:
            raise ModelError(f"{path}: path {folder!r} leaves the directory", hint=_HINT)


def _code_key(value: object) -> str | None:
    """Return the first key that asks the loader to run code; an empty or false value asks for nothing."""
    if not isinstance(value, dict | list):
        return None
    items = value.items() if isinstance(value, dict) else [(None, item) for item in value]
    for key, item in items:
        if key in _CODE_KEYS and item:
            return str(key)
        if found := _code_key(item):
            return found
    return None
