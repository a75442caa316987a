"""One invented act in each form in which EU law arrives, so that the readers can be held against each other."""

# ruff: noqa: E501 (lines of markup)

FORMEX = """<?xml version="1.0" encoding="UTF-8"?>
<CONS.ACT xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:noNamespaceSchemaLocation="http://formex.publications.europa.eu/schema/formex-05.56-20160701.xd">
  <INFO.CONSLEG CONSLEG.REF="2031R0007" CONSLEG.DATE="20330301" START.DATE="20330301"/>
  <CONS.DOC>
    <BIB.INSTANCE><LG.DOC>EN</LG.DOC></BIB.INSTANCE>
    <FAM.COMP><BIB.DATA><NO.CELEX>32031R0007</NO.CELEX><TITLE><TI><P>Not the title</P></TI></TITLE></BIB.DATA></FAM.COMP>
    <TITLE><TI>
      <P><HT TYPE="UC">Regulation</HT> (EU) 2031/7 <HT TYPE="UC">of the Orchard Council</HT></P>
      <P>of <DATE ISO="20310502">2 May 2031</DATE></P>
      <P>on the care of orchards</P>
      <P>(Text with EEA relevance)</P>
    </TI></TITLE>
    <PREAMBLE>
      <PREAMBLE.INIT>THE ORCHARD COUNCIL,</PREAMBLE.INIT>
      <GR.VISA><VISA>Having regard to the opinion of the Beekeepers<NOTE NOTE.ID="E0001"><P>OJ C 1, 2.1.2031,
        p. 1.</P></NOTE>,</VISA></GR.VISA>
      <GR.CONSID><GR.CONSID.INIT>Whereas:</GR.CONSID.INIT>
        <CONSID><NP><NO.P>(1)</NO.P><TXT>Orchards feed people.</TXT></NP></CONSID>
        <CONSID><NP><NO.P>(2)</NO.P><TXT>Blight, as the Council<NOTE NOTE.ID="E0002"><P>Report on blight,
          2030.</P></NOTE> found, spreads:</TXT><P><LIST TYPE="alpha"><ITEM><NP><NO.P>(a)</NO.P><TXT>by
          wind;</TXT></NP></ITEM><ITEM><NP><NO.P>(b)</NO.P><TXT>by tools.</TXT></NP></ITEM></LIST></P>
          <P>Tools can be cleaned.</P></NP></CONSID>
      </GR.CONSID>
      <PREAMBLE.FINAL>HAS ADOPTED THIS REGULATION:</PREAMBLE.FINAL>
    </PREAMBLE>
    <ENACTING.TERMS>
      <DIVISION><TITLE><TI><P><HT TYPE="ITALIC">CHAPTER I</HT></P></TI><STI><P>General provisions</P></STI></TITLE>
        <ARTICLE IDENTIFIER="001"><TI.ART>Article 1</TI.ART><STI.ART>Definitions</STI.ART>
          <ALINEA><P>For the purposes of this Regulation:</P>
            <LIST TYPE="ARAB">
              <ITEM><NP><NO.P>(1)</NO.P><TXT><QUOT.START CODE="2018"/>keeper<QUOT.END CODE="2019"/> means a person who
                prunes;</TXT></NP></ITEM>
              <ITEM><NP><NO.P>(2)</NO.P><TXT><QUOT.START CODE="2018"/>tree<QUOT.END CODE="2019"/> means:</TXT>
                <P><LIST TYPE="alpha">
                  <ITEM><NP><NO.P>(a)</NO.P><TXT>an apple tree; or</TXT></NP></ITEM>
                  <ITEM><NP><NO.P>(b)</NO.P><TXT>a pear tree.</TXT></NP></ITEM>
                </LIST></P></NP></ITEM>
            </LIST></ALINEA></ARTICLE>
      </DIVISION>
      <?PAGE NO='2'?>
      <DIVISION><TITLE><TI><P>CHAPTER II</P></TI><STI><P>Duties</P></STI></TITLE>
        <DIVISION><TITLE><TI><P>Section 1</P></TI><STI><P>Notices</P></STI></TITLE>
          <ARTICLE IDENTIFIER="002"><TI.ART>Article 2</TI.ART><STI.ART>Notice of blight</STI.ART>
            <PARAG IDENTIFIER="002.001"><NO.PARAG>1.</NO.PARAG><ALINEA><P>The keeper<NOTE NOTE.ID="E0003"><P>See
              Article 1.</P></NOTE> shall:</P><LIST TYPE="alpha">
                <ITEM><NP><NO.P>(a)</NO.P><TXT>notify the authority:</TXT><P><LIST TYPE="roman">
                  <ITEM><NP><NO.P>(i)</NO.P><TXT>in writing;</TXT></NP></ITEM>
                  <ITEM><NP><NO.P>(ii)</NO.P><TXT>within 72 hours;</TXT></NP></ITEM></LIST></P>
                  <P>unless the tree is dead;</P></NP></ITEM>
                <ITEM><NP><NO.P>(b)</NO.P><TXT>burn:</TXT><P><LIST TYPE="DASH"><ITEM><P>the wood,</P></ITEM>
                  <ITEM><P>the leaves.</P></ITEM></LIST></P></NP></ITEM>
              </LIST></ALINEA>
              <ALINEA>Point (b) shall not apply to pears.</ALINEA></PARAG>
            <PARAG IDENTIFIER="002.002"><NO.PARAG>2.</NO.PARAG><ALINEA>The authority shall answer.</ALINEA></PARAG>
            <ALINEA>This Article is without prejudice to Article 3.</ALINEA></ARTICLE>
        </DIVISION>
      </DIVISION>
      <DIVISION><TITLE><TI><P>CHAPTER III</P></TI><STI><P>Final provisions</P></STI></TITLE>
        <ARTICLE IDENTIFIER="003"><TI.ART>Article 3</TI.ART><STI.ART>Amendment to Regulation (EU) 2029/1</STI.ART>
          <ALINEA><P>Regulation (EU) 2029/1 is amended as follows:</P><LIST TYPE="ARAB">
            <ITEM><NP><NO.P>(1)</NO.P><TXT>the following Article is inserted:</TXT><P><QUOT.START CODE="2018"/><QUOT.S>
              <ARTICLE><TI.ART>Article 9a</TI.ART><STI.ART>Ladders</STI.ART><PARAG><NO.PARAG>1.</NO.PARAG><ALINEA>Ladders
              shall be wooden.</ALINEA></PARAG><PARAG><NO.PARAG>2.</NO.PARAG><ALINEA>They shall be
              short.</ALINEA></PARAG></ARTICLE></QUOT.S><QUOT.END CODE="2019"/>;</P></NP></ITEM>
            <ITEM><NP><NO.P>(2)</NO.P><TXT>Article 10 is deleted.</TXT></NP></ITEM></LIST></ALINEA></ARTICLE>
        <ARTICLE IDENTIFIER="004"><TI.ART>Article 4</TI.ART><STI.ART>Entry into force and application</STI.ART>
          <PARAG><NO.PARAG>1.</NO.PARAG><ALINEA>This Regulation shall enter into force on the day of its
            publication.</ALINEA></PARAG>
          <PARAG><NO.PARAG>2.</NO.PARAG><ALINEA>It shall apply from 1 June 2032.</ALINEA></PARAG></ARTICLE>
      </DIVISION>
    </ENACTING.TERMS>
    <FINAL><P>This Regulation shall be binding in its entirety.</P>
      <SIGNATURE><PL.DATE><P>Done at Treetown, 2 May 2031.</P></PL.DATE></SIGNATURE></FINAL>
    <CONS.ANNEX><TITLE><TI><P>ANNEX I</P></TI><STI><P>Trees and tools</P></STI></TITLE>
      <CONTENTS>
        <GR.SEQ><TITLE><TI><P>Section A. Trees</P></TI></TITLE>
          <NP><NO.P>1.</NO.P><TXT>Apple trees:</TXT><P><LIST TYPE="alpha"><ITEM><NP><NO.P>(a)</NO.P><TXT>red
            ones;</TXT></NP></ITEM></LIST></P></NP></GR.SEQ>
        <GR.SEQ><TITLE><TI><P>Section B. Tools</P></TI></TITLE>
          <TBL COLS="3"><CORPUS>
            <ROW TYPE="HEADER"><CELL COL="1">Kind</CELL><CELL COL="2">Tool</CELL><CELL COL="3">Limit</CELL></ROW>
            <ROW><CELL COL="1" ROWSPAN="2">1. Cutting</CELL><CELL COL="2">Saw</CELL><CELL COL="3">2 kg<NOTE
              NOTE.ID="E0004"><P>Without its case.</P></NOTE></CELL></ROW>
            <ROW><CELL COL="2">Knife</CELL><CELL COL="3">1 kg</CELL></ROW></CORPUS></TBL></GR.SEQ>
      </CONTENTS></CONS.ANNEX>
  </CONS.DOC>
</CONS.ACT>
"""


