"""Which template a file's metadata shows, and how what is unknown or in doubt is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pincite.errors import ModelError
from pincite.llm import TEMPLATES
from pincite.llm.recognition import template_of
from tests.ggufs import CONTROL, FAMILIES, NORMAL, USER_DEFINED, Family, header

SPM = FAMILIES["mistral-v1"]
CHATML = FAMILIES["chatml"]


def recognised(path: Path, family: Family, name: str = "", **keys: object) -> str:
    file = path / "x.gguf"
    file.write_bytes(header(family, **keys))
    return template_of(file, name).name


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_family_by_its_header(tmp_path: Path, name: str) -> None:
    assert recognised(tmp_path, FAMILIES[name]) == name


@pytest.mark.parametrize(
    ("name", "architecture"), [(name, one) for name, row in TEMPLATES.items() for one in row.architectures]
)
def test_every_architecture_of_the_table(tmp_path: Path, name: str, architecture: str) -> None:
    assert recognised(tmp_path, replace(FAMILIES[name], architecture=architecture)) == name


def test_user_defined_turn_tokens_are_turn_tokens(tmp_path: Path) -> None:
    assert recognised(tmp_path, replace(FAMILIES["gemma"], kind=USER_DEFINED)) == "gemma"


def test_a_fine_tune_that_brings_other_turns_is_what_its_own_template_speaks_of(tmp_path: Path) -> None:
    llama3 = FAMILIES["llama3"]
    both = replace(llama3, special=(*llama3.special, "<|im_start|>", "<|im_end|>"))
    with pytest.raises(ModelError, match="fits several chat templates, chatml and llama3") as caught:
        recognised(tmp_path, both)
    assert "--template NAME" in caught.value.hint
    assert recognised(tmp_path, replace(both, chat_template="{{ '<|im_start|>' + role }}")) == "chatml"
    assert recognised(tmp_path, replace(both, chat_template="{{ '<|start_header_id|>' + role }}")) == "llama3"
    assert recognised(tmp_path, both, "llama3") == "llama3"


@pytest.mark.parametrize(
    ("family", "complaints"),
    [
        (replace(CHATML, architecture="mamba"), ["'mamba'", "'gpt2'", "('qwen2')", "known for this architecture"]),
        (replace(CHATML, architecture="clip"), ["'clip'", "known for this architecture"]),
        (replace(CHATML, kind=NORMAL, eos="y", bos="x"), ["chatml: no control token <|im_start|> <|im_end|>"]),
        (replace(CHATML, special=("<|im_start|>",), eos="<eos>"), ["chatml: no control token <|im_end|>"]),
        (replace(FAMILIES["gemma"], special=()), ["'gemma2'", "gemma: no control token <start_of_turn> <end_of_turn>"]),
        (replace(FAMILIES["phi3"], tokenizer="gpt2", bos="a", special=()), ["phi3: goes with tokenizer 'llama'"]),
        (replace(CHATML, chat_template="USER: {{ content }} ASSISTANT:"), ["its own template never says <|im_start|>"]),
        # the vocabulary of Llama 2 is also that of Mistral, Vicuna, Zephyr and many more
        (replace(SPM, chat_template=""), ["mistral-v1: its own template does not say [INST]"]),
        (replace(SPM, chat_template="<|user|>\n{{ content }}</s>"), ["llama2: its own template does not say [INST]"]),
        (replace(CHATML, special=(*CHATML.special, "<end_of_utterance>")), ["has the token <end_of_utter"]),
        (replace(FAMILIES["command-r"], architecture="cohere2"), ["'cohere2'", "known for this architecture"]),
    ],
)  # fmt: skip
def test_refusals_say_what_was_looked_for(tmp_path: Path, family: Family, complaints: list[str]) -> None:
    with pytest.raises(ModelError) as caught:
        recognised(tmp_path, family)
    for complaint in ["x.gguf", *complaints]:
        assert complaint in caught.value.message
    assert "--template NAME, one of chatml, llama3" in caught.value.hint


def test_a_name_given_must_exist_and_fit(tmp_path: Path) -> None:
    assert recognised(tmp_path, replace(SPM, chat_template=""), "mistral-v1") == "mistral-v1"
    assert recognised(tmp_path, replace(CHATML, architecture="mamba"), "chatml") == "chatml"
    with pytest.raises(ModelError, match="'alpaca'"):
        recognised(tmp_path, CHATML, "alpaca")
    with pytest.raises(ModelError, match=r"lacks <start_of_turn> <end_of_turn> as control tokens, so the gemma"):
        recognised(tmp_path, CHATML, "gemma")


def test_the_files_own_template_is_never_run(tmp_path: Path) -> None:
    # it would raise, loop or read files if anything rendered it; here it is only words
    evil = "{% for i in range(10**9) %}{{ raise_exception('run') }}{{ ''.__class__.__mro__ }}{% endfor %}<|im_start|>"
    assert recognised(tmp_path, replace(CHATML, chat_template=evil, kind=CONTROL)) == "chatml"
