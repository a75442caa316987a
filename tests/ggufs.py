"""GGUF files written by hand: headers as each family of models has them, and tiny models that llama.cpp loads.

The families' architectures, tokenizers and control tokens are those of the makers' tokenizer_config.json files; the
ordinary words and all weights are made up.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["FAMILIES", "Family", "gguf", "header", "tiny_model"]

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


def gguf(values: Mapping[str, Any], tensors: Mapping[str, np.ndarray] | None = None) -> bytes:
    """Return a GGUF 3 file; it gives the shapes of tensors with the fastest axis first, so NumPy's reversed."""
    tensors = tensors or {}
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(values))]
    parts += [_string(key) + _value(value) for key, value in values.items()]
    offset, data = 0, []
    for name, tensor in tensors.items():
        raw = tensor.astype("<f4").tobytes()
        parts.append(
            _string(name) + struct.pack("<I", tensor.ndim) + struct.pack(f"<{tensor.ndim}Q", *tensor.shape[::-1])
        )
        parts.append(struct.pack("<IQ", 0, offset))
        data.append(raw + bytes(-len(raw) % 32))
        offset += len(data[-1])
    head = b"".join(parts)
    return head + (bytes(-len(head) % 32) + b"".join(data) if tensors else b"")


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(value: Any) -> bytes:
    if isinstance(value, list):
        if value and isinstance(value[0], int):  # token types: the only array of integers, signed in real files
            return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
        items = [_typed(item) for item in value]
        return struct.pack("<IIQ", 9, items[0][0], len(items)) + b"".join(raw for _, raw in items)
    kind, raw = _typed(value)
    return struct.pack("<I", kind) + raw


def _typed(value: Any) -> tuple[int, bytes]:
    match value:
        case bool():
            return 7, struct.pack("<?", value)
        case int():
            return 4, struct.pack("<I", value)
        case float():
            return 6, struct.pack("<f", value)
    return 8, _string(value)


@dataclass(frozen=True)
class Family:
    """A vocabulary: architecture, tokenizer and pre-tokenizer, control tokens, and what begins and ends a text."""

    architecture: str
    tokenizer: str
    pre: str
    special: tuple[str, ...]
    bos: str
    eos: str
    add_bos: bool | None = None
    space: bool = False
    chat_template: str = ""
    kind: int = CONTROL

    def vocabulary(self) -> dict[str, Any]:
        """Return the keys of ``tokenizer.*``: single characters, a few words, and the control tokens at the end."""
        if self.tokenizer == "llama":
            words = ["<unk>", "<s>", "</s>"]
            types = [UNKNOWN, CONTROL, CONTROL]
            words += [f"<0x{byte:02X}>" for byte in range(256)]
            types += [BYTE] * 256
            plain = ["▁", *map(chr, range(33, 127)), "an", "▁an", "▁a", "s>", "</", "/s>"]
        else:
            words, types = [], []
            plain = [*_byte_letters(), "an", "Ġa", "Ġan"]
        words += plain
        types += [NORMAL] * len(plain)
        special = [token for token in (*self.special, self.bos, self.eos) if token not in words]
        special = list(dict.fromkeys(special))
        words, types = words + special, types + [self.kind if token in self.special else CONTROL for token in special]
        keys: dict[str, Any] = {"tokenizer.ggml.model": self.tokenizer, "tokenizer.ggml.pre": self.pre}
        keys |= {"tokenizer.ggml.tokens": words, "tokenizer.ggml.token_type": types}
        keys |= {
            "tokenizer.ggml.bos_token_id": words.index(self.bos),
            "tokenizer.ggml.eos_token_id": words.index(self.eos),
        }
        if self.tokenizer == "llama":
            keys["tokenizer.ggml.scores"] = [-float(number) for number in range(len(words))]
            keys["tokenizer.ggml.add_space_prefix"] = self.space
        else:
            keys["tokenizer.ggml.merges"] = ["a n", "Ġ a", "Ġ an"]
        if self.add_bos is not None:
            keys["tokenizer.ggml.add_bos_token"] = self.add_bos
        if self.chat_template:
            keys["tokenizer.chat_template"] = self.chat_template
        return keys


