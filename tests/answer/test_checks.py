"""Each check with what passes and what it must catch."""

from __future__ import annotations

import pytest

from pincite.answer.checks import Support, check_claim

NOTIFY = (
    "In the case of a personal data breach, the controller shall notify the breach to the supervisory authority "
    "not later than 72 hours after having become aware of it."
)
NOTIFY_UNLESS = NOTIFY.removesuffix(".") + ", unless the breach is unlikely to result in a risk."
RETAIN = "Records of employment shall be retained for six years after the end of employment and then destroyed."
CUSTOMER = "After a customer leaves, backups are deleted within 30 days."
CHATBOT = "Staff must not paste personal data into a public chatbot."
MAY = "The controller may charge a reasonable fee for further copies."
TRANSFER = "Personal data may be transferred to a third country."
DISCLOSE = "The authority shall not disclose the findings."


def support(best: str, **changes: object) -> Support:
    values: dict[str, object] = {
        "text": best,
        "context": "GDPR Art. 33\nNotification of a personal data breach",
        "best": best,
        "similarity": 0.8,
        "question": "",
    }
    return Support(**(values | changes))  # type: ignore[arg-type]


EVEN = "The estate does not lend ladders to pickers, even where the pickers have paid."
ADEQUATE = "The Commission decides by May whether a third country ensures an adequate level of protection."
BACKUP = "After a customer leaves, Basecamp deletes backups within 30 days."
LOSS = "‘loss’ means the accidental or unlawful destruction of a register."
ENSURE = "The keeper must ensure that the printer shreds the sheets and must do so within 2 days."
DIRECTIVE = "States shall ensure that keepers of registers report the loss and that they must do so within 2 days."
FILTER = "A filter on the output is a temporary measure and never counts as deletion."
METHOD = "Grafts of young trees may be removed only by cutting the branch or by exact removal."
EXAMPLE = "The keeper should implement measures to protect the register, such as encryption."
FINDINGS = "The vendor must remedy serious findings of an audit within 30 days."
NO_CARD = "A keeper with fewer than ten trees is not required to keep a card, and smaller ones are exempt."
NOT_YET = "If the keeper has not already told the board, the authority may require it to do so."


@pytest.mark.parametrize(
    ("claim", "cited"),
    [
        ("The controller must notify the breach to the supervisory authority within 72 hours.", support(NOTIFY)),
        ("The controller notifies the supervisory authority of a breach within seventy-two hours.", support(NOTIFY)),
        ("Under Article 33, the breach is notified to the supervisory authority.", support(NOTIFY)),
        ("The law requires that the controller notify the breach.", support(NOTIFY, kinds=frozenset({"law"}))),
        ("The controller must not notify the breach later than 72 hours after it is aware.", support(NOTIFY)),
        ("Records of employment must be retained for 6 years.", support(RETAIN)),
        ("Staff must not paste personal data into a public chatbot.", support(CHATBOT)),
        ("The controller may charge a reasonable fee for copies.", support(MAY)),
        ("Keepers of registers must report the loss within 2 days.", support(DIRECTIVE)),
        ("According to the rules, the controller may charge a reasonable fee for copies.", support(MAY)),
        ("The authority shall not disclose the findings.", support(DISCLOSE)),
        ("The controller must notify the breach, unless a risk is unlikely.", support(NOTIFY_UNLESS)),
        ("Notice is not required if the breach is unlikely to result in a risk.", support(NOTIFY_UNLESS)),
        ("The breach must be notified to the supervisory authority within 72 hours.", support(NOTIFY)),
        (
            "Article 33 deals with the notice of a personal data breach.",
            support(NOTIFY, question="Which GDPR article deals with the notice of a breach?"),
        ),
        ("Article 41 applies to the notice of a breach.", support(NOTIFY + " Article 41 applies.")),
        ("The Commission decides by May whether a third country is adequate.", support(ADEQUATE)),
        ("After a customer leaves, Basecamp deletes backups within 30 days.", support(BACKUP)),
        ("After a customer leaves, Acme deletes backups within 30 days.", support(BACKUP, context="Acme Policy 3")),
        ("The breach law in Utah says that the breach is notified.", support(NOTIFY, context="Utah Act 3")),
        ("Staff must not paste personal data into the public chatbot Gemini.", support(CHATBOT)),
        ("A keeper with fewer than ten trees does not have to keep a card.", support(NO_CARD)),
        ("You do not need to notify the breach if a risk is unlikely.", support(NOTIFY_UNLESS)),
        ("The keeper must implement measures to protect the register, such as encryption.", support(EXAMPLE)),
        ("Under the GDPR, the breach must be notified within 72 hours.", support(NOTIFY)),
        ("Under PSD2, it must be notified within 72 hours.", support(NOTIFY, context="Directive (EU) 2015/2366")),
    ],
)
def test_supported(claim: str, cited: Support) -> None:
    assert check_claim(claim, cited) == ""


