"""Question files: read in any form, answered row by row with a journal, written back filled in and as reports."""
