"""Fetching acts from publishers on loopback: whole and recorded, or a clear error and nothing left behind."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pwd
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pincite.errors import ConfigError, PinciteError
from pincite.ingest.fetching import contents
from pincite.ingest.fetching.acts import Wanted, parse_act
from pincite.ingest.fetching.fetch import Fetched, Fetcher
from pincite.ingest.fetching.publishers import load_publishers
from pincite.ingest.parse import parse
from pincite.ingest.sources import load_corpus_file
from tests.ingest.test_clml import ACT
from tests.ingest.test_ecfr import PART
from tests.publisher import Answer, PublisherServer, publishing

UK = "/ukpga/2031/4/data.xml"
TITLES = "/api/versioner/v1/titles.json"
US = "/api/versioner/v1/full/2032-04-01/title-44.xml?part=612"
EU = "/resource/celex/32031R0007"
FORMEX = "application/zip;mtype=fmx4"
XHTML = "application/xhtml+xml"

TITLE_LIST = json.dumps(
    {
        "titles": [
            {"number": 35, "name": "Reserved", "up_to_date_as_of": None, "reserved": True},
            {"number": 44, "name": "Orchards", "up_to_date_as_of": "2032-04-01", "reserved": False},
        ]
    }
).encode()

ACT_XML = """<?xml version="1.0" encoding="UTF-8"?>
<ACT xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="http://formex.publications.europa.eu/schema/formex-06.00-20210715.xd">
<BIB.INSTANCE><DATE ISO="20310401">20310401</DATE></BIB.INSTANCE>
<TITLE><TI><P>REGULATION (EU) 2031/7 on orchards</P></TI></TITLE>
<ENACTING.TERMS><ARTICLE IDENTIFIER="001"><TI.ART>Article 1</TI.ART>
<ALINEA>Apples are fruit.</ALINEA></ARTICLE>
</ENACTING.TERMS></ACT>"""
ANNEX_XML = """<ANNEX><TITLE><TI><P>ANNEX {0}</P></TI></TITLE><CONTENTS><P>Words of annex {0}.</P></CONTENTS></ANNEX>"""
LIST_XML = """<DOC><FMX><DOC.MAIN.PUB><REF.PHYS FILE="L_1EN.000101.fmx.xml" TYPE="DOC.XML"/></DOC.MAIN.PUB>
<DOC.SUB.PUB><REF.PHYS FILE="L_1EN.001901.fmx.xml" TYPE="DOC.XML"/></DOC.SUB.PUB>
<DOC.SUB.PUB><REF.PHYS FILE="L_1EN.001201.fmx.xml" TYPE="DOC.XML"/></DOC.SUB.PUB></FMX></DOC>"""
PAGE = (
    "<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Transitional//EN' 'x.dtd'>"
    "<html xmlns='http://www.w3.org/1999/xhtml'><head><title>32031R0007</title></head><body>"
    f"<p class='oj-doc-ti'>REGULATION (EU) 2031/7</p>{'<p>Apples&nbsp;are fruit.</p>' * 40}</body></html>"
).encode()
ERROR_PAGE = (
    b"<!DOCTYPE html><html><head><title>Request Access</title></head><body>Programmatic access is limited</body></html>"
)


def archive(**members: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # the same bytes at any time
    return buffer.getvalue()


ANNEXED = {
    "L_1EN.doc.fmx.xml": LIST_XML,
    "L_1EN.toc.fmx.xml": "<PUBLICATION/>",
    "L_1EN.001201.fmx.xml": ANNEX_XML.format("II"),
    "L_1EN.001901.fmx.xml": ANNEX_XML.format("I"),
    "L_1EN.000101.fmx.xml": ACT_XML,
    "L_1EN.tif": b"II*\x00",
}


@pytest.fixture
def server() -> Iterator[PublisherServer]:
    with publishing() as state:
        state.say(UK, ACT.encode())
        state.say(TITLES, TITLE_LIST)
        state.say(US, PART.encode())
        state.say(EU, Answer(b"", 303, {"Location": "/resource/cellar/1.0006.03/zip"}), accept=FORMEX)
        state.say("/resource/cellar/1.0006.03/zip", archive(**ANNEXED))
        yield state


LATEST = Wanted()


def fetch(
    server: PublisherServer,
    directory: Path,
    *written: str,
    hosts: tuple[str, ...] = (),
    wanted: Wanted = LATEST,
    **options: Any,
) -> list[Fetched]:
    publishers = load_publishers(dict.fromkeys(("eu", "us", "uk"), server.url))
    if hosts:
        publishers = {key: replace(known, hosts=hosts) for key, known in publishers.items()}
    options = {"backoff": 0.001, "attempts": 3, "timeout": (2.0, 2.0)} | options
    fetcher = Fetcher(directory, **options)
    return list(fetcher.fetch([parse_act(one, publishers) for one in written], wanted))


def failure(server: PublisherServer, directory: Path, written: str, **options: Any) -> PinciteError:
    (fetched,) = fetch(server, directory, written, **options)
    assert fetched.error is not None
    assert left(directory) == set()
    return fetched.error


def left(directory: Path) -> set[str]:
    """What is in the directory besides the lock."""
    found = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
    return found - {".fetching/lock"}


def entries(directory: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((directory / "corpus.toml").read_text())["source"]
    return found


# -- whole and recorded --------------------------------------------------------------------------------------


def test_an_act_is_fetched_with_its_provenance_and_can_be_built(server: PublisherServer, tmp_path: Path) -> None:
    (fetched,) = fetch(server, tmp_path, "uk:ukpga/2031/4")
    digest = hashlib.sha256(ACT.encode()).hexdigest()
    assert (fetched.error, fetched.is_new, fetched.slug) == (None, True, "uk-ukpga-2031-4")
    assert fetched.path == tmp_path / f"uk-ukpga-2031-4-{digest[:12]}.xml"
    assert fetched.path.read_bytes() == ACT.encode()
    (entry,) = entries(tmp_path)
    retrieved = entry.pop("retrieved")
    assert entry == {
        "slug": "uk-ukpga-2031-4",
        "path": fetched.path.name,
        "kind": "law",
        "source": server.url + UK,
        "retrieved_by": pwd.getpwuid(os.getuid()).pw_name,
        "authority": "Public law of the United Kingdom",
        "licence": "Open Government Licence v3.0",
        "version": "2033-05-01",
        "sha256": digest,
    }
    assert len(retrieved) == 10
    (source,) = load_corpus_file(tmp_path / "corpus.toml", tmp_path)
    document = parse(source).document
    assert (document.slug, document.title) == ("uk-ukpga-2031-4", "Orchards Act 2031")
    assert document.provenance.licence == "Open Government Licence v3.0"
    assert document.provenance.sha256 == digest


def test_a_part_of_the_cfr_as_of_the_last_day_the_publisher_has(server: PublisherServer, tmp_path: Path) -> None:
    (fetched,) = fetch(server, tmp_path, "us:44-612")
    assert fetched.error is None
    assert server.paths() == [TITLES, US]
    (entry,) = entries(tmp_path)
    assert (entry["version"], entry["source"]) == ("2032-04-01", server.url + US)
    (source,) = load_corpus_file(tmp_path / "corpus.toml", tmp_path)
    assert any(node.label == "§ 612.404(b)(2)(i)" for node in parse(source).document.provisions)


def test_a_day_asked_for_is_its_own_document(server: PublisherServer, tmp_path: Path) -> None:
    server.say("/api/versioner/v1/full/2031-01-01/title-44.xml?part=612", PART.encode())
    server.say("/ukpga/2031/4/2032-01-01/data.xml", ACT.encode())
    found = fetch(server, tmp_path, "us:44-612", "uk:ukpga/2031/4", wanted=Wanted(date="2031-01-01"))
    assert [one.slug for one in found] == ["us-44-612-2031-01-01", "uk-ukpga-2031-4-2031-01-01"]
    assert found[0].error is None
    assert found[1].error is not None
    assert "no such act: legislation.gov.uk has none of that number as of 2031-01-01" in found[1].error.message
    (found_uk,) = fetch(server, tmp_path, "uk:ukpga/2031/4", wanted=Wanted(date="2032-01-01"))
    assert found_uk.slug == "uk-ukpga-2031-4-2032-01-01"
    assert len(entries(tmp_path)) == 2


def test_formex_parts_become_one_file_in_the_order_of_their_list(server: PublisherServer, tmp_path: Path) -> None:
    (fetched,) = fetch(server, tmp_path, "eu:32031r0007", wanted=Wanted(language="de"))
    assert fetched.error is None
    asked = server.requests[0][1]
    assert (asked["accept"].split(",")[0], asked["accept-language"]) == (FORMEX, "deu")
    assert fetched.slug == "eu-32031r0007-de"
    assert fetched.notes == ("1 picture(s) and other files of the archive left out",)
    text = fetched.path.read_text(encoding="utf-8") if fetched.path else ""
    assert [text.index(words) for words in ("Apples", "annex I.", "annex II.")] == sorted(
        text.index(words) for words in ("Apples", "annex I.", "annex II.")
    )
    (entry,) = entries(tmp_path)
    assert entry["source"] == server.url + "/resource/cellar/1.0006.03/zip"
    (source,) = load_corpus_file(tmp_path / "corpus.toml", tmp_path)
    parsed = parse(source).document
    assert all(words in parsed.text for words in ("Apples are fruit.", "Words of annex I.", "Words of annex II."))
    assert [n.label for n in parsed.provisions if n.kind in ("article", "annex")] == ["Art. 1", "Annex I", "Annex II"]


def test_an_act_without_formex_is_taken_as_a_page(server: PublisherServer, tmp_path: Path) -> None:
    server.say(EU, Answer(b"none", 404), accept=FORMEX)
    server.say(EU, PAGE, accept=XHTML)
    (fetched,) = fetch(server, tmp_path, "eu:32031R0007")
    assert fetched.error is None
    assert fetched.path is not None
    assert fetched.path.suffix == ".xhtml"
    error = fetch(server, tmp_path, "eu:32031R0007", wanted=Wanted(format="formex"))[0].error
    assert error is not None
    assert "in 'en' as formex (HTTP 404)" in error.message


def test_a_consolidated_act_says_from_when_it_applies(server: PublisherServer, tmp_path: Path) -> None:
    consolidated = ACT_XML.replace("<ACT", "<CONS.ACT").replace("</ACT>", "</CONS.ACT>").replace(
        "<BIB.INSTANCE>", '<INFO.CONSLEG START.DATE="20320101"/><BIB.INSTANCE>'
    )  # fmt: skip
    server.say("/resource/celex/02031R0007-20320101", archive(**{"CL.0001.xml": consolidated}), accept=FORMEX)
    (fetched,) = fetch(server, tmp_path, "eu:02031R0007-20320101")
    assert fetched.path is not None
    assert fetched.path.read_bytes() == consolidated.encode()  # one part stays as it is, byte for byte
    assert entries(tmp_path)[0]["version"] == "2032-01-01"


def test_the_same_bytes_change_nothing(server: PublisherServer, tmp_path: Path) -> None:
    fetch(server, tmp_path, "uk:ukpga/2031/4")
    record = tmp_path / "corpus.toml"
    record.write_text(record.read_text() + "# a steward's word\n")
    before, names = record.read_bytes(), left(tmp_path)
    (fetched,) = fetch(server, tmp_path, "uk:ukpga/2031/4")
    assert (fetched.is_new, fetched.error) == (False, None)
    assert (record.read_bytes(), left(tmp_path)) == (before, names)


def test_other_bytes_replace_the_entry_and_keep_the_old_file(server: PublisherServer, tmp_path: Path) -> None:
    (old,) = fetch(server, tmp_path, "uk:ukpga/2031/4")
    record = tmp_path / "corpus.toml"
    record.write_text(record.read_text() + 'short = "OA 2031"  # as we call it\n')
    server.say(UK, ACT.replace("mark the tree", "paint the tree").encode())
    (new,) = fetch(server, tmp_path, "uk:ukpga/2031/4")
    assert new.is_new
    assert old.path is not None
    assert old.path.is_file()
    assert new.path != old.path
    (entry,) = entries(tmp_path)
    assert (entry["path"], entry["short"]) == (new.path.name if new.path else "", "OA 2031")
    assert "# as we call it" in record.read_text()


def test_a_file_that_was_lost_is_fetched_again(server: PublisherServer, tmp_path: Path) -> None:
    (fetched,) = fetch(server, tmp_path, "uk:ukpga/2031/4")
    assert fetched.path is not None
    fetched.path.write_bytes(b"damaged")
    (again,) = fetch(server, tmp_path, "uk:ukpga/2031/4")
    assert again.is_new
    assert fetched.path.read_bytes() == ACT.encode()


def test_one_failure_does_not_stop_the_others(server: PublisherServer, tmp_path: Path) -> None:
    found = fetch(server, tmp_path, "uk:ukpga/1999/9", "us:44-612", "uk:ukpga/2031/4")
    assert [one.error is None for one in found] == [False, True, True]
    assert [entry["slug"] for entry in entries(tmp_path)] == ["us-44-612", "uk-ukpga-2031-4"]


# -- what does not exist -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "uk:ukpga/2031/5",
            "uk:ukpga/2031/5: no such act: legislation.gov.uk has none of that number in 'en' (HTTP 404)",
        ),
        ("eu:32031R0008", "eu:32031R0008: no such act: the Publications Office of the European Union has none"),
        ("us:44-999", "us:44-999: no such act: the eCFR of the United States has none"),
        ("us:35-1", "us:35-1: no such act: the eCFR of the United States has no title 35"),
        ("us:51-1", "us:51-1: no such act: the eCFR of the United States has no title 51"),
    ],
)
def test_an_act_that_does_not_exist_is_said(
    server: PublisherServer, tmp_path: Path, written: str, message: str
) -> None:
    assert failure(server, tmp_path, written).message.startswith(message)


@pytest.mark.parametrize(
    ("written", "wanted", "message"),
    [
        ("uk:ukpga/2031/4", Wanted(language="fr"), "does not publish in 'fr'"),
        ("eu:32031R0007", Wanted(format="xml"), "has no format 'xml'"),
        ("eu:32031R0007", Wanted(date="2032-01-01"), "names each consolidated version by a number of its own"),
    ],
)
def test_forms_that_a_publisher_does_not_have(
    server: PublisherServer, tmp_path: Path, written: str, wanted: Wanted, message: str
) -> None:
    error = failure(server, tmp_path, written, wanted=wanted)
    assert message in error.message
    assert error.hint
    assert server.requests == []


@pytest.mark.parametrize(
    "written",
    [
        "gdpr",
        "fr:1",
        "eu:2016/679",
        "eu:32016R067",
        "us:45",
        "us:0-1",
        "uk:2018/12",
        "uk:ukpga/2018/12/../..",
        "uk:a/b",
        "",
    ],
)
def test_references_that_are_none(written: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_act(written, load_publishers())
    assert caught.value.hint


@pytest.mark.parametrize("date", ["2031", "2031-1-1", "2031-13-01", "20310101", "tomorrow"])
def test_days_that_are_none(date: str) -> None:
    with pytest.raises(ConfigError):
        Wanted(date=date).check()


@pytest.mark.parametrize(
    "written", ["uk:ukpga/Eliz2/3-4/19", "us:17-240a", "eu:02016R0679-20160504", "eu:32016R0679R(02)"]
)
def test_references_of_older_forms(written: str) -> None:
    assert parse_act(written, load_publishers()).parts


# -- connections that misbehave --------------------------------------------------------------------------------


def test_a_busy_publisher_is_asked_again(server: PublisherServer, tmp_path: Path) -> None:
    server.say(UK, Answer(b"", 503), Answer(b"", 429, {"Retry-After": "0"}), Answer(ACT.encode()))
    assert fetch(server, tmp_path, "uk:ukpga/2031/4")[0].error is None
    assert server.paths() == [UK] * 3


def test_an_answer_that_is_still_being_made_is_waited_for(server: PublisherServer, tmp_path: Path) -> None:
    server.say(UK, Answer(b"", 202), Answer(ACT.encode()))
    assert fetch(server, tmp_path, "uk:ukpga/2031/4")[0].error is None


def test_a_publisher_that_wants_to_be_left_alone_is(server: PublisherServer, tmp_path: Path) -> None:
    server.say(UK, Answer(b"", 503, {"Retry-After": "3600"}))
    assert "asks to come back in 3,600 seconds" in failure(server, tmp_path, "uk:ukpga/2031/4").message
    assert server.paths() == [UK]
    server.say(UK, Answer(b"", 500))
    assert "HTTP 500" in failure(server, tmp_path, "uk:ukpga/2031/4").message


def test_a_connection_that_breaks_goes_on_where_it_was(server: PublisherServer, tmp_path: Path) -> None:
    body = ACT.encode()
    server.say(UK, Answer(body, headers={"ETag": '"v1"'}, only=1000), Answer(body, headers={"ETag": '"v1"'}))
    (fetched,) = fetch(server, tmp_path, "uk:ukpga/2031/4")
    assert fetched.path is not None
    assert fetched.path.read_bytes() == body
    assert [headers.get("range") for _, headers in server.requests] == [None, "bytes=1000-"]


def test_a_text_that_changed_in_between_is_fetched_whole(server: PublisherServer, tmp_path: Path) -> None:
    body, changed = ACT.encode(), ACT.replace("2031", "2039").encode()
    server.say(UK, Answer(body, headers={"ETag": '"v1"'}, only=1000), Answer(changed, headers={"ETag": '"v2"'}))
    (fetched,) = fetch(server, tmp_path, "uk:ukpga/2031/4")
    assert fetched.path is not None
    assert fetched.path.read_bytes() == changed


def test_without_a_validator_nothing_is_resumed(server: PublisherServer, tmp_path: Path) -> None:
    server.say(UK, Answer(ACT.encode(), only=1000), Answer(ACT.encode()))
    assert fetch(server, tmp_path, "uk:ukpga/2031/4")[0].error is None
    assert [headers.get("range") for _, headers in server.requests] == [None, None]


def test_an_answer_that_breaks_off_without_a_word_is_found_out(server: PublisherServer, tmp_path: Path) -> None:
    body = ACT.encode()
    server.say(UK, Answer(body, only=2000, announces=False), Answer(body, announces=False))
    assert fetch(server, tmp_path, "uk:ukpga/2031/4")[0].error is None
    server.say(EU, archive(**ANNEXED)[:900], accept=FORMEX)
    assert "the archive is damaged" in failure(server, tmp_path / "eu", "eu:32031R0007").message


@pytest.mark.parametrize(("path", "written"), [(UK, "uk:ukpga/2031/4"), (TITLES, "us:44-612")])
def test_a_refusal_names_the_act(server: PublisherServer, tmp_path: Path, path: str, written: str) -> None:
    server.say(path, Answer(b"", 403))
    message = failure(server, tmp_path, written).message
    assert message.startswith(f"{written}: http://127.0.0.1")
    assert message.endswith("HTTP 403 Forbidden")
    assert len(server.requests) == 1


def test_a_slow_publisher_is_given_up(server: PublisherServer, tmp_path: Path) -> None:
    server.say(UK, Answer(ACT.encode(), wait=0.4))
    error = failure(server, tmp_path, "uk:ukpga/2031/4", timeout=(1.0, 0.05), attempts=2)
    assert "it did not answer in time" in error.message


def test_what_is_too_large_or_takes_too_long_is_ended(server: PublisherServer, tmp_path: Path) -> None:
    assert "larger than 1,000 bytes" in failure(server, tmp_path, "uk:ukpga/2031/4", limit=1000).message
    assert "took longer than 0 seconds" in failure(server, tmp_path, "uk:ukpga/2031/4", longest=0.0).message
    assert len(server.requests) == 2


def test_nobody_there(tmp_path: Path) -> None:
    error = failure(PublisherServer("http://127.0.0.1:9"), tmp_path, "uk:ukpga/2031/4", attempts=2)
    assert "the connection failed" in error.message


# -- redirects ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://127.0.0.1:9/elsewhere", "//evil.example/x", "gopher:x"],
)
def test_redirects_lead_nowhere_else(server: PublisherServer, tmp_path: Path, location: str) -> None:
    server.say(UK, Answer(b"", 302, {"Location": location}))
    error = failure(server, tmp_path, "uk:ukpga/2031/4")
    assert "which is no place of legislation.gov.uk" in error.message
    assert len(server.requests) == 1


def test_redirects_to_the_publisher_s_other_hosts_are_followed(server: PublisherServer, tmp_path: Path) -> None:
    with publishing() as other:
        host = other.url.partition("//")[2]
        other.say("/data.xml", ACT.encode())
        server.say(UK, Answer(b"", 302, {"Location": f"http://{host}/data.xml"}))
        assert failure(server, tmp_path, "uk:ukpga/2031/4")
        (fetched,) = fetch(server, tmp_path, "uk:ukpga/2031/4", hosts=(host,))
        assert fetched.error is None
        assert entries(tmp_path)[0]["source"] == f"http://{host}/data.xml"


def test_a_circle_ends(server: PublisherServer, tmp_path: Path) -> None:
    server.say(UK, Answer(b"", 302, {"Location": UK}))
    assert "redirected in a circle" in failure(server, tmp_path, "uk:ukpga/2031/4").message
    assert len(server.requests) < 10


def test_a_redirect_never_leaves_https() -> None:
    from requests import Response

    from pincite.ingest.fetching.session import PublisherSession

    session = PublisherSession(load_publishers()["eu"])
    response = Response()
    response.url, response.status_code = "https://publications.europa.eu/resource/celex/1", 303
    response.headers["location"] = "http://publications.europa.eu/resource/cellar/1"
    assert session.get_redirect_target(response) == "https://publications.europa.eu/resource/cellar/1"


# -- answers that are no act ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "written", "body", "message"),
    [
        (UK, "uk:ukpga/2031/4", ERROR_PAGE, "no act but a page with the title 'Request Access'"),
        (US, "us:44-612", ERROR_PAGE, "no act but a page"),
        (UK, "uk:ukpga/2031/4", PART.encode(), "its root element is 'DIV5'"),
        (US, "us:44-612", PART.replace('N="612"', 'N="613"').encode(), "does not hold part 612"),
        (UK, "uk:ukpga/2031/4", b"", "the answer is empty"),
        (UK, "uk:ukpga/2031/4", b'{"error": "x"}', "the answer is no XML"),
        (UK, "uk:ukpga/2031/4", ACT[:3000].encode(), "not well-formed"),
        (TITLES, "us:44-612", ERROR_PAGE, "sent no list of titles"),
        (
            TITLES,
            "us:44-612",
            b'{"titles": [{"number": 44, "up_to_date_as_of": "../x"}]}',
            "gives no date for title 44",
        ),
        (EU, "eu:32031R0007", ERROR_PAGE, "no act but a page"),
        (EU, "eu:32031R0007", archive(**{"a.xml": "<PUBLICATION/>"}), "the archive holds no act"),
        (EU, "eu:32031R0007", archive(**{"a.doc.xml": LIST_XML, "L_1EN.000101.fmx.xml": ACT_XML}), "the archive lacks"),
        (EU, "eu:32031R0007", b"<JUDGMENT/>", "no act in Formex, its root element is 'JUDGMENT'"),
    ],
)
def test_answers_that_are_no_act(
    server: PublisherServer, tmp_path: Path, path: str, written: str, body: bytes, message: str
) -> None:
    server.say(path, body, accept=FORMEX if path == EU else "")
    error = failure(server, tmp_path, written)
    assert error.message.startswith(f"{written}: ")
    assert message in error.message


def test_pages_that_are_no_act() -> None:
    for page in (ERROR_PAGE, PAGE.replace(b"REGULATION", b"Please solve this captcha")):
        with pytest.raises(PinciteError, match="no act but a page"):
            contents.xhtml(page)


def test_a_bomb_is_not_unpacked(server: PublisherServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "LIMIT", 1_000_000)
    server.say(EU, archive(**{"a.xml": b" " * 2_000_000}), accept=FORMEX)
    assert "unpacks to more than 1,000,000 bytes" in failure(server, tmp_path, "eu:32031R0007").message


# -- the record ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["[[source]\n", "source = 3\n", "source = [1]\n"])
def test_a_record_that_cannot_be_read_is_told_before_anything_is_fetched(
    server: PublisherServer, tmp_path: Path, text: str
) -> None:
    (tmp_path / "corpus.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"corpus\.toml"):
        fetch(server, tmp_path, "uk:ukpga/2031/4")
    assert server.requests == []
    assert (tmp_path / "corpus.toml").read_text() == text


def test_entries_of_others_stay(server: PublisherServer, tmp_path: Path) -> None:
    (tmp_path / "corpus.toml").write_text('# Ours\n[[source]]\nslug = "ladders"  # old\npath = "ladder.md"\n')
    fetch(server, tmp_path, "uk:ukpga/2031/4", "us:44-612")
    text = (tmp_path / "corpus.toml").read_text()
    assert text.startswith('# Ours\n[[source]]\nslug = "ladders"  # old\npath = "ladder.md"\n')
    assert [entry["slug"] for entry in entries(tmp_path)] == ["ladders", "uk-ukpga-2031-4", "us-44-612"]


def test_a_folder_that_cannot_be_written_is_an_error_in_words(server: PublisherServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        fetch(server, tmp_path / "file" / "below", "uk:ukpga/2031/4")


# -- the official texts, through the publisher's interface ---------------------------------------------------------


def test_official_texts_are_fetched_and_read(server: PublisherServer, tmp_path: Path, regulations: Path) -> None:
    uk = (regulations / "uk-gdpr.clml.xml").read_bytes()
    server.say(
        "/eur/2016/679/data.xml", Answer(uk, headers={"ETag": '"1"'}, only=400_000), Answer(uk, headers={"ETag": '"1"'})
    )
    consolidated = (regulations / "gdpr-2016-679.formex.xml").read_bytes()
    server.say("/resource/celex/02016R0679-20160504", archive(**{"CL2016R0679.0001.xml": consolidated}), accept=FORMEX)
    found = fetch(server, tmp_path, "uk:eur/2016/679", "eu:02016R0679-20160504")
    assert [one.error for one in found] == [None, None]
    assert [entry["version"] for entry in entries(tmp_path)] == ["2026-03-31", "2016-05-04"]
    documents = [parse(source).document for source in load_corpus_file(tmp_path / "corpus.toml", tmp_path)]
    assert [document.short for document in documents] == ["UK GDPR", "GDPR"]
    assert documents[0].provenance.source == server.url + "/eur/2016/679/data.xml"