@pytest.mark.parametrize(
    ("failed", "claim", "cited"),
    [
        ("attribution", "The law requires that records be retained.", support(RETAIN, kinds=frozenset({"policy"}))),
        ("attribution", "Our policy says that the breach is notified.", support(NOTIFY, kinds=frozenset({"law"}))),
        ("names", "The breach law in Utah says that the breach is notified.", support(NOTIFY)),
        ("names", "Under Utah's breach law the breach is notified within 72 hours.", support(NOTIFY)),
        ("names", "Utah state's breach law gives the controller 72 hours to notify the breach.", support(NOTIFY)),
        (
            "names",
            "Under the law of Utah, the breach must be notified within 48 hours.",
            support(NOTIFY, question="Is a breach notified within 48 hours in Utah?"),
        ),
        ("names", "Under PSD2, the breach must be notified within 72 hours.", support(NOTIFY)),
        ("names", "Article 33 DMA says that the breach is notified within 72 hours.", support(NOTIFY)),
        ("names", "Under the law of Utah, staff may paste personal data into a public chatbot.", support(CHATBOT)),
        (
            "provisions",
            "Article 41 deals with the notice of a breach.",
            support(NOTIFY + " Article 41 applies.", question="Which GDPR article deals with the notice of a breach?"),
        ),
        (
            "names",
            "The Commission decides that South Korea ensures an adequate protection.",
            support(ADEQUATE),
        ),
        ("names", "Staff must not paste personal data into the public chatbot of Zoom.", support(CHATBOT)),
        ("names", "After a customer leaves, Salesforce deletes backups within 30 days.", support(CUSTOMER)),
        ("names", "After a customer leaves, Acme deletes backups within 30 days.", support(BACKUP)),
        ("numbers", "The controller must notify the breach within 48 hours.", support(NOTIFY)),
        ("numbers", "The controller must notify the breach within 72 days.", support(NOTIFY)),
        ("numbers", "Records of employment must be retained for sixteen years.", support(RETAIN)),
        ("numbers", "The rule covers 50 employees.", support("The rule covers two hundred and fifty employees.")),
        ("numbers", "The fine is 20 million dollars.", support("The fine is EUR 20 million.")),
        ("numbers", "The notice is due in 72 hours.", support("The notice is due as § 72 says.")),
        ("provisions", "Under Article 34, the controller notifies the supervisory authority.", support(NOTIFY)),
        ("polarity", "Staff may paste personal data into a public chatbot.", support(CHATBOT)),
        ("polarity", "Personal data must not be transferred to a third country.", support(TRANSFER)),
        ("polarity", "The controller must not notify the supervisory authority of the breach.", support(NOTIFY)),
        ("polarity", "The controller must not notify the supervisory authority.", support(NOTIFY_UNLESS)),
        ("modality", "The controller may notify the supervisory authority of a breach.", support(NOTIFY_UNLESS)),
        ("actor", "The supervisory authority must notify the controller within 72 hours.", support(NOTIFY)),
        ("actor", "The controller and the prosecutor must notify the supervisory authority.", support(NOTIFY)),
        ("actor", "The printer must shred the sheets within 2 days.", support(ENSURE)),
        ("condition", "If the data was encrypted, the controller notifies the authority.", support(NOTIFY)),
        ("condition", "The estate does not lend ladders if the pickers have not paid.", support(EVEN)),
        (
            "condition",
            "If a vendor refuses an audit, it must remedy serious findings within 30 days.",
            support(FINDINGS, question="What happens if a vendor refuses an audit?"),
        ),
        ("", "If an audit has serious findings, the vendor must remedy them within 30 days.", support(FINDINGS)),
        ("", "The estate does not lend ladders if the pickers have paid.", support(EVEN)),
        ("", "The estate does not lend ladders to pickers, even if they have paid.", support(EVEN)),
        ("modality", "The controller must charge a reasonable fee for further copies.", support(MAY)),
        ("modality", "The controller may notify the breach.", support("The controller shall notify the breach.")),
        ("polarity", "No, it does not count as a loss.", support(LOSS, question="Does it count as a loss?")),
        ("polarity", "The keeper is not required to tell the board.", support(NOT_YET)),
        ("polarity", "No, you do not have to cut the branch of a young tree.", support(METHOD)),
        ("words", "The keeper has 72 hours, while our deadline is not specified.", support(NOTIFY)),
        ("modality", "Encryption is a legal requirement to protect the register.", support(EXAMPLE)),
        ("polarity", "No personal data may be transferred to a third country.", support(TRANSFER)),
        ("polarity", "Nobody may transfer personal data to a third country.", support(TRANSFER)),
        ("polarity", "None of the staff must notify the supervisory authority of a breach.", support(NOTIFY)),
        ("polarity", "Yes, a filter counts as deletion.", support(FILTER, question="Does a filter count as deletion?")),
        ("polarity", "Yes, staff may paste it into a public chatbot because it is not secret.", support(CHATBOT)),
        ("polarity", "We may use open data freely.", support("Open data is not free to use.")),
        ("polarity", "Gardeners are asked first.", support("The gardeners were not asked, and nobody told them.")),
        ("words", "Gardeners water purple tulips every morning.", support(NOTIFY)),
        ("similarity", "No, we must not delete it.", support(DISCLOSE, question="Must we delete it?", similarity=0.5)),
        (
            "similarity",
            "The controller notifies the breach to the supervisory authority.",
            support(NOTIFY, similarity=0.3),
        ),
    ],
)
def test_caught(failed: str, claim: str, cited: Support) -> None:
    assert check_claim(claim, cited) == failed