def _row(number: str, words: str) -> str:
    return (
        f'<table><col width="4%"/><tbody><tr><td><p class="oj-normal">{number}</p></td>'
        f'<td><p class="oj-normal">{words}</p></td></tr></tbody></table>'
    )


def _mark(number: int) -> str:
    return f' <a id="ntc{number}-L" href="#ntr{number}-L">(<span class="oj-super oj-note-tag">{number}</span>)</a>'


def _note(number: int, words: str) -> str:
    return f'<p class="oj-note"><a id="ntr{number}-L" href="#ntc{number}-L">(<span class="oj-super">{number}</span>)</a> {words}</p>'


OJ_HTML = f"""<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML//EN" "xhtml-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><!-- CONVEX --><head><title>L_2031.xml</title>
<link rel="canonical" href="https://law.example/legal-content/EN/TXT/HTML/?uri=CELEX%3A32031R0007"/></head><body>
<div id="TOC"><nav><ul><li><a>Article 1</a></li></ul></nav></div>
<table><tbody><tr><td><p class="oj-hd-date">3.5.2031</p></td><td><p class="oj-hd-lg">EN</p></td>
<td><p class="oj-hd-ti">Official Journal</p></td><td><p class="oj-hd-oj">L 9/1</p></td></tr></tbody></table>
<div class="eli-container"><div class="eli-main-title" id="tit_1">
<p class="oj-doc-ti">REGULATION (EU) 2031/7 OF THE ORCHARD COUNCIL</p><p class="oj-doc-ti">of 2 May 2031</p>
<p class="oj-doc-ti">on the care of orchards</p><p class="oj-doc-ti">(Text with EEA relevance)</p></div>
<div class="eli-subdivision" id="pbl_1"><p class="oj-normal">THE ORCHARD COUNCIL,</p>
<div class="eli-subdivision" id="cit_1"><p class="oj-normal">Having regard to the opinion of the Beekeepers{_mark(1)},</p>
</div><p class="oj-normal">Whereas:</p>
<div class="eli-subdivision" id="rct_1">{_row("(1)", "Orchards feed people.")}</div>
<div class="eli-subdivision" id="rct_2"><table><tbody><tr><td><p class="oj-normal">(2)</p></td><td>
<p class="oj-normal">Blight, as the Council{_mark(2)} found, spreads:</p>{_row("(a)", "by wind;")}
{_row("(b)", "by tools.")}<p class="oj-normal">Tools can be cleaned.</p></td></tr></tbody></table></div>
<p class="oj-normal">HAS ADOPTED THIS REGULATION:</p></div>
<div class="eli-subdivision" id="enc_1">
<div id="cpt_I"><p class="oj-ti-section-1"><span class="oj-italic">CHAPTER I</span></p>
<div class="eli-title" id="cpt_I.tit_1"><p class="oj-ti-section-2"><span>General provisions</span></p></div>
<div class="eli-subdivision" id="art_1"><p class="oj-ti-art">Article 1</p>
<div class="eli-title"><p class="oj-sti-art">Definitions</p></div>
<p class="oj-normal">For the purposes of this Regulation:</p>
{_row("(1)", "‘keeper’ means a person who prunes;")}
<table><tbody><tr><td><p class="oj-normal">(2)</p></td><td><p class="oj-normal">‘tree’ means:</p>
{_row("(a)", "an apple tree; or")}{_row("(b)", "a pear tree.")}</td></tr></tbody></table></div></div>
<div id="cpt_II"><p class="oj-ti-section-1">CHAPTER II</p><div class="eli-title"><p class="oj-ti-section-2">Duties</p></div>
<div id="cpt_II.sct_1"><p class="oj-ti-section-1">Section 1</p>
<div class="eli-title"><p class="oj-ti-section-2">Notices</p></div>
<div class="eli-subdivision" id="art_2"><p class="oj-ti-art">Article 2</p>
<div class="eli-title"><p class="oj-sti-art">Notice of blight</p></div>
<div id="002.001"><p class="oj-normal">1.\u00a0\u00a0\u00a0The keeper{_mark(3)} shall:</p>
<table><tbody><tr><td><p class="oj-normal">(a)</p></td><td><p class="oj-normal">notify the authority:</p>
{_row("(i)", "in writing;")}{_row("(ii)", "within 72 hours;")}
<p class="oj-normal">unless the tree is dead;</p></td></tr></tbody></table>
<table><tbody><tr><td><p class="oj-normal">(b)</p></td><td><p class="oj-normal">burn:</p>
{_row("—", "the wood,")}{_row("—", "the leaves.")}</td></tr></tbody></table>
<p class="oj-normal">Point (b) shall not apply to pears.</p></div>
<div id="002.002"><p class="oj-normal">2.\u00a0\u00a0\u00a0The authority shall answer.</p></div>
<p class="oj-normal">This Article is without prejudice to Article 3.</p></div></div></div>
<div id="cpt_III"><p class="oj-ti-section-1">CHAPTER III</p>
<div class="eli-title"><p class="oj-ti-section-2">Final provisions</p></div>
<div class="eli-subdivision" id="art_3"><p class="oj-ti-art">Article 3</p>
<div class="eli-title"><p class="oj-sti-art">Amendment to Regulation (EU) 2029/1</p></div>
<p class="oj-normal">Regulation (EU) 2029/1 is amended as follows:</p>
<table><tbody><tr><td><p class="oj-normal">(1)</p></td><td><p class="oj-normal">the following Article is inserted:</p>
<p class="oj-ti-art">‘Article 9a</p><p class="oj-sti-art">Ladders</p>
<div id="009A.001"><p class="oj-normal">1.\u00a0\u00a0\u00a0Ladders shall be wooden.</p></div>
<div id="009A.002"><p class="oj-normal">2.\u00a0\u00a0\u00a0They shall be short.’;</p></div></td></tr></tbody></table>
{_row("(2)", "Article 10 is deleted.")}</div>
<div class="eli-subdivision" id="art_4"><p class="oj-ti-art">Article 4</p>
<div class="eli-title"><p class="oj-sti-art">Entry into force and application</p></div>
<div id="004.001"><p class="oj-normal">1.\u00a0\u00a0\u00a0This Regulation shall enter into force on the day of its
publication.</p></div><div id="004.002"><p class="oj-normal">2.\u00a0\u00a0\u00a0It shall apply from 1\u00a0June 2032.</p></div>
</div></div></div>
<div class="eli-subdivision" id="fnp_1"><div class="oj-final">
<p class="oj-normal">This Regulation shall be binding in its entirety.</p>
<p class="oj-normal">Done at Treetown, 2 May 2031.</p></div></div>
<hr class="oj-note"/>{_note(1, "OJ C 1, 2.1.2031, p. 1.")}{_note(2, "Report on blight, 2030.")}{_note(3, "See Article 1.")}
</div><hr class="oj-doc-sep"/><div><div class="eli-container" id="anx_I"><p class="oj-doc-ti">ANNEX I</p>
<p class="oj-doc-ti">Trees and tools</p>
<p class="oj-ti-grseq-1"><span class="oj-bold">Section A.</span> Trees</p>
<table><tbody><tr><td></td><td><p class="oj-normal">1.</p></td><td><span>Apple trees:</span>{_row("(a)", "red ones;")}
</td></tr></tbody></table>
<p class="oj-ti-grseq-1">Section B. Tools</p>
<table class="oj-table"><tbody><tr class="oj-table"><td class="oj-table"><p class="oj-tbl-hdr">Kind</p></td>
<td><p class="oj-tbl-hdr">Tool</p></td><td><p class="oj-tbl-hdr">Limit</p></td></tr>
<tr><td rowspan="2">{_row("1.", "Cutting")}</td><td><p class="oj-tbl-txt">Saw</p></td>
<td><p class="oj-tbl-txt">2\u00a0kg{_mark(4)}</p></td></tr>
<tr><td><p class="oj-tbl-txt">Knife</p></td><td><p class="oj-tbl-txt">1 kg</p></td></tr></tbody></table>
<hr class="oj-note"/>{_note(4, "Without its case.")}</div></div>
<hr class="oj-separator"/><p class="oj-normal">ELI: http://law.example/eli/reg/2031/7/oj</p>
<p class="oj-normal">ISSN 1234-5678 (electronic edition)</p></body></html>
"""


