"""llama.cpp through llama-cpp-python's low-level interface: load, read, write, stop.

The high-level class is not used: its ``verbose=False`` redirects file descriptors 1 and 2 and freezes a TUI,
it cannot stop while reading a prompt, and it tokenizes a prompt as one string.
"""

from __future__ import annotations

import codecs
import ctypes
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag
from typing import Any

import llama_cpp
import numpy as np

from pincite.errors import ModelError
from pincite.llm.gguf import header_of
from pincite.llm.prompt import Prompt
from pincite.llm.protocol import Generation, Piece, ReadProgress
from pincite.llm.templates import Template

__all__ = ["LlamaModel", "gpu_offload_supported", "offloaded_layers", "send_log_to", "usable_cores"]

_BATCH = 512
# A prompt is handed over in steps of this many tokens so that progress is seen. llama.cpp computes in
# micro-batches of this size anyway, so smaller steps would only slow it down.
_STEP = 256  # first segments longer than _BATCH would not fit one call; ours are far shorter

# the layout of llama_token_data, so that a whole vocabulary is handed over without a loop
_TOKEN_DATA = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])

_log_callback: Any = None  # llama.cpp keeps the pointer: it must outlive every model
_offloaded = 0
_backend_ready = False
_backend_lock = threading.Lock()


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpu_offload_supported() -> bool:
    """Tell whether the installed llama.cpp was built with a GPU backend."""
    return bool(llama_cpp.llama_supports_gpu_offload())


def offloaded_layers() -> int:
    """Return how many layers of the model loaded last llama.cpp says it has put on a GPU."""
    return _offloaded


def send_log_to(path: Path | None) -> None:
    """Send llama.cpp's messages to the end of `path`, or drop them when it is None or cannot be written."""
    global _log_callback
    descriptor = -1
    if path is not None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            descriptor = -1  # a missing log must not stop an answer

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def write(level: int, text: bytes, data: object) -> None:
        global _offloaded
        match = re.search(rb"offloaded (\d+)/\d+ layers to GPU", text)
        if match:
            _offloaded = int(match.group(1))
        if descriptor >= 0:
            os.write(descriptor, text)

    _log_callback = write
    llama_cpp.llama_log_set(_log_callback, ctypes.c_void_p(0))


