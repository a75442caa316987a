"""The chat templates we know: how each family of models opens and closes its turns, and how its files are told apart.

A prompt is made from this table alone. The Jinja template inside a model file is never run: it is code of strangers
that would decide where a turn ends. Each row's format is the one its makers publish (`source`), compared with
what llama.cpp's ``src/llama-chat.cpp`` writes for the family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pincite.errors import ModelError
from pincite.llm.prompt import Prompt, Segment

__all__ = ["TEMPLATES", "Template", "template_named"]

_HARMLESS = str.maketrans("[]<>", "()()")


@dataclass(frozen=True, slots=True)
class Template:
    """One row of the table.

    Attributes:
        name: as manifests and ``--template`` call it.
        families: models that use it, for people.
        source: where the makers publish the format.
        opening: text before the system text; without a system role, what opens the user turn.
        user: text between the system text and the user's.
        answer: text after the user's, which opens the model's turn.
        needs: tokens that the vocabulary must hold whole; ordinary text in documents never yields them.
        stops: tokens with which the model ends its turn.
        architectures: values of ``general.architecture`` whose files may use it.
        tokenizer: the value of ``tokenizer.ggml.model`` it goes with; empty if any.
        lacks: tokens that show that a vocabulary belongs to another row.
        bos: whether the makers want a begin-of-sequence token; if not, the file's ``add_bos_token`` decides.
        plain: turn markers that are ordinary text in this family's vocabulary, so that `prompt` must defuse them.
        says: words of the file's own template that must be there, because the vocabulary tells too little.
        unsaid: words that must not be.
    """

    name: str
    families: str
    source: str
    opening: str
    user: str
    answer: str
    needs: tuple[str, ...]
    stops: tuple[str, ...]
    architectures: tuple[str, ...]
    tokenizer: str = ""
    lacks: tuple[str, ...] = ()
    bos: bool = False
    plain: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()

    def prompt(self, system: str, user: tuple[Segment, ...], *, begin: str = "") -> Prompt:
        """Return the prompt up to where the model writes; begin-of-sequence is the tokenizer's to add.

        The first segment holds all that is the same for every question, so that it can stay in the model's cache.

        Args:
            system: our instructions.
            user: the user turn, ours and foreign segments mixed.
            begin: words with which the answer begins.
        """
        return Prompt(
            (
                Segment(f"{self.opening}{system}{self.user}"),
                *(self._defused(segment) for segment in user),
                Segment(f"{self.answer}{begin}"),
            )
        )

    def _defused(self, segment: Segment) -> Segment:
        """Return foreign text in which markers that no tokenizer can tell from ours have round brackets."""
        text = segment.text
        for marker in self.plain if segment.foreign else ():
            text = text.replace(marker, marker.translate(_HARMLESS))
        return segment if text == segment.text else Segment(text, foreign=True)


_MISTRAL = "https://docs.mistral.ai/cookbook/concept-deep-dive-tokenization-templates"
_MISTRAL_ARCHITECTURES = ("llama", "mistral3", "mistral4")
_TURNS = ("[INST]", "[/INST]")
_SYSTEM_TURNS = ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", *_TURNS)

_ROWS = (
    Template(
        name="chatml",
        families="Qwen 2, 2.5 and 3, SmolLM2, InternLM2, Hermes, LFM2, Falcon-H1",
        source="https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct (tokenizer_config.json)",
        opening="<|im_start|>system\n",
        user="<|im_end|>\n<|im_start|>user\n",
        answer="<|im_end|>\n<|im_start|>assistant\n",
        needs=("<|im_start|>", "<|im_end|>"),
        stops=("<|im_end|>",),
        architectures=(
            "llama",
            "qwen2",
            "qwen2moe",
            "qwen2vl",
            "qwen3",
            "qwen3moe",
            "qwen3next",
            "qwen3vl",
            "qwen3vlmoe",
            "qwen35",
            "qwen35moe",
            "smollm3",
            "internlm2",
            "stablelm",
            "lfm2",
            "lfm2moe",
            "falcon-h1",
            "phi2",
        ),
        lacks=("<|im_sep|>", "<|im_middle|>", "<end_of_utterance>"),  # Phi-4, Kimi-K2 and SmolVLM differ
    ),
    Template(
        name="llama3",
        families="Llama 3, 3.1, 3.2 and 3.3",
        source="https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/",
        opening="<|start_header_id|>system<|end_header_id|>\n\n",
        user="<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
        answer="<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        needs=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        stops=("<|eot_id|>",),
        architectures=("llama",),
        bos=True,
    ),
    Template(
        name="llama4",
        families="Llama 4",
        source="https://www.llama.com/docs/model-cards-and-prompt-formats/llama4/",
        opening="<|header_start|>system<|header_end|>\n\n",
        user="<|eot|><|header_start|>user<|header_end|>\n\n",
        answer="<|eot|><|header_start|>assistant<|header_end|>\n\n",
        needs=("<|header_start|>", "<|header_end|>", "<|eot|>"),
        stops=("<|eot|>",),
        architectures=("llama4",),
        bos=True,
    ),
    Template(
        name="llama2",
        families="Llama 2 chat",
        source="https://huggingface.co/blog/llama2#how-to-prompt-llama-2",
        opening="[INST] <<SYS>>\n",
        user="\n<</SYS>>\n\n",
        answer=" [/INST]",
        needs=("</s>",),
        stops=("</s>",),
        architectures=("llama",),
        tokenizer="llama",
        lacks=_TURNS,
        bos=True,
        plain=(*_TURNS, "<<SYS>>", "<</SYS>>"),
        says=("[INST]", "<<SYS>>"),
    ),
    Template(
        name="gemma",
        families="Gemma 1, 2, 3 and 3n",
        source="https://ai.google.dev/gemma/docs/core/prompt-structure",
        opening="<start_of_turn>user\n",
        user="\n\n",
        answer="<end_of_turn>\n<start_of_turn>model\n",
        needs=("<start_of_turn>", "<end_of_turn>"),
        stops=("<end_of_turn>",),
        architectures=("gemma", "gemma2", "gemma3", "gemma3n"),
        bos=True,
    ),
    Template(
        name="gemma4",
        families="Gemma 4",
        source="https://huggingface.co/google/gemma-4-31B-it (chat_template.jinja)",
        opening="<|turn>system\n",
        user="<turn|>\n<|turn>user\n",
        answer="<turn|>\n<|turn>model\n<|channel>thought\n<channel|>",  # an empty thought: it answers at once
        needs=("<|turn>", "<turn|>", "<|channel>", "<channel|>"),
        stops=("<turn|>",),
        architectures=("gemma4",),
        bos=True,
    ),
    Template(
        name="mistral-v1",
        families="Mistral 7B Instruct v0.1 and v0.2, Mixtral 8x7B",
        source=_MISTRAL,
        opening=" [INST] ",
        user="\n\n",
        answer=" [/INST]",
        needs=("</s>",),
        stops=("</s>",),
        architectures=("llama",),
        tokenizer="llama",
        lacks=_TURNS,
        bos=True,
        plain=_TURNS,
        says=("[INST]",),
        unsaid=("<<SYS>>",),
    ),
    Template(
        name="mistral-v3",
        families="Mistral 7B Instruct v0.3, Mixtral 8x22B, Codestral 22B, Mistral Large 2407",
        source=_MISTRAL,
        opening="[INST] ",
        user="\n\n",
        answer="[/INST]",
        needs=(*_TURNS, "</s>"),
        stops=("</s>",),
        architectures=_MISTRAL_ARCHITECTURES,
        tokenizer="llama",
        lacks=("[SYSTEM_PROMPT]",),
        bos=True,
    ),
    Template(
        name="mistral-v3-tekken",
        families="Mistral Nemo, Ministral 8B 2410",
        source=_MISTRAL,
        opening="[INST]",
        user="\n\n",
        answer="[/INST]",
        needs=(*_TURNS, "</s>"),
        stops=("</s>",),
        architectures=_MISTRAL_ARCHITECTURES,
        tokenizer="gpt2",
        lacks=("[SYSTEM_PROMPT]",),
        bos=True,
    ),
    Template(
        name="mistral-v7",
        families="Mistral Large 2411",
        source="https://huggingface.co/mistralai/Mistral-Large-Instruct-2411#basic-instruct-template-v7",
        opening="[SYSTEM_PROMPT] ",
        user="[/SYSTEM_PROMPT][INST] ",
        answer="[/INST]",
        needs=(*_SYSTEM_TURNS, "</s>"),
        stops=("</s>",),
        architectures=_MISTRAL_ARCHITECTURES,
        tokenizer="llama",
        bos=True,
    ),
    Template(
        name="mistral-v7-tekken",
        families="Mistral Small 3, 3.1 and 3.2, Devstral",
        source="https://huggingface.co/mistralai/Mistral-Small-3.1-24B-Instruct-2503#basic-instruct-template-v7-tekken",
        opening="[SYSTEM_PROMPT]",
        user="[/SYSTEM_PROMPT][INST]",
        answer="[/INST]",
        needs=(*_SYSTEM_TURNS, "</s>"),
        stops=("</s>",),
        architectures=_MISTRAL_ARCHITECTURES,
        tokenizer="gpt2",
        bos=True,
    ),
    Template(
        name="phi3",
        families="Phi-3 and Phi-3.5 mini, medium and MoE",
        source="https://huggingface.co/microsoft/Phi-3.5-mini-instruct#input-formats",
        opening="<|system|>\n",
        user="<|end|>\n<|user|>\n",
        answer="<|end|>\n<|assistant|>\n",
        needs=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        stops=("<|end|>",),
        architectures=("phi3", "phimoe"),
        tokenizer="llama",
    ),
    Template(
        name="phi4",
        families="Phi-4",
        source="https://huggingface.co/microsoft/phi-4#input-formats",
        opening="<|im_start|>system<|im_sep|>",
        user="<|im_end|><|im_start|>user<|im_sep|>",
        answer="<|im_end|><|im_start|>assistant<|im_sep|>",
        needs=("<|im_start|>", "<|im_sep|>", "<|im_end|>"),
        stops=("<|im_end|>",),
        architectures=("phi3",),
        tokenizer="gpt2",
    ),
    Template(
        name="phi4-mini",
        families="Phi-4 mini",
        source="https://huggingface.co/microsoft/Phi-4-mini-instruct#input-formats",
        opening="<|system|>",
        user="<|end|><|user|>",
        answer="<|end|><|assistant|>",
        needs=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        stops=("<|end|>",),
        architectures=("phi3",),
        tokenizer="gpt2",
        lacks=("<|im_sep|>",),
    ),
    Template(
        name="command-r",
        families="Command R and R+, Aya Expanse",
        source="https://huggingface.co/CohereForAI/c4ai-command-r-plus (tokenizer_config.json)",
        opening="<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>",
        user="<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>",
        answer="<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
        needs=(
            "<|START_OF_TURN_TOKEN|>",
            "<|END_OF_TURN_TOKEN|>",
            "<|SYSTEM_TOKEN|>",
            "<|USER_TOKEN|>",
            "<|CHATBOT_TOKEN|>",
        ),
        stops=("<|END_OF_TURN_TOKEN|>",),
        architectures=("command-r",),
        lacks=("<|START_RESPONSE|>",),  # later Cohere models open the answer with it
        bos=True,
    ),
    Template(
        name="granite",
        families="Granite 3 and 4",
        source="https://huggingface.co/ibm-granite/granite-3.0-8b-instruct (tokenizer_config.json)",
        opening="<|start_of_role|>system<|end_of_role|>",
        user="<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>",
        answer="<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
        needs=("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"),
        stops=("<|end_of_text|>",),
        architectures=("granite", "granitemoe", "granitehybrid"),
    ),
    Template(
        name="deepseek",
        families="DeepSeek V2.5 and V3, R1 and its distillations (written without their thinking part)",
        source="https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-32B (tokenizer_config.json)",
        opening="",
        user="<｜User｜>",
        answer="<｜Assistant｜>",
        needs=("<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
        stops=("<｜end▁of▁sentence｜>",),
        architectures=("deepseek2", "qwen2", "llama"),
        bos=True,
    ),
)

TEMPLATES: Mapping[str, Template] = MappingProxyType({row.name: row for row in _ROWS})
"""The table, by name."""


def template_named(name: str) -> Template:
    """Return the row called `name`.

    Raises:
        ModelError: if there is none; lists the known names.
    """
    try:
        return TEMPLATES[name]
    except KeyError:
        raise ModelError(f"no chat template is called {name!r}", hint=f"Known: {', '.join(TEMPLATES)}.") from None
