"""The guard and the fakes themselves: a guard that never bites proves nothing."""

import importlib.util
import sys
from threading import Event as Flag

import numpy as np
import pytest

from pincite.llm.prompt import Prompt, Segment
from pincite.llm.protocol import Generation, Piece, ReadProgress
from tests.conftest import ROOT
from tests.fakes import FakeEmbedder, FakeModel

pytest_plugins = ["pytester"]
PROMPT = Prompt((Segment("one two "), Segment("three four", foreign=True)))


def test_guard_fails_unit_tests_even_if_they_swallow_the_error(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers =\n    integration: x\n    default_model: x\n")
    pytester.makeconftest(
        f"import sys, types\nsys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'src')!r}]\n"
        "from tests.conftest import no_real_models\n"
        "import importlib.machinery\n"
        "sys.modules['torch'] = types.ModuleType('torch')\nsys.modules['torch'].real = True\n"
        "sys.modules['torch'].__spec__ = importlib.machinery.ModuleSpec('torch', None)\n"
    )
    pytester.makepyfile(
        "import importlib.util, pytest\n"
        "def test_plain():\n    pass\n"
        "def test_imports():\n    import torch\n"
        "def test_swallows():\n    try:\n        import llama_cpp.llama\n    except ImportError:\n        pass\n"
        "def test_only_looks():\n    assert importlib.util.find_spec('sentence_transformers')\n"
        "@pytest.mark.integration\ndef test_integration():\n    import torch\n    assert torch.real\n"
        "def test_after_integration():\n    import torch\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly")
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] == 4  # plain, looks, integration, and the swallower before its teardown
    assert outcomes["failed"] == 2
    assert outcomes["errors"] == 3
    result.stdout.fnmatch_lines(["*a unit test loads llama_cpp*"])


def test_nothing_real_is_visible_here() -> None:
    assert not {"torch", "llama_cpp", "sentence_transformers"} & {name.partition(".")[0] for name in sys.modules}
    assert importlib.util.find_spec("torch") is not None


def test_embedder_is_deterministic_and_likes_shared_words() -> None:
    one, again, near, far, empty = FakeEmbedder().encode(
        ["Burn the wood", "burn THE wood!", "burn wood now", "six years", ""]
    )
    assert np.array_equal(one, again)
    assert one @ near > 0.6 > one @ far
    assert np.linalg.norm(empty) == pytest.approx(1)
    assert one.dtype == np.float32


def test_model_writes_its_drafts_in_order() -> None:
    model = FakeModel("The keeper burns  it [1].\nDone [2].\n", "Second.")
    steps = list(model.generate(PROMPT, grammar="root ::= x"))
    assert "".join(s.text for s in steps if isinstance(s, Piece)) == "The keeper burns  it [1].\nDone [2].\n"
    assert steps[0] == ReadProgress(0, 4)
    assert isinstance(steps[-1], Generation)
    assert (steps[-1].finish, steps[-1].prompt_tokens) == ("stop", 4)
    assert model.grammars == ["root ::= x"]
    assert [s.text for s in model.generate(PROMPT) if isinstance(s, Piece)] == ["Second."]
    with pytest.raises(AssertionError, match="no draft"):
        list(model.generate(PROMPT))


def test_model_stops_where_it_is_told() -> None:
    flag = Flag()
    model = FakeModel("one two three four", "x", before_piece=lambda n: flag.set() if n == 2 else None)
    steps = list(model.generate(PROMPT, stop=flag))
    assert "".join(s.text for s in steps if isinstance(s, Piece)) == "one two"
    assert steps[-1].finish == "cancelled"
    assert [type(s) for s in model.generate(PROMPT, stop=flag)] == [Generation]
    cut = list(FakeModel("one two three").generate(PROMPT, most=2))
    assert cut[-1].finish == "length"