class LlamaModel:
    """A GGUF model in llama.cpp; implements `LanguageModel`.

    Args:
        path: the file, its digest already verified by the caller.
        opened: where to load it from, if not from `path`, which errors name.
        title: name for people, without the device.
        sha256: the verified digest.
        template: how its prompts are built.
        context: context length in tokens.
        threads: 0 takes all usable cores.
        gpu_layers: -1 all, 0 none; ignored when llama.cpp has no GPU backend.

    Raises:
        ModelError: if the file breaks a limit, llama.cpp cannot load it, or its vocabulary lacks a token of the
            template.
    """

    def __init__(
        self,
        path: Path,
        *,
        opened: Path | None = None,
        title: str,
        sha256: str,
        template: Template,
        context: int = 4096,
        threads: int = 0,
        gpu_layers: int = -1,
    ) -> None:
        global _backend_ready
        with _backend_lock:
            if not _backend_ready:
                if _log_callback is None:
                    send_log_to(None)
                llama_cpp.llama_backend_init()
                _backend_ready = True
        self._sha256 = sha256
        self._template = template
        self._context_length = context
        self._lock = threading.Lock()
        self._past: list[int] = []
        self._stop: Flag | None = None
        on_gpu = gpu_offload_supported() and gpu_layers != 0
        self._title = f"{title} on {'GPU' if on_gpu else 'CPU'}"
        self._model: Any = None
        self._ctx: Any = None
        self._load(path, opened or path, threads or usable_cores(), gpu_layers if on_gpu else 0)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._size = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self._sentencepiece = llama_cpp.llama_vocab_type(self._vocab) == llama_cpp.LLAMA_VOCAB_TYPE_SPM
        self._adds_space = self._sentencepiece and self._piece(self._raw("a", False)[0]).startswith(b" ")
        self._space = re.compile(f"({'|'.join(map(re.escape, template.needs))}) ")
        self._bos: list[int] = []
        self._markers: set[int] = set()
        try:
            self._fit(path.name)
        except ModelError:
            self.close()
            raise

    def _load(self, path: Path, opened: Path, threads: int, gpu_layers: int) -> None:
        try:
            with opened.open("rb") as file:
                header_of(path, file)  # counts and lengths are checked before llama.cpp reads any
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}") from error
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = 999 if gpu_layers < 0 else gpu_layers
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(opened), parameters)
        if not self._model:
            raise ModelError(f"{path}: llama.cpp cannot load this file", hint="See llama.log in the home directory.")
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx = self._context_length
        settings.n_batch = _BATCH
        settings.n_ubatch = _STEP
        settings.n_threads = threads
        settings.n_threads_batch = threads
        settings.no_perf = False
        self._ctx = llama_cpp.llama_init_from_model(self._model, settings)
        if not self._ctx:
            self.close()
            raise ModelError(
                f"{path.name}: llama.cpp cannot make a context of {self._context_length} tokens",
                hint="Lower `context` in settings.toml.",
            )

        @llama_cpp.ggml_abort_callback  # type: ignore[untyped-decorator]
        def aborted(data: object) -> bool:
            return self._stop is not None and self._stop.is_set()

        self._abort_callback = aborted
        llama_cpp.llama_set_abort_callback(self._ctx, self._abort_callback, ctypes.c_void_p(0))

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
            if not llama_cpp.llama_vocab_is_eog(self._vocab, found[token][0]):
                raise ModelError(f"{file}: {token}, which ends a turn in the {name} template, does not end generation")
        self._markers = {ids[0] for ids in found.values()}
        if self._template.bos or llama_cpp.llama_vocab_get_add_bos(self._vocab):
            self._bos = [llama_cpp.llama_vocab_bos(self._vocab)]
            if self._bos[0] < 0:
                raise ModelError(
                    f"{file}: its vocabulary names no begin-of-sequence token; the {name} template has one"
                )

    @property
    def title(self) -> str:
        """Name for people, with the device."""
        return self._title

    @property
    def sha256(self) -> str:
        """Digest of the model file."""
        return self._sha256

    @property
    def context(self) -> int:
        """Context length in tokens."""
        return self._context_length

    @property
    def template(self) -> Template:
        """How its prompts are built."""
        return self._template

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
        letters = self._piece(token, special=True).decode("utf-8", "replace")
        spelt = [part for letter in letters for part in self._raw(letter, False, inside=True)]
        return [part for part in spelt if not self._reserved(part)]

    def _reserved(self, token: int) -> bool:
        return token in self._markers or bool(llama_cpp.llama_vocab_is_control(self._vocab, token))

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
        count = llama_cpp.llama_tokenize(self._vocab, raw, len(raw), tokens, room, False, special)
        if count < 0:
            raise ModelError(f"llama.cpp cannot tokenize a text of {len(raw)} bytes")
        return list(tokens[:count])

    def generate(
        self, prompt: Prompt, *, grammar: str = "", most: int = 160, stop: Flag | None = None
    ) -> Iterator[ReadProgress | Piece | Generation]:
        """See `LanguageModel.generate`."""
        with self._lock:
            self._stop = stop
            sampler: Any = None
            try:
                if grammar:
                    sampler = llama_cpp.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
                    if not sampler:
                        raise ModelError("llama.cpp does not accept the answer grammar")
                head, *rest = self.tokens_of(prompt)
                yield from self._generate(head, [token for part in rest for token in part], sampler, most)
            finally:
                self._stop = None
                if sampler:
                    llama_cpp.llama_sampler_free(sampler)

    def _generate(
        self, head: list[int], rest: list[int], sampler: Any, most: int
    ) -> Iterator[ReadProgress | Piece | Generation]:
        tokens = head + rest
        if len(tokens) + most > self._context_length:
            raise ModelError(
                f"the prompt has {len(tokens)} tokens; with {most} for the answer it exceeds the context "
                f"of {self._context_length}",
                hint="Ask a shorter question or raise `context` in settings.toml.",
            )
        llama_cpp.llama_perf_context_reset(self._ctx)
        began = time.perf_counter()
        cached = self._reuse(head)
        done = cached
        yield ReadProgress(done, len(tokens))
        cancelled = False
        while done < len(tokens) and not cancelled:
            step = tokens[done : len(head)] if done < len(head) else tokens[done : done + _STEP]
            cancelled = not self._decode(step)
            if not cancelled:
                done += len(step)
                yield ReadProgress(done, len(tokens))
        read = time.perf_counter()
        written = 0
        finish = "cancelled" if cancelled else "length"
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while not cancelled and written < most:
            token = self._pick(sampler)
            if llama_cpp.llama_vocab_is_eog(self._vocab, token):
                finish = "stop"
                break
            if sampler:
                llama_cpp.llama_sampler_accept(sampler, token)
            written += 1
            text = decoder.decode(self._piece(token))
            if text:
                yield Piece(text)
            if written < most and not self._decode([token]):
                cancelled, finish = True, "cancelled"
        perf = llama_cpp.llama_perf_context(self._ctx)
        yield Generation(
            prompt_tokens=len(tokens),
            cached_tokens=cached,
            answer_tokens=written,
            prompt_seconds=read - began,
            answer_seconds=time.perf_counter() - read,
            backend_seconds=(perf.t_p_eval_ms + perf.t_eval_ms) / 1000,
            finish=finish,
        )

    def _reuse(self, head: list[int]) -> int:
        """Keep the first segment in the key-value cache if it is there already; return how many tokens are kept.

        Only the whole first segment is reused, and it is always read as a step of its own: how a prompt is cut
        into steps changes the last bits of the logits, and the same question must give the same answer
        whatever was asked before it.
        """
        kept = len(head) if self._past[: len(head)] == head else 0
        memory = llama_cpp.llama_get_memory(self._ctx)
        if not llama_cpp.llama_memory_seq_rm(memory, 0, kept, -1):
            llama_cpp.llama_memory_clear(memory, True)
            kept = 0
        self._past = self._past[:kept]
        return kept

    def _decode(self, tokens: list[int]) -> bool:
        """Run the model over `tokens`; return False if stopped."""
        if self._stop is not None and self._stop.is_set():
            return False
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        code = llama_cpp.llama_decode(self._ctx, llama_cpp.llama_batch_get_one(array, len(tokens)))
        if code == 0:
            self._past += tokens
            return True
        # An aborted or failed batch leaves part of itself in the cache: cut back to what is known.
        memory = llama_cpp.llama_get_memory(self._ctx)
        llama_cpp.llama_memory_seq_rm(memory, 0, len(self._past), -1)
        if code == 2:
            return False
        raise ModelError(f"llama.cpp failed to evaluate {len(tokens)} tokens (code {code})")

    def _pick(self, sampler: Any) -> int:
        """Return the most likely token that the grammar allows."""
        pointer = llama_cpp.llama_get_logits_ith(self._ctx, -1)
        logits = np.ctypeslib.as_array(pointer, shape=(self._size,))
        best = int(logits.argmax())
        # Trying the winner alone costs microseconds; the grammar over the whole vocabulary costs tens of
        # milliseconds and is needed only when the winner is not allowed.
        if not sampler or self._allowed(sampler, logits, [best]) == best:
            return best
        for width in (64, self._size):
            order = np.argpartition(logits, -width)[-width:] if width < self._size else np.arange(self._size)
            chosen = self._allowed(sampler, logits, order)
            if chosen >= 0:
                return chosen
        raise ModelError("the answer grammar allows no further token")

    @staticmethod
    def _allowed(sampler: Any, logits: Any, tokens: Any) -> int:
        """Return the likeliest of `tokens` that the grammar allows, or -1."""
        data = np.zeros(len(tokens), dtype=_TOKEN_DATA)
        data["id"], data["logit"] = tokens, logits[tokens]
        pointer = data.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
        array = llama_cpp.llama_token_data_array(data=pointer, size=len(tokens), selected=-1, sorted=False)
        llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))  # rejected tokens get a logit of minus infinity
        best = int(data["logit"].argmax())
        return -1 if np.isneginf(data["logit"][best]) else int(data["id"][best])

    def _piece(self, token: int, special: bool = False) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        length = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, special)
        return buffer.raw[: max(length, 0)]

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        ctx, self._ctx = self._ctx, None
        model, self._model = self._model, None
        if ctx:
            llama_cpp.llama_free(ctx)
        if model:
            llama_cpp.llama_model_free(model)