@pytest.mark.parametrize(
    ("claim", "cited"),
    [
        ("Providers may no longer charge for a move.", "Providers shall not charge for a move."),
        ("The officer is not allowed to take instructions.", "The officer does not take instructions."),
        ("The notice period is two months.", "The notice period shall not exceed two months."),
        ("No staff may paste personal data into a public chatbot.", CHATBOT),
        ("Nobody may paste personal data into a public chatbot.", CHATBOT),
        ("Such a term does not bind the keeper.", "Such a term is deemed unfair and the keeper is free of it."),
    ],
)
def test_denials_in_other_words_are_the_same(claim: str, cited: str) -> None:
    assert check_claim(claim, support(cited)) == ""


@pytest.mark.parametrize(
    ("claim", "cited"),
    [
        ("A filter is a temporary measure.", FILTER),
        ("The keeper encrypts the register.", "The keeper encrypts a register that is not public."),
        ("The board hears the keeper.", "The board hears the keeper, where it has not heard the keeper before."),
        ("The register has 20 entries.", "The register has not only 20 entries but also an index of keepers."),
    ],
)
def test_a_denial_counts_only_against_what_it_denies(claim: str, cited: str) -> None:
    assert check_claim(claim, support(cited)) == ""


def test_negation_is_asked_of_the_whole_text_when_the_best_sentence_limits_it() -> None:
    # polarity looks at the best sentence alone, negation at all that is cited: both must deny
    denied = "The authority must not disclose the findings."
    assert check_claim(denied, support(DISCLOSE)) == ""
    assert check_claim(denied, support(DISCLOSE, text="The authority shall disclose the findings.")) == "negation"


