"""Three questions over the first corpus with the real small models, from the command line to the run's file."""

import json
from pathlib import Path

import pytest

from pincite.cli import main
from pincite.config import Home

pytestmark = pytest.mark.integration

ROWS = [
    {
        "id": "breach",
        "question": "Within how many hours must a personal data breach be notified to the supervisory authority?",
        "kind": "deadline",
        "evidence": [["not later than 72 hours after having become aware of it"]],
        "must": ["72"],
    },
    {
        "id": "absent",
        "question": "What does Article 104 of the GDPR say?",
        "kind": "absent-provision",
        "answerable": False,
    },
    {
        "id": "pie",
        "question": "What is the best recipe for apple pie?",
        "kind": "unanswerable-far",
        "answerable": False,
    },
]


def test_a_small_set(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = tmp_path / "set.jsonl"
    questions.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    out = tmp_path / "r.json"
    assert main(["evaluate", str(questions), "--home", str(home.path), "--out", str(out)]) == 0
    assert "3 questions, answers" in capsys.readouterr().out
    run = json.loads(out.read_text())
    measures = {name: value["value"] for name, value in run["measures"].items()}
    assert run["conditions"]["model"]["title"].startswith("SmolLM2")
    assert measures["verbatim"] == 1
    assert measures["absent_refused"] == 1
    assert measures["abstention_recall"] == 1
    assert measures["evidence_in_10"] == 1
    breach = run["questions"][0]
    assert breach["answered"]["prompt_tokens"] > 0
    assert breach["measures"]["seconds"] > 0
    assert breach["expected"]["gold"][0]["in_library"]
