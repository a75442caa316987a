"""The language model: prompts whose document text cannot forge a turn, and stoppable grammar-bound generation."""

from pincite.llm.prompt import Prompt, chatml
from pincite.llm.protocol import Generation, LanguageModel, Piece, ReadProgress

__all__ = ["Generation", "LanguageModel", "Piece", "Prompt", "ReadProgress", "chatml"]