def _grid(number: str, words: str) -> str:
    return (
        '<div class="grid-container grid-list"><div class="list grid-list-column-1"><span>'
        f'{number} </span></div><div class="grid-list-column-2"><p class="norm inline-element">{words}</p></div></div>'
    )


CONSOLIDATED_HTML = f"""<!DOCTYPE html><html><head><meta charset="utf-8"/><title>CL2031R0007EN</title></head><body>
<div><p class="reference">02031R0007 — EN — 01.03.2033 — 001.001</p>
<p class="disclaimer">This text has no legal effect.</p>
<div class="eli-main-title" id="tit_1"><p class="title-doc-first">REGULATION (EU) 2031/7 OF THE ORCHARD COUNCIL</p>
<p class="title-doc-last">of 2 May 2031</p><p class="title-doc-last">on the care of orchards</p>
<p class="title-doc-last">(Text with EEA relevance)</p><p class="title-doc-oj-reference">(OJ L 9, 3.5.2031, p. 1)</p></div>
<p class="hd-modifiers">Amended by:</p><p class="modref">►M1</p></div>
<div id="cpt_I"><p class="title-division-1">CHAPTER I</p>
<div class="eli-title"><p class="title-division-2">General provisions</p></div>
<div class="eli-subdivision" id="art_1"><p class="title-article-norm">Article 1</p>
<div class="eli-title"><p class="stitle-article-norm">Definitions</p></div>
<p class="norm">For the purposes of this Regulation:</p>
{_grid("(1)", "‘keeper’ means a person who prunes;")}
<div class="grid-container grid-list"><div class="list grid-list-column-1"><span>(2) </span></div>
<div class="grid-list-column-2"><p class="norm inline-element">‘tree’ means:</p>{_grid("(a)", "an apple tree; or")}
{_grid("(b)", "a pear tree.")}</div></div></div></div>
<div id="cpt_II"><p class="title-division-1">CHAPTER II</p>
<div class="eli-title"><p class="title-division-2">Duties</p></div>
<div id="cpt_II.sct_1"><p class="title-division-1">Section 1</p>
<div class="eli-title"><p class="title-division-2">Notices</p></div>
<div class="eli-subdivision" id="art_2"><p class="title-article-norm">Article 2</p>
<div class="eli-title"><p class="stitle-article-norm">Notice of blight</p></div>
<div class="norm"><span class="no-parag">1. </span><div class="norm inline-element">
<p class="norm inline-element">The keeper <a id="src.E0003" href="#E0003">(<span class="superscript">3</span>)</a> shall:</p>
<div class="grid-container grid-list"><div class="list grid-list-column-1"><span>(a) </span></div>
<div class="grid-list-column-2"><p class="norm inline-element">notify the authority:</p>{_grid("(i)", "in writing;")}
{_grid("(ii)", "within ►M1 72 ◄ hours;")}<p class="norm">unless the tree is dead;</p></div></div>
<div class="grid-container grid-list"><div class="list grid-list-column-1"><span>(b) </span></div>
<div class="grid-list-column-2"><p class="norm inline-element">burn:</p>{_grid("—", "the wood,")}
{_grid("—", "the leaves.")}</div></div>
<p class="norm">Point (b) shall not apply to pears.</p></div></div>
<p class="modref"><a href="#">▼M1</a></p>
<div class="norm"><span class="no-parag">2. </span><div class="norm inline-element">The authority shall answer.</div></div>
<p class="norm">This Article is without prejudice to Article 3.</p></div></div></div>
<p class="footnote"><a id="E0003" href="#src.E0003">(<span class="superscript">3</span>)</a> See Article 1.</p>
<div class="eli-container" id="anx_I"><p class="title-annex-1">ANNEX I</p><p class="title-annex-2">Trees and tools</p>
<p class="title-gr-seq-level-1">Section A. Trees</p>
<div class="grid-container grid-list"><div class="list grid-list-column-1"><span>1. </span></div>
<div class="grid-list-column-2"><p class="norm inline-element">Apple trees:</p>{_grid("(a)", "red ones;")}</div></div>
</div></body></html>
"""