def _byte_letters() -> list[str]:
    """Return the 256 letters with which byte-pair vocabularies write bytes (GPT-2's encoder.py)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in shown] + [chr(256 + number) for number in range(256 - len(shown))]


_IM = ("<|im_start|>", "<|im_end|>")
_PHI = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
_INST = ("[INST]", "[/INST]")
_PROMPT = ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", *_INST)
_V1 = "{{ bos_token }}{{ ' [INST] ' + message['content'] + ' [/INST]' }}"
_LLAMA2 = "{{ bos_token + '[INST] <<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + content + ' [/INST]' }}"

FAMILIES: dict[str, Family] = {
    "chatml": Family("qwen2", "gpt2", "qwen2", ("<|endoftext|>", *_IM), "<|endoftext|>", "<|im_end|>", False),
    "llama3": Family(
        "llama", "gpt2", "llama-bpe", ("<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>"),
        "<|begin_of_text|>", "<|eot_id|>",
    ),
    "llama4": Family(
        "llama4", "gpt2", "llama4", ("<|header_start|>", "<|header_end|>", "<|eot|>"), "<|begin_of_text|>", "<|eot|>"
    ),
    "llama2": Family("llama", "llama", "default", (), "<s>", "</s>", True, True, _LLAMA2),
    "gemma": Family("gemma2", "llama", "default", ("<start_of_turn>", "<end_of_turn>"), "<bos>", "<eos>", True),
    "gemma4": Family(
        "gemma4", "llama", "default", ("<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|think|>"),
        "<bos>", "<turn|>",
    ),
    "mistral-v1": Family("llama", "llama", "default", (), "<s>", "</s>", True, True, _V1),
    "mistral-v3": Family("llama", "llama", "default", (*_INST, "[AVAILABLE_TOOLS]"), "<s>", "</s>", True, True),
    "mistral-v3-tekken": Family("llama", "gpt2", "tekken", ("<s>", "</s>", *_INST, "[PREFIX]"), "<s>", "</s>", True),
    "mistral-v7": Family("llama", "llama", "default", _PROMPT, "<s>", "</s>", True, True),
    "mistral-v7-tekken": Family("llama", "gpt2", "tekken", ("<s>", "</s>", *_PROMPT), "<s>", "</s>", True),
    "phi3": Family("phi3", "llama", "default", _PHI, "<s>", "</s>", False),
    "phi4": Family("phi3", "gpt2", "dbrx", (*_IM, "<|im_sep|>"), "<|endoftext|>", "<|im_end|>", False),
    "phi4-mini": Family("phi3", "gpt2", "gpt-4o", _PHI, "<|endoftext|>", "<|endoftext|>", False),
    "command-r": Family(
        "command-r", "gpt2", "command-r",
        ("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>"),
        "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>", True,
    ),
    "granite": Family(
        "granite", "gpt2", "refact", ("<|start_of_role|>", "<|end_of_role|>"),
        "<|end_of_text|>", "<|end_of_text|>", False,
    ),
    "deepseek": Family(
        "deepseek2", "gpt2", "deepseek-v3", ("<｜User｜>", "<｜Assistant｜>"),
        "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", True,
    ),
}  # fmt: skip
"""By the name of the template that fits."""


def header(family: Family, **keys: Any) -> bytes:
    """Return a file of metadata only; `keys` are added to the others, with __ for the dots."""
    more = {key.replace("__", "."): value for key, value in keys.items()}
    return gguf({"general.architecture": family.architecture, "general.name": "Made up", **family.vocabulary(), **more})


def tiny_model(path: Path, family: Family, *, width: int = 32, seed: int = 0) -> Path:
    """Write a model of one layer with random weights around the family's vocabulary; it writes nonsense.

    Its architecture is always ``llama``, because the architecture says nothing to the tokenizer.
    """
    values: dict[str, Any] = {"general.architecture": "llama", "llama.context_length": 512, "llama.block_count": 1}
    values |= {"llama.embedding_length": width, "llama.feed_forward_length": width, "llama.attention.head_count": 2}
    values |= {"llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.dimension_count": width // 2}
    vocabulary = replace(family, architecture="llama").vocabulary()
    random = np.random.default_rng(seed)
    square: Sequence[str] = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    tensors = {
        "token_embd.weight": random.normal(size=(len(vocabulary["tokenizer.ggml.tokens"]), width)),
        "output_norm.weight": np.ones(width),
        "blk.0.attn_norm.weight": np.ones(width),
        "blk.0.ffn_norm.weight": np.ones(width),
        **{f"blk.0.{name}.weight": random.normal(size=(width, width)) / 6 for name in square},
    }
    path.write_bytes(gguf(values | vocabulary, tensors))
    return path
