"""Normalised text: nothing that could attack a terminal or break an offset survives."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.domain.text import collapse, normalise, printable_path, sha256_text

# all of Unicode, surrogates included; the second alphabet makes the dangerous ones and their neighbours frequent
ANYTHING = st.text(st.characters(codec=None), max_size=80)
NASTY = st.text(
    st.sampled_from(
        "a Z\n\r\t\x00\x07\x0b\x0c\x1b\x1c\x7f\x85\x9b\u00a0\u00ad\u0301\u034f\u061c\u180e\u200b\u200d\u200e\u202e"
        "\u2028\u2029\u2066\u2069\u2060\u3000\ufe0f\ufeff\uffff\ue000\ud800\udfff\U000e0001\U000e0041\U000e0100\U000f0000Å\u212b"
    ),
    max_size=30,
)
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(ANYTHING | NASTY)
def test_nothing_dangerous_survives(text: str) -> None:
    result = normalise(text)
    for char in result:
        assert char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn"), hex(ord(char))
        assert char not in BIDI
        assert not 0xE0000 <= ord(char) <= 0xE01EF  # tags and variation selectors
    assert unicodedata.is_normalized("NFC", result)
    result.encode("utf-8")  # raises for a surrogate


@given(ANYTHING | NASTY)
def test_idempotent(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(ANYTHING | NASTY)
def test_white_space_is_single_spaces_inside_lines(text: str) -> None:
    for line in normalise(text).split("\n"):
        assert line == line.strip(" ")
        assert "  " not in line
        assert "\t" not in line


@given(st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="\u3164\uffa0"), max_size=60))
def test_visible_characters_are_never_lost(text: str) -> None:
    assert normalise(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a\r\nb\rc\u2028d\x85e\x0cf", "a\nb\nc\nd\ne\nf"),
        ("per\u00adsonal\u200b data\ufeff", "personal data"),
        ("72\u00a0hours\t\u3000later", "72 hours later"),
        ("\x1b[31mred\x9b0m", "\ufffd[31mred\ufffd0m"),
        ("abc\u202etxt.exe", "abc\ufffdtxt.exe"),
        ("hid\U000e0068\U000e0069den", "hid\ufffd\ufffdden"),
        ("e\u0301", "é"),
        ("e\ufe0f\u0301", "é"),  # composed only once the selector is gone
        ("\ud800", "\ufffd"),
    ],
)
def test_examples(given_text: str, expected: str) -> None:
    assert normalise(given_text) == expected


def test_collapse_gives_one_line() -> None:
    assert collapse(" Art. 33 \n\n Notification\tof a breach ") == "Art. 33 Notification of a breach"


def test_digest_is_over_utf8() -> None:
    assert sha256_text("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"


def test_a_path_is_shown_on_one_line() -> None:
    assert printable_path("a\nb\r\x1b[2J\u202e\udcff.md") == "a\ufffdb\ufffd\ufffd[2J\ufffd\ufffd.md"
    assert printable_path("policies/Übersicht 1.md") == "policies/Übersicht 1.md"
