"""A model's vocabulary: texts to tokens and back, so that no document can write a control token."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import llama_cpp

from pincite.errors import ModelError
from pincite.llm.prompt import Prompt
from pincite.llm.templates import Template

__all__ = ["Vocabulary"]


class Vocabulary:
    """The tokens of one loaded model, and how a template's prompts are made of them.

    Args:
        model: llama.cpp's model; must outlive this.
        template: how its prompts are built.
        file: name of the model's file, for errors.

    Raises:
        ModelError: if the vocabulary lacks a token of the template.
    """

    def __init__(self, model: Any, template: Template, file: str) -> None:
        self.pointer = llama_cpp.llama_model_get_vocab(model)
        """llama.cpp's own, for samplers."""
        self._template = template
        self._sentencepiece = llama_cpp.llama_vocab_type(self.pointer) == llama_cpp.LLAMA_VOCAB_TYPE_SPM
        self._adds_space = self._sentencepiece and self.piece(self._raw("a", False)[0]).startswith(b" ")
        self._space = re.compile(f"({'|'.join(map(re.escape, template.needs))}) ")
        self._bos: list[int] = []
        self._markers: set[int] = set()
        self._fit(file)

    def __len__(self) -> int:
        """Return how many tokens there are."""
        return int(llama_cpp.llama_vocab_n_tokens(self.pointer))

    def ends(self, token: int) -> bool:
        """Tell whether a token ends generation."""
        return bool(llama_cpp.llama_vocab_is_eog(self.pointer, token))

    def piece(self, token: int, special: bool = False) -> bytes:
        """Return the bytes of a token; those of a control token only if `special`."""
        buffer = ctypes.create_string_buffer(256)
        length = llama_cpp.llama_token_to_piece(self.pointer, token, buffer, len(buffer), 0, special)
        return buffer.raw[: max(length, 0)]

    def _fit(self, file: str) -> None:
        """Compare the template with the vocabulary as llama.cpp has loaded it, which is what counts in the end."""
        name = self._template.name
        found = {token: self._raw(token, special=True) for token in {*self._template.needs, *self._template.stops}}
        missing = [token for token, ids in found.items() if len(ids) != 1]
        if missing:
            raise ModelError(
                f"{file}: its vocabulary has no {' '.join(sorted(missing))} token, so the {name} template does not fit",
                hint="Its `template` in the manifest of models is wrong: `pincite models list` shows it.",
            )
        for token in self._template.stops:
            if not llama_cpp.llama_vocab_is_eog(self.pointer, found[token][0]):
                raise ModelError(f"{file}: {token}, which ends a turn in the {name} template, does not end generation")
        self._markers = {ids[0] for ids in found.values()}
        if self._template.bos or llama_cpp.llama_vocab_get_add_bos(self.pointer):
            self._bos = [llama_cpp.llama_vocab_bos(self.pointer)]
            if self._bos[0] < 0:
                raise ModelError(
                    f"{file}: its vocabulary names no begin-of-sequence token; the {name} template has one"
                )

    def count(self, text: str) -> int:
        """Return how many tokens foreign text takes."""
        return len(self._foreign(text))

    def tokens_of(self, prompt: Prompt) -> list[list[int]]:
        """Return the tokens of each segment, begin-of-sequence in the first one if the model wants it.

        Special tokens are recognised only in our own segments; foreign text never yields a control token or a
        marker of the template, whatever it says.
        """
        parts: list[list[int]] = []
        before: list[int] = []
        for part in prompt.segments:
            inside = bool(before) and not self._reserved(before[-1])
            tokens = self._foreign(part.text, inside) if part.foreign else self._own(part.text, inside)
            before = tokens or before
            parts.append(tokens)
        return [self._bos + parts[0], *parts[1:]] if parts else []

    def _own(self, text: str, inside: bool) -> list[int]:
        """Return the tokens of our own text; a space that SentencePiece adds by itself is not written twice."""
        if self._adds_space:
            text = self._space.sub(r"\1", text if inside else text.removeprefix(" "))
        return self._raw(text, True, inside)

    def _foreign(self, text: str, inside: bool = False) -> list[int]:
        """Return the tokens of foreign text, with reserved ones spelt out.

        llama.cpp never parses control tokens here, but user-defined ones it does, and SentencePiece merges may add
        up to a control token.
        """
        tokens = self._raw(text, False, inside)
        if not any(self._reserved(token) for token in set(tokens)):
            return tokens
        return [part for token in tokens for part in (self._spelt(token) if self._reserved(token) else [token])]

    def _spelt(self, token: int) -> list[int]:
        letters = self.piece(token, special=True).decode("utf-8", "replace")
        spelt = [part for letter in letters for part in self._raw(letter, False, inside=True)]
        return [part for part in spelt if not self._reserved(part)]

    def _reserved(self, token: int) -> bool:
        return token in self._markers or bool(llama_cpp.llama_vocab_is_control(self.pointer, token))

    def _raw(self, text: str, special: bool, inside: bool = False) -> list[int]:
        """Return the tokens of a text as llama.cpp makes them.

        SentencePiece puts a space before each text that it is given; `inside` a turn, where there is none, a line
        feed goes before it and is taken away again.
        """
        if inside and self._sentencepiece:
            lead, whole = self._raw("\n", False), self._raw("\n" + text, special)
            if whole[: len(lead)] == lead:
                return whole[len(lead) :]
        raw = text.encode("utf-8", errors="replace")
        room = len(raw) + 8
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self.pointer, raw, len(raw), tokens, room, False, special)
        if count < 0:
            raise ModelError(f"llama.cpp cannot tokenize a text of {len(raw)} bytes")
        return list(tokens[:count])
