"""Evaluation: a library and a model measured against question sets whose answers are known.

`sets` reads the questions, `gold` finds in the library where their answers stand, `examine` asks one question and
judges what comes, `measures` sums up, `journal` keeps what is finished, `run` puts them together, `compare` sets two
runs side by side, `bench` makes a library of a benchmark's passages, `calibrate` chooses the bar for abstention.
"""
