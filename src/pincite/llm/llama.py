"""llama.cpp through llama-cpp-python's low-level interface: load, read, write, stop.

The high-level class is not used: its ``verbose=False`` redirects file descriptors 1 and 2 and freezes a TUI,
it cannot stop while reading a prompt, and it tokenizes a prompt as one string.
"""

from __future__ import annotations

import codecs
import ctypes
import itertools
import os
import queue
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from pincite.errors import ModelError
from pincite.llm.gguf import header_of
from pincite.llm.prompt import Prompt, Segment
from pincite.llm.protocol import Generation, Piece, ReadProgress
from pincite.llm.templates import Template
from pincite.llm.vocabulary import Vocabulary

__all__ = ["LlamaModel", "gpu_offload_supported", "offloaded_layers", "send_log_to", "usable_cores"]

_BATCH = 512
# A prompt is handed over in steps of this many tokens so that progress is seen. llama.cpp computes in
# micro-batches of this size anyway, so smaller steps would only slow it down.
_STEP = 256
# Each expected token takes the logits of a whole vocabulary, half a megabyte.
_MOST_EXPECTED = 96

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


@dataclass(slots=True)
class _Slot:
    """A sequence of the context and the generation that has it."""

    number: int
    steps: list[list[int]] = field(default_factory=list)  # tokens in the key-value cache, as they were read
    stop: Flag | None = None
    waiting: int | None = None  # a token that was chosen and is not in the cache yet
    logits: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    seconds: float = 0.0  # its share of llama.cpp's time
    expected: list[float] = field(default_factory=list)  # log-probabilities of the tokens expected so far

    @property
    def past(self) -> int:
        """How many tokens the cache holds."""
        return sum(map(len, self.steps))

    @property
    def stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    def release(self) -> None:
        """Forget the generation; what is in the cache stays."""
        self.stop, self.waiting, self.seconds, self.expected = None, None, 0.0, []


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
        sequences: how many generations can be under way at once, each with a context of its own; whoever steps
            through several of them in turn has their tokens computed together.

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
        sequences: int = 1,
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
        self._lock = threading.RLock()
        self._slots = [_Slot(number) for number in range(sequences)]
        self._computed: list[_Slot] = []
        self._free: queue.LifoQueue[_Slot] = queue.LifoQueue()  # who was here last finds its cache
        for slot in self._slots:
            self._free.put(slot)
        on_gpu = gpu_offload_supported() and gpu_layers != 0
        self._title = f"{title} on {'GPU' if on_gpu else 'CPU'}"
        self._model: Any = None
        self._ctx: Any = None
        self._batch: Any = None
        self._load(path, opened or path, threads or usable_cores(), gpu_layers if on_gpu else 0)
        try:
            self.vocabulary = Vocabulary(self._model, template, path.name)
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
        settings.n_ctx = self._context_length * len(self._slots)
        settings.n_seq_max = len(self._slots)
        settings.kv_unified = False  # else what another sequence holds would change the last bits of this one's
        settings.n_batch = _BATCH
        settings.n_ubatch = _STEP
        settings.n_threads = threads
        settings.n_threads_batch = threads
        self._ctx = llama_cpp.llama_init_from_model(self._model, settings)
        if not self._ctx:
            self.close()
            raise ModelError(
                f"{path.name}: llama.cpp cannot make a context of {settings.n_ctx} tokens",
                hint="Lower `context` in settings.toml, or write fewer answers at a time.",
            )

        @llama_cpp.ggml_abort_callback  # type: ignore[untyped-decorator]
        def aborted(data: object) -> bool:
            return any(slot.stopped for slot in self._computed)

        self._abort_callback = aborted
        llama_cpp.llama_set_abort_callback(self._ctx, self._abort_callback, ctypes.c_void_p(0))
        self._batch = llama_cpp.llama_batch_init(_BATCH, 0, 1)

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
        return self.vocabulary.count(text)

    def generate(
        self, prompt: Prompt, *, grammar: str = "", most: int = 160, stop: Flag | None = None
    ) -> Iterator[ReadProgress | Piece | Generation]:
        """See `LanguageModel.generate`."""
        slot = self._free.get()  # waits while as many generations as there are slots are under way
        slot.stop = stop
        sampler: Any = None
        try:
            if grammar:
                sampler = llama_cpp.llama_sampler_init_grammar(self.vocabulary.pointer, grammar.encode(), b"root")
                if not sampler:
                    raise ModelError("llama.cpp does not accept the answer grammar")
            yield from self._generate(slot, *self._steps_of(prompt), sampler, most)
        finally:
            slot.release()
            if sampler:
                llama_cpp.llama_sampler_free(sampler)
            self._free.put(slot)

    def log_probabilities(self, prompt: Prompt, text: str, *, stop: Flag | None = None) -> list[float]:
        """See `LanguageModel.log_probabilities`."""
        slot = self._free.get()
        slot.stop = stop
        try:
            steps, shared, expected = self._steps_before(prompt, text)
            self._check_fit(steps, 1)
            kept = self._reuse(slot, steps[:shared])
            left = sum(map(len, steps[kept:]))
            for step in steps[kept:]:
                # the last tokens are followed by what is expected, the first of it after the last of the prompt
                first = max(0, left - len(expected))
                wanted = expected[max(0, len(expected) - left) :][: len(step) - first] if first < len(step) else []
                if not self._decode([(slot, step)], wanted):
                    return []
                left -= len(step)
            return list(slot.expected)
        finally:
            slot.release()
            self._free.put(slot)

    def _steps_before(self, prompt: Prompt, text: str) -> tuple[list[list[int]], int, list[int]]:
        """Return the steps of a prompt and of all tokens of `text` but the last, how many of them are shared, and the
        tokens of `text` that count."""
        parts = self.vocabulary.tokens_of(Prompt((*prompt.segments, Segment(text, foreign=True)), prompt.shared))
        steps, shared = self._cut([*parts[:-1], parts[-1][:-1]], prompt.shared)
        return steps, shared, parts[-1][-_MOST_EXPECTED:]

    def _steps_of(self, prompt: Prompt) -> tuple[list[list[int]], int]:
        """Return the steps in which a prompt is read, and how many of them are of its shared segments."""
        return self._cut(self.vocabulary.tokens_of(prompt), prompt.shared)

    @staticmethod
    def _cut(parts: list[list[int]], shared: int) -> tuple[list[list[int]], int]:
        ranges = [parts[:1], parts[1:shared], parts[max(1, shared) :]]
        joined = [[token for part in some for token in part] for some in ranges]
        steps = [[part[at : at + _STEP] for at in range(0, len(part), _STEP)] for part in joined]
        flat = [step for part in steps for step in part]
        return flat, min(sum(map(len, steps[:2])), len(flat) - 1)  # the last is read again, for what comes after it

    def _check_fit(self, steps: list[list[int]], most: int) -> None:
        read = sum(map(len, steps))
        if read + most > self._context_length:
            raise ModelError(
                f"the prompt has {read} tokens; with {most} for the answer it exceeds the context "
                f"of {self._context_length}",
                hint="Ask a shorter question or raise `context` in settings.toml.",
            )

    def _generate(
        self, slot: _Slot, steps: list[list[int]], shared: int, sampler: Any, most: int
    ) -> Iterator[ReadProgress | Piece | Generation]:
        self._check_fit(steps, most)
        began = time.perf_counter()
        kept = self._reuse(slot, steps[:shared])
        cached, total = slot.past, sum(map(len, steps))
        yield ReadProgress(cached, total)
        cancelled = False
        for step in steps[kept:]:
            cancelled = not self._decode([(slot, step)])
            if cancelled:
                break
            yield ReadProgress(slot.past, total)
        read = time.perf_counter()
        written = 0
        finish = "cancelled" if cancelled else "length"
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while not cancelled and written < most:
            token = self._pick(slot.logits, sampler)
            if self.vocabulary.ends(token):
                finish = "stop"
                break
            if sampler:
                llama_cpp.llama_sampler_accept(sampler, token)
            written += 1
            slot.waiting = token if written < most else None
            text = decoder.decode(self.vocabulary.piece(token))
            if text or len(self._slots) > 1:  # an empty piece lets the others come to the same point
                yield Piece(text)
            if slot.waiting is not None:
                self._write()
                if slot.waiting is not None:
                    cancelled, finish = True, "cancelled"
        yield Generation(
            prompt_tokens=total,
            cached_tokens=cached,
            answer_tokens=written,
            prompt_seconds=read - began,
            answer_seconds=time.perf_counter() - read,
            backend_seconds=slot.seconds,
            finish=finish,
        )

    def _reuse(self, slot: _Slot, steps: list[list[int]]) -> int:
        """Keep what the key-value cache has of these first steps of a prompt; return how many are kept.

        Only what was read in the very same steps is reused: how a prompt is cut into steps changes the last bits of
        the logits, and the same question must give the same answer whatever was asked before it.
        """
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(slot.steps, steps, strict=False))
        kept = sum(1 for _ in same)
        tokens = sum(map(len, steps[:kept]))
        with self._lock:
            memory = llama_cpp.llama_get_memory(self._ctx)
            if not llama_cpp.llama_memory_seq_rm(memory, slot.number, tokens, -1):
                llama_cpp.llama_memory_seq_rm(memory, slot.number, -1, -1)
                kept = 0
        del slot.steps[kept:]
        return kept

    def _write(self) -> None:
        """Run the model over the next token of every generation that waits with one, in one batch.

        Whoever comes first with nothing left to read from does it for all: reading the weights is most of the work
        of a token, and it is done once for the batch.
        """
        with self._lock:
            done = False
            while not done:  # again without those that were stopped meanwhile
                waiting = [(one, [one.waiting]) for one in self._slots if one.waiting is not None and not one.stopped]
                done = not waiting or self._decode(waiting)
            for slot, _ in waiting:
                slot.waiting = None

    def _decode(self, parts: list[tuple[_Slot, list[int]]], expected: Sequence[int] = ()) -> bool:
        """Run the model over the tokens of some slots, in the slots' order; return False if stopped.

        What a single slot's model gives to the tokens `expected` after each of its last ones is noted in the slot.
        """
        with self._lock:
            self._computed = [slot for slot, _ in parts]
            if any(slot.stopped for slot in self._computed):
                return False
            began = time.perf_counter()
            code = llama_cpp.llama_decode(self._ctx, self._batch_of(parts, max(len(expected), 1)))
            llama_cpp.llama_synchronize(self._ctx)
            seconds = (time.perf_counter() - began) / len(parts)
            last = -1
            for slot, tokens in parts:
                last += len(tokens)
                slot.seconds += seconds
                if code == 0:
                    slot.steps.append(tokens)
                    slot.logits = self._logits(last).copy()  # another generation's step would overwrite them
                    places = range(last + 1 - len(expected), last + 1)
                    scored = zip(places, expected, strict=True)
                    slot.expected += [_log_probability(self._logits(place), token) for place, token in scored]
                else:  # an aborted or failed batch leaves part of itself in the cache: cut back to what is known
                    memory = llama_cpp.llama_get_memory(self._ctx)
                    llama_cpp.llama_memory_seq_rm(memory, slot.number, slot.past, -1)
        if code not in (0, 2):
            raise ModelError(f"llama.cpp failed to evaluate {sum(len(tokens) for _, tokens in parts)} tokens ({code=})")
        return bool(code == 0)

    def _logits(self, place: int) -> npt.NDArray[np.float32]:
        """Return the logits after a token of the batch that was computed last, shape (vocabulary,), not copied."""
        pointer = llama_cpp.llama_get_logits_ith(self._ctx, place)
        return np.ctypeslib.as_array(pointer, shape=(len(self.vocabulary),))

    def _batch_of(self, parts: list[tuple[_Slot, list[int]]], last: int) -> Any:
        """Fill the batch with the tokens of some slots; logits are wanted of the `last` ones of each."""
        batch = self._batch
        at = 0
        for slot, tokens in parts:
            past = slot.past
            for place, token in enumerate(tokens, past):
                batch.token[at], batch.pos[at] = token, place
                batch.n_seq_id[at], batch.seq_id[at][0] = 1, slot.number
                batch.logits[at] = place >= past + len(tokens) - last
                at += 1
        batch.n_tokens = at
        return batch

    def _pick(self, logits: npt.NDArray[np.float32], sampler: Any) -> int:
        """Return the most likely token that the grammar allows."""
        best = int(logits.argmax())
        # Trying the winner alone costs microseconds; the grammar over the whole vocabulary costs tens of
        # milliseconds and is needed only when the winner is not allowed.
        if not sampler or self._allowed(sampler, logits, [best]) == best:
            return best
        for width in (64, len(logits)):
            order = np.argpartition(logits, -width)[-width:] if width < len(logits) else np.arange(len(logits))
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

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        ctx, self._ctx = self._ctx, None
        model, self._model = self._model, None
        batch, self._batch = self._batch, None
        if batch is not None:
            llama_cpp.llama_batch_free(batch)
        if ctx:
            llama_cpp.llama_free(ctx)
        if model:
            llama_cpp.llama_model_free(model)


def _log_probability(logits: npt.NDArray[np.float32], token: int) -> float:
    """Return the log-probability of a token under logits of shape (vocabulary,), in nats."""
    highest = float(logits.max())
    return float(logits[token]) - highest - float(np.log(np.exp(logits - highest).sum(dtype=np.float64)))
