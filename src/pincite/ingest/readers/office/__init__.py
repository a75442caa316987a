"""Readers of office documents: DOCX, XLSX, ODT, RTF, e-mail."""