PLAIN_HTML = """<html lang="EN"><head><title>32031L0007</title>
<meta name="DC.source" content="Official Journal L 9 , 03/05/2031 P. 0001 - 0002; ">
<meta name="DC.identifier" content="http://law.example/LexUriServ.do?uri=CELEX:32031L0007:EN:HTML"></head><body>
<div id="banner"><a>Important notice</a></div><h1>32031L0007</h1><p><strong>Directive 2031/7/EC</strong></p>
<div id="TexteOnly"><p><TXT_TE></p><p>Directive 2031/7/EC of the Orchard Council</p><p>of 2 May 2031</p>
<p>on ladders</p><p>THE ORCHARD COUNCIL,</p><p>Having regard to the proposal from the Beekeepers(1),</p><p>Whereas:</p>
<p>(1) Directive 2029/1/EC(2) allows ladders, see Article 3(2).</p><p>(2) Ladders are short.</p>
<p>HAS ADOPTED THIS DIRECTIVE:</p><p>CHAPTER I</p><p>General</p><p>Article 1</p><p>Scope</p>
<p>1. This Directive applies to ladders.</p><p>2. It does not apply to:</p><p>(a) stairs:</p><p>(i) of stone;</p>
<p>(ii) of wood;</p><p>(b) ropes.</p><p>Ropes are ladders within the meaning of Article 3(3) of Decision 5/2030.</p>
<p>Article 2</p><p>This Directive is addressed to the keepers.</p>
<p>Done at Treetown, 2 May 2031.</p><p>For the Council</p><p>A. Keeper</p>
<p>(1) OJ C 1, 2.1.2031, p. 1.</p><p>(2) OJ L 2, 3.1.2029, p. 7.</p></div></body></html>
"""

