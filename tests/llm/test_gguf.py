"""The bounded reader of GGUF metadata: what it takes, and what it refuses at which byte."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from pincite.errors import ModelError
from pincite.llm import gguf as reader
from pincite.llm.gguf import read_header
from tests.ggufs import FAMILIES, gguf, header


def saved(path: Path, data: bytes) -> Path:
    file = path / "x.gguf"
    file.write_bytes(data)
    return file


def start(keys: int, tensors: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys)


def key(name: str, kind: int, rest: bytes = b"") -> bytes:
    return struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + rest


def test_what_is_read(tmp_path: Path) -> None:
    found = read_header(saved(tmp_path, header(FAMILIES["llama3"], tokenizer__chat_template="{{ '<|eot_id|>' }}")))
    assert (found.architecture, found.tokenizer, found.pre) == ("llama", "gpt2", "llama-bpe")
    assert found.special == {
        "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>",
    }  # fmt: skip
    assert found.tokens == 256 + 3 + 5  # bytes, words, control tokens
    assert found.chat_template == "{{ '<|eot_id|>' }}"


def test_every_type_of_value_is_stepped_over(tmp_path: Path) -> None:
    values = b""
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    for kind, size in sizes.items():
        values += key(f"a.{kind}", kind, bytes(size))
        values += key(f"b.{kind}", 9, struct.pack("<IQ", kind, 3) + bytes(3 * size))
    values += key("c", 8, struct.pack("<Q", 2) + b"hi")
    values += key("d", 9, struct.pack("<IQ", 8, 2) + 2 * (struct.pack("<Q", 2) + b"hi"))
    whole = header(FAMILIES["gemma"])
    keys = struct.unpack_from("<Q", whole, 16)[0]
    data = start(keys + 2 * len(sizes) + 2) + values + whole[24:]
    assert read_header(saved(tmp_path, data)) == read_header(saved(tmp_path / "..", whole))


def test_a_file_cut_off_anywhere_is_refused_and_the_byte_named(tmp_path: Path) -> None:
    whole = header(FAMILIES["chatml"])
    for length in [*range(8, 200, 5), *range(200, len(whole), 211), len(whole) - 1]:
        file = saved(tmp_path, whole[:length])
        with pytest.raises(ModelError) as caught:
            read_header(file)
        match = re.search(r"byte (\d+): the file ends within", caught.value.message)
        assert match, caught.value.message
        assert int(match[1]) <= length
        assert str(file) in caught.value.message
        assert "downloaded whole" in caught.value.hint
    for length in range(8):
        with pytest.raises(ModelError, match="not a GGUF file"):
            read_header(saved(tmp_path, whole[:length]))


HUGE = struct.pack("<Q", (1 << 64) - 1)
TOKENS = "tokenizer.ggml.tokens"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"PK\x03\x04" + bytes(40), "not a GGUF file"),
        (start(0, version=1), "version 1 is not supported"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "is not supported"),
        (start(1 << 40), "byte 16: 1099511627776 metadata keys, more than"),
        (start(0, tensors=1 << 63), "byte 8: 9223372036854775808 tensors, more than"),
        (start(1) + HUGE, "byte 24: a key is 18446744073709551615 bytes long"),
        (start(1) + struct.pack("<Q", 70_000) + bytes(70_000), "byte 24: a key is 70000 bytes long"),
        (start(1) + key("a", 8, HUGE), "byte 45: the file ends within 'a'"),
        (start(1) + key("a", 13), "byte 37: the value of 'a' has the unknown type 13"),
        (start(1) + key("a", 9, struct.pack("<IQ", 9, 1)), "the value of 'a' has the unknown type 9"),
        (start(1) + key("a", 9, struct.pack("<I", 4) + HUGE), "18446744073709551615 items of 'a'"),
        (start(1) + key("a", 9, struct.pack("<IQ", 12, 1 << 22)), "the file ends within 'a' .33554432 bytes wanted"),
        (start(1) + key(TOKENS, 9, struct.pack("<I", 8) + HUGE), f"items of '{TOKENS}'"),
        (start(1) + key(TOKENS, 9, struct.pack("<IQ", 8, 1) + HUGE), "an item of .* is 18446744073709551615 bytes"),
        (start(2) + 2 * key("a", 0, b"\0"), "byte 38: the key 'a' comes twice"),
        (gguf({"general.architecture": "llama"}), "has no vocabulary"),
        (gguf({**FAMILIES["chatml"].vocabulary(), TOKENS: ["one"]}), "1 tokens have 262 types"),
        (gguf(FAMILIES["chatml"].vocabulary()), "general.architecture is missing"),
        (header(FAMILIES["chatml"], tokenizer__chat_template=7), "tokenizer.chat_template is not a string"),
        (header(FAMILIES["chatml"], split__count=3), "one of 3 parts"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_damaged_and_absurd_headers(tmp_path: Path, data: bytes, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        read_header(saved(tmp_path, data))


def test_text_is_kept_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path, header(FAMILIES["chatml"]))
    read_header(file)
    monkeypatch.setattr(reader, "_MOST_KEPT", 500)
    with pytest.raises(ModelError, match="more than 500 bytes of text"):
        read_header(file)