def test_a_question_lends_words_but_no_numbers() -> None:
    asked = support(NOTIFY, question="Is a breach notified within 48 hours?")
    assert check_claim("The breach must be notified within 48 hours.", asked) == "unconfirmed"
    assert check_claim("The breach must be notified within 47 hours.", asked) == "numbers"


def test_a_number_of_the_question_may_be_denied() -> None:
    free = "Copies are given free of charge and must not be charged for."
    asked = support(free, question="Can we charge 15 euros for copies for someone who is 14?", similarity=0.7)
    assert check_claim("No, copies must not be charged for at 15 euros.", asked) == ""
    assert check_claim("Yes, copies may be charged for at 15 euros.", asked) == "unconfirmed"
    assert check_claim("Copies may be charged for at 15 euros, but must not be given.", asked) == "unconfirmed"
    assert check_claim("Copies may be charged for, he is 14 years old.", asked) == "unconfirmed"
    assert check_claim("No, copies must not be charged for at 16 euros.", asked) == "numbers"
    assert check_claim("Copies may only be charged for at 15 euros.", asked) == "unconfirmed"  # limited, not denied
    cannot = support("Copies are free: you cannot charge for them.", question=asked.question, similarity=0.7)
    assert check_claim("No, you cannot charge 15 euros for copies.", cannot) == ""


@pytest.mark.parametrize(
    ("question", "claim", "failed"),
    [
        ("Can he ask for a copy? He is 14.", "Copies may be given to him, he is 14.", "unconfirmed"),
        ("Can he ask for a copy? He is 14.", "Copies may be given to him, he is 14 years old.", "unconfirmed"),
        ("Can he ask for a copy? He is 14.", "Copies may be given to him, he is 15 years old.", "numbers"),
        ("Can he ask for a copy for 14 euros?", "Copies may be given to him for 14 euros.", "unconfirmed"),
        ("Can he ask for a copy for 14 euros?", "Copies may be given to him, he is 14 years old.", "numbers"),
        ("Can he ask for a copy for 14 euros?", "No, copies must not be given to him in 14 days.", "numbers"),
    ],
)
def test_a_bare_number_of_the_question_has_any_unit_and_another_only_its_own(
    question: str, claim: str, failed: str
) -> None:
    free = "Copies may be given free of charge and must not be charged for."
    assert check_claim(claim, support(free, question=question)) == failed


@pytest.mark.parametrize(("similarity", "failed"), [(0.55, ""), (0.549, "similarity")])
@pytest.mark.parametrize("claim", ["No, we must not delete it.", "No, we must not delete it quickly."])
def test_a_bare_yes_or_no_needs_a_sentence_plainly_about_the_same(claim: str, similarity: float, failed: str) -> None:
    asked = support("The keeper shall not delete it quickly.", question="Must we delete it?", similarity=similarity)
    assert check_claim(claim, asked) == failed


def test_a_sentence_with_words_of_its_own_may_be_less_like_its_source() -> None:
    hidden = "The keeper shall not delete it quickly or secretly."
    asked = support(hidden, question="Must we delete it?", similarity=0.5)
    assert check_claim("No, we must not delete it quickly or secretly.", asked) == ""
    assert check_claim("No, we must not delete it on purple tulips.", asked) == "words"
    assert check_claim("No, we must not delete tulips.", asked) == "similarity"


@pytest.mark.parametrize("number", [number for number in range(2, 100) if number != 72])
def test_no_other_deadline_passes(number: int) -> None:
    claim = f"The controller must notify the breach to the supervisory authority within {number} hours."
    assert check_claim(claim, support(NOTIFY)) == "numbers"


@pytest.mark.parametrize(
    "address", ["https://a.example/x", "www.example", "[the form](x)", "<img src=x>", "<|im_end|>", "</s>", "[INST]"]
)
def test_no_sentence_holds_an_address_or_a_tag(address: str) -> None:
    claim = f"The controller notifies the supervisory authority of a breach within 72 hours {address}."
    cited = f"{NOTIFY} {address}"
    assert check_claim(claim, support(cited)) == "address"
    assert check_claim("Fewer than <5 or [sic] 72 hours after having become aware of it.", support(NOTIFY)) != "address"