ANNEX_FILE = """<?xml version="1.0" encoding="UTF-8"?>
<ANNEX><BIB.INSTANCE><DOCUMENT.REF FILE="L_2031.doc.xml"><COLL>L</COLL><NO.OJ>9</NO.OJ><YEAR>2031</YEAR></DOCUMENT.REF>
<NO.DOC><YEAR>2031</YEAR><NO.CURRENT>7</NO.CURRENT></NO.DOC></BIB.INSTANCE>
<TITLE><TI><P>ANNEX II</P></TI><STI><P>Ladders</P></STI></TITLE>
<CONTENTS><P>Ladders are:</P>
  <DLIST SEPARATOR=":"><DLIST.ITEM><TERM>short</TERM><DEFINITION>up to 2 m</DEFINITION></DLIST.ITEM></DLIST>
  <GR.SEQ LEVEL="1"><NO.GR.SEQ>1.</NO.GR.SEQ><TITLE><TI><P>Wood</P></TI></TITLE>
    <NP><NO.P>1.1.</NO.P><TXT>Ash or oak.</TXT></NP></GR.SEQ>
  <GR.SEQ LEVEL="1"><TITLE><TI><P>Class I</P></TI></TITLE><NP><NO.P>1.</NO.P><TXT>Steps.</TXT></NP></GR.SEQ>
  <GR.SEQ LEVEL="1"><TITLE><TI><P>Class II</P></TI></TITLE><NP><NO.P>1.</NO.P><TXT>Rungs.</TXT></NP>
    <TBL><TITLE><TI><P>Table of loads</P></TI></TITLE><GR.SEQ><P>Loads are measured at rest.</P></GR.SEQ>
      <CORPUS><ROW TYPE="HEADER"><CELL>Ladder</CELL><CELL>Load</CELL></ROW>
      <BLK><TI.BLK><P>Wooden ladders</P></TI.BLK>
      <ROW><CELL>Ash<NOTE NOTE.ID="E1"><P>Dry.</P></NOTE></CELL><CELL><TBL><CORPUS><ROW><CELL>90</CELL><CELL>kg</CELL></ROW>
      </CORPUS></TBL></CELL></ROW></BLK></CORPUS></TBL></GR.SEQ></CONTENTS></ANNEX>
"""

REGISTER = """<?xml version="1.0" encoding="UTF-8"?>
<DOC xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:noNamespaceSchemaLocation="http://formex.publications.europa.eu/schema/formex-05.56-20160701.xd">
<FMX><DOC.MAIN.PUB NO.SEQ="0001"><REF.PHYS FILE="L_2031.01.xml" TYPE="DOC.XML"/></DOC.MAIN.PUB></FMX></DOC>
"""
