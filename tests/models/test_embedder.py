"""Which embedder directories are refused, and that the complaint names the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pincite.errors import DigestMismatch, ModelError, ModelMissing
from pincite.models.embedder import check_directory
from pincite.models.verify import verify
from tests.models.conftest import EMBEDDER_FILES, embedder


def test_a_plain_directory_passes(embedder_directory: Path) -> None:
    assert check_directory(embedder_directory) == tuple(sorted(EMBEDDER_FILES))
    assert verify(embedder(), embedder_directory.parent) == embedder_directory


@pytest.mark.parametrize(
    "name", ["modeling.py", "pytorch_model.bin", "weights.pickle", "1_Pooling/x.pkl", ".gitattributes", ".x.json", "a"]
)
def test_files_that_could_hold_code_are_refused(embedder_directory: Path, name: str) -> None:
    (embedder_directory / name).write_bytes(b"{}")
    with pytest.raises(ModelError) as caught:
        check_directory(embedder_directory)
    assert str(embedder_directory / name) in caught.value.message


@pytest.mark.parametrize(
    "module",
    [
        {"type": "os.system"},
        {"type": "modeling_x.Custom"},
        {"type": "sentence_transformers.models.Dense"},
        {"type": "sentence_transformers.models.Transformer.evil"},
        {"type": ["sentence_transformers.models.Pooling"]},
        {},
        {"type": "sentence_transformers.models.Pooling", "path": "../elsewhere"},
        {"type": "sentence_transformers.models.Pooling", "path": "/etc"},
    ],
)
def test_foreign_classes_and_paths_are_refused(embedder_directory: Path, module: dict[str, object]) -> None:
    path = embedder_directory / "modules.json"
    path.write_text(json.dumps([{"idx": 0, "name": "0", "path": "", **module}]))
    with pytest.raises(ModelError, match=r"modules\.json"):
        check_directory(embedder_directory)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("config.json", {"auto_map": {"AutoModel": "modeling.Model"}}),
        ("config.json", {"text_config": [{"auto_map": {"AutoModel": "x--y"}}]}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["x", None]}}),
        ("sentence_bert_config.json", {"model_args": {"trust_remote_code": True}}),
        ("config.json", {"custom_pipelines": {"x": {"impl": "y"}}}),
    ],
)
def test_settings_that_run_code_are_refused(embedder_directory: Path, name: str, value: object) -> None:
    (embedder_directory / name).write_text(json.dumps(value))
    with pytest.raises(ModelError, match="would run code"):
        check_directory(embedder_directory)


def test_the_word_is_allowed_in_a_vocabulary_and_when_it_asks_for_nothing(embedder_directory: Path) -> None:
    (embedder_directory / "config.json").write_text('{"trust_remote_code": false, "auto_map": {}}')
    assert "config.json" in check_directory(embedder_directory)


@pytest.mark.parametrize("what", ["file", "folder", "itself"])
def test_links_are_refused(embedder_directory: Path, tmp_path: Path, what: str) -> None:
    directory = embedder_directory
    if what == "file":
        (tmp_path / "elsewhere.txt").write_text("x")
        (directory / "linked.txt").symlink_to(tmp_path / "elsewhere.txt")
    elif what == "folder":
        (directory / "2_Normalize").symlink_to(tmp_path)
    else:
        directory = tmp_path / "link"
        directory.symlink_to(embedder_directory)
    with pytest.raises(ModelError, match=r"symbolic link|not a directory"):
        check_directory(directory)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_broken_json_is_an_error_in_words(embedder_directory: Path, content: bytes) -> None:
    (embedder_directory / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json: not readable as JSON"):
        check_directory(embedder_directory)


def test_verify_finds_what_is_missing_extra_truncated_or_changed(embedder_directory: Path) -> None:
    entry, models = embedder(), embedder_directory.parent
    vocabulary = embedder_directory / "vocab.txt"
    vocabulary.unlink()
    with pytest.raises(ModelMissing, match=r"vocab\.txt is missing"):
        verify(entry, models)
    vocabulary.write_bytes(b"a\n")
    with pytest.raises(DigestMismatch, match=r"vocab\.txt: 2 of 4 bytes"):
        verify(entry, models)
    vocabulary.write_bytes(b"b\na\n")
    with pytest.raises(DigestMismatch, match=r"vocab\.txt: SHA-256"):
        verify(entry, models)
    vocabulary.write_bytes(EMBEDDER_FILES["vocab.txt"])
    (embedder_directory / "extra.json").write_text("{}")
    with pytest.raises(ModelError, match=r"extra\.json: not among the approved files"):
        verify(entry, models)
